"""How strongly each layer of a network responds to deformations and to noise: D, G and R."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self, cast

import pandas
import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Measurement
from cnn_sensitivity.measures import layer_choice
from cnn_sensitivity.measures.base import (
    Measure,
    Row,
    Seen,
    Stimuli,
    Tabulated,
    check_number,
    measure_all,
)
from cnn_sensitivity.measures.jackknife import standard_error
from cnn_sensitivity.measures.layer_choice import Layers
from cnn_sensitivity.measures.layer_sums import LayerSums
from cnn_sensitivity.measures.recording import Factory

COLUMNS = ["index", "layer", "kind", "depth", "D", "G", "R", "D_error", "G_error", "R_error"]
COLUMNS += ["D_numerator", "G_numerator", "denominator", "images", "flagged"]

FEWEST = {"mean": 2, "median": 3}
"""Images from which an average over pairs is not 0 whatever they are: equal pairs, of distance 0,
are half of the pairs of two images."""

_SUMS, _KEPT = "sums", "kept"
_OF_THE_LAYER = ("index", "layer", "kind", "depth", "images", "flagged")


@dataclass(frozen=True)
class Sensitivity(Tabulated):
    """D, G and R under one pair of changed images: tau x and x + eta, [P, ...] each."""

    needs: ClassVar = ("deformed", "noisy")

    deformed: Tensor
    noisy: Tensor
    average: str = "mean"
    layers: Layers = "all"

    @classmethod
    def of(cls, measurement: Measurement, stimuli: Stimuli) -> Self:
        return cls(stimuli["deformed"], stimuli["noisy"], measurement.average, measurement.layers)

    def check(self, images: Tensor) -> None:
        if self.average not in FEWEST:
            raise UserError(f'average must be "mean" or "median", not {self.average!r}')
        check_number(len(images), FEWEST[self.average], self.average)
        layer_choice.check(self.layers)

    def sums(
        self, layer: str, kind: str, last: bool, beside: Sequence[Measure]
    ) -> Mapping[str, Factory]:
        """Return the sums of squared changes: where a median is wanted too, those that keep them.

        Means follow from either.
        """
        if not self._wants(layer, kind, last):
            return {}
        keep = any(
            isinstance(each, Sensitivity) and each._wants(layer, kind, last)
            for each in beside
            if getattr(each, "average", "") == "median"
        )
        return {_KEPT if keep else _SUMS: partial(LayerSums, keep=keep)}

    def rows(self, seen: Seen) -> list[Row]:
        return [
            _number(row, quantity) for row in self._layers(seen) for quantity in ("D", "G", "R")
        ]

    def table(self, seen: Seen) -> pandas.DataFrame:
        return pandas.DataFrame(self._layers(seen), columns=COLUMNS)

    def _wants(self, layer: str, kind: str, last: bool) -> bool:
        return layer_choice.is_wanted(self.layers, layer, kind, last)

    def _layers(self, seen: Seen) -> list[dict[str, Any]]:
        """Return the rows of `measure`."""
        recording = seen.recording
        assert recording is not None  # it needs images
        places = [seen.place(self.deformed), seen.place(self.noisy), -1]
        kinds = recording.kinds
        chosen = layer_choice.chosen(self.layers, kinds)
        values = torch.stack(
            [self._values(recording.layers[layer])[:, places] for _, layer, _ in chosen]
        ).tolist()
        return [
            {"index": index, "layer": layer, "kind": kind, "depth": index / max(len(kinds) - 1, 1)}
            | _ratios(*numbers)
            | {"images": len(self.deformed)}
            for (index, layer, kind), numbers in zip(chosen, values, strict=True)
        ]

    def _values(self, sums: Mapping[str, Any]) -> Tensor:
        """Return [whole, without each block.., rounding] x [changed sets.., all pairs] of a layer.

        Numerators E||f(tau x) - f(x)||^2 and the like, one a changed set, and the denominator
        E||f(x1) - f(x2)||^2: means or P21's medians over images of the layer's outputs f, over all
        images, then without each block of the jackknife; last, in every column, the denominator
        that rounding alone can cause.
        """
        kept = self.average == "median" or _SUMS not in sums
        return cast(LayerSums, sums[_KEPT if kept else _SUMS]).values(self.average)


MEASURE = Sensitivity


def measure(
    network: nn.Module,
    images: Tensor,
    deformed: Tensor,
    noisy: Tensor,
    *,
    batch_size: int | None = None,
    layers: Layers = "all",
    average: str = "mean",
    channel_mean: bool = False,
    batch_statistics: bool = False,
    functions: bool = False,
) -> pandas.DataFrame:
    """Return D, G and R of each layer's outputs f, one row a layer in execution order.

    D = E||f(tau x) - f(x)||^2 / E||f(x1) - f(x2)||^2, G the same with x + eta, and R = D / G (T22,
    eq. 1). `images` x, `deformed` tau x and `noisy` x + eta are [P, C, ...], without augmentation;
    the average over pairs runs over all P^2 pairs, equal ones included.

    Rows: convolutions, norms, activations, poolings and linear layers (`name:1` is the second
    call of a module), and `output` if the network returns something else than the last of them.
    `functions`: also activations, attention and sums of branches that are no modules, as
    `layer1.0.relu` (`measures.layer_calls`).
    `layers` restricts the rows; depths stay those of all layers.
    `average="median"` (P21): the numerators are sums over coordinates of the median over images
    (of an even number, the lower middle one), the denominator is the median over all pairs; this
    keeps 3 x P x (size of the representation) numbers for each chosen layer, while the mean keeps
    nothing that grows with P.
    `D_error`, `G_error` and `R_error` are standard errors over images: the jackknife over ten
    blocks of consecutive images, two images or more each. NaN for fewer than 4 images, with
    medians for fewer than 6.
    `batch_size` images pass the network at once, each three times; by default as many as pass
    fastest (`at_once`). See `recording.record` for threads and `channel_mean`. The result depends
    on both by rounding only. `batch_statistics`: batch norm uses the mean and
    variance over all P images, of each of the three inputs its own, as T22's code measures
    networks at initialisation; all images pass together. Otherwise batch norm uses its running
    statistics.

    `flagged` is True with NaN for D, G and R where a representation is not finite or constant to
    within the rounding of its type, and with NaN for R where G is zero. Raises UserError for
    inputs of unequal shape, fewer images than `FEWEST`, a pattern without a layer, and a network
    that does not keep the images apart.
    """
    (table,) = measure_all(
        network,
        images,
        [Sensitivity(deformed, noisy, average, layers)],
        batch_size=batch_size,
        channel_mean=channel_mean,
        batch_statistics=batch_statistics,
        functions=functions,
    )
    return table


def _number(row: Mapping[str, Any], quantity: str) -> Row:
    """Return D, G or R of a row of `measure`; R = D / G has no parts but theirs."""
    number = {name: row[name] for name in _OF_THE_LAYER}
    number |= {"quantity": quantity, "value": row[quantity], "error": row[f"{quantity}_error"]}
    if quantity == "R":
        return number
    parts = {"numerator": row[f"{quantity}_numerator"], "denominator": row["denominator"]}
    return number | parts


def _ratios(whole: list[float], *others: list[float]) -> dict[str, float]:
    """Return D, G, R, their errors and their parts; NaN where there is nothing to measure."""
    *parts, (rounding, *_) = others
    deformation, noise, pairs = whole
    finite = all(map(math.isfinite, whole))
    flagged = not finite or pairs <= rounding
    d, g, r = (math.nan,) * 3 if flagged else _quotients(whole)
    left_out = zip(*map(_quotients, parts), strict=True)
    errors = [
        math.nan if math.isnan(value) else standard_error(values)
        for value, values in zip((d, g, r), left_out, strict=True)
    ]
    return {
        **{
            "D": d,
            "G": g,
            "R": r,
            "D_error": errors[0],
            "G_error": errors[1],
            "R_error": errors[2],
        },
        **{"D_numerator": deformation, "G_numerator": noise, "denominator": pairs},
        "flagged": flagged or math.isnan(r),
    }


def _quotients(values: Sequence[float]) -> tuple[float, float, float]:
    """Return D, G and R of both numerators and the denominator; NaN where one is not defined."""
    deformation, noise, pairs = values
    d, g = (deformation / pairs, noise / pairs) if pairs > 0 else (math.nan, math.nan)
    return d, g, d / g if g > 0 else math.nan
