"""What is measured of the networks of a point together, and how far their kernels moved."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pandas import DataFrame

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints import checkpoint as checkpoints
from cnn_sensitivity.checkpoints.checkpoint import Checkpoint
from cnn_sensitivity.config import Measurement, MeasurementSettings, TrainingSettings
from cnn_sensitivity.config.measurements import Diffeomorphism
from cnn_sensitivity.engines import base
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.measures.ensemble import numbers
from cnn_sensitivity.measures.job import measured
from cnn_sensitivity.measures.stimuli import perturbed_images
from cnn_sensitivity.networks.tangent_kernels import EmpiricalTangentKernel
from cnn_sensitivity.tasks.images.embedded import load_images
from cnn_sensitivity.tasks.points import signed
from cnn_sensitivity.tasks.store import Dataset

RESPONSE = Measurement(
    perturbation=Diffeomorphism(), ensemble=True, layers="output", images=20, shuffles=0
)
SEEDS = [3, 5, 8]


@pytest.fixture(scope="module")
def images() -> Dataset:
    return load_images(train_size=60, test_size=40)


@pytest.fixture(scope="module")
def fitted(images: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("fit")
    settings = TrainingSettings.model_validate(
        {
            "experiment": "map",
            "network": {"name": "NTKFullConn", "options": {"hidden_units": 10, "bias": "none"}},
            "recipe": {},
            "compute": {},
            "axes": {"train_size": 30, "alpha": 10.0},
            "seeds": SEEDS,
            "root_seed": 0,
            "fit": {
                "engine": "gradient_flow", "training_sets": "first", "centred": True,
                "components": 5, "tolerance": 0.1, "budget": 500,
            },
        }
    )  # fmt: skip
    paths = {"checkpoint": folder / "checkpoint.safetensors", "table": folder / "training.csv"}
    base.job("gradient_flow").fit(settings, images, root=Path("."), device="cpu", **paths)
    return checkpoints.load(paths["checkpoint"])


def table_of(checkpoint: Checkpoint, data: Dataset, **measurements: Measurement) -> DataFrame:
    settings = MeasurementSettings(measurements=measurements, root_seed=0)
    return measured(checkpoint, data, settings)


def outputs_of(checkpoint: Checkpoint, data: Dataset) -> np.ndarray:
    """Return the outputs of the trained networks on all test images [S, n]."""
    points = signed.test_points(data).inputs
    with torch.no_grad():
        each = [checkpoint.network(seed, "last")(points) for seed in SEEDS]
    return torch.stack(each).numpy()


def test_errors_and_variance_are_those_of_the_outputs(fitted: Checkpoint, images: Dataset) -> None:
    rows = table_of(fitted, images, ensemble=Measurement(quantity="ensemble"))
    outputs, targets = outputs_of(fitted, images), signed.test_points(images).targets.numpy()
    value = {name: of["value"].astype(float).to_numpy() for name, of in rows.groupby("quantity")}

    def error(predicted: np.ndarray) -> float:
        return float((predicted * targets <= 0).mean())

    assert value["test_error"] == [error(outputs.mean(0))]
    assert value["member_error"].tolist() == [error(each) for each in outputs]
    without = [error(np.delete(outputs, at, 0).mean(0)) for at in range(3)]
    assert value["error_without"].tolist() == without
    variance = outputs.var(axis=0, ddof=1).mean()
    assert value["deviation"].mean() == pytest.approx(variance)
    assert value["mean_square"] == pytest.approx((outputs.mean(0) ** 2).mean())
    assert set(rows["wiring"]) == {"ensemble"}
    assert rows["test_error"].isna().all()


def test_the_response_of_the_ensemble_is_that_of_the_mean_output(
    fitted: Checkpoint, images: Dataset
) -> None:
    rows = table_of(fitted, images, response=RESPONSE)
    settings = MeasurementSettings(measurements={"response": RESPONSE}, root_seed=0)
    shown = perturbed_images(images, "map", 0.0, settings, settings.measurements)["response"]

    class Mean(torch.nn.Module):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            each = [fitted.network(seed, "last")(inputs) for seed in SEEDS]
            return sum(each) / len(each)

    sets = (shown["images"], shown["deformed"], shown["noisy"])
    expected = sensitivity.measure(Mean(), *sets, layers="output").iloc[-1]
    found = rows.set_index("quantity")["value"].astype(float)
    for name in ("D", "G", "R"):
        assert found[name] == pytest.approx(expected[name], rel=1e-4)


def test_one_network_has_no_variance() -> None:
    rows = numbers(torch.tensor([[1.0, -1.0]]), torch.tensor([1.0, 1.0]))
    assert {row["quantity"]: row["value"] for row in rows} == {
        "test_error": 0.5, "mean_square": 1.0, "member_error": 0.5,
    }  # fmt: skip


def test_the_kernels_change_is_that_of_the_jacobians(fitted: Checkpoint, images: Dataset) -> None:
    told = Measurement(quantity="kernel_change", images=25)
    rows = table_of(fitted, images, kernel_change=told)
    assert rows["seed"].tolist() == SEEDS  # of trained networks alone
    assert set(rows["state"]) == {"trained"}
    points = signed.test_points(images).inputs[:25]
    for seed, value in zip(rows["seed"], rows["value"], strict=True):
        before, change = fitted.network(seed, "last")
        first, last = (
            EmpiricalTangentKernel(network.requires_grad_())(before(points), before(points))
            for network in (change.initial, change.network)
        )
        expected = np.linalg.norm(last - first) / np.linalg.norm(first)
        assert float(value) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("given", "says"),
    [({"quantity": "ensemble", "images": 5}, "images: a measurement of ensemble has none"),
     ({"quantity": "kernel_change", "ensemble": True}, "ensemble: a measurement of kernel_change")],
)  # fmt: skip
def test_what_a_quantity_does_not_take_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Measurement(**given)


def test_too_few_test_points_are_one_sentence(fitted: Checkpoint, images: Dataset) -> None:
    with pytest.raises(UserError, match="^kernel_change: images 41: there are 40 test points$"):
        table_of(fitted, images, kernel_change=Measurement(quantity="kernel_change", images=41))
