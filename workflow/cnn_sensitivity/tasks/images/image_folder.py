"""Images of a user's own, decoded from a folder that `image_files` lists.

The rules, each an error that names what breaks it:

- An image is recognised by its content, whatever its suffix; one that cannot be decoded whole is
  an error, and so is one with more than 8 bits a channel, which would lose them.
- All images are square and of one size, unless `size` says to which they are brought: as
  torchvision's Resize (bilinear) and CenterCrop do, or, with `crop="squash"`, both sides to it.
- Images whose pixels are all the same, in one channel or in all, have no std to be divided by.
- Of several frames the first is taken. EXIF's orientation is not applied, nor is a colour profile,
  as torchvision's ImageFolder does not.
- Transparent pixels are composed over black. Palette and CMYK images become RGB. If all images are
  grey there is one channel; otherwise there are three, and grey ones become RGB.
- Classes may hold different numbers of images; a subset of a given size takes equal numbers.
"""

import re
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import BITSPERSAMPLE, PREFIXES, ImageFileDirectory_v2
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import center_crop, resize

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import kind_of, shown
from cnn_sensitivity.tasks.images.image_files import list_images
from cnn_sensitivity.tasks.images.subsets import balanced_order
from cnn_sensitivity.tasks.store import Dataset, Split, assemble

_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # no other decoder sees a user's file
_OWN_KINDS = ("PNG image", "JPEG image")  # as `kind_of` calls what is decoded here
_OF_BIG_TIFF = 43  # the third byte of one, by which Pillow tells it
_GREY_MODES = ("1", "L", "LA", "La")
_COLOUR_MODES = ("CMYK", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "YCbCr")
_COLOURS = ("red", "green", "blue")
CROPS = ("centre", "squash")
"""What `size` makes of an image that is not square: its middle, or all of it out of proportion."""


def read(
    root: str | Path,
    train_size: int | None = None,
    test_size: int | None = None,
    seed: int = 0,
    size: int | None = None,
    crop: str = "centre",
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    title: str | None = None,
) -> Dataset:
    """Return the images of a folder, or class-balanced subsets of them.

    `mean` and `std` (per channel, of pixel/255) default to those of the training images taken;
    `title` defaults to the folder's name. Only the images taken are decoded. Raises UserError as
    the rules above say.
    """
    root = Path(root)
    if size is not None and size < 1:
        raise UserError(f"{root}: images cannot have {size} pixels a side; size must be positive")
    listing = list_images(root)
    classes = listing.classes
    taken = {}
    for split, count, what in (("train", train_size, "training"), ("test", test_size, "test")):
        files, numbers = listing.images(split)
        labels = np.array(numbers, dtype=np.int64)
        order = balanced_order(labels, classes, count, seed, what)
        taken[split] = [files[index] for index in order], labels[order]
    decoded = {
        split: [decode(file, size, crop) for file in files] for split, (files, _) in taken.items()
    }
    _check_one_size(taken, decoded)
    channels = 3 if any(image.ndim == 3 for images in decoded.values() for image in images) else 1
    splits = {
        split: Split(stack(decoded[split], channels), torch.from_numpy(labels))
        for split, (_, labels) in taken.items()
    }
    mean, std = _normalisation(root, splits["train"].images, mean, std)
    title = shown(root.resolve().name) if title is None else title
    classes = tuple(map(shown, classes))
    return assemble("image_folder", title, classes, mean, std, splits["train"], splits["test"])


def decode(file: Path, size: int | None, crop: str = "centre") -> np.ndarray:
    """Return an image file's pixels, uint8: `[n, n]` of a grey image, `[n, n, 3]` of any other.

    `size`: pixels a side to which it is brought, `crop`: one of CROPS. Raises UserError for a file
    that cannot be decoded whole, more than 8 bits a channel, and without `size` for an image that
    is not square.
    """
    try:
        # Before Pillow, which drops the lower bits of colour without a word.
        if (bits := _bits_a_channel(file)) > 8:
            raise UserError(f"{file} has {bits} bits a channel: convert it to 8")
        with Image.open(file, formats=_FORMATS) as image:
            _check_kind(file, image, size)
            image.load()
            flat = _without_alpha(image)
    except UserError:
        raise
    except Exception as error:  # Pillow's decoders raise many types on a damaged file
        raise UserError(_undecodable(file, error)) from error
    return np.asarray(flat if size is None else _framed(flat, size, crop))


def _undecodable(file: Path, error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{file} cannot be decoded ({error.strerror}): look after its rights and the disk"
    what: object = error
    if isinstance(error, UnidentifiedImageError) and (kind := kind_of(file)):
        of_ours = kind.endswith(_OWN_KINDS)
        what = f"it begins as {kind} and is not whole" if of_ours else f"it is {kind}"
    return f"{file} cannot be decoded ({what}): replace or remove it"


def _bits_a_channel(file: Path) -> int:
    """Return what a PNG, TIFF, PGM or PPM file says of its bits a channel; of others, 8."""
    with file.open("rb") as stream:
        head = stream.read(4096)
        if head.startswith(b"\x89PNG\r\n") and len(head) > 24:
            return head[24]
        if head.startswith(tuple(PREFIXES)):
            directory = ImageFileDirectory_v2(head[: 16 if head[2] == _OF_BIG_TIFF else 8])
            stream.seek(directory.next)
            directory.load(stream)
            return max(directory.get(BITSPERSAMPLE, (1,)))
    words = re.sub(rb"#[^\r\n]*", b"", head).split(maxsplit=4)
    if len(words) > 3 and words[0] in (b"P2", b"P3", b"P5", b"P6") and words[3].isdigit():
        return int(words[3]).bit_length()
    return 8


def _check_kind(file: Path, image: Image.Image, size: int | None) -> None:
    if image.mode not in _GREY_MODES + _COLOUR_MODES:
        raise UserError(
            f"{file} has pixels of type {image.mode}: convert it to grey or RGB, 8 bits a channel"
        )
    if size is None and image.width != image.height:
        raise UserError(
            f"{file} is {image.width}x{image.height}, but images must be square: give a size, to"
            " which they are resized and cropped"
        )


def _framed(image: Image.Image, size: int, crop: str) -> Image.Image:
    shorter_side_or_both = size if crop == "centre" else [size, size]
    resized = resize(image, shorter_side_or_both, InterpolationMode.BILINEAR)
    return center_crop(resized, size)


def _without_alpha(image: Image.Image) -> Image.Image:
    target = "L" if image.mode in _GREY_MODES else "RGB"
    if not image.has_transparency_data:
        return image.convert(target)
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, image.convert("RGBA")).convert(target)


def _check_one_size(
    taken: dict[str, tuple[list[Path], np.ndarray]], decoded: dict[str, list[np.ndarray]]
) -> None:
    first = decoded["train"][0].shape[0]
    for split, images in decoded.items():
        for file, image in zip(taken[split][0], images, strict=True):
            if image.shape[0] != first:
                raise UserError(
                    f"{file} has {image.shape[0]} pixels a side, but {taken['train'][0][0]} has "
                    f"{first}: give a size to which all are resized"
                )


def stack(images: list[np.ndarray], channels: int) -> torch.Tensor:
    """Return images of one size, as `decode` gives them, as uint8 `[N, channels, n, n]`.

    With three channels grey images are repeated over them; with one all must be grey.
    """
    side = images[0].shape[0]
    stacked = np.empty((len(images), channels, side, side), dtype=np.uint8)
    for target, image in zip(stacked, images, strict=True):
        target[:] = image if image.ndim == 2 else image.transpose(2, 0, 1)
    return torch.from_numpy(stacked)


def _normalisation(
    root: Path,
    images: torch.Tensor,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    channels = images.shape[1]
    measured_mean, measured_std = moments(images)
    result = (
        measured_mean if mean is None else tuple(mean),
        measured_std if std is None else tuple(std),
    )
    for name, values in zip(("mean", "std"), result, strict=True):
        if len(values) != channels:
            raise UserError(
                f"{root}: {name} has {len(values)} values, but the images have {channels} channels"
            )
    if std is None and (problem := constant_channels(images)):
        raise UserError(f"{root}: {problem}")
    if not all(value > 0 for value in result[1]):
        raise UserError(f"{root}: std must be positive, but is {list(result[1])}")
    return result


def constant_channels(images: torch.Tensor) -> str:
    """Return what to say of uint8 `[N, C, ...]` with a channel of one value only; "" of others."""
    others = [0, *range(2, images.ndim)]
    lowest, highest = images.amin(others).tolist(), images.amax(others).tolist()
    constant = [channel for channel, least in enumerate(lowest) if least == highest[channel]]
    if not constant:
        return ""
    if len(constant) == len(lowest):
        what = "black" if max(highest) == 0 else ", ".join(map(str, lowest))
        return f"every pixel of the images is {what}: give images with something in them"
    channel = constant[0]
    return (
        f"the {_COLOURS[channel]} channel of the images is {lowest[channel]} in every pixel:"
        " make grey images of them, or give a mean and a std to normalise them with"
    )


def moments(images: torch.Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and std of pixel/255 per channel of uint8 `[N, C, ...]`.

    Exact to the rounding of float64, from the counts of the 256 values.
    """
    values = torch.arange(256, dtype=torch.float64) / 255
    means, deviations = [], []
    for channel in range(images.shape[1]):
        counts = torch.bincount(images[:, channel].flatten(), minlength=256).double()
        mean = float((counts * values).sum() / counts.sum())
        variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
        means.append(mean)
        deviations.append(variance**0.5)
    return tuple(means), tuple(deviations)
