"""One format for every task: inputs, their normalisation, and targets, in one safetensors file."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import unreadable, write_atomically
from cnn_sensitivity.config import Architecture

_INPUTS = (torch.uint8, torch.float32, torch.float64)
_TARGETS = (torch.int64, torch.float32, torch.float64)
_DESCRIPTION_KEYS = {"experiment", "name", "title", "classes", "mean", "std", "checksum"}


@dataclass(frozen=True)
class Split:
    """Inputs and targets.

    `images`: `[N, C, H, W]`, `[N, 1, L]` or points `[N, d]`; uint8 is how pixels are stored,
    float32 and float64 are a network's input as it is. `labels`: `[N]`, classes as int64, or +-1
    as floats.
    """

    images: torch.Tensor
    labels: torch.Tensor


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
    """Return the dataset of these parts, with its checksum."""
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
    text = json.dumps(description, sort_keys=True)
    # One metadata entry only: safetensors writes several in an order that changes.
    metadata = {"dataset": json.dumps({"description": text, "sha256": _sha256(text.encode())})}
    tensors = _tensors(dataset.train, dataset.test, dataset.validation)
    with write_atomically(path) as temporary:
        save_file(tensors, temporary, metadata=metadata)


def load(path: str | Path, experiment: str | None = None) -> Dataset:
    """Read a dataset that `save` wrote; `experiment`: the one that it must be of.

    Raises UserError for a file that is missing, truncated, altered, something else, or of another
    experiment.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: there is no such dataset file; run again to make it")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no dict)
        description = _read_description(metadata)
        splits = {name: _read_split(tensors, name) for name in _split_names(tensors)}
        _check(description, tensors, splits)
    except OSError as error:
        raise unreadable(path, error) from error
    except (SafetensorError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: not a whole dataset file ({error}); delete it and run again to remake it"
        ) from error
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


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_description(metadata: dict[str, str]) -> dict[str, Any]:
    sealed = json.loads(metadata["dataset"])
    if _sha256(sealed["description"].encode()) != sealed["sha256"]:
        raise ValueError("its description was altered")
    description = json.loads(sealed["description"])
    if set(description) != _DESCRIPTION_KEYS:
        raise ValueError("its description has other keys than a dataset's")
    return description


def _split_names(tensors: dict[str, torch.Tensor]) -> list[str]:
    names = ["train", "test"]
    if "validation_images" in tensors:
        names.append("validation")
    expected = {f"{name}_{part}" for name in names for part in ("images", "labels")}
    if set(tensors) != expected:
        raise ValueError(f"it holds {', '.join(sorted(tensors)) or 'no tensors'}")
    return names


def _read_split(tensors: dict[str, torch.Tensor], name: str) -> Split:
    images, labels = tensors[f"{name}_images"], tensors[f"{name}_labels"]
    if images.dtype not in _INPUTS or labels.dtype not in _TARGETS:
        raise ValueError(f"its {name} tensors have types {images.dtype} and {labels.dtype}")
    if images.dim() not in (2, 3, 4) or labels.shape != images.shape[:1] or images.numel() == 0:
        raise ValueError(f"its {name} shapes are {list(images.shape)} and {list(labels.shape)}")
    return Split(images, labels)


def _check(
    description: dict[str, Any], tensors: dict[str, torch.Tensor], splits: dict[str, Split]
) -> None:
    shape = splits["train"].images.shape[1:]
    channels = shape[0] if splits["train"].images.dtype == torch.uint8 else 0
    if len(description["mean"]) != channels or len(description["std"]) != channels:
        raise ValueError("its mean and std do not fit the channels")
    for split in splits.values():
        if split.images.shape[1:] != shape:
            raise ValueError("its splits hold images of different shapes")
        if split.images.dtype != splits["train"].images.dtype:
            raise ValueError("its splits hold images of different types")
        if split.labels.is_floating_point():
            if not bool((split.labels.abs() == 1).all()):
                raise ValueError("it has targets that are not +-1")
        elif split.labels.min() < 0 or split.labels.max() >= len(description["classes"]):
            raise ValueError("it has labels without a class")
    if _checksum(tensors) != description["checksum"]:
        raise ValueError("its SHA-256 is wrong")
