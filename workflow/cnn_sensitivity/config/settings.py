"""What a command is told: all that determines its result, besides its input files."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from cnn_sensitivity.config.base import NO_BOOLEAN, Model, Positive
from cnn_sensitivity.config.networks import Architecture, Recipe, seeds_folder
from cnn_sensitivity.config.weights import WeightFile

Perturbation = Literal["diffeomorphism", "pixels_2d", "pixels_1d"]


class Measurement(Model):
    """How sensitivities are measured (paper, eq. 1)."""

    images: Annotated[int, Field(ge=2), NO_BOOLEAN] = 500
    """Number P of test images."""
    displacement: Positive = 1.0
    """Typical displacement delta of the diffeomorphism, in pixels."""
    cutoff: Annotated[int, Field(ge=2), NO_BOOLEAN] = 3
    """Cut-off c: the largest frequency of the diffeomorphism."""
    noise_norm: Literal["per_image", "mean"] = "per_image"
    """Noise is as large as each image's own deformation, or as their mean."""
    average: Literal["mean", "median"] = "mean"
    """Over images: the mean, or the median of each output coordinate (Petrini et al. 2021)."""
    weights: Literal["last", "best"] = "last"
    """Which epoch's weights count as trained: the last, or that of the best test error."""


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
    """Everything that determines a sensitivity table, besides the checkpoint."""

    measurement: Measurement
    perturbation: Perturbation
    scale: float | None = None
    """Of scale detection, in pixels."""
    in_blocks: bool = False
    """Active pixels do not leave their block of size `scale` (one dimension, Task 2)."""
    root_seed: int


class PictureSettings(Model):
    """What Figure 1 shows of one test image."""

    displacement: float
    cutoff: int
    noise: list[float]
    root_seed: int
