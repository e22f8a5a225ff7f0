"""Weights are found in whatever holds them: by the names of the network, not by a list of keys."""

import argparse
import datetime
import pathlib
import types

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.swa_utils import AveragedModel
from weight_cases import equal, loaded, network, tensors

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks.weight_contents import contents
from cnn_sensitivity.networks.weight_names import fitting


def behind(prefix, state):
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


OPTIMIZER = torch.optim.Adam(network().parameters())
sum(each.sum() for each in network().parameters()).backward()
for group in OPTIMIZER.param_groups:
    for each in group["params"]:
        each.grad = torch.ones_like(each)
OPTIMIZER.step()
BESIDE = {
    "epoch": 3,
    "best_prec1": torch.tensor(91.7),
    "accuracy": np.float64(0.917),
    "step": np.int32(7),
    "args": argparse.Namespace(lr=0.1, root=pathlib.Path("data"), more=types.SimpleNamespace(a=1)),
    "optimizer": OPTIMIZER.state_dict(),
    "sparse": torch.eye(3).to_sparse(),
    "history": [{"loss": torch.tensor([1.0, 2.0])}, (1, 2)],
}


@pytest.mark.parametrize(
    "keys", ["net", "model_state_dict", "state_dict_ema", "weights", "a.b", ""]
)
@pytest.mark.parametrize(
    "prefix",
    ["", "module.", "_orig_mod.", "model.", "module._orig_mod.", "_orig_mod.module.", "net.model.",
     "model.module._orig_mod.", "_fsdp_wrapped_module.", "encoder.backbone."],
)  # fmt: skip
def test_any_container_and_any_prefix(tmp_path, keys, prefix):
    content = behind(prefix, tensors())
    for key in reversed([key for key in keys.split(".") if key]):
        content = {**BESIDE, key: content}
    state, notes = loaded(tmp_path / "w.pt", content)
    assert equal(state, tensors()) and not notes


words = st.text("abcdefgmodule_.", min_size=1, max_size=12).filter(
    lambda word: not word.startswith(".") and not word.endswith(".") and ".." not in word
)


@given(
    keys=st.lists(words, max_size=3), prefix=st.lists(words, max_size=3), as_tuple=st.booleans(),
    beside_first=st.booleans(),
)  # fmt: skip
@settings(max_examples=30)
def test_whatever_the_keys_and_prefixes_are_called(
    tmp_path_factory, keys, prefix, as_tuple, beside_first
):
    content = behind("".join(f"{each}." for each in prefix), tensors())
    for key in keys:
        content = {**BESIDE, key: content} if beside_first else {key: content, **BESIDE}
    if as_tuple:
        content = (7, content, OPTIMIZER.state_dict())
    state, notes = loaded(tmp_path_factory.getbasetemp() / "any.pt", content)
    assert equal(state, tensors()) and not notes


@pytest.mark.parametrize(
    "wrap",
    [
        lambda net: nn.DataParallel(net),
        lambda net: torch.compile(net),
        lambda net: nn.DataParallel(torch.compile(net)),
        lambda net: torch.compile(nn.DataParallel(net)),
        lambda net: AveragedModel(net),
        lambda net: AveragedModel(nn.DataParallel(net)),
        lambda net: AveragedModel(torch.compile(net)),
        lambda net: nn.ModuleDict({"model": AveragedModel(torch.compile(net))}),
        lambda net: net.features.__setitem__(0, torch.compile(net.features[0])) or net,
        lambda net: setattr(net, "features", nn.DataParallel(net.features)) or net,
    ],
)
def test_pytorchs_wrappers(tmp_path, wrap):
    state, notes = loaded(tmp_path / "w.pt", wrap(network()).state_dict())
    assert equal(state, tensors())
    assert not [note for note in notes if "n_averaged" not in note]


def test_a_network_with_a_part_that_is_called_module_keeps_it(tmp_path):
    own = nn.ModuleDict({"module": network(), "other": nn.Linear(2, 2)})
    for content in (own.state_dict(), nn.DataParallel(own).state_dict()):
        torch.save(content, tmp_path / "w.pt")
        given, notes = fitting(contents(tmp_path / "w.pt"), own.state_dict(), "w.pt")
        assert equal(given, own.state_dict()) and not notes


def test_parts_in_mappings_of_their_own(tmp_path):
    state = tensors()
    parts = {
        part: {n.removeprefix(f"{part}."): t for n, t in state.items() if n.startswith(part)}
        for part in ("features", "fc")
    }
    found, notes = loaded(tmp_path / "w.pt", {**BESIDE, "net": parts})
    assert equal(found, state) and not notes


@pytest.mark.parametrize(("first", "second"), [("model", "model_ema"), ("state_dict_ema", "model")])
def test_of_two_sets_the_first_is_taken_and_said_and_key_chooses(tmp_path, first, second):
    content = {**BESIDE, first: tensors(0), second: behind("module.", tensors(1))}
    state, notes = loaded(tmp_path / "w.pt", content)
    assert equal(state, tensors(0))
    assert notes == [f"w.pt: {first} is taken, and {second} would fit as well; key chooses"]
    for number, key in enumerate((first, second)):
        state, notes = loaded(tmp_path / "w.pt", content, key)
        assert equal(state, tensors(number)) and not notes
    with pytest.raises(UserError, match=rf"no key ema in it, but {first}, {second}"):
        loaded(tmp_path / "w.pt", content, "ema")


def test_of_two_sets_in_one_mapping_key_chooses_too(tmp_path):
    content = {"state_dict": {**behind("student.", tensors(0)), **behind("teacher.", tensors(1))}}
    state, notes = loaded(tmp_path / "w.pt", content)
    assert equal(state, tensors(0))
    assert notes == [
        "w.pt: state_dict.student is taken, and state_dict.teacher would fit as well; key chooses"
    ]
    state, notes = loaded(tmp_path / "w.pt", content, "state_dict.teacher")
    assert equal(state, tensors(1))


def test_two_equal_sets_are_one(tmp_path):
    content = {**behind("model.", tensors()), **behind("attacker.model.", tensors())}
    assert loaded(tmp_path / "w.pt", content)[1] == []


def test_a_smaller_set_is_no_choice(tmp_path):
    """Averaged parameters without the buffers of batch norm are not those of a network."""
    parameters = dict(network(1).named_parameters())
    state, notes = loaded(tmp_path / "w.pt", {"ema": parameters, "model": tensors()})
    assert equal(state, tensors()) and not notes


def test_what_lies_beside_the_prefix_is_left_aside_and_said(tmp_path):
    content = {"state_dict": {**behind("model.", tensors()), "criterion.weight": torch.ones(5)}}
    state, notes = loaded(tmp_path / "w.pt", content)
    assert equal(state, tensors())
    assert notes == ["w.pt: state_dict.criterion.weight: not of the network, and left aside"]


@pytest.mark.parametrize(
    "beside",
    [
        {"features.0.total_ops": torch.tensor([4860.0], dtype=torch.float64),
         "features.0.total_params": torch.tensor([112.0]), "total_ops": torch.zeros(1)},
        {"n_averaged": torch.tensor(12), "num_updates": torch.tensor(3, dtype=torch.int32)},
        {"mean": torch.rand(3), "std": torch.rand(3)},
        {"normalize.mu": torch.rand(1, 3, 1, 1), "normalize.sigma": torch.rand(1, 3, 1, 1)},
        {"norm.new_mean": torch.rand(3, 1, 1), "norm.new_std": torch.rand(3, 1, 1)},
    ],
)  # fmt: skip
def test_what_profilers_and_attackers_add_is_left_aside_and_said(tmp_path, beside):
    state, notes = loaded(tmp_path / "w.pt", {**tensors(), **beside})
    assert equal(state, tensors())
    assert len(notes) == 1 and all(name in notes[0] for name in beside)


@pytest.mark.parametrize(
    "beside",
    [
        {"fc2.weight": torch.ones(4, 4), "fc2.bias": torch.ones(4)},
        {"bn.weight": torch.rand(3), "bn.bias": torch.rand(3)},
        {"alpha": torch.tensor(0.37)},
        {"phase": torch.tensor(1j)},
        {"features.0.scale": torch.tensor([1.25])},
        {"scale.weight": torch.tensor([2.0])},
        {"features.0.mean": torch.rand(3)},
        {"mask": torch.ones(4, 3, 3, 3)},
        {"shift.one": torch.rand(8), "shift.other": torch.rand(8)},
    ],
)
def test_what_may_be_a_weight_is_not(tmp_path, beside):
    with pytest.raises(UserError, match=rf"w.pt: it has {len(beside)} that the network has not"):
        loaded(tmp_path / "w.pt", {**tensors(), **beside})


def test_a_mapping_that_holds_itself_is_read(tmp_path):
    content = {**BESIDE, "model": tensors()}
    content["again"] = content
    content["list"] = [content]
    assert equal(loaded(tmp_path / "w.pt", content)[0], tensors())


@pytest.mark.parametrize(
    "beside",
    [
        datetime.datetime(2020, 2, 3, 4, tzinfo=datetime.UTC),
        datetime.date(2020, 2, 3),
        datetime.timedelta(3),
        np.zeros((2, 3)),
        np.arange(3),
        np.array("a word"),
        [np.float32(2), {"losses": np.ones(4, bool)}],
    ],
)
def test_dates_and_arrays_may_lie_beside_the_tensors(tmp_path, beside):
    found, notes = loaded(tmp_path / "w.pt", {"model": tensors(), "beside": beside})
    assert equal(found, tensors())
