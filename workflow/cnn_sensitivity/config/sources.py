"""Where the images of an experiment come from."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from cnn_sensitivity.config.base import (
    NO_BOOLEAN,
    Count,
    Folder,
    Fraction,
    Model,
    Positive,
    Text,
    suggestion,
)

MB = 1_000_000
_IDX = "train-images-idx3-ubyte*"


@dataclass(frozen=True)
class Known:
    """What is known of a source before its images are read."""

    train: int
    test: int
    side: int
    """Pixels."""
    channels: int
    classes: int = 10
    download: int | None = None
    """Bytes; None for images that come with the package."""
    copies: tuple[str, ...] = ()
    """What a copy looks like in the folder of downloads; nothing is downloaded then."""


SOURCES = {
    "embedded": Known(5000, 2000, 28, 1),
    "fashion_mnist": Known(
        60000, 10000, 28, 1, download=30 * MB, copies=(_IDX, f"FashionMNIST/raw/{_IDX}")
    ),
    "cifar10": Known(50000, 10000, 32, 3, download=170 * MB, copies=("cifar-10-*",)),
}
"""The sources of images by name, a row each; `tasks/prepare.py` says which function reads one."""
FOLDER = "image_folder"


def _is_a_source(name: str) -> str:
    if name not in (*SOURCES, FOLDER):
        raise ValueError(f"unknown source {name!r}{suggestion(name, (*SOURCES, FOLDER))}")
    return name


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

    name: Annotated[
        str, Field(json_schema_extra={"enum": [*SOURCES, FOLDER]}), AfterValidator(_is_a_source)
    ]
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
    """image_folder: bring all images to so many pixels a side, 1024 at most; without it they
    must be square and agree."""
    crop: Literal["centre", "squash"] | None = None
    """image_folder, of an image that is not square: `size` is its shorter side, and the centre is
    cut out, as torchvision's Resize and CenterCrop do (centre, the default), or `size` is both."""
    mean: list[Fraction] | None = None
    """image_folder: of pixel/255, per channel; the default is the training images' own."""
    std: list[Fraction] | None = None

    @model_validator(mode="after")
    def _can_be_had(self) -> Self:
        if self.name == FOLDER and self.root is None:
            raise ValueError("image_folder needs root: the folder that holds train/ and test/")
        for key in ("size", "crop", "mean", "std"):
            if self.name != FOLDER and getattr(self, key) is not None:
                raise ValueError(f"{key}: only image_folder takes it")
        if self.crop and not self.size:
            raise ValueError("crop: it needs size, the pixels a side that images are brought to")
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
        if (side := self._own_pixels()) and self.pad_to and self.pad_to < side:
            raise ValueError(f"pad_to {self.pad_to}: the images have {side} pixels a side")
        if self.known and not self.templates:
            for key, most in (("train_size", self.known.train), ("test_size", self.known.test)):
                if (getattr(self, key) or 0) > most:
                    raise ValueError(f"{key} {getattr(self, key)}: {self.name} has {most} images")
        return self

    @property
    def known(self) -> Known | None:
        """What is known of the images before they are read; None for a folder's."""
        return SOURCES.get(self.name)

    def train_images(self) -> int | None:
        """Return how many training images there are, if that is known before they are read."""
        return self.train_size or (self.known.train if self.known else None)

    def test_images(self) -> int | None:
        """Return how many test images there are, if that is known before they are read."""
        return self.test_size or (self.known.test if self.known else None)

    def classes(self) -> int | None:
        """Return how many classes there are, if that is known before they are read."""
        if self.templates:
            return self.templates.count
        return self.known.classes if self.known else None

    def channels(self) -> int:
        """Return how many channels the images have; those of a folder are taken to have colours."""
        return self.known.channels if self.known else 3

    def pixels(self) -> int | None:
        """Return how many pixels a side the images have, if that is known before they are read."""
        return self.pad_to or self._own_pixels()

    def _own_pixels(self) -> int | None:
        return self.known.side if self.known else self.size
