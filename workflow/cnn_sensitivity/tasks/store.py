"""One format for every task: inputs, their normalisation, and targets, in one safetensors file."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.sealed import read_sealed, write_sealed
from cnn_sensitivity.config import Architecture

_INPUTS = (torch.uint8, torch.float32, torch.float64)
_TARGETS = (torch.int64, torch.float32, torch.float64)
_KIND = "cnn_sensitivity task 1"


@dataclass(frozen=True)
class Split:
    """Inputs and targets.

    `images`: `[N, C, H, W]`, `[N, 1, L]` or points `[N, d]`; uint8 is how pixels are stored,
    float32 and float64 are a network's input as it is. `labels`: `[N]`, classes as int64, or +-1
    as floats.
    """

    images: torch.Tensor
    labels: torch.Tensor

    @property
    def input_shape(self) -> tuple[int, int]:
        """Channels of an input, and its pixels a side; points have no sides, which counts as 1."""
        first, *sides = self.images.shape[1:]
        return first, sides[-1] if sides else 1


@dataclass(frozen=True)
class Dataset:
    """A task: its splits, its classes, and what turns its pixels into a network's input.

    `title` is what a caption says; `mean` and `std` are per channel, of pixel/255, and empty for
    inputs that are no pixels; of targets +-1 the classes are those of -1 and 1. `checksum` is the
    SHA-256 of all tensors' bytes, by which a checkpoint says what it was trained on.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train: Split
    test: Split
    validation: Split | None
    checksum: str


def assemble(
    name: str,
    title: str,
    classes: tuple[str, ...],
    mean: tuple[float, ...],
    std: tuple[float, ...],
    train: Split,
    test: Split,
    validation: Split | None = None,
) -> Dataset:
    """Return the dataset of these parts, with its checksum.

    Raises ValueError for parts that do not fit each other or are of types that `Split` has not.
    """
    _check(classes, mean, std, [train, test, *([validation] if validation else [])])
    checksum = _checksum(_tensors(train, test, validation))
    return Dataset(name, title, classes, mean, std, train, test, validation, checksum)


class Normalization:
    """From what is stored, `[..., C, *pixels]`, to a network's input.

    Of uint8 pixels (pixel/255 - mean)/std in float32; other inputs stay as they are. `dimensions`
    are those of the pixels: 2 for images, 1 for a line.
    """

    def __init__(
        self,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        dimensions: int,
        device: torch.device | str = "cpu",
    ) -> None:
        shape = (-1,) + (1,) * dimensions
        self._mean = torch.tensor(mean, dtype=torch.float32, device=device).view(shape)
        self._std = torch.tensor(std, dtype=torch.float32, device=device).view(shape)

    def __call__(self, stored: torch.Tensor) -> torch.Tensor:
        if stored.dtype != torch.uint8:
            return stored
        return (stored.float() / 255 - self._mean) / self._std


def normalize(
    images: torch.Tensor, mean: tuple[float, ...], std: tuple[float, ...]
) -> torch.Tensor:
    """Return what a network is given of stored inputs `[N, C, ...]`, on their device."""
    return Normalization(mean, std, images.dim() - 2, images.device)(images)


def seen_by(dataset: Dataset, network: Architecture) -> Dataset:
    """Return the data set with a network's own normalisation in place of its own, if it has one.

    Raises UserError if that is not of as many channels as the images have.
    """
    if network.mean is None or network.std is None:
        return dataset
    channels = dataset.train.images.shape[1]
    if len(network.mean) != channels:
        raise UserError(
            f"network {network.label}: mean and std are those of {len(network.mean)} channels, and"
            f" the images of {dataset.title} have {channels}"
        )
    return replace(dataset, mean=tuple(network.mean), std=tuple(network.std))


def save(dataset: Dataset, path: str | Path, experiment: str) -> None:
    """Write the dataset of an experiment to one file; the same dataset gives the same bytes."""
    description = {
        "experiment": experiment,
        "name": dataset.name,
        "title": dataset.title,
        "classes": list(dataset.classes),
        "mean": list(dataset.mean),
        "std": list(dataset.std),
        "checksum": dataset.checksum,
    }
    tensors = _tensors(dataset.train, dataset.test, dataset.validation)
    write_sealed(path, _KIND, description, {name: each.numpy() for name, each in tensors.items()})


def load(path: str | Path, experiment: str | None = None) -> Dataset:
    """Read a dataset that `save` wrote; `experiment`: the one that it must be of.

    Raises UserError for a file that is missing, truncated, altered, something else, or of another
    experiment.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: there is no such dataset file; run again to make it")
    try:
        description, arrays = read_sealed(path, _KIND)
    except ValueError as error:
        raise UserError(
            f"{path}: not a whole dataset file ({error}); delete it and run again to remake it"
        ) from error
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    splits = {
        name: Split(tensors[f"{name}_images"], tensors[f"{name}_labels"])
        for name in ("train", "test", "validation")
        if f"{name}_images" in tensors
    }
    if experiment is not None and description["experiment"] != experiment:
        raise UserError(
            f"{path}: it holds the data of {description['experiment']}, not of {experiment};"
            " delete it and run again to remake it"
        )
    return Dataset(
        name=description["name"],
        title=description["title"],
        classes=tuple(description["classes"]),
        mean=tuple(description["mean"]),
        std=tuple(description["std"]),
        train=splits["train"],
        test=splits["test"],
        validation=splits.get("validation"),
        checksum=description["checksum"],
    )


def _tensors(train: Split, test: Split, validation: Split | None) -> dict[str, torch.Tensor]:
    splits = {"train": train, "test": test, "validation": validation}
    return {
        f"{name}_{part}": getattr(split, part).contiguous()
        for name, split in splits.items()
        if split is not None
        for part in ("images", "labels")
    }


def _checksum(tensors: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for key in sorted(tensors):
        digest.update(f"{key}{tuple(tensors[key].shape)}".encode())
        digest.update(tensors[key].reshape(-1).numpy().data)
    return digest.hexdigest()


def _check(
    classes: tuple[str, ...], mean: tuple[float, ...], std: tuple[float, ...], splits: list[Split]
) -> None:
    first = splits[0].images
    channels = first.shape[1] if first.dtype == torch.uint8 else 0
    if (len(mean), len(std)) != (channels, channels):
        raise ValueError("mean and std do not fit the channels")
    for images, labels in ((split.images, split.labels) for split in splits):
        if images.dtype not in _INPUTS or labels.dtype not in _TARGETS:
            raise ValueError(f"inputs and targets have types {images.dtype} and {labels.dtype}")
        if (images.dtype, images.shape[1:]) != (first.dtype, first.shape[1:]):
            raise ValueError("splits hold inputs of different types or shapes")
        if images.dim() not in (2, 3, 4) or labels.shape != images.shape[:1] or not images.numel():
            raise ValueError(f"shapes are {list(images.shape)} and {list(labels.shape)}")
        if labels.is_floating_point():
            if not bool((labels.abs() == 1).all()):
                raise ValueError("targets are not +-1")
        elif labels.min() < 0 or labels.max() >= len(classes):
            raise ValueError("there are labels without a class")
