"""CIFAR-10 in either version: 50,000 training and 10,000 test images, 32x32, three channels."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cnn_sensitivity.base.download import fetch
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.images import cifar10_binary
from cnn_sensitivity.tasks.images.subsets import balanced_order
from cnn_sensitivity.tasks.store import Dataset, Split, assemble

TITLE = "CIFAR-10"
# The values of T22's code. Its std is not the deviation of all pixels (.247, .243, .262), it is
# the mean deviation within an image; it stays, since it sets the scale of noise and weights.
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)

Splits = dict[str, tuple[np.ndarray, np.ndarray]]
"""Images [N, 3, 32, 32], uint8, and labels [N], int64, by "train" and "test"."""

_ARCHIVE_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"


def load_images(
    root: str | Path,
    train_size: int | None = None,
    test_size: int | None = None,
    seed: int = 0,
    title: str = TITLE,
) -> Dataset:
    """Return CIFAR-10, or class-balanced subsets of it, from a copy under `root` or a download.

    A copy is one of the two versions that the authors offer: torchvision's, the folder
    `cifar-10-batches-py` or the archive `cifar-10-python.tar.gz`, which comes first and is what is
    downloaded; or the binary one, `cifar-10-batches-bin` or `cifar-10-binary.tar.gz`. Both give
    the same data set. The MD5 of each file is compared before it is used, the SHA-256 of
    torchvision's archive before it is unpacked. Raises UserError if the files are damaged or
    cannot be had, or for sizes above 50,000 and 10,000.
    """
    read = _read_binary if _is_binary(Path(root)) else _read_python
    classes, splits = read(Path(root))
    train, test = (
        _take(*splits[name], classes, size, seed, what)
        for name, size, what in (("train", train_size, "training"), ("test", test_size, "test"))
    )
    return assemble("cifar10", title, classes, MEAN, STD, train, test)


def _is_binary(root: Path) -> bool:
    from torchvision.datasets import CIFAR10  # slow to import, and needed here only

    python = (root / CIFAR10.base_folder, root / CIFAR10.filename)
    return cifar10_binary.is_there(root) and not any(path.exists() for path in python)


def _read_binary(root: Path) -> tuple[tuple[str, ...], Splits]:
    parts = {name: cifar10_binary.read(root, train=name == "train") for name in ("train", "test")}
    return cifar10_binary.CLASSES, parts


def _read_python(root: Path) -> tuple[tuple[str, ...], Splits]:
    train, test = (_open(root, train=flag) for flag in (True, False))
    parts = {
        name: (images.data.transpose(0, 3, 1, 2), np.asarray(images.targets, dtype=np.int64))
        for name, images in (("train", train), ("test", test))
    }
    return tuple(train.classes), parts


def _open(root: Path, train: bool) -> Any:
    from torchvision.datasets import CIFAR10

    try:
        return CIFAR10(root, train=train)
    except RuntimeError:  # no copy, or a damaged one: unpack the archive (again)
        pass
    except OSError as error:
        raise UserError(f"{TITLE} cannot be read ({error})") from error
    archive = root / CIFAR10.filename
    try:
        _need_archive(archive, CIFAR10.url)
        return CIFAR10(root, train=train, download=True)
    except (RuntimeError, OSError) as error:
        raise UserError(
            f"{TITLE}: {archive} cannot be unpacked ({error}); delete it and run again"
        ) from error


def _need_archive(archive: Path, url: str) -> None:
    if not archive.exists():
        fetch(url, archive, _ARCHIVE_SHA256, TITLE)
    with archive.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != _ARCHIVE_SHA256:
            raise UserError(f"{archive} is damaged (wrong SHA-256); delete it and run again")


def _take(
    images: np.ndarray,
    labels: np.ndarray,
    classes: tuple[str, ...],
    size: int | None,
    seed: int,
    what: str,
) -> Split:
    """Return a class-balanced subset of images [N, 3, 32, 32] and labels [N] as a split."""
    order = balanced_order(labels, classes, size, seed, what)
    pixels = np.ascontiguousarray(images[order])
    return Split(torch.from_numpy(pixels), torch.from_numpy(labels[order]))
