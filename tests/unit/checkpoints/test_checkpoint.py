"""The checkpoint's format: what it holds, what it refuses, and its filters without torch."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import training_cases as cases
from safetensors.numpy import save_file

from cnn_sensitivity import checkpoints
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.sealed import read_sealed, write_sealed
from cnn_sensitivity.checkpoints import sealed
from cnn_sensitivity.config import run_name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lenet")
    settings = cases.settings("LeNet", seeds=(2, 7), epochs=2)
    cases.run(path, settings, cases.images(size=16, channels=3))
    return path


def test_it_says_what_it_is(folder: Path):
    loaded = checkpoints.load(folder / "checkpoint.safetensors")
    assert loaded.settings == cases.settings("LeNet", seeds=(2, 7), epochs=2)
    assert loaded.seeds == [2, 7]
    dataset = cases.images(size=16, channels=3)
    assert loaded.metadata["dataset"] == {
        "name": "tiny",
        "title": "tiny images",
        "checksum": dataset.checksum,
        "train_images": 50,
        "in_channels": 3,
        "image_size": 16,
    }
    assert loaded.metadata["outputs"] == 3
    assert loaded.metadata["versions"]["torch"] == torch.__version__.partition("+")[0] or (
        loaded.metadata["versions"]["torch"] == torch.__version__
    )
    assert set(loaded.record(7)) == {
        "seed", "epochs", "learned", "diverged", "last_test_error", "best_test_error",
        "best_epoch", "fitted_epoch", "kept_test_errors",
    }  # fmt: skip


def test_networks_come_back_in_eval_mode_and_apart(folder: Path):
    loaded = checkpoints.load(folder / "checkpoint.safetensors")
    one, other = loaded.network(2, "last"), loaded.network(7, "last")
    assert not one.training
    assert one(torch.zeros(1, 3, 16, 16)).shape == (1, 3)
    name = "features.0.weight"
    assert not torch.equal(one.get_parameter(name), other.get_parameter(name))
    initial = loaded.network(2, "initial").get_parameter(name)
    assert not torch.equal(one.get_parameter(name), initial)
    with torch.no_grad():
        one.get_parameter(name).zero_()
    assert loaded.network(2, "last").get_parameter(name).abs().sum() > 0


def test_unknown_seeds_and_states_are_named(folder: Path):
    loaded = checkpoints.load(folder / "checkpoint.safetensors")
    with pytest.raises(UserError, match="no seed 3; it holds 2, 7"):
        loaded.network(3, "last")
    with pytest.raises(UserError, match="choose one of initial, last, best"):
        loaded.network(2, "final")


class Evil:
    """Would write a file if it were unpickled."""

    def __reduce__(self):
        return (Path.touch, (Path("unpickled"),))


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "pickle", "foreign", "other", "gone"])
def test_a_damaged_or_foreign_file_is_refused(folder: Path, tmp_path: Path, damage, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = bytearray((folder / "checkpoint.safetensors").read_bytes())
    path = tmp_path / "damaged.safetensors"
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        content[-5] ^= 4
        path.write_bytes(content)
    elif damage == "empty":
        path.touch()
    elif damage == "pickle":
        path.write_bytes(pickle.dumps(Evil()))
    elif damage == "foreign":
        save_file({"a": np.zeros(3)}, path)
    elif damage == "other":
        write_sealed(path, "something else", {}, {"a": np.zeros(3)})
    with pytest.raises(UserError, match=r"damaged\.safetensors: .*delete it and run again"):
        checkpoints.load(path)
    with pytest.raises(UserError):
        sealed.read_checkpoint(path)
    assert not (tmp_path / "unpickled").exists()


def test_the_checkpoint_of_another_run_is_refused(folder: Path):
    path = folder / "checkpoint.safetensors"
    own = run_name(
        "images", "LeNet", {"noise": 0, "train_size": None}, checkpoints.load(path).seeds
    )
    assert checkpoints.load(path, own).settings == checkpoints.load(path).settings
    for read in (checkpoints.load, sealed.read_checkpoint):
        with pytest.raises(
            UserError, match=rf"{path}: it holds the networks of {own}, not of images/"
        ):
            read(path, own.replace("LeNet", "LeNet-tanh"))


def test_a_pipe_is_no_checkpoint_and_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "checkpoint.safetensors")
    with pytest.raises(UserError, match="it is not a plain file"):
        checkpoints.load(tmp_path / "checkpoint.safetensors")


def test_weights_that_fit_no_more_are_refused(folder: Path):
    loaded = checkpoints.load(folder / "checkpoint.safetensors")
    loaded.arrays["last/features.0.weight"] = np.zeros((2, 1, 1, 1, 1), dtype=np.float32)
    with pytest.raises(UserError, match="do not fit"):
        loaded.network(2, "last")


def test_sealing_is_exact_and_reproducible(tmp_path: Path):
    arrays = {"b": np.arange(6, dtype=np.float32).reshape(2, 3).T, "a": np.array(3, dtype=np.int64)}
    for name in ("one", "two"):
        write_sealed(tmp_path / name, "test", {"x": 1, "y": None}, arrays)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    description, read = read_sealed(tmp_path / "one", "test")
    assert description == {"kind": "test", "x": 1, "y": None}
    assert np.array_equal(read["b"], arrays["b"])
    assert read["a"].shape == ()
    assert read["a"] == 3
