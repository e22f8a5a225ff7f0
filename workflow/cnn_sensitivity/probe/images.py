"""The images that a network is probed with: embedded ones, CIFAR-10, or those of any folder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import shown
from cnn_sensitivity.tasks.images import image_folder
from cnn_sensitivity.tasks.images.image_files import SUFFIXES, find_test_folder
from cnn_sensitivity.tasks.images.subsets import balanced_order
from cnn_sensitivity.tasks.prepare import prepare
from cnn_sensitivity.tasks.store import normalize

COUNT = 500
"""Images that are measured unless another number is asked for, as in the papers."""
FEWEST = 4  # two blocks of two: with fewer there is no standard error
KNOWN = ("embedded", "cifar10")
"""Sources of images that are known by name; any other one is a folder."""


@dataclass(frozen=True)
class Images:
    """Images [P, C, n, n] (uint8), their normalisation (of pixel/255), their number of classes.

    `classes` is None where the images are not sorted into classes.
    """

    title: str
    pixels: Tensor
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int | None

    def normalized(self) -> Tensor:
        """Return what a network sees: (pixel/255 - mean)/std, float32 [P, C, n, n]."""
        return normalize(self.pixels, self.mean, self.std)

    def in_colour(self) -> "Images":
        """Return grey images as three equal channels; others as they are."""
        if self.pixels.shape[1] != 1:
            return self
        mean, std = (values * 3 if len(values) == 1 else values for values in (self.mean, self.std))
        return replace(self, pixels=self.pixels.repeat(1, 3, 1, 1), mean=mean, std=std)


def take(
    source: str,
    *,
    count: int | None = None,
    data_root: str | Path = "data",
    size: int | None = None,
    crop: str | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    seed: int = 0,
) -> Images:
    """Return images of a source under a normalisation: `decoded`, then `normalised`."""
    return normalised(decoded(source, count, data_root, size, crop, seed), mean, std)


def decoded(
    source: str,
    count: int | None,
    data_root: str | Path,
    size: int | None,
    crop: str | None,
    seed: int,
) -> Images:
    """Return `count` images of a source, classes in turn: by default 500, or all of fewer.

    `source` is "embedded" or "cifar10" (under `data_root`; of both the test images), or a folder:
    images, class folders of images, or `train` and `test` (or `val`) of these, of which the latter
    is taken. A folder's images are square and of one size, or brought to `size` pixels a side as
    `crop` says (one of `image_folder.CROPS`, by default the first). The normalisation is the
    source's; a folder's is that of the images taken. Raises UserError for a source that is not
    there or holds something else, for more images than there are or images with nothing in them,
    and as `datasets.image_folder` for one that cannot be used.
    """
    if count is not None and count < FEWEST:
        raise UserError(f"--count must be at least {FEWEST} images, not {count}")
    if source not in KNOWN:
        return _folder(Path(source), count, size, crop, seed)
    for option, value in (("--size", size), ("--crop", crop)):
        if value is not None:
            raise UserError(f"{option} is for the images of a folder, not those of {source}")
    return _known(source, count, data_root, seed)


def normalised(images: Images, mean: Sequence[float] | None, std: Sequence[float] | None) -> Images:
    """Return images under a normalisation, per channel and of pixel/255; None leaves their own.

    Grey images under one of three channels become three equal ones. Raises UserError for a
    normalisation of another number of channels, one that is not finite, a std that is not positive,
    and images with a constant channel without a std to divide it by.
    """
    if std is None and (problem := image_folder.constant_channels(images.pixels)):
        raise UserError(f"--images ({images.title}): {problem}")
    channels = images.pixels.shape[1]
    taken = []
    for option, given, own in (("--mean", mean, images.mean), ("--std", std, images.std)):
        values = tuple(own if given is None else given)
        if len(values) not in {channels, 3}:
            raise UserError(
                f"{option} has {len(values)} numbers, and the images have {channels} channels"
            )
        if not torch.tensor(values).isfinite().all():
            raise UserError(f"{option} must be of finite numbers, not {values}")
        taken.append(values)
    if len(taken[0]) != len(taken[1]):
        raise UserError("--mean and --std: give as many numbers of one as of the other")
    if min(taken[1]) <= 0:
        raise UserError(f"--std must be of positive numbers, not {taken[1]}")
    result = replace(images, mean=taken[0], std=taken[1])
    return result.in_colour() if len(taken[0]) > channels else result


def _known(source: str, count: int | None, data_root: str | Path, seed: int) -> Images:
    options: dict[str, Any] = {"root": data_root} if source == "cifar10" else {}
    # As many training images as there are classes: only the test images are used.
    dataset = prepare(source, train_size=10, test_size=count or COUNT, seed=seed, **options)
    classes = len(dataset.classes)
    return Images(dataset.title, dataset.test.images, dataset.mean, dataset.std, classes)


def _folder(root: Path, count: int | None, size: int | None, crop: str | None, seed: int) -> Images:
    if size is not None and size < 1:
        raise UserError(f"--size must be at least 1 pixel, not {size}")
    if not root.is_dir():
        raise UserError(
            f"--images {root}: there is no such folder; give one, or {' or '.join(KNOWN)}"
        )
    if crop is not None and size is None:
        raise UserError("--crop: it needs --size, the pixels a side that images are brought to")
    files, labels, classes = _listed(find_test_folder(root) or root)
    wanted = min(COUNT, len(files)) if count is None else count
    if not FEWEST <= wanted <= len(files):
        raise UserError(
            f"--images {root}: {max(wanted, FEWEST)} images are wanted, and it holds {len(files)}"
        )
    order = balanced_order(np.array(labels), classes or ("",), None, seed, "measured")[:wanted]
    pixels = _pixels([files[index] for index in order], size, crop or image_folder.CROPS[0])
    if bool((pixels == pixels[..., :1, :1]).all()):
        what = "of one colour" if bool(pixels.any()) else "black"
        raise UserError(
            f"--images {root}: every image is {what}, and no deformation changes it; give images"
            " with something in them"
        )
    mean, std = image_folder.moments(pixels)
    return Images(shown(root.resolve().name), pixels, mean, std, len(classes) or None)


def _pixels(files: list[Path], size: int | None, crop: str) -> Tensor:
    """Return the images of files, uint8 [P, C, n, n]; raise UserError if they differ in size."""
    images = [image_folder.decode(file, size, crop) for file in files]
    for file, image in zip(files, images, strict=True):
        if image.shape[0] != images[0].shape[0]:
            raise UserError(
                f"{file} has {image.shape[0]} pixels a side, but {files[0]} has"
                f" {images[0].shape[0]}: give --size, to which all are resized"
            )
    return image_folder.stack(images, 3 if any(image.ndim == 3 for image in images) else 1)


def _listed(folder: Path) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """Return the image files of a folder, the class of each, and the classes' names, if any."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        folders = [path for path in entries if path.is_dir()]
        by_class = [sorted(_images(each)) for each in folders]
    except OSError as error:
        raise UserError(f"--images {folder} cannot be read ({error.strerror})") from error
    loose = _images(folder)
    if not loose and not any(by_class):
        raise UserError(f"--images {folder}: it holds no image ({', '.join(SUFFIXES)})")
    if loose and any(by_class):
        raise UserError(
            f"--images {folder}: {loose[0].name} lies beside class folders; put all images into"
            " folders, or none"
        )
    if loose:
        return sorted(loose), [0] * len(loose), ()
    filled = [(path.name, files) for path, files in zip(folders, by_class, strict=True) if files]
    labels = [label for label, (_, files) in enumerate(filled) for _ in files]
    return [f for _, files in filled for f in files], labels, tuple(name for name, _ in filled)


def _images(folder: Path) -> list[Path]:
    """Return a folder's image files, by their suffixes; other files may lie beside them."""
    return [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    ]
