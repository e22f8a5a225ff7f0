"""What a command is told: all that determines its result, besides its input files."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from cnn_sensitivity.config.base import Label, Model
from cnn_sensitivity.config.fits import AnyFit, Sgd
from cnn_sensitivity.config.measurements import Diffeomorphism, Measurement, ThinPlate
from cnn_sensitivity.config.networks import Architecture, Recipe, seeds_folder


def _with_noise_and_size(axes: dict[str, Any]) -> dict[str, Any]:
    """Return axes with the two that every run has, first."""
    return {"noise": 0.0, "train_size": None, **axes}


class Compute(Model):
    """How the steps of a training are computed, with the same arithmetic."""

    channels_last: bool = False
    """The layout of images in memory."""
    cuda_graph: bool = False
    """Replay each training step as one CUDA graph; without effect on a CPU."""


Axes = Annotated[dict[str, float | int | None], AfterValidator(_with_noise_and_size)]
"""Values by the name of an axis, in the order of paths and tables."""


class GridPoint:
    """What is at one point of an experiment's grid."""

    if TYPE_CHECKING:  # pydantic would take it for the first field, and change what is written
        axes: Mapping[str, float | int | None]

    @property
    def noise(self) -> float:
        """Magnitude of the noise added to training and test images."""
        return float(self.axes["noise"] or 0)

    @property
    def train_size(self) -> int | None:
        """Number of training images, the first of the split; None for all."""
        size = self.axes["train_size"]
        return None if size is None else int(size)


class TrainingSettings(GridPoint, Model):
    """Everything that determines what one job fits, besides its data set."""

    experiment: str
    network: Architecture
    recipe: Recipe
    compute: Compute
    axes: Axes
    """The point in the experiment's grid: noise, train_size (None: all), and further axes."""
    seeds: list[int]
    root_seed: int
    fit: AnyFit = Sgd()
    """The engine, and what it is told."""


def further(axes: Axes) -> Axes:
    """Return the axes that not every run has."""
    return {name: value for name, value in axes.items() if name not in ("noise", "train_size")}


def run_name(experiment: str, label: str, axes: Axes, seeds: Sequence[int]) -> str:
    """Return the path of a run below the results' folder, which tells it from all others."""
    values = {"noise": axes["noise"], "train": axes["train_size"], **further(axes)}
    point = "_".join(f"{name}-{_written(value)}" for name, value in values.items())
    return f"{experiment}/{label}/{point}/{seeds_folder(seeds)}"


def _written(value: float | int | None) -> str:
    return "all" if value is None else f"{value:.15g}"


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
