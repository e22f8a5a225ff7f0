"""The errors published with weights, where those weights and CIFAR-10 are at hand.

They are looked for in the folder that CNN_SENSITIVITY_DATA names, as the run `published` would:
CIFAR-10 in either version, and in `checkpoints` the files under their own names, or, of files that
were converted, `<label of the network>.safetensors`. Nothing is downloaded.
"""

import os
from pathlib import Path

import pandas
import pytest
from checkout import ROOT

from cnn_sensitivity import datasets, training
from cnn_sensitivity.config import TrainingSettings, WeightFile, read
from cnn_sensitivity.datasets.store import Dataset
from cnn_sensitivity.plan import Plan

DATA = Path(os.environ.get("CNN_SENSITIVITY_DATA") or "nowhere")
PLAN = Plan(read(ROOT / "config.yaml", ROOT / "workflow/scenarios/tomasini_2022/published.yaml"))
SETTINGS = {
    run.network.label: PLAN.training_settings(run)
    for run in PLAN.runs
    if run.network.published_error is not None
}
# The other authors say nothing of their normalisation: the half point of the rule has to do.
EXACT = "github.com/akamaster/"


@pytest.fixture(scope="module")
def images() -> Dataset:
    """All test images, and as few training images as there can be."""
    if not list(DATA.glob("cifar-10-*")):
        pytest.skip("CNN_SENSITIVITY_DATA names no folder with CIFAR-10")
    return datasets.prepare("cifar10", root=DATA, train_size=10)


def weights_at_hand(label: str) -> WeightFile:
    published = SETTINGS[label].weights
    assert published is not None
    if (DATA / "checkpoints" / published.name).is_file():
        return published
    converted = DATA / "checkpoints" / f"{label}.safetensors"
    if not converted.is_file():
        pytest.skip(f"there is neither {published.name} nor {converted.name} in {converted.parent}")
    return WeightFile(path=str(converted))


def adopted_error(settings: TrainingSettings, images: Dataset, folder: Path) -> float:
    """Return the test error in per cent that `adopt` writes down."""
    table = folder / "training.csv"
    files = {"checkpoint": folder / "checkpoint.safetensors", "table": table}
    training.adopt(settings, images, root=DATA, **files)
    return 100 * pandas.read_csv(table)["test_error"].iloc[0]


@pytest.mark.parametrize("label", SETTINGS)
def test_the_published_error_is_measured(label: str, images: Dataset, tmp_path: Path) -> None:
    weights = weights_at_hand(label)
    settings = SETTINGS[label].model_copy(update={"weights": weights})
    error = adopted_error(settings, images, tmp_path)
    if EXACT in SETTINGS[label].weights.url:
        assert round(error, 2) == settings.published_error
    else:
        assert abs(error - settings.published_error) <= training.adoption.TOLERANCE


def test_only_the_exact_number_tells_a_normalisation_that_is_nearly_right(
    images: Dataset, tmp_path: Path
) -> None:
    """CIFAR-10's own mean and std in place of ImageNet's, a quarter of a point, pass the rule."""
    settings = SETTINGS["ResNet20"].model_copy(update={"weights": weights_at_hand("ResNet20")})
    network = settings.network.model_copy(update={"mean": None, "std": None})
    error = adopted_error(settings.model_copy(update={"network": network}), images, tmp_path)
    assert 0.2 < error - settings.published_error < 0.3 < training.adoption.TOLERANCE
