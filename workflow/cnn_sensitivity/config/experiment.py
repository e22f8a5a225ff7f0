"""An experiment: a grid of runs on one data set."""

from abc import abstractmethod
from collections.abc import Iterator
from itertools import product
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from cnn_sensitivity.config.base import (
    Label,
    Model,
    NonNegative,
    Number,
    Seed,
    refuse_duplicates,
)
from cnn_sensitivity.config.fits import Adopted, AnyFit, Sgd
from cnn_sensitivity.config.measurements import Perturbation, PixelMoves
from cnn_sensitivity.config.networks import Network


class Experiment(Model):
    """A grid of runs: networks x noise levels x training sizes x seeds on one data set."""

    dimensions: ClassVar[int] = 2
    bytes_per_number: ClassVar[int] = 1
    """Of its stored inputs."""
    takes_weights: ClassVar[bool] = False
    """Whether networks that were trained elsewhere may be among its networks."""
    measurements: Annotated[list[Label], Field(min_length=1)] = ["sensitivity"]
    """Which of the configuration's measurements are made of those networks that list none."""
    recipe: Label | None = None
    """Of the networks that name none, where their engine goes by a recipe."""
    networks: Annotated[list[Network], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    noise: Annotated[list[NonNegative], Field(min_length=1)] = [0.0]
    """Magnitudes of the noise added to training and test images."""
    fit: AnyFit = Sgd()
    """The engine that fits the networks, and what it is told."""
    axes: dict[Label, Annotated[list[Number], Field(min_length=1)]] = {}
    """Further axes of the grid, by name: what its engine or its task takes from them."""

    @field_validator("fit")
    @classmethod
    def _names_no_weights(cls, fit: AnyFit) -> AnyFit:
        if fit.engine == "adopted":
            raise ValueError("weights are those of one network; give them in networks")
        return fit

    @field_validator("axes")
    @classmethod
    def _are_further(cls, axes: dict[str, list[float | int]]) -> dict[str, list[float | int]]:
        for name, values in axes.items():
            if name in ("noise", "train_size"):
                raise ValueError(f"{name} is an axis of every run; it has a key of its own")
            refuse_duplicates(f"value of {name}", _as_tables_show(values))
        return axes

    @model_validator(mode="after")
    def _has_its_axes(self) -> Self:
        self.fit.check_axes(self.axes)
        return self

    @field_validator("networks")
    @classmethod
    def _labels_differ(cls, networks: list[Network]) -> list[Network]:
        refuse_duplicates("label", [network.label for network in networks])
        for network in networks:
            refuse_duplicates(f"seeds of {network.label}", network.seeds or [])
            refuse_duplicates(f"noise of {network.label}", _as_tables_show(network.noise or []))
            refuse_duplicates(f"measurements of {network.label}", network.measurements or [])
        return networks

    @field_validator("seeds", "noise", "train_sizes", "measurements", check_fields=False)
    @classmethod
    def _values_differ(cls, values: list[Any] | None) -> list[Any] | None:
        refuse_duplicates("value", _as_tables_show(values or []))
        return values

    def all_measurements(self) -> list[str]:
        """Return the measurements that are made of any of its networks, or of its images."""
        of_networks = (name for network in self.networks for name in network.measurements or [])
        return list(dict.fromkeys([*self.measurements, *of_networks]))

    def perturbation(self) -> Perturbation:
        """Return what deforms its images where a measurement names nothing else."""
        return PixelMoves()

    def measuring(self) -> dict[str, Any]:
        """Return what measurements leave to it: its perturbation, noise, and use of channels."""
        noise = {"noise_norm": "per_image", "rectify": False}
        return {"perturbation": self.perturbation(), "channel_mean": False, **noise}

    def check_perturbation(self, perturbation: Perturbation) -> None:
        """Raise ValueError for a perturbation that its images cannot undergo."""
        if perturbation.kind != "pixel_moves":
            raise ValueError(f"scale detection has pixel_moves, not {perturbation.kind}")

    def points(self, network: Network) -> Iterator[dict[str, float | int | None]]:
        """Yield the points of the grid at which a network is fitted: values by axis.

        One that was trained elsewhere is at one point, with whatever noise it lists.
        """
        here = network.weights is None
        sizes, axes = (self.sizes(), self.axes) if here else ([None], {})
        names = ("noise", "train_size", *axes)
        for values in product(network.noise or self.noise, sizes, *axes.values()):
            yield dict(zip(names, values, strict=True))

    def fit_of(self, network: Network) -> AnyFit:
        """Return which engine fits a network, and what it is told."""
        if network.weights is None:
            return self.fit
        return Adopted(weights=network.weights, published_error=network.published_error)

    @abstractmethod
    def task(self, seed: int, data_root: str) -> dict[str, Any]:
        """Return the arguments of `tasks.prepare.prepare` that make its data."""

    def image_folder(self) -> str | None:
        """Return the folder whose images its data are, if they are a folder's."""
        return None

    def downloads(self, data_root: str) -> Iterator[tuple[str, int, list[str]]]:
        """Yield what its data are downloaded from: name, bytes, and patterns of copies on disk."""
        yield from ()

    def channels(self) -> int:
        """Return how many channels its inputs have."""
        return 1

    def classes(self) -> int | None:
        """Return how many classes there are, if that is known before they are read."""
        return 2

    def sizes(self) -> list[int | None]:
        """Return the training sizes; None is the whole training split."""
        return [None]

    def pixels(self) -> int | None:
        """Return how many pixels a side inputs have, if that is known before they are read."""
        return None

    def train_images(self) -> int | None:
        """Return how many training images there are, if that is known before they are read."""
        return None

    def validation_images(self) -> int:
        """Return how many images neither train nor test."""
        return 0

    def test_images(self) -> int | None:
        """Return how many test images there are, if that is known before they are read."""
        return None


def _as_tables_show(values: list[Any]) -> list[Any]:
    """Return numbers with the digits by which tables and folders tell runs apart."""
    return [float(f"{value:g}") if isinstance(value, float) else value for value in values]
