"""The effective receptive field of the layers of a one-dimensional network, measured."""

import copy
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cnn_sensitivity.measures.base import Measure, Row, Seen
from cnn_sensitivity.measures.recording import Factory, record

PIXELS_AT_ONCE = 64


class ReceptiveField(Measure):
    """A_k of each activation, k from 1, in pixels, by signals of its own: `effective_widths`."""

    def rows(self, seen: Seen) -> list[Row]:
        widths = effective_widths(seen.network, seen.shape[-1])
        return [
            {"index": k, "layer": layer, "quantity": "measured_A", "value": width}
            for k, (layer, width) in enumerate(widths.items(), start=1)
        ]


MEASURE = ReceptiveField


class Responses:
    """One layer's responses to all signals, kept as they come: they are few and short."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, Tensor]] = []

    def update(self, rows: Tensor, start: int, scratch: dict[torch.dtype, Tensor]) -> None:
        """Take in [1, signals, sites], whose first signal has the number `start`."""
        self._parts.append((start, rows[0].clone()))

    def add(self, other: "Responses") -> None:
        """Take in the responses to further signals."""
        self._parts += other._parts

    def whole(self) -> NDArray[np.float64]:
        """Return the responses to all signals, [signals, sites]."""
        return torch.cat(
            [rows for _, rows in sorted(self._parts, key=lambda part: part[0])]
        ).numpy()


def responses(network: nn.Module, length: int) -> dict[str, NDArray[np.float64]]:
    """Return what one active pixel changes in each activation, by layer in execution order.

    [length, sites] each: the response averaged over channels to a signal in which that pixel alone
    is active, with the amplitude sqrt(length/2) of the task, minus that to an empty signal.
    `network`: signals [B, 1, length] to anything; it is measured in double precision.
    """
    signals = torch.cat([torch.eye(length), torch.zeros(1, length)])[:, None].double()
    recording = record(
        copy.deepcopy(network).cpu().double(),
        [signals * (length / 2) ** 0.5],
        _activations,
        batch_size=PIXELS_AT_ONCE,
        channel_mean=True,
    )
    layers = {
        layer: values["response"].whole()  # type: ignore[attr-defined]
        for layer, values in recording.layers.items()
    }
    return {layer: rows[:-1] - rows[-1] for layer, rows in layers.items()}


def effective_widths(network: nn.Module, length: int) -> dict[str, float]:
    """Return A_k of each activation, in pixels, by the layer's name in execution order.

    A_k is the standard deviation, along the circle of `length` pixels, of the weights with which
    these reach one unit of layer k: the absolute `responses`. The variance is averaged over the
    units that respond at all; nan where none does. With homogeneous filters and no bias it is
    `theory.effective_receptive_field`.
    """
    return {layer: _width(np.abs(rows)) for layer, rows in responses(network, length).items()}


def _activations(layer: str, kind: str, last: bool) -> Mapping[str, Factory]:
    return {"response": lambda rows, images: Responses()} if kind == "activation" else {}


def _width(weights: NDArray[np.float64]) -> float:
    """Return the width of the weights [length, sites] of each pixel in each unit."""
    weights = weights[:, weights.sum(0) > 0]
    if not weights.size:
        return float("nan")
    weights = weights / weights.sum(0)
    length = len(weights)
    angles = 2 * np.pi * np.arange(length)[:, None] / length
    centres = np.angle((weights * np.exp(1j * angles)).sum(0))
    turned = np.mod(angles - centres + np.pi, 2 * np.pi) - np.pi
    variances = (weights * (turned * length / (2 * np.pi)) ** 2).sum(0)
    return float(np.sqrt(variances.mean()))
