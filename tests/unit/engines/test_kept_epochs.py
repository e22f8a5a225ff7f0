"""Weights kept at chosen epochs: they are those that a shorter training ends with."""

from pathlib import Path

import pytest
import torch
import training_cases as cases
from pydantic import ValidationError

from cnn_sensitivity import checkpoints
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints import Checkpoint
from cnn_sensitivity.config import Recipe, TrainingSettings
from cnn_sensitivity.tasks.store import Dataset


def trained(folder: Path, settings: TrainingSettings, dataset: Dataset) -> Checkpoint:
    cases.run(folder, settings, dataset)
    return checkpoints.load(folder / "checkpoint.safetensors")


def weights(checkpoint: Checkpoint, seed: int, state: str) -> list[bytes]:
    return [x.numpy().tobytes() for x in checkpoint.network(seed, state).state_dict().values()]


@pytest.mark.parametrize("network", ["FullConnL2", cases.TINY], ids=["stacked", "one by one"])
def test_they_are_the_last_weights_of_a_shorter_training(tmp_path: Path, network: object):
    dataset = cases.images()
    shared = {"seeds": (0, 3), "schedule": "constant"}
    short = trained(tmp_path / "2", cases.settings(network, epochs=2, **shared), dataset)
    long = trained(tmp_path / "4", cases.settings(network, epochs=4, **shared), dataset)
    settings = cases.settings(network, epochs=4, keep_epochs=[4, 2], **shared)
    kept = trained(tmp_path / "kept", settings, dataset)
    for seed in (0, 3):
        assert kept.states(seed) == ("initial", "last", "best", "epoch-2", "epoch-4")
        assert long.states(seed) == ("initial", "last", "best")
        assert weights(kept, seed, "epoch-2") == weights(short, seed, "last")
        assert weights(kept, seed, "epoch-4") == weights(long, seed, "last")
        for state in long.states(seed):
            assert weights(kept, seed, state) == weights(long, seed, state)
        assert kept.record(seed)["kept_test_errors"] == {
            "epoch-4": long.record(seed)["last_test_error"],
            "epoch-2": short.record(seed)["last_test_error"],
        }


def test_a_seed_that_stopped_has_only_the_epochs_that_it_came_through(tmp_path: Path):
    settings = cases.settings(seeds=(0, 1, 2, 3), **cases.ONE_DIMENSIONAL)
    plain = trained(tmp_path / "plain", settings, cases.signals())
    ends = [record["epochs"] for record in plain.metadata["seeds"]]
    assert min(ends) < max(ends) < 60
    epochs = [min(ends), max(ends), 60]
    recipe = {**cases.ONE_DIMENSIONAL, "keep_epochs": epochs}
    kept = trained(tmp_path / "kept", cases.settings(seeds=(0, 1, 2, 3), **recipe), cases.signals())
    for seed, end in enumerate(ends):
        held = [f"epoch-{epoch}" for epoch in epochs if epoch <= end]
        assert list(kept.states(seed)[3:]) == held
        assert weights(kept, seed, "last") == weights(plain, seed, "last")
        if f"epoch-{end}" in held:
            assert weights(kept, seed, f"epoch-{end}") == weights(plain, seed, "last")
    with pytest.raises(UserError, match=rf"choose one of .*best, epoch-{min(ends)}$"):
        kept.network(ends.index(min(ends)), f"epoch-{max(ends)}")


def test_a_seed_that_diverged_has_only_the_epochs_before(tmp_path: Path):
    settings = cases.settings(
        "LeNet", epochs=4, learning_rate=1e30, schedule="constant", keep_epochs=[1, 4]
    )
    kept = trained(tmp_path, settings, cases.images(size=16))
    record = kept.record(0)
    assert record["diverged"]
    assert record["epochs"] == 1
    assert kept.states(0) == ("initial", "last", "best")
    assert all(torch.from_numpy(array).isfinite().all() for array in kept.arrays.values())


@pytest.mark.parametrize(
    ("epochs", "says"),
    [([0], "greater than or equal to 1"), ([3, 3], "3 is given twice"), ([2, 11], "no epoch 11")],
)
def test_epochs_that_do_not_come_are_refused(epochs: list[int], says: str):
    with pytest.raises(ValidationError, match=says):
        Recipe(epochs=10, keep_epochs=epochs)
