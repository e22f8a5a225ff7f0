"""The normalised cosine distance of each layer's response to changed images (R18)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import pandas
import torch
from torch import Tensor, nn

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
from cnn_sensitivity.measures.jackknife import BLOCKS, standard_error, without_each
from cnn_sensitivity.measures.layer_choice import Layers
from cnn_sensitivity.measures.recording import Factory

COLUMNS = ["index", "layer", "kind", "depth", "distance", "distance_error"]
COLUMNS += ["numerator", "denominator", "images", "flagged"]

INPUT = "input"
"""Name and kind of the row of the images themselves."""

SUMS = "cosine"
"""Name of the sums of a layer in a recording."""

FEWEST = 2
"""Images that have a pair of different ones."""

# Coordinates whose products are summed at once, so that their float64 copies stay small.
_BLOCK = 2**14


@dataclass(frozen=True)
class CosineDistance(Tabulated):
    """The normalised cosine distance under one set of changed images: tau x, [P, ...]."""

    needs: ClassVar = ("deformed",)

    deformed: Tensor
    layers: Layers = "all"

    @classmethod
    def of(cls, measurement: Measurement, stimuli: Stimuli) -> Self:
        return cls(stimuli["deformed"], measurement.layers)

    def check(self, images: Tensor) -> None:
        check_number(len(images), FEWEST, "median")
        layer_choice.check(self.layers)

    def sums(
        self, layer: str, kind: str, last: bool, beside: Sequence[Measure]
    ) -> Mapping[str, Factory]:
        wanted = layer_choice.is_wanted(self.layers, layer, kind, last)
        return {SUMS: CosineDistances} if wanted else {}

    def rows(self, seen: Seen) -> list[Row]:
        return [
            {**row, "quantity": "distance", "value": distance, "error": error}
            for row in self._layers(seen)
            for distance, error in [(row.pop("distance"), row.pop("distance_error"))]
        ]

    def table(self, seen: Seen) -> pandas.DataFrame:
        return pandas.DataFrame(self._layers(seen))[COLUMNS]

    def _layers(self, seen: Seen) -> list[dict[str, Any]]:
        """Return the rows of `measure`, that of the images themselves first."""
        images, recording = seen.sets[0], seen.recording
        assert recording is not None  # it needs images
        stacked = torch.stack([images.flatten(1), self.deformed.flatten(1)])
        itself = CosineDistances(stacked, len(images))
        itself.update(stacked, 0)
        rows: list[dict[str, Any]] = [
            {"index": 0, "layer": INPUT, "kind": INPUT, **_distance(itself, 0)}
        ]
        for index, layer, kind in layer_choice.chosen(self.layers, recording.kinds):
            distances = cast(CosineDistances, recording.layers[layer][SUMS])
            measured = _distance(distances, seen.place(self.deformed))
            rows.append({"index": index + 1, "layer": layer, "kind": kind, **measured})
        return [
            {**row, "depth": row["index"] / len(recording.kinds), "images": len(images)}
            for row in rows
        ]


MEASURE = CosineDistance


def measure(
    network: nn.Module,
    images: Tensor,
    deformed: Tensor,
    *,
    batch_size: int | None = None,
    layers: Layers = "all",
    batch_statistics: bool = False,
) -> pandas.DataFrame:
    """Return the normalised cosine distance of the layers of `network`, a row a layer.

    `images` and `deformed` (tau x) are [P, ...]. For a representation r, flattened, and
    d = 1 - cosine, distance = E d(r(x), r(tau x)) / median d(r(x), r(y)), the median over the
    P (P - 1) / 2 pairs of different unchanged images (R18, section 2.3).

    The first row, `input`, is of the images themselves, R18's layer 0; the others are chosen and
    numbered as those of `sensitivity.measure`, from 1. `distance_error` is the standard error over
    images: the jackknife over ten blocks of consecutive images, NaN for fewer than 3. `flagged` is
    True, with NaN for the distance, where a representation is of zeros or not finite, or all point
    in one direction to within the rounding of their type. `batch_statistics` and what is raised:
    `sensitivity.measure`, of fewer images than `FEWEST` too.
    """
    (table,) = measure_all(
        network,
        images,
        [CosineDistance(deformed, layers)],
        batch_size=batch_size,
        batch_statistics=batch_statistics,
    )
    return table


def _distance(distances: "CosineDistances", place: int) -> dict[str, float | bool]:
    """Return the distance to one changed set, its error and its parts; NaN where there is none."""
    values = distances.result()[[place, -1]].tolist()
    flagged = not all(map(math.isfinite, values)) or values[1] <= distances.rounding()
    distance, error = math.nan, math.nan
    if not flagged:
        distance = values[0] / values[1]
        parts = distances.jackknifed(min(BLOCKS, distances.images))[:, [place, -1]]
        error = standard_error((parts[:, 0] / parts[:, 1]).tolist())
    return {
        "distance": distance,
        "distance_error": error,
        "numerator": values[0],
        "denominator": values[1],
        "flagged": flagged,
    }


class CosineDistances:
    """Cosine distances of one layer's representations r, in float64 and on the layer's device.

    R18, section 2.3: the mean over images of d(r(x), r(tau x)) over the median of d(r(x), r(y)),
    d = 1 - cosine, x and y the unchanged images, over the P (P - 1) / 2 pairs of different ones.
    The median needs all pairs, and so the unchanged representations are kept, in the layer's own
    type: P x (size of the representation) numbers. 128 images in float32 are 17 MB for the widest
    layer of R18's CIFAR-10 networks, 1.6 GB for that of its ImageNet networks at 224 pixels.
    """

    def __init__(self, rows: Tensor, images: int) -> None:
        """Make room for `images` in all, like those of `rows`, a batch as `update` takes it."""
        self.images = images
        self.kept = rows.new_empty(images, rows.shape[2])
        self.distances = rows.new_zeros(len(rows) - 1, images, dtype=torch.float64)
        self.seen: list[slice] = []

    def update(self, rows: Tensor, start: int, scratch: object = None) -> None:
        """Take in [sets, images, size]: unchanged, then each changed set.

        `start` is the first image's number; buffers that layers share (`scratch`) are not needed.
        """
        where = slice(start, start + rows.shape[1])
        self.seen.append(where)
        self.kept[where] = rows[0]
        squares = rows.new_zeros(rows.shape[:2], dtype=torch.float64)
        products = torch.zeros_like(squares)
        for block in rows.split(_BLOCK, dim=2):
            exact = block.double()
            squares += torch.linalg.vecdot(exact, exact)
            products += torch.linalg.vecdot(exact, exact[0])
        sizes = squares.sqrt()
        self.distances[:, where] = 1 - products[1:] / (sizes[0] * sizes[1:])

    def add(self, other: "CosineDistances") -> None:
        """Take in what `other` has seen, further images of the same number in all."""
        for where in other.seen:
            self.kept[where] = other.kept[where]
            self.distances[:, where] = other.distances[:, where]
        self.seen += other.seen

    def result(self) -> Tensor:
        """Return the mean distance to each changed set, and last the median over pairs.

        [changed sets + 1]; NaN where a representation of zeros, which points nowhere, counts, and
        for the median of a single image.
        """
        return self._means_and_median(self._of_pairs(), self.distances)

    def jackknifed(self, blocks: int) -> Tensor:
        """Return what `result` would be without each of the blocks of consecutive images.

        [blocks, changed sets + 1].
        """
        pairs = self._of_pairs()
        return without_each(
            self.images,
            blocks,
            pairs.device,
            lambda left: self._means_and_median(pairs[left][:, left], self.distances[:, left]),
        )

    def rounding(self) -> float:
        """Return the median that rounding alone can cause where all point in one direction."""
        return float(torch.finfo(self.kept.dtype).eps) ** 2

    def _of_pairs(self) -> Tensor:
        """Return the distances [P, P] between unchanged images."""
        products = self.distances.new_zeros(self.images, self.images)
        for block in self.kept.split(_BLOCK, dim=1):
            exact = block.double()
            products += exact @ exact.T
        sizes = products.diagonal().sqrt()
        return 1 - products / (sizes[:, None] * sizes)

    @staticmethod
    def _means_and_median(pairs: Tensor, distances: Tensor) -> Tensor:
        above = torch.ones_like(pairs, dtype=torch.bool).triu(1)  # each pair once
        median = _median(pairs[above])
        return torch.cat([distances.mean(dim=1), median[None]])


def _median(values: Tensor) -> Tensor:
    """Return the median, the mean of the middle two of an even number, and NaN if one is NaN."""
    if len(values) == 0 or values.isnan().any():
        return values.new_tensor(float("nan"))
    ordered = values.sort().values
    return (ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2
