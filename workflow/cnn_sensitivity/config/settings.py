"""What a command is told: all that determines its result, besides its input files."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from cnn_sensitivity.config.base import Label, Model
from cnn_sensitivity.config.measurements import Diffeomorphism, Measurement, ThinPlate
from cnn_sensitivity.config.networks import Architecture, Recipe, seeds_folder
from cnn_sensitivity.config.weights import WeightFile


class Compute(Model):
    """How the steps of a training are computed, with the same arithmetic."""

    channels_last: bool = False
    """The layout of images in memory."""
    cuda_graph: bool = False
    """Replay each training step as one CUDA graph; without effect on a CPU."""


class TrainingSettings(Model):
    """Everything that determines the weights of one training job, besides its data set."""

    experiment: str
    network: Architecture
    recipe: Recipe
    compute: Compute
    noise: float
    train_size: int | None = None
    seeds: list[int]
    root_seed: int
    weights: WeightFile | None = None
    """Of a network that was trained elsewhere, whose recipe says how initial weights are drawn."""
    published_error: float | None = None
    """In per cent, where it is known."""


def run_name(
    experiment: str, label: str, noise: float, train_size: int | None, seeds: Sequence[int]
) -> str:
    """Return the path of a run below the results' folder, which tells it from all others."""
    size = "all" if train_size is None else train_size
    return f"{experiment}/{label}/noise-{noise:.15g}_train-{size}/{seeds_folder(seeds)}"


class MeasurementSettings(Model):
    """Everything that determines what is measured of a run, besides its checkpoint."""

    measurements: dict[Label, Measurement]
    """By name, each with its perturbation, its noise and its epoch."""
    scale: float | None = None
    """Of scale detection, in pixels."""
    root_seed: int


class PictureSettings(Model):
    """What Figure 1 shows of one test image."""

    deformation: Annotated[Diffeomorphism | ThinPlate, Field(discriminator="kind")]
    noise: list[float]
    root_seed: int
