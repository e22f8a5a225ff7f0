"""Networks of timm, where it is installed: built, with its pretrained weights, what these want."""

import difflib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn

from cnn_sensitivity.base.errors import UserError, in_one_line
from cnn_sensitivity.config.base import suggestion

PREFIX = "timm:"


def wanted_images(name: str) -> dict[str, Any]:
    """Return size (pixels a side), mean and std of what a network's weights were trained on.

    The size is None if those images were not square. Raises UserError if timm is not installed, or
    has no such network or no such weights of it.
    """
    config = _config(name)
    _, height, width = config.input_size
    size = width if width == height else None
    return {"size": size, "mean": tuple(config.mean), "std": tuple(config.std)}


def make(name: str, options: Mapping[str, Any], in_channels: int, num_classes: int) -> nn.Module:
    """Return a network with fresh weights. Raises UserError for options that it has not."""
    _config(name)
    return _created(name, {**options, "in_chans": in_channels, "num_classes": num_classes})


def pretrained(name: str, options: Mapping[str, Any]) -> nn.Module:
    """Return a network with timm's weights, from its cache or downloaded there.

    Raises UserError if they cannot be had, and as `make`.
    """
    remedy = "give a file of them by --weights, or --option pretrained=false to take it untrained"
    if not _config(name).has_weights:
        raise UserError(f"{name}: timm has no weights of it; {remedy}")
    try:
        with _silent():
            return _timm().create_model(name.removeprefix(PREFIX), pretrained=True, **options)
    except Exception as error:  # of the network, the disk, the hub's own types
        _created(name, options)  # an option that it has not is said so
        problem = in_one_line(error)
        raise UserError(f"{name}: timm's weights cannot be had ({problem}); {remedy}") from error


def channels(name: str) -> int:
    """Return how many channels of an image the pretrained weights take."""
    taken: int = _config(name).input_size[0]
    return taken


def classes(name: str) -> int:
    """Return how many scores the pretrained weights give."""
    given: int = _config(name).num_classes
    return given


def _created(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    try:
        network = _timm().create_model(name.removeprefix(PREFIX), **arguments)
    except Exception as error:  # of a builder of timm's, which may raise what it likes
        given = ", ".join(f"{key}={value}" for key, value in arguments.items())
        problem = in_one_line(error)
        raise UserError(f"{name} cannot be built with {given} ({problem})") from error
    assert isinstance(network, nn.Module)
    return network


def _config(name: str) -> Any:
    """Return what timm knows of the weights that a name means: with their tag, or the default."""
    timm, chosen = _timm(), name.removeprefix(PREFIX)
    plain, _, tag = chosen.partition(".")
    if not timm.is_model(plain):
        close = difflib.get_close_matches(plain, timm.list_models(), n=1)
        right = f"did you mean {close[0]!r}?" if close else "timm.list_models() names them"
        raise UserError(f"timm has no network {plain!r}; {right}")
    tags = [each.partition(".")[2] for each in timm.list_models(f"{plain}.*", pretrained=True)]
    if tag and tag not in tags:
        raise UserError(f"timm has no weights {tag!r} of {plain}{suggestion(tag, tags)}")
    return timm.get_pretrained_cfg(chosen)


def _timm() -> Any:
    try:
        import timm
    except ImportError as error:
        raise UserError(
            f"{PREFIX}NAME needs timm, which cannot be imported ({error}): pip install timm"
        ) from error
    return timm


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what libraries log to themselves: the error says it."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
