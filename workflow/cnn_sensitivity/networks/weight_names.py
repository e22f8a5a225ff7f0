"""Which tensors of a file are those of a network: found by the network's names."""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks.weight_contents import Contents, check_plain, contents, joined

# What PyTorch's own wrappers put into the names of what they wrap, at any place.
_WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
COUNTER = "num_batches_tracked"
"""Not used with a fixed momentum; PyTorch before 0.4.1 had none."""


def largest(path: str | Path) -> dict[str, Tensor]:
    """Return the tensors of the largest mapping in a file, by name, as no network says which.

    The names of PyTorch's wrappers are dropped. Raises UserError as `weight_contents.contents`.
    """
    mappings = contents(path).mappings.values()
    tensors = max(mappings, key=lambda each: sum(tensor.numel() for tensor in each.values()))
    check_plain(tensors, str(path))
    return {_short(name, "", _WRAPPERS): tensor for name, tensor in tensors.items()}


def fitting(
    found: Contents, network: Mapping[str, Tensor], origin: str, key: str | None = None
) -> tuple[OrderedDict[str, Tensor], list[str]]:
    """Return the tensors of a file that are a network's, by its names, and what to say of them.

    `network` is its state dict. Each of its names may stand in the file behind keys and prefixes,
    and with the names of PyTorch's wrappers between its parts; one beginning is the same for all of
    them: that behind which most of the names stand, and of equal ones most with their shapes. Of
    several that fit as well the first in the file is taken; `key`, a beginning, chooses. What is
    behind it and unknown to the network is returned too, and the versions of modules as
    `_metadata`, as PyTorch keeps them. Raises UserError if there is nothing behind `key`.
    """
    wrappers = _WRAPPERS - {part for name in network for part in name.split(".")}
    tensors = found.flat()
    if key is not None:
        tensors = {name: tensor for name, tensor in tensors.items() if _is_behind(name, key)}
    scores = _beginnings(tensors, network, wrappers)
    if not tensors:
        known = filter(None, _beginnings(found.flat(), network, wrappers))
        raise UserError(f"{origin}: there is no key {key} in it, but {', '.join(known)}")
    best = max(scores, key=lambda beginning: scores[beginning], default=key or "")

    def behind(beginning: str) -> dict[str, Tensor]:
        return {
            _short(name, beginning, wrappers): tensor
            for name, tensor in tensors.items()
            if _is_behind(name, beginning)
        }

    # An optimiser's state may lie behind the same beginning, in a mapping of its own.
    mappings = [
        {joined(mapping, name) for name in names}
        for mapping, names in found.mappings.items()
        if any(_short(joined(mapping, name), best, wrappers) in network for name in names)
    ]
    there = set[str]().union(*mappings) or set(tensors)
    tensors = {name: tensor for name, tensor in tensors.items() if name in there}
    chosen = OrderedDict(behind(best))
    check_plain(chosen, origin)
    chosen._metadata = {  # type: ignore[attr-defined]
        _short(path, best, wrappers): version
        for path, version in found.versions.items()
        if _is_behind(path, best)
    }
    alike = [each for each in scores if each != best and scores[each] == scores[best]]
    others = [each for each in alike if not _are_equal(behind(each), chosen)]
    notes = []
    if others:
        notes.append(
            f"{origin}: {best or 'what has no key'} is taken, and {', '.join(others)} would fit as"
            " well; key chooses"
        )
    if left := [n for n in tensors if not any(_is_behind(n, each) for each in (best, *alike))]:
        notes.append(left_aside(origin, left))
    return chosen, notes


def _is_behind(name: str, beginning: str) -> bool:
    return not beginning or name == beginning or name.startswith(f"{beginning}.")


def _short(name: str, beginning: str, wrappers: Collection[str]) -> str:
    """Return a name without what it begins with, and without the names of wrappers."""
    rest = name.removeprefix(beginning).lstrip(".")
    return ".".join(part for part in rest.split(".") if part not in wrappers)


def _beginnings(
    tensors: Mapping[str, Tensor], network: Mapping[str, Tensor], wrappers: Collection[str]
) -> dict[str, tuple[int, int]]:
    """Return the beginnings behind which names of the network stand: how many, those of its shape.

    In the file's order. A beginning has no wrapper at its end: what it wraps is behind it.
    """
    scores: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, tensor in tensors.items():
        parts = name.split(".")
        for place in range(len(parts)):
            if place and parts[place - 1] in wrappers:
                continue
            wanted = network.get(_short(joined(*parts[place:]), "", wrappers))
            if wanted is not None and parts[-1] != COUNTER:
                score = scores[joined(*parts[:place])]
                score[0] += 1
                score[1] += tensor.shape == wanted.shape
    return {beginning: (named, fitting) for beginning, (named, fitting) in scores.items()}


def _are_equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return set(one) == set(other) and all(
        (one[name].dtype, one[name].layout) == (other[name].dtype, other[name].layout)
        and torch.equal(one[name], other[name])
        for name in one
    )


def left_aside(origin: str, names: list[str]) -> str:
    """Return what to say of tensors that the network does not have."""
    few = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{origin}: {few}: not of the network, and left aside"
