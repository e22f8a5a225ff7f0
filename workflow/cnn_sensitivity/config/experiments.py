"""The kinds of experiments: images, scale detection in two dimensions and in one, and points."""

from collections.abc import Callable, Iterator
from glob import escape
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config.base import (
    NO_BOOLEAN,
    Count,
    NonNegative,
    Positive,
    tags,
)
from cnn_sensitivity.config.experiment import Experiment
from cnn_sensitivity.config.measurements import (
    Diffeomorphism,
    Perturbation,
    PixelMoves,
    UninformativeSteps,
)
from cnn_sensitivity.config.pairs import check_enough, left_for_test, pairs_1d, pairs_2d
from cnn_sensitivity.config.sources import FOLDER, ImageSource


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
        others = {"pixel_moves": "scale detection", "uninformative_steps": "points"}
        if whose := others.get(perturbation.kind):
            raise ValueError(
                f"{perturbation.kind} is for {whose}; images take diffeomorphism or thin_plate"
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


class Points(Experiment):
    """Points of a few dimensions, whose label depends on the first of them (C21)."""

    dimensions: ClassVar[int] = 0
    bytes_per_number: ClassVar[int] = 8
    kind: str
    dimension: Annotated[int, Field(ge=2, le=1000), NO_BOOLEAN]
    train_points: Count = 50_000
    """Of the split that seeds draw their own training sets from."""
    train_sizes: Annotated[list[Count], Field(min_length=1)]
    test_size: Count = 20_000

    @model_validator(mode="after")
    def _has_so_many(self) -> Self:
        for size in self.train_sizes:
            if size > self.train_points:
                raise ValueError(f"train_sizes {size}: there are {self.train_points} train_points")
        return self

    @model_validator(mode="after")
    def _is_fitted_by_their_engines(self) -> Self:
        if self.fit.by_recipe:
            raise ValueError("fit: points take the engine gradient_flow or kernel")
        return self

    def perturbation(self) -> Perturbation:
        return UninformativeSteps()

    def check_perturbation(self, perturbation: Perturbation) -> None:
        if not isinstance(perturbation, UninformativeSteps):
            raise ValueError(
                f"{perturbation.kind} moves pixels, and points have none; give uninformative_steps"
            )
        if perturbation.informative >= self.dimension:
            raise ValueError(f"informative {perturbation.informative}: all coordinates are")

    def task(self, seed: int, data_root: str) -> dict[str, Any]:
        return {
            "name": self.kind,
            "dimension": self.dimension,
            "train_size": self.train_points,
            "test_size": self.test_size,
            "seed": seed,
        }

    def channels(self) -> int:
        return self.dimension

    def sizes(self) -> list[int | None]:
        return list(self.train_sizes)

    def train_images(self) -> int:
        return self.train_points

    def test_images(self) -> int:
        return self.test_size


class Stripe(Points):
    """Layers of +1 and -1, separated by planes at right angles to the first axis."""

    kind: Literal["stripe"] = "stripe"


class Cylinder(Points):
    """-1 outside, +1 inside a cylinder around the axes after the first `informative` ones."""

    kind: Literal["cylinder"] = "cylinder"
    informative: Count = 2

    @model_validator(mode="after")
    def _has_these_dimensions(self) -> Self:
        if self.informative > self.dimension:
            raise ValueError(f"informative {self.informative}: dimension is {self.dimension}")
        return self

    def perturbation(self) -> Perturbation:
        return UninformativeSteps(informative=self.informative)

    def task(self, seed: int, data_root: str) -> dict[str, Any]:
        return {**super().task(seed, data_root), "informative": self.informative}


AnyExperiment = Annotated[
    Images | ScaleDetection2d | ScaleDetection1dTask1 | ScaleDetection1dTask2 | Stripe | Cylinder,
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


def _check_task(count: int, pairs: Callable, *geometry: float) -> tuple[int, int]:
    """Return how many near and far pairs there are, if that is enough for so many images."""
    try:
        near, far = pairs(*geometry)
        check_enough(near, far, count, "the task")
    except UserError as error:
        raise ValueError(str(error)) from None
    return len(near), len(far)
