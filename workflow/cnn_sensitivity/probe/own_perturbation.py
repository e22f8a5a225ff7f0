"""A perturbation of a user's own, `module:callable`: called, and held to what D and G need."""

import math

import torch
from torch import Tensor

from cnn_sensitivity.base import own_code
from cnn_sensitivity.base.errors import UserError

_WHAT = "perturbation"


def perturbed(name: str, images: Tensor, displacement: float, seed: int) -> Tensor:
    """Return what the callable `name` makes of images [P, C, n, n], of their shape and type.

    It is called with keywords: `images` as the network sees them, (pixel/255 - mean)/std, float32;
    `displacement`, a number whose unit is its own; and `generator`, a `torch.Generator` on the CPU
    from which all that is random is drawn. It may change what it is given. It is called twice.
    Raises UserError if it cannot be called so, or what it returns is no tensor of the images' shape
    and of real numbers, is not finite, is another the second time, or is the images as they were.
    """
    if not math.isfinite(displacement):
        raise UserError(f"--displacement must be a finite number, not {displacement}")
    first, second = (_called(name, images, displacement, seed) for _ in range(2))
    if not torch.equal(first, second):
        raise UserError(
            f"{_WHAT} {name!r}: called twice with equal generators it changes the images in two"
            " ways; it must draw all that is random from its generator, and remember nothing"
        )
    if torch.equal(first, images):
        raise UserError(f"{_WHAT} {name!r}: it changes no image at {displacement:g}")
    return first


def _called(name: str, images: Tensor, displacement: float, seed: int) -> Tensor:
    function = own_code.find(_WHAT, name)
    given = {
        "images": images.clone(),
        "displacement": displacement,
        "generator": torch.Generator().manual_seed(seed),
    }
    own_code.check_takes(_WHAT, name, function, list(given))
    fails = f"it cannot be called with images of shape {list(images.shape)}"
    with torch.no_grad():
        found = own_code.call(_WHAT, name, function, given, fails)
    if not isinstance(found, Tensor):
        problem = f"it must return a tensor, not {type(found).__name__}"
    elif found.shape != images.shape:
        problem = f"it must return images of shape {list(images.shape)}, not {list(found.shape)}"
    elif found.layout != torch.strided:
        problem = "it must return plain numbers, not a sparse tensor"
    elif not found.is_floating_point():
        problem = f"it must return {images.dtype} as it was given, not {found.dtype}"
    elif not found.isfinite().all():
        problem = f"it returns numbers that are not finite at {displacement:g}"
    else:
        return found.detach().to(images)
    raise UserError(f"{_WHAT} {name!r}: {problem}")
