"""Weights that others trained: every form of file, and whatever is wrong with one."""

import os
import pickle
import tarfile
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn
from weight_cases import equal, legacy, zipped

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks import build, state_dicts


def network(seed=0):
    """A narrow ResNet20 whose batch norms are not at their start."""
    torch.manual_seed(seed)
    built = build("ResNet20", width=0.25)
    for name, buffer in built.named_buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
        else:
            buffer.fill_(len(name))
    return built


def tensors():
    return {name: tensor.clone() for name, tensor in network().state_dict().items()}


def parallel(tensors):
    return OrderedDict((f"module.{name}", tensor) for name, tensor in tensors.items())


def without_counters(tensors):
    return {n: tensor for n, tensor in tensors.items() if not n.endswith("num_batches_tracked")}


@pytest.mark.parametrize("write", [zipped, legacy, save_file])
@pytest.mark.parametrize("prefixed", [False, True])
@pytest.mark.parametrize("counters", [False, True])
def test_a_state_dict_of_its_own(tmp_path, write, prefixed, counters):
    given = tensors() if counters else without_counters(tensors())
    write(parallel(given) if prefixed else given, tmp_path / "weights")
    read = state_dicts.read(tmp_path / "weights")
    assert equal(read, given)
    other = network(seed=1)
    assert state_dicts.load(other, read, "weights") == state_dicts.Loaded({}, [])
    assert equal(without_counters(other.state_dict()), without_counters(tensors()))


@pytest.mark.parametrize("write", [zipped, legacy])
@pytest.mark.parametrize("key", ["state_dict", "model"])
@pytest.mark.parametrize("prefixed", [False, True])
def test_a_state_dict_within_a_checkpoint(tmp_path, write, key, prefixed):
    given = parallel(tensors()) if prefixed else tensors()
    optimizer = torch.optim.SGD(network().parameters(), 0.1, momentum=0.9)
    beside = {"epoch": 3, "best_prec1": torch.tensor(91.7), "optimizer": optimizer.state_dict()}
    write({**beside, key: given}, tmp_path / "checkpoint.th")
    assert equal(state_dicts.read(tmp_path / "checkpoint.th"), tensors())


def test_half_precision_becomes_single(tmp_path):
    halves = {n: t.half() if t.is_floating_point() else t for n, t in tensors().items()}
    zipped(halves, tmp_path / "weights.pt")
    other = network(seed=1)
    state_dicts.load(other, state_dicts.read(tmp_path / "weights.pt"), "weights")
    assert other.fc.weight.dtype == torch.float32
    torch.testing.assert_close(other.fc.weight.data, tensors()["fc.weight"], atol=1e-3, rtol=1e-3)


def test_a_last_layer_of_another_name_is_found_by_its_shape():
    given = tensors()
    for part in ("weight", "bias"):
        given[f"linear.{part}"] = given.pop(f"fc.{part}")
    other = network(seed=1)
    renamed = state_dicts.load(other, given, "weights").renamed
    assert renamed == {"fc": "linear"}
    assert equal(other.state_dict(), tensors())


def test_shortcuts_of_another_name_are_found_by_their_shapes():
    source = build("ResNet20", shortcut="projection")
    given = {n.replace("downsample", "shortcut"): t for n, t in source.state_dict().items()}
    given = without_counters(given)
    other = build("ResNet20", shortcut="projection")
    layers = [f"layer{stage}.0.downsample.{index}" for stage in (2, 3) for index in (0, 1)]
    renamed = {layer: layer.replace("downsample", "shortcut") for layer in layers}
    assert state_dicts.load(other, given, "weights").renamed == renamed
    assert equal(without_counters(other.state_dict()), without_counters(source.state_dict()))


def test_layers_that_could_be_exchanged_are_never_matched_by_their_shapes():
    given = tensors()
    for index in (1, 2):
        given[f"stage1.{index}.weight"] = given.pop(f"layer1.{index}.conv1.weight")
    refuses(
        given, r"lacks 2 of .*\(layer1.1.conv1.weight .* has 2 .*\(stage1.1.weight \[4, 4, 3, 3"
    )


LAYERS = sorted({name.rpartition(".")[0] for name in tensors()})


@hypothesis.given(st.sets(st.sampled_from(LAYERS), max_size=6), st.randoms())
def test_whatever_layers_are_called_otherwise_each_finds_its_own_or_none_is_loaded(layers, chance):
    """Also where the file has its tensors in another order."""
    own = tensors()
    new = {layer: f"other{index}" for index, layer in enumerate(layers)}
    items = [
        (f"{new.get(layer, layer)}.{part}", tensor)
        for (layer, _, part), tensor in ((name.rpartition("."), t) for name, t in own.items())
    ]
    chance.shuffle(items)
    other = network(seed=1)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    try:
        assert state_dicts.load(other, dict(items), "weights").renamed == new
        assert equal(other.state_dict(), own)
    except UserError:
        assert equal(other.state_dict(), before)


def test_a_part_of_a_layer_is_not_matched():
    given = tensors()
    given["readout.bias"] = given.pop("fc.bias")
    refuses(given, r"lacks 1 of .*\(fc.bias \[10\]\) and has 1 .*\(readout.bias \[10\]\)$")


def refuses(given, message):
    """Check the sentence, and that the network is as it was."""
    built = network(seed=1)
    before = {name: tensor.clone() for name, tensor in built.state_dict().items()}
    with pytest.raises(UserError, match=message) as raised:
        state_dicts.load(built, given, "w.pt")
    assert str(raised.value).startswith("w.pt: ") and "\n" not in str(raised.value)
    assert equal(built.state_dict(), before)


def test_a_missing_tensor_is_named():
    given = tensors()
    del given["layer2.0.bn1.running_var"]
    refuses(given, r"it lacks 1 of the network's \d+ tensors \(layer2.0.bn1.running_var \[8\]\)$")


def test_a_tensor_too_many_is_named():
    given = {**tensors(), "layer4.0.conv1.weight": torch.zeros(3, 2)}
    refuses(given, r"it has 1 that the network has not \(layer4.0.conv1.weight \[3, 2\]\)$")


def test_a_misshapen_tensor_is_named():
    given = {**tensors(), "fc.weight": torch.zeros(100, 16)}
    refuses(given, r"fc.weight has the shape \[100, 16\], and the network needs \[10, 16\]$")


def test_a_misshapen_tensor_of_another_name_is_not_matched():
    given = tensors()
    given["linear.weight"] = given.pop("fc.weight").T
    refuses(
        given, r"lacks 1 of .*\(fc.weight \[10, 16\]\) and has 1 .*\(linear.weight \[16, 10\]\)$"
    )


def test_integers_are_no_weights():
    given = {**tensors(), "fc.weight": torch.zeros(10, 16, dtype=torch.int8)}
    refuses(given, "fc.weight is of torch.int8, and the network needs torch.float32")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({"state_dict": {"a": 1}}, "no tensor with a name in it"),
        ({}, "no tensor with a name in it"),
        ({"model": {}}, "no tensor with a name in it"),
        ([torch.zeros(2)], "no tensor with a name in it"),
        (torch.zeros(2), "no tensor with a name in it"),
        ({"model": {"a": torch.eye(3).to_sparse()}}, "a in it is sparse, quantised or without"),
        ({"a": torch.empty(3, device="meta")}, "a in it is sparse, quantised or without"),
    ],
)
def test_what_is_no_state_dict_is_said(tmp_path, what, says):
    torch.save(what, tmp_path / "odd.pt")
    with pytest.raises(UserError, match=f"odd.pt: .*{says}"):
        state_dicts.read(tmp_path / "odd.pt")


@pytest.mark.parametrize("write", [zipped, legacy, save_file])
def test_cut_off_files_are_refused_wherever_they_end(tmp_path, write):
    path = tmp_path / "cut.pt"
    write(tensors(), path)
    whole = path.read_bytes()
    for length in (0, 1, 8, 9, 10, 100, len(whole) // 2, len(whole) - 200, len(whole) - 1):
        path.write_bytes(whole[:length])
        with (
            warnings.catch_warnings(),
            pytest.raises(UserError, match=r"cut.pt: (n.* whole |.*it is empty)"),
        ):
            warnings.simplefilter("error")
            state_dicts.read(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello world", "it is text"),
        (b"PK\x03\x04", "neither a whole"),
        (b'{"weight_map": {"a": "b"}}\n' * 90, "it is text"),
        ("größer ".encode() * 100, "it is text"),
        (b"\x14" + bytes(7) + b"{" * 20, "not a whole safetensors file"),
        (b"", "it is empty"),
        (bytes(1000), "it is nothing but zeros"),
        (b"<!DOCTYPE html><html>", "it is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "it is a Git LFS pointer"),
        (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file"),
        (b"\x1f\x8b\x08\x00", "it is compressed by gzip"),
        (b"\x93NUMPY\x01\x00", "it is a NumPy array"),
        (b"GGUF\x03\x00", "it is a GGUF file"),
    ],
)
def test_something_else_is_refused_with_what_it_is(tmp_path, content, says):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UserError, match=f"file: .*{says}"):
        state_dicts.read(tmp_path / "file")


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_torch_did_not_write_is_called_so(tmp_path, protocol):
    (tmp_path / "w.pkl").write_bytes(pickle.dumps({"weight": np.zeros(3)}, protocol))
    with pytest.raises(UserError, match=r"w.pkl: a pickle that torch.save did not write"):
        state_dicts.read(tmp_path / "w.pkl")
    torch.save({"weight": torch.ones(3)}, tmp_path / "w.pt", _use_new_zipfile_serialization=False)
    assert torch.equal(state_dicts.read(tmp_path / "w.pt")["weight"], torch.ones(3))
    (tmp_path / "w.pt").write_bytes((tmp_path / "w.pt").read_bytes()[:-9])
    with pytest.raises(UserError, match=r"w.pt: neither a whole"):
        state_dicts.read(tmp_path / "w.pt")


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_counters_that_were_cast_with_all_the_rest_are_left_out(kind):
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    network[1].num_batches_tracked.fill_(7)
    given = {name: tensor.to(kind) for name, tensor in network.state_dict().items()}
    given["1.num_batches_tracked"] += 9
    loaded = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    state_dicts.load(loaded, given, "w.pt")
    assert torch.equal(loaded[0].weight, given["0.weight"].float())
    assert loaded[1].num_batches_tracked == 0


def test_archives_are_called_what_they_are(tmp_path):
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    np.savez_compressed(tmp_path / "compressed.npz", a=np.zeros(3))
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "script.pt")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("read.me", "hello")
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.add(tmp_path / "arrays.npz", "arrays.npz")
    for name, kind in (
        ("arrays.npz", "an npz file"),
        ("compressed.npz", "an npz file"),
        ("script.pt", r"a TorchScript network; .*jit.load\(FILE\).state_dict"),
        ("other.zip", "a zip archive"),
        ("other.tar", "a tar archive"),
    ):
        with pytest.raises(UserError, match=f"{name}: weights are wanted, and it is {kind}"):
            state_dicts.read(tmp_path / name)


def test_what_is_not_a_file_is_said(tmp_path):
    with pytest.raises(UserError, match="absent.pt: there is no such file"):
        state_dicts.read(tmp_path / "absent.pt")
    with pytest.raises(UserError, match="not a plain file"):
        state_dicts.read(tmp_path)
    os.mkfifo(tmp_path / "pipe.pt")
    with pytest.raises(UserError, match="not a plain file"):
        state_dicts.read(Path(tmp_path, "pipe.pt"))
