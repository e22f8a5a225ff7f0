"""One format for every task: uint8 images with their normalisation, in one safetensors file."""

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

_DESCRIPTION_KEYS = {"experiment", "name", "title", "classes", "mean", "std", "checksum"}


@dataclass(frozen=True)
class Split:
    """Images `[N, C, H, W]` (one-dimensional task: `[N, 1, L]`), uint8, and labels `[N]`, int64."""

    images: torch.Tensor
    labels: torch.Tensor


@dataclass(frozen=True)
class Dataset:
    """A task: its splits, its classes, and what turns its pixels into a network's input.

    `title` is what a caption says; `mean` and `std` are per channel, of pixel/255; `checksum` is
    the SHA-256 of all tensors' bytes, by which a checkpoint says what it was trained on.
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


def normalize(
    images: torch.Tensor,
    mean: tuple[float, ...] | torch.Tensor,
    std: tuple[float, ...] | torch.Tensor,
) -> torch.Tensor:
    """Return (pixel/255 - mean)/std as float32, for uint8 images `[N, C, ...]`, on their device.

    `mean` and `std` per channel; float32 tensors on that device are not copied.
    """
    shape = (1, -1) + (1,) * (images.dim() - 2)
    centre, spread = (
        torch.as_tensor(each, dtype=torch.float32, device=images.device).view(shape)
        for each in (mean, std)
    )
    return (images.float() / 255 - centre) / spread


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
    if images.dtype != torch.uint8 or labels.dtype != torch.int64:
        raise ValueError(f"its {name} tensors have types {images.dtype} and {labels.dtype}")
    if images.dim() not in (3, 4) or labels.shape != images.shape[:1] or images.numel() == 0:
        raise ValueError(f"its {name} shapes are {list(images.shape)} and {list(labels.shape)}")
    return Split(images, labels)


def _check(
    description: dict[str, Any], tensors: dict[str, torch.Tensor], splits: dict[str, Split]
) -> None:
    shape = splits["train"].images.shape[1:]
    if len(description["mean"]) != shape[0] or len(description["std"]) != shape[0]:
        raise ValueError("its mean and std do not fit the channels")
    for split in splits.values():
        if split.images.shape[1:] != shape:
            raise ValueError("its splits hold images of different shapes")
        if split.labels.min() < 0 or split.labels.max() >= len(description["classes"]):
            raise ValueError("it has labels without a class")
    if _checksum(tensors) != description["checksum"]:
        raise ValueError("its SHA-256 is wrong")
