"""Which function builds which dataset."""

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.images import (
    cifar10,
    deformed_templates,
    embedded,
    fashion_mnist,
    image_folder,
    variants,
)
from cnn_sensitivity.tasks.pixel_pairs import scale_detection
from cnn_sensitivity.tasks.points import labelled
from cnn_sensitivity.tasks.store import Dataset

BUILDERS: dict[str, Callable[..., Dataset]] = {
    "embedded": embedded.load_images,
    "fashion_mnist": fashion_mnist.load_images,
    "cifar10": cifar10.load_images,
    "image_folder": image_folder.read,
    "scale_detection_2d": scale_detection.build_2d,
    "scale_detection_1d": scale_detection.build_1d,
    "stripe": labelled.build_stripe,
    "cylinder": labelled.build_cylinder,
}
_NO_IMAGES = ("scale_detection_2d", "scale_detection_1d", "stripe", "cylinder")


def prepare(
    name: str,
    *,
    pad_to: int | None = None,
    templates: Mapping[str, Any] | None = None,
    labels: str | None = None,
    **options: Any,
) -> Dataset:
    """Return the dataset `name` built with the options of its function in `BUILDERS`.

    Of images, in this order: `pad_to` zero-pads them to so many pixels a side; `templates` makes
    of `count` of them (default 10) a task of their deformations, of train_size and test_size
    images, with the further options of `deform_templates`; `labels` "random" gives random ones.
    Raises UserError for an unknown name or option, for one that is missing, and as the function.
    """
    changes = pad_to, templates, labels
    if name in _NO_IMAGES and changes != (None, None, None):
        raise UserError(f"dataset {name}: pad_to, templates and labels are for images")
    seed = options.get("seed", 0)
    if templates is None:
        dataset = _built(name, **options)
    else:
        deformation = {**templates, "seed": seed}
        for key in {"train_size", "test_size"} & options.keys():
            deformation[key] = options.pop(key)
        count = deformation.pop("count", 10)
        dataset = _built(name, **options, train_size=count, test_size=count)
    if pad_to is not None:
        dataset = variants.pad(dataset, pad_to)
    if templates is not None:
        dataset = _called(deformed_templates.deform_templates, name, dataset, **deformation)
    return dataset if labels is None else variants.randomize_labels(dataset, seed)


def _built(name: str, **options: Any) -> Dataset:
    if name not in BUILDERS:
        close = difflib.get_close_matches(name, BUILDERS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(BUILDERS)}"
        raise UserError(f"unknown dataset {name}: {hint}")
    return _called(BUILDERS[name], name, **options)


def _called(function: Callable[..., Dataset], name: str, *data: Dataset, **options: Any) -> Dataset:
    """Call a function; raise UserError for an option that it does not know, or that is missing."""
    try:
        inspect.signature(function).bind(*data, **options)
    except TypeError as error:
        raise UserError(f"dataset {name}: {error}") from error
    return function(*data, **options)
