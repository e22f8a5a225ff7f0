"""Experiments: grids of runs on one data set each."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from cnn_sensitivity.config.base import (
    NO_BOOLEAN,
    Count,
    Folder,
    Fraction,
    Label,
    Model,
    NonNegative,
    Positive,
    Seed,
    Text,
    refuse_duplicates,
)
from cnn_sensitivity.config.networks import Network
from cnn_sensitivity.errors import UserError
from cnn_sensitivity.pairs import check_enough, left_for_test, pairs_1d, pairs_2d

SIZES = {
    "embedded": {"train_size": 5000, "test_size": 2000},
    "fashion_mnist": {"train_size": 60000, "test_size": 10000},
    "cifar10": {"train_size": 50000, "test_size": 10000},
}
"""Images of the sources whose size is known before they are read."""


class Experiment(Model):
    """A grid of runs: networks x noise levels x training sizes x seeds on one data set."""

    dimensions: ClassVar[int] = 2
    recipe: Label
    networks: Annotated[list[Network], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    noise: Annotated[list[NonNegative], Field(min_length=1)] = [0.0]
    """Magnitudes of the noise added to training and test images."""

    @field_validator("networks")
    @classmethod
    def _labels_differ(cls, networks: list[Network]) -> list[Network]:
        refuse_duplicates("label", [network.label for network in networks])
        for network in networks:
            refuse_duplicates(f"seeds of {network.label}", network.seeds or [])
            refuse_duplicates(f"noise of {network.label}", _as_tables_show(network.noise or []))
        return networks

    @field_validator("seeds", "noise", "train_sizes", check_fields=False)
    @classmethod
    def _values_differ(cls, values: list[Any]) -> list[Any]:
        refuse_duplicates("value", _as_tables_show(values))
        return values

    def sizes(self) -> list[int | None]:
        """Return the training sizes; None is the whole training split."""
        return [None]

    def pixels(self) -> int | None:
        """Return how many pixels a side inputs have, if that is known before they are read."""
        return None

    def test_images(self) -> int | None:
        """Return how many test images there are, if that is known before they are read."""
        return None


SIDES = {"embedded": 28, "fashion_mnist": 28, "cifar10": 32}
"""Pixels a side of the sources whose images are known before they are read."""


class Templates(Model):
    """Each class is the thin-plate deformations of one training image (Ruderman et al. 2018)."""

    count: Annotated[int, Field(ge=2, le=1000), NO_BOOLEAN] = 10
    """Number of images that are deformed, and of classes; of all classes of the source."""
    displacement: Positive
    """A control point moves by up to so many pixels along each axis, uniformly."""
    control_points: Annotated[int, Field(ge=2, le=16), NO_BOOLEAN] = 3
    """A side, evenly spaced."""
    grid: Literal["edge", "cell"] = "edge"
    """Outer control points lie on the image's edge, or all in the centres of equal cells."""


class ImageSource(Model):
    """Where the images come from."""

    name: Literal["embedded", "fashion_mnist", "cifar10", "image_folder"]
    root: Folder | None = None
    """fashion_mnist, cifar10: where the files are or are put; image_folder: the folder itself."""
    title: Text | None = None
    """What captions call the data; the default is its name."""
    train_size: Count | None = None
    """A class-balanced subset of so many training images; none for all."""
    test_size: Count | None = None
    pad_to: Annotated[int, Field(ge=1, le=1024), NO_BOOLEAN] | None = None
    """Zero-pad the images to so many pixels a side, before anything else is done to them."""
    labels: Literal["random"] | None = None
    """random: uniform ones for training and test images, fixed by the run's seed."""
    templates: Templates | None = None
    """A task of deformed images, train_size and test_size of them, in place of the images."""
    size: Annotated[int, Field(ge=1, le=1024), NO_BOOLEAN] | None = None
    """image_folder: resize all images to so many pixels a side, 1024 at most; without it they
    must agree."""
    mean: list[Fraction] | None = None
    """image_folder: of pixel/255, per channel; the default is the training images' own."""
    std: list[Fraction] | None = None

    @model_validator(mode="after")
    def _can_be_had(self) -> Self:
        if self.name == "image_folder" and self.root is None:
            raise ValueError("image_folder needs root: the folder that holds train/ and test/")
        for key in ("size", "mean", "std"):
            if self.name != "image_folder" and getattr(self, key) is not None:
                raise ValueError(f"{key}: only image_folder takes it")
        for key in ("mean", "std"):
            values = getattr(self, key)
            if values is not None and len(values) not in (1, 3):
                raise ValueError(f"{key}: give one number for grey images, three for colour")
        if self.mean and self.std and len(self.mean) != len(self.std):
            raise ValueError("mean and std: give as many numbers of one as of the other")
        if self.templates and min(self.train_size or 0, self.test_size or 0) < self.templates.count:
            raise ValueError(
                "templates need train_size and test_size: numbers of deformed images, at least"
                f" one for each of the {self.templates.count} templates"
            )
        side = SIDES.get(self.name, self.size)
        if side and self.pad_to and self.pad_to < side:
            raise ValueError(f"pad_to {self.pad_to}: the images have {side} pixels a side")
        for key, most in SIZES.get(self.name, {}).items():
            if (getattr(self, key) or 0) > most and not self.templates:
                raise ValueError(f"{key} {getattr(self, key)}: {self.name} has {most} images")
        return self

    def test_images(self) -> int | None:
        """Return how many test images there are, if that is known before they are read."""
        return self.test_size or SIZES.get(self.name, {}).get("test_size")

    def pixels(self) -> int | None:
        """Return how many pixels a side the images have, if that is known before they are read."""
        return self.pad_to or SIDES.get(self.name, self.size)


class Images(Experiment):
    """Image classification (Figures 1, 3, 4, 10 to 13)."""

    source: ImageSource

    def pixels(self) -> int | None:
        return self.source.pixels()

    def test_images(self) -> int | None:
        return self.source.test_images()


class ScaleDetection2d(Experiment):
    """Are two active pixels of an image closer than `scale`? (Figures 8, 9, 14)."""

    size: Annotated[int, Field(ge=4, le=100), NO_BOOLEAN] = 28
    scale: Positive = 14.0
    gap: NonNegative = 2.0
    train_sizes: Annotated[list[Count], Field(min_length=1)] = [1024, 2048]
    test_size: Count = 2048

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        count = max(self.train_sizes) + self.test_size
        _check_task(count, pairs_2d, self.size, self.scale, self.gap)
        return self

    def sizes(self) -> list[int | None]:
        return list(self.train_sizes)

    def pixels(self) -> int | None:
        return self.size

    def test_images(self) -> int | None:
        return self.test_size


class ScaleDetection1d(Experiment):
    """The same question on a line (Figure 7)."""

    dimensions: ClassVar[int] = 1
    task: ClassVar[int]
    size: Annotated[int, Field(ge=4, le=8192), NO_BOOLEAN] = 128
    scale: Count = 32
    train_size: Count = 1024
    validation_size: Count = 128
    _test_images: int = PrivateAttr()

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        taken = self.train_size + self.validation_size
        gap = getattr(self, "gap", 0)
        # At least one pair a class remains for the test.
        near, far = _check_task(taken + 2, pairs_1d, self.task, self.size, self.scale, gap)
        self._test_images = left_for_test(near, far, taken)
        return self

    def pixels(self) -> int | None:
        return self.size

    def test_images(self) -> int | None:
        return self._test_images


class ScaleDetection1dTask1(ScaleDetection1d):
    """Task 1: the periodic distance of two pixels. Networks without stride can solve it."""

    task: ClassVar[int] = 1
    gap: NonNegative = 2.0


class ScaleDetection1dTask2(ScaleDetection1d):
    """Task 2: are two pixels in one of the size/scale blocks?

    Without stride, circular padding and average pooling make a network invariant to translation:
    it cannot tell blocks apart.
    """

    task: ClassVar[int] = 2


class Experiments(Model):
    """The experiments of a run. Leave one out and its figures are left out too."""

    images: Images | None = None
    scale_detection_2d: ScaleDetection2d | None = None
    scale_detection_1d_task1: ScaleDetection1dTask1 | None = None
    scale_detection_1d_task2: ScaleDetection1dTask2 | None = None


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
