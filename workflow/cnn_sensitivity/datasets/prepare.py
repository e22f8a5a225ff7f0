"""Which function builds which dataset."""

import difflib
import inspect
from collections.abc import Callable
from typing import Any

from cnn_sensitivity.datasets import (
    cifar10,
    embedded,
    fashion_mnist,
    image_folder,
    scale_detection,
)
from cnn_sensitivity.datasets.store import Dataset
from cnn_sensitivity.errors import UserError

BUILDERS: dict[str, Callable[..., Dataset]] = {
    "embedded": embedded.load_images,
    "fashion_mnist": fashion_mnist.load_images,
    "cifar10": cifar10.load_images,
    "image_folder": image_folder.read,
    "scale_detection_2d": scale_detection.build_2d,
    "scale_detection_1d": scale_detection.build_1d,
}


def prepare(name: str, **options: Any) -> Dataset:
    """Return the dataset `name` built with the options of its function in `BUILDERS`.

    Raises UserError for an unknown name or option, for one that is missing, and as the function.
    """
    if name not in BUILDERS:
        close = difflib.get_close_matches(name, BUILDERS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(BUILDERS)}"
        raise UserError(f"unknown dataset {name}: {hint}")
    try:
        inspect.signature(BUILDERS[name]).bind(**options)
    except TypeError as error:
        raise UserError(f"dataset {name}: {error}") from error
    return BUILDERS[name](**options)
