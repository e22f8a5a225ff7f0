"""Experiments: grids of runs on one data set each."""

from collections.abc import Callable, Iterator
from glob import escape
from itertools import product
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config.base import (
    NO_BOOLEAN,
    Count,
    Label,
    Model,
    NonNegative,
    Number,
    Positive,
    Seed,
    refuse_duplicates,
    tags,
)
from cnn_sensitivity.config.fits import Adopted, AnyFit, Sgd
from cnn_sensitivity.config.measurements import Diffeomorphism, Perturbation, PixelMoves
from cnn_sensitivity.config.networks import Network
from cnn_sensitivity.config.pairs import check_enough, left_for_test, pairs_1d, pairs_2d
from cnn_sensitivity.config.sources import FOLDER, ImageSource


class Experiment(Model):
    """A grid of runs: networks x noise levels x training sizes x seeds on one data set."""

    dimensions: ClassVar[int] = 2
    takes_weights: ClassVar[bool] = False
    """Whether networks that were trained elsewhere may be among its networks."""
    measurements: Annotated[list[Label], Field(min_length=1)] = ["sensitivity"]
    """Which of the configuration's measurements are made of those networks that list none."""
    recipe: Label
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
            raise ValueError(f"{perturbation.kind} deforms images; scale detection has pixel_moves")

    def points(self, network: Network) -> Iterator[dict[str, float | int | None]]:
        """Yield the points of the grid at which a network is fitted: values by axis."""
        sizes = self.sizes() if network.weights is None else [None]
        names = ("noise", "train_size", *self.axes)
        for values in product(network.noise or self.noise, sizes, *self.axes.values()):
            yield dict(zip(names, values, strict=True))

    def fit_of(self, network: Network) -> AnyFit:
        """Return which engine fits a network, and what it is told."""
        if network.weights is None:
            return self.fit
        return Adopted(weights=network.weights, published_error=network.published_error)

    def task(self, seed: int, data_root: str) -> dict[str, Any]:
        """Return the arguments of `tasks.prepare.prepare` that make its data."""
        raise NotImplementedError

    def image_folder(self) -> str | None:
        """Return the folder whose images its data are, if they are a folder's."""
        return None

    def downloads(self, data_root: str) -> Iterator[tuple[str, int, list[str]]]:
        """Yield what its data are downloaded from: name, bytes, and patterns of copies on disk."""
        yield from ()

    def rate_factor(self, network: Network) -> float:
        """Return what a recipe's learning rate is multiplied by for a network."""
        return 1.0

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


class Images(Experiment):
    """Image classification."""

    kind: Literal["images"] = "images"
    takes_weights: ClassVar[bool] = True
    source: ImageSource
    train_sizes: Annotated[list[Count], Field(min_length=1)] | None = None
    """Numbers of training images, the first of the training split; none for all."""

    @model_validator(mode="after")
    def _has_so_many(self) -> Self:
        there_are = self.train_images()
        for size in self.train_sizes or []:
            if there_are is not None and size > there_are:
                raise ValueError(f"train_sizes {size}: there are {there_are} training images")
        return self

    def perturbation(self) -> Perturbation:
        return Diffeomorphism()

    def check_perturbation(self, perturbation: Perturbation) -> None:
        if perturbation.kind == "pixel_moves":
            raise ValueError(
                "pixel_moves is for scale detection; images take diffeomorphism or thin_plate"
            )

    def task(self, seed: int, data_root: str) -> dict[str, Any]:
        settings = self.source.model_dump(exclude_none=True)
        if self.source.known and self.source.known.download:
            settings.setdefault("root", data_root)
        return {**settings, "seed": seed}

    def image_folder(self) -> str | None:
        return self.source.root if self.source.name == FOLDER else None

    def downloads(self, data_root: str) -> Iterator[tuple[str, int, list[str]]]:
        known = self.source.known
        if known and known.download:
            root = escape(self.source.root or data_root)
            yield self.source.name, known.download, [f"{root}/{copy}" for copy in known.copies]

    def channels(self) -> int:
        return self.source.channels()

    def classes(self) -> int | None:
        return self.source.classes()

    def sizes(self) -> list[int | None]:
        return [None] if self.train_sizes is None else list(self.train_sizes)

    def pixels(self) -> int | None:
        return self.source.pixels()

    def train_images(self) -> int | None:
        return self.source.train_images()

    def test_images(self) -> int | None:
        return self.source.test_images()


class ScaleDetection2d(Experiment):
    """Are two active pixels of an image closer than `scale`?"""

    kind: Literal["scale_detection_2d"] = "scale_detection_2d"
    size: Annotated[int, Field(ge=4, le=100), NO_BOOLEAN] = 28
    scale: Positive = 14.0
    gap: NonNegative = 2.0
    train_sizes: Annotated[list[Count], Field(min_length=1)] = [1024, 2048]
    test_size: Count = 2048

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        count = self.train_images() + self.test_images()
        _check_task(count, pairs_2d, self.size, self.scale, self.gap)
        return self

    def task(self, seed: int, data_root: str) -> dict[str, Any]:
        return {
            "name": "scale_detection_2d",
            "size": self.size,
            "scale": self.scale,
            "gap": self.gap,
            "train_size": self.train_images(),
            "test_size": self.test_images(),
            "seed": seed,
        }

    def sizes(self) -> list[int | None]:
        return list(self.train_sizes)

    def pixels(self) -> int | None:
        return self.size

    def train_images(self) -> int:
        return max(self.train_sizes)

    def test_images(self) -> int:
        return self.test_size


class ScaleDetection1d(Experiment):
    """The same question on a line."""

    dimensions: ClassVar[int] = 1
    number: ClassVar[int]
    size: Annotated[int, Field(ge=4, le=8192), NO_BOOLEAN] = 128
    scale: Count = 32
    train_size: Count = 1024
    validation_size: Count = 128
    receptive_field: bool = False
    """Measure how wide the effective receptive field of each layer is, for a figure of its own."""
    _test_images: int = PrivateAttr()

    def measuring(self) -> dict[str, Any]:
        """Return T22's ways in one dimension [code] in place of those of images."""
        one_dimensional = {"noise_norm": "variance", "rectify": True, "channel_mean": True}
        return {**super().measuring(), **one_dimensional}

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        taken = self.train_size + self.validation_size
        gap = getattr(self, "gap", 0)
        # At least one pair a class remains for the test.
        near, far = _check_task(taken + 2, pairs_1d, self.number, self.size, self.scale, gap)
        self._test_images = left_for_test(near, far, taken)
        return self

    def task(self, seed: int, data_root: str) -> dict[str, Any]:
        return {
            "name": "scale_detection_1d",
            "task": self.number,
            "size": self.size,
            "scale": self.scale,
            "gap": getattr(self, "gap", 0),
            "train_size": self.train_images(),
            "validation_size": self.validation_images(),
            "seed": seed,
        }

    def rate_factor(self, network: Network) -> float:
        """Return the width: the networks are parametrised so that the step grows with it."""
        return network.number("channels", 1000)

    def pixels(self) -> int | None:
        return self.size

    def train_images(self) -> int:
        return self.train_size

    def validation_images(self) -> int:
        return self.validation_size

    def test_images(self) -> int:
        return self._test_images


class ScaleDetection1dTask1(ScaleDetection1d):
    """Task 1: the periodic distance of two pixels. Networks without stride can solve it."""

    kind: Literal["scale_detection_1d_task1"] = "scale_detection_1d_task1"
    number: ClassVar[int] = 1
    gap: NonNegative = 2.0


class ScaleDetection1dTask2(ScaleDetection1d):
    """Task 2: are two pixels in one of the size/scale blocks?

    Without stride, circular padding and average pooling make a network invariant to translation:
    it cannot tell blocks apart.
    """

    kind: Literal["scale_detection_1d_task2"] = "scale_detection_1d_task2"
    number: ClassVar[int] = 2

    def perturbation(self) -> Perturbation:
        return PixelMoves(block=self.scale)


AnyExperiment = Annotated[
    Images | ScaleDetection2d | ScaleDetection1dTask1 | ScaleDetection1dTask2,
    Field(discriminator="kind"),
]
KINDS = tags(AnyExperiment, "kind")


def with_kinds(experiments: Any) -> Any:
    """Return experiments by name without those that are None; the kind may be the name's."""
    if not isinstance(experiments, dict):
        return experiments
    return {
        name: {"kind": name, **each} if isinstance(each, dict) and name in KINDS else each
        for name, each in experiments.items()
        if each is not None
    }


def _as_tables_show(values: list[Any]) -> list[Any]:
    """Return numbers with the digits by which tables and folders tell runs apart."""
    return [float(f"{value:g}") if isinstance(value, float) else value for value in values]


def _check_task(count: int, pairs: Callable, *geometry: float) -> tuple[int, int]:
    """Return how many near and far pairs there are, if that is enough for so many images."""
    try:
        near, far = pairs(*geometry)
        check_enough(near, far, count, "the task")
    except UserError as error:
        raise ValueError(str(error)) from None
    return len(near), len(far)
