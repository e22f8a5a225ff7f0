"""What a comparison found, against what it had to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite

import torch


@dataclass(frozen=True)
class Outcome:
    """Whether something is right, what it had to be, and what it is."""

    right: bool
    expected: str
    found: str
    difference: float = 0.0
    """How large it is: of several outcomes, the largest is the worst."""


def exactly(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> Outcome:
    """Hold tensors on the CPU against others, byte by byte."""
    same = found.keys() == expected.keys() and all(
        _bytes(found[name]) == _bytes(expected[name]) for name in expected
    )
    finite = all(torch.isfinite(tensor).all() for tensor in expected.values())
    difference = 0.0 if same else relative_difference(found, expected)
    if not finite:
        text = "numbers that are not finite"
    else:
        text = "equal to the bit" if same else f"a relative difference of {difference:.1e}"
    return Outcome(same and bool(finite), "equal to the bit", text, difference)


def relative_difference(
    found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]
) -> float:
    """Return |found - expected| / |expected|, both as one long vector; infinite where undefined."""
    if found.keys() != expected.keys():
        return inf
    squares = torch.zeros(2, dtype=torch.float64)
    for name, reference in expected.items():
        difference = found[name].double() - reference.double()
        squares += torch.stack([difference.square().sum(), reference.double().square().sum()])
    difference, size = squares.sqrt().tolist()
    return difference / size if size > 0 and isfinite(difference / size) else inf


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().numpy().tobytes()
