"""A network that was trained elsewhere becomes the checkpoint that training it here had written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import training_cases as cases
from safetensors.torch import save_file
from torch import nn

from cnn_sensitivity import checkpoints
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import (
    Diffeomorphism,
    Measurement,
    MeasurementSettings,
    TrainingSettings,
    WeightFile,
)
from cnn_sensitivity.config.fits import Adopted
from cnn_sensitivity.engines.adopted import job as adopted
from cnn_sensitivity.measures.job import measured
from cnn_sensitivity.tasks.store import normalize, seen_by

IMAGES = cases.images(size=16, channels=3)
NETWORK = {"name": "ResNet20", "label": "mine", "width": 0.25}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ResNet20 of two epochs, and its last weights as others would give them."""
    folder = tmp_path_factory.mktemp("trained")
    cases.run(folder, cases.settings(NETWORK, seeds=(3,), epochs=2), IMAGES)
    network = checkpoints.load(folder / "checkpoint.safetensors").network(3, "last")
    parallel = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"state_dict": parallel, "epoch": 2}, folder / "weights.pth")
    save_file(network.state_dict(), folder / "weights.safetensors")
    return folder


def settings(
    file: Path, network: dict = NETWORK, published_error: float | None = None
) -> TrainingSettings:
    chosen = cases.settings(network, seeds=(3,), epochs=2)
    fit = Adopted(weights=WeightFile(path=str(file)), published_error=published_error)
    return chosen.model_copy(update={"fit": fit})


def adopt(folder: Path, chosen: TrainingSettings, dataset=IMAGES) -> tuple[list[str], Path]:
    """Adopt; return what was said, and the checkpoint's path."""
    said: list[str] = []
    paths = {"checkpoint": folder / "checkpoint.safetensors", "table": folder / "training.csv"}
    adopted.fit(chosen, dataset, root=folder, log=said.append, **paths)
    return said, paths["checkpoint"]


def test_key_chooses_among_the_weights_of_a_file(tmp_path, trained):
    states = {
        name: checkpoints.load(trained / "checkpoint.safetensors").network(3, state).state_dict()
        for name, state in (("model", "initial"), ("ema", "last"))
    }
    torch.save(states, tmp_path / "both.pth")
    for key, taken, said_so in ((None, "model", True), ("ema", "ema", False)):
        chosen = settings(tmp_path / "both.pth")
        weights = chosen.fit.weights.model_copy(update={"key": key})
        said, path = adopt(tmp_path, chosen.model_copy(update={"fit": Adopted(weights=weights)}))
        loaded = checkpoints.load(path).network(3, "last").state_dict()
        assert all(torch.equal(loaded[name], states[taken][name]) for name in loaded)
        assert any("model is taken, and ema would fit" in line for line in said) == said_so


def all_measured(checkpoint: Path) -> pd.DataFrame:
    small = Diffeomorphism(displacement=0.5)
    named = {
        "sensitivity": Measurement(images=12, perturbation=small, weights="last"),
        "filters": Measurement(quantity="filters", weights="last"),
    }
    measuring = MeasurementSettings(measurements=named, root_seed=3)
    return measured(checkpoints.load(checkpoint), IMAGES, measuring)


@pytest.mark.parametrize("file", ["weights.pth", "weights.safetensors"])
def test_it_measures_as_the_checkpoint_of_the_training(tmp_path, trained, file):
    own = trained / "checkpoint.safetensors"
    before = torch.random.get_rng_state()
    _, adopted = adopt(tmp_path, settings(trained / file))
    assert torch.equal(torch.random.get_rng_state(), before)
    # The best epoch's error is that of other weights; what was adopted was not trained here.
    other = ["best_test_error", "epochs"]
    expected, table = (all_measured(path).drop(columns=other) for path in (own, adopted))
    pd.testing.assert_frame_equal(table, expected, check_exact=True)
    assert set(table.state) == {"initial", "trained"}
    assert {"R", "gamma"} <= set(table.quantity)


def test_it_holds_the_weights_and_the_initial_ones_of_the_training(tmp_path, trained):
    own = checkpoints.load(trained / "checkpoint.safetensors")
    said, path = adopt(tmp_path, settings(trained / "weights.pth"))
    adopted = checkpoints.load(path, "images/mine/noise-0_train-all/seeds-3")
    for state, of_own in (("initial", "initial"), ("last", "last"), ("best", "last")):
        expected = own.network(3, of_own).state_dict()
        held = adopted.network(3, state).state_dict()
        assert set(held) == set(expected)
        for name, tensor in held.items():
            np.testing.assert_array_equal(tensor, expected[name])
            assert tensor.dtype == expected[name].dtype
    error = own.record(3)["last_test_error"]
    assert adopted.record(3) == {
        **own.record(3),
        "epochs": 0,
        "best_test_error": error,
        "best_epoch": 0,
    }
    assert said == [f"mine is wrong on {100 * error:.2f} % of 40 test images of tiny images"]
    assert len(adopted.settings.fit.weights.sha256) == 64
    assert adopted.metadata["dataset"] == own.metadata["dataset"]


def test_its_training_table_has_the_error_of_the_weights(tmp_path, trained):
    adopt(tmp_path, settings(trained / "weights.pth"))
    expected, table = (pd.read_csv(folder / "training.csv") for folder in (trained, tmp_path))
    assert list(table) == list(expected) and len(table) == 1
    assert table.epoch[0] == 0 and pd.isna(table.train_loss[0])
    for column in ("experiment", "network", "noise", "seed", "test_loss", "test_error"):
        assert table[column].iloc[0] == expected[column].iloc[-1]


def test_its_own_normalisation_is_remembered(tmp_path, trained):
    own = {**NETWORK, "mean": [0.2, 0.3, 0.4], "std": [0.5, 0.6, 0.7]}
    _, path = adopt(tmp_path, settings(trained / "weights.pth", own))
    loaded = checkpoints.load(path)
    seen = seen_by(IMAGES, loaded.settings.network)
    assert (seen.mean, seen.std) == ((0.2, 0.3, 0.4), (0.5, 0.6, 0.7))
    assert seen.checksum == IMAGES.checksum
    images = normalize(IMAGES.test.images, (0.2, 0.3, 0.4), (0.5, 0.6, 0.7))
    with torch.no_grad():
        scores = loaded.network(3, "last")(images)
    error = (scores.argmax(1) != IMAGES.test.labels).float().mean().item()
    assert loaded.record(3)["last_test_error"] == pytest.approx(error)
    assert (
        error != checkpoints.load(trained / "checkpoint.safetensors").record(3)["last_test_error"]
    )


def test_a_network_trained_here_may_have_its_own_normalisation_too(tmp_path):
    weights = {}
    for name, own in {
        "data": {},
        "equal": {"mean": IMAGES.mean, "std": IMAGES.std},
        "other": {"mean": IMAGES.mean, "std": [0.6] * 3},
    }.items():
        (tmp_path / name).mkdir()
        cases.run(tmp_path / name, cases.settings({"name": "LeNet", **own}, epochs=1), IMAGES)
        arrays = checkpoints.load(tmp_path / name / "checkpoint.safetensors").arrays
        weights[name] = arrays["last/features.0.weight"]
    np.testing.assert_array_equal(weights["equal"], weights["data"])
    assert not np.array_equal(weights["other"], weights["data"])


def refuses(folder: Path, chosen: TrainingSettings, message: str, dataset=IMAGES) -> None:
    """Check the sentence, and that nothing was written."""
    with pytest.raises(UserError, match=message):
        adopt(folder, chosen, dataset)
    assert not list(folder.glob("*"))


def test_an_error_that_is_not_the_published_one_is_refused(tmp_path, trained):
    error = 100 * checkpoints.load(trained / "checkpoint.safetensors").record(3)["last_test_error"]
    file = trained / "weights.pth"
    (tmp_path / "near").mkdir()
    adopt(tmp_path / "near", settings(file, published_error=error - 0.49))
    (tmp_path / "far").mkdir()
    refuses(
        tmp_path / "far",
        settings(file, published_error=error + 0.51),
        rf"weights.pth: mine is wrong on {error:.2f} % of .* and {error + 0.51:g} % was published",
    )


def test_weights_of_another_network_are_refused(tmp_path, trained):
    other = {**NETWORK, "name": "ResNet32"}
    refuses(tmp_path, settings(trained / "weights.pth", other), "weights.pth: it lacks .* tensors")
    wide = {**NETWORK, "width": 0.5}
    refuses(tmp_path, settings(trained / "weights.pth", wide), "has the shape .* the network needs")


def test_weights_that_are_not_finite_are_refused(tmp_path, trained):
    state = torch.load(trained / "weights.pth")["state_dict"]
    state["module.fc.bias"][0] = float("nan")
    torch.save(state, trained / "nan.pth")
    refuses(tmp_path, settings(trained / "nan.pth"), "nan.pth: mine .* loss that is not finite")


class Compared(nn.Module):
    """Scores less a share, which is zero at first, of the batch's mean."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.head, self.share = nn.Linear(3, classes), nn.Parameter(torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        scores = self.head(images.mean((2, 3)))
        return scores - self.share * scores.mean(0)


def compared(in_channels: int, num_classes: int, image_size: int, width: float) -> nn.Module:
    return Compared(num_classes)


def test_weights_that_mix_the_images_of_a_batch_are_refused(tmp_path):
    network = {"name": f"{__name__}:compared", "label": "mine"}
    state = Compared(len(IMAGES.classes)).state_dict()
    for share, folder in ((0.0, tmp_path / "none"), (0.5, tmp_path / "half")):
        folder.mkdir()
        torch.save({**state, "share": torch.tensor([share])}, tmp_path / "w.pth")
        if share:
            refuses(folder, settings(tmp_path / "w.pth", network), "w.pth: mine mixes the images")
        else:
            adopt(folder, settings(tmp_path / "w.pth", network))


def test_a_normalisation_of_other_channels_is_refused(tmp_path, trained):
    grey = {**NETWORK, "mean": [0.5], "std": [0.5]}
    message = "mine: mean and std are those of 1 channels, and the images of tiny images have 3"
    refuses(tmp_path, settings(trained / "weights.pth", grey), message)


def test_a_file_that_is_not_there_is_named(tmp_path):
    refuses(tmp_path, settings(tmp_path / "absent.pt"), "absent.pt: there is no such file")
