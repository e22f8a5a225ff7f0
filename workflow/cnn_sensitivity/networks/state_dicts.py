"""Trained weights of any origin, loaded into a network whole or not at all."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks.weight_names import COUNTER, left_aside
from cnn_sensitivity.networks.weight_names import largest as read

__all__ = ["Loaded", "load", "read"]

_OF_LAYERS = {"weight", "bias", "running_mean", "running_var", COUNTER}
_MOST_CHANNELS = 4  # of images


@dataclass(frozen=True)
class Loaded:
    """What was not as the network names it: layers by the names they had, and what was left."""

    renamed: dict[str, str]
    aside: list[str]

    def notes(self, origin: str) -> list[str]:
        """Return a sentence on each layer of another name, and one on what was left aside."""
        notes = [
            f"{origin}: {given} is taken for {layer}: no other layer has its shapes"
            for layer, given in self.renamed.items()
        ]
        if self.aside:
            notes.append(left_aside(origin, self.aside))
        return notes


def load(network: nn.Module, tensors: Mapping[str, Tensor], origin: str) -> Loaded:
    """Load a state dict into a network.

    Tensors are matched by their names, which may differ in their dots. A layer whose name only one
    side has is matched where no other could be meant: where one layer alone on each side has its
    tensors and shapes, such as `fc` and `linear`. BatchNorm's `num_batches_tracked` may be missing,
    and is left out where it was cast to floats with all the rest. What profilers and attackers add
    is left aside: single whole numbers, and a pair of one number a channel that is a mean and a
    std. What then does not fit the network may still convert, by
    PyTorch's `_metadata` of `tensors` where it has them. `origin` is what errors call the state
    dict. Raises UserError for tensors that are missing, not wanted, or of another shape or type;
    the network is then as it was, but for what its own conversion replaced.
    """
    state: Any = network.state_dict()  # with the versions of its modules, as `_metadata`
    expected = {name: each for name, each in state.items() if isinstance(each, Tensor)}
    given = _with_own_dots(expected, tensors)
    aside = _constants(expected, given)
    given = {
        name: tensor
        for name, tensor in given.items()
        if name not in aside and not _is_cast_counter(name, tensor)
    }
    renamed = _renamed(expected, given)
    original = {new: old for old, new in renamed.items()}
    named = {_as_given(name, original): tensor for name, tensor in given.items()}
    _check_types(expected, named, renamed, origin)
    problem = _problem(expected, named, renamed)
    versions = getattr(tensors, "_metadata", {})
    own = dict(state._metadata)
    if not problem and all(versions.get(path, own[path]) == own[path] for path in own):
        state.update(named)
        network.load_state_dict(state)
    elif not _converted(network, named, versions if problem else {**own, **versions}):
        raise UserError(f"{origin}: {problem or 'the network does not convert its version'}")
    return Loaded(renamed, aside)


def _converted(
    network: nn.Module, named: Mapping[str, Tensor], versions: Mapping[str, Any]
) -> bool:
    """Load what the network itself makes of tensors; return whether that was all that it needs."""
    before = network.state_dict()
    for name, value in before.items():
        before[name] = value.clone() if isinstance(value, Tensor) else value
    state = OrderedDict(named)
    state._metadata = versions  # type: ignore[attr-defined]
    try:
        left = network.load_state_dict(state, strict=False)
        missing = [name for name in left.missing_keys if not name.endswith(COUNTER)]
        if not missing and not left.unexpected_keys:
            return True
    except Exception:  # a network's own conversion raises what it likes
        pass
    network.load_state_dict(before, strict=False)
    return False


def _as_given(name: str, renamed: Mapping[str, str]) -> str:
    layer, dot, part = name.rpartition(".")
    return f"{renamed.get(layer, layer)}{dot}{part}"


def _constants(expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> list[str]:
    """Return the names of tensors beside the network's that are no weights."""
    extra = {name: tensor for name, tensor in tensors.items() if name not in expected}
    layers: dict[str, list[str]] = defaultdict(list)
    for name in extra:
        layers[name.rpartition(".")[0]].append(name)
    known = {name.rpartition(".")[0] for name in expected}
    constants = [name for name in extra if _is_count(name, extra[name])]
    for layer, names in layers.items():
        if layer not in known and _are_mean_and_std({name: extra[name] for name in names}):
            constants += names
    return constants


def _is_cast_counter(name: str, tensor: Tensor) -> bool:
    return name.rpartition(".")[2] == COUNTER and tensor.is_floating_point()


def _is_count(name: str, tensor: Tensor) -> bool:
    if tensor.numel() != 1 or tensor.is_complex() or name.rpartition(".")[2] in _OF_LAYERS:
        return False
    return float(tensor.item()).is_integer()


def _are_mean_and_std(layer: Mapping[str, Tensor]) -> bool:
    if len(layer) != 2 or _OF_LAYERS & {name.rpartition(".")[2] for name in layer}:
        return False
    one, other = layer.values()
    return one.shape == other.shape and 1 <= one.numel() == max(one.shape, default=1) <= (
        _MOST_CHANNELS
    )


def _with_own_dots(
    expected: Mapping[str, Tensor], given: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return tensors by the network's names where both differ in dots alone, and in no other way.

    Torchvision's densenets once had norm.1, now norm1.
    """
    undotted: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, (these, others) in enumerate(((expected, given), (given, expected))):
        for name in these:
            if name not in others:
                undotted[name.replace(".", "")][side].append(name)
    pairs = [pair for pair in undotted.values() if len(pair[0]) == len(pair[1]) == 1]
    own = {old: new for (new,), (old,) in pairs}
    return {own.get(name, name): tensor for name, tensor in given.items()}


def _renamed(expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """Return the name in `tensors` of what is expected under another, if only one can be meant."""
    alike: dict[frozenset[Any], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, (these, others) in enumerate(((expected, tensors), (tensors, expected))):
        known = {name.rpartition(".")[0] for name in others}
        layers: dict[str, set[Any]] = defaultdict(set)
        for name, tensor in these.items():
            layer, _, part = name.rpartition(".")
            if layer not in known and part != COUNTER:
                layers[layer].add((part, tuple(tensor.shape)))
        for layer, parts in layers.items():
            alike[frozenset(parts)][side].append(layer)
    return {
        wanted[0]: given[0]
        for wanted, given in alike.values()
        if len(wanted) == 1 and len(given) == 1
    }


def _problem(
    expected: Mapping[str, Tensor], named: Mapping[str, Tensor], renamed: Mapping[str, str]
) -> str:
    """Return which tensors are missing, too many, or of another shape; "" if none are.

    They are called as in the file, whose names of layers `renamed` holds by the network's.
    """
    missing = [name for name in expected if name not in named and not name.endswith(COUNTER)]
    extra = [name for name in named if name not in expected]
    problems = []
    if missing:
        first = f"{missing[0]} {list(expected[missing[0]].shape)}"
        problems.append(f"lacks {len(missing)} of the network's {len(expected)} tensors ({first})")
    if extra:
        first = f"{_as_given(extra[0], renamed)} {list(named[extra[0]].shape)}"
        problems.append(f"has {len(extra)} that the network has not ({first})")
    if problems:
        return f"it {' and '.join(problems)}"
    for name, tensor in named.items():
        wanted, given = expected[name], _as_given(name, renamed)
        if tensor.shape != wanted.shape:
            return (
                f"{given} has the shape {list(tensor.shape)}, and the network needs"
                f" {list(wanted.shape)}"
            )
    return ""


def _check_types(
    expected: Mapping[str, Tensor],
    named: Mapping[str, Tensor],
    renamed: Mapping[str, str],
    origin: str,
) -> None:
    """Raise UserError for integers where the network has floats: PyTorch would take them."""
    for name in expected.keys() & named.keys():
        given, wanted = named[name], expected[name]
        if given.is_floating_point() != wanted.is_floating_point():
            raise UserError(
                f"{origin}: {_as_given(name, renamed)} is of {given.dtype}, and the network needs"
                f" {wanted.dtype}"
            )
