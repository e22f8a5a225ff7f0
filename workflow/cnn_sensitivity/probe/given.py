"""The networks that are given: their names, files of weights, and what tells them apart."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.probe.subject import known_name


@dataclass(frozen=True)
class Given:
    """A network's name, its file of weights, and a label that no other one has."""

    name: str
    file: str | None
    label: str


def networks(texts: Sequence[str], weights: str | None) -> list[Given]:
    """Return the networks of texts, each a name, or name=file; `weights` are those of one alone.

    Raises UserError for `weights` beside several or beside name=file, for name=, and for a network
    that is given twice.
    """
    if weights is not None and (len(texts) > 1 or "=" in texts[0]):
        raise UserError("--weights is that of one network; of several give each as NETWORK=FILE")
    pairs = [each.partition("=") for each in texts]
    if any(not name or (equals and not file) for name, equals, file in pairs):
        raise UserError("give each network as NETWORK, or as NETWORK=FILE with its weights")
    found: dict[str, Given] = {}
    for name, _, file in pairs:
        name = known_name(name)
        label = f"{name} ({Path(file).stem})" if file and len(texts) > 1 else name
        if label in found and file:
            label = f"{name} ({file})"
        if label in found:
            raise UserError(f"{label} is given twice")
        found[label] = Given(name, file or weights, label)
    return list(found.values())


def file_name(name: str) -> str:
    """Return a name as a part of a file's."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)
