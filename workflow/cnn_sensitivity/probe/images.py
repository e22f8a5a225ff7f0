"""The images that a network is probed with: embedded ones, CIFAR-10, or those of any folder."""

from collections.abc import Sequence
from dataclasses import dataclass
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
        return Images(self.title, self.pixels.repeat(1, 3, 1, 1), mean, std, self.classes)


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
    """Return `count` images of a source, classes in turn: by default 500, or all of fewer.

    `source` is "embedded" or "cifar10" (under `data_root`; of both the test images), or a folder:
    images, class folders of images, or `train` and `test` (or `val`) of these, of which the latter
    is taken. A folder's images are square and of one size, or brought to `size` pixels a side as
    `crop` says (one of `image_folder.CROPS`, by default the first). `mean` and `std`, per channel
    and of pixel/255, default to the source's; a folder's are those of the images taken. Raises
    UserError for a source that is not there or holds something else, for more images than there
    are or images with nothing in them, and as `datasets.image_folder` for one that cannot be used.
    """
    if count is not None and count < FEWEST:
        raise UserError(f"--count must be at least {FEWEST} images, not {count}")
    if source in KNOWN:
        for option, value in (("--size", size), ("--crop", crop)):
            if value is not None:
                raise UserError(f"{option} is for the images of a folder, not those of {source}")
        images = _known(source, count, data_root, seed)
    else:
        images = _folder(Path(source), count, size, crop, seed)
    if std is None and (problem := image_folder.constant_channels(images.pixels)):
        raise UserError(f"--images {source}: {problem}")
    return _with_normalisation(images, mean, std)


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
    title = shown(root.resolve().name)
    files, labels, classes = _listed(find_test_folder(root) or root)
    wanted = min(count or COUNT, len(files)) if count is None else count
    if not FEWEST <= wanted <= len(files):
        raise UserError(
            f"--images {root}: {max(wanted, FEWEST)} images are wanted, and it holds {len(files)}"
        )
    names = classes or ("",)
    order = balanced_order(np.array(labels), names, None, seed, "measured")[:wanted]
    chosen = [files[index] for index in order]
    decoded = [image_folder.decode(file, size, crop or image_folder.CROPS[0]) for file in chosen]
    for file, image in zip(chosen, decoded, strict=True):
        if image.shape[0] != decoded[0].shape[0]:
            raise UserError(
                f"{file} has {image.shape[0]} pixels a side, but {chosen[0]} has"
                f" {decoded[0].shape[0]}: give --size, to which all are resized"
            )
    colour = any(image.ndim == 3 for image in decoded)
    pixels = image_folder.stack(decoded, 3 if colour else 1)
    if bool((pixels == pixels[..., :1, :1]).all()):
        what = "of one colour" if bool(pixels.any()) else "black"
        raise UserError(
            f"--images {root}: every image is {what}, and no deformation changes it; give images"
            " with something in them"
        )
    mean, std = image_folder.moments(pixels)
    return Images(title, pixels, mean, std, len(classes) or None)


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


def _with_normalisation(
    images: Images, mean: Sequence[float] | None, std: Sequence[float] | None
) -> Images:
    channels = images.pixels.shape[1]
    taken = []
    for option, given, own in (("--mean", mean, images.mean), ("--std", std, images.std)):
        values = tuple(own if given is None else given)
        # Grey images may be shown to a network that wants colour, with a normalisation of three.
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
    result = Images(images.title, images.pixels, taken[0], taken[1], images.classes)
    return result.in_colour() if len(taken[0]) > channels else result
