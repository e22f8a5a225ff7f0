"""Which layers of a network have a row in a table."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from cnn_sensitivity.base.errors import UserError

Layers = str | Sequence[str]
"""Which layers have a row: "all"; "activations", what the papers call f_k, the outputs of
activations and of the last layer (and of attention and sums, where functions are recorded);
"output", the last layer; "blocks", R18's layers, the outputs of activations and of what is called
downsampling; or names and patterns with *."""

ATTENTION, SUM, PREACTIVATION = "attention", "sum", "preactivation"
"""Kinds of layers that functions are; the last is a sum that goes into an activation."""

WORDS = ("all", "activations", "output", "blocks")


def check(layers: Layers) -> None:
    """Raise UserError for a word that names no choice."""
    if isinstance(layers, str) and layers not in WORDS:
        words = ", ".join(f'"{word}"' for word in WORDS)
        raise UserError(f"layers must be {words} or a list of names, not {layers!r}")


def is_wanted(layers: Layers, layer: str, kind: str, last: bool) -> bool:
    """Return whether a layer of this name and kind has a row; `last`: it is the last."""
    match layers:
        case "all":
            return True
        case "activations":
            return last or kind in ("activation", ATTENTION, SUM)
        case "output":
            return last
        case "blocks":
            return kind == "activation" or layer.rpartition(".")[2] == "downsampling"
    return any(fnmatchcase(layer, pattern) for pattern in layers)


def chosen(layers: Layers, kinds: Mapping[str, str]) -> list[tuple[int, str, str]]:
    """Return place, name and kind of the chosen layers; `kinds` has all, in execution order.

    Raises UserError for a pattern without a layer.
    """
    patterns = [] if isinstance(layers, str) else layers
    unmatched = [p for p in patterns if not any(fnmatchcase(layer, p) for layer in kinds)]
    if unmatched:
        raise UserError(
            f"no layer is called {', '.join(map(repr, unmatched))};"
            f" the layers are {', '.join(kinds)}"
        )
    *_, end = kinds
    return [
        (index, layer, kind)
        for index, (layer, kind) in enumerate(kinds.items())
        if is_wanted(layers, layer, kind, layer == end)
    ]
