"""The sums of one layer from which D, G and R follow, taken batch by batch."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_sensitivity.measures.jackknife import BLOCKS, without_each
from cnn_sensitivity.measures.pair_distances import median_of_pairs

# Elements of one block of differences. On a CPU a block stays in the cache while it is summed;
# elsewhere large blocks keep the number of kernel launches small.
_BLOCK_ON_CPU = 3 * 2**16
_BLOCK_ELSEWHERE = 3 * 2**22
_NARROWEST_BLOCK = 256

# A float32 sum of squares between these bounds lost nothing to underflow or overflow: a block
# holds far fewer than 2**30 squares, each of which underflows by less than 1e-38.
_SAFE_SUMS = (1e-22, 1e37)


@dataclass(frozen=True)
class Sums:
    """What was summed over some images: their number, squared norms [S], and the sum of y [size].

    The squared norms are of each changed set's f(x') - f(x), then of y.
    """

    count: Tensor
    squares: Tensor
    shift: Tensor

    def without(self, block: "Sums") -> "Sums":
        """Return the sums over the other images."""
        return Sums(
            self.count - block.count, self.squares - block.squares, self.shift - block.shift
        )

    def means(self) -> Tensor:
        """Return the mean squared norms of the changes, and last the mean over all pairs."""
        means, shift = self.squares / self.count, self.shift / self.count
        means[-1] = 2 * (means[-1] - shift @ shift)
        return means


class LayerSums:
    """The streamed sums of one layer, all in float64 and on the layer's device.

    With y_i = f(x_i) - f(x_0), the distance to the first image, the mean over all pairs is
    2 (mean |y|^2 - |mean y|^2). Nothing of weight cancels there: x_0 is one of the images, so
    mean |y|^2 is at most P times the variance however far the representations lie from zero.
    Differences are taken in the layer's own type, where those of near numbers are exact.

    Images belong to consecutive blocks, whose sums stay apart: see `jackknifed`. With `keep` the
    representations are kept too, for medians (P21).
    """

    def __init__(self, rows: Tensor, images: int, keep: bool) -> None:
        self.images, self.sets, size = images, len(rows), rows.shape[2]
        self.blocks = max(1, min(BLOCKS, images // 2))
        self.epsilon = torch.finfo(rows.dtype).eps
        self.first = _at_least_float32(rows)[0, 0].clone()
        self.counts = self.first.new_zeros(self.blocks, dtype=torch.float64)
        self.shifts = self.counts.new_zeros(self.blocks, size)  # sums of y
        self.squares = self.counts.new_zeros(self.blocks, self.sets)
        # Changes of each changed set, then y; which images they are of.
        self.kept = self.first.new_empty(self.sets, images, size) if keep else None
        self.seen: list[tuple[int, int]] = []
        self._values: dict[str, Tensor] = {}

    def update(self, rows: Tensor, start: int, scratch: dict[torch.dtype, Tensor]) -> None:
        """Take in [sets, images, size]: clean, then each changed set.

        `start` is the first image's number; `scratch` holds buffers that layers share.
        """
        rows = _at_least_float32(rows)
        self.seen.append((start, start + rows.shape[1]))
        for block, part in self._by_block(start, rows.shape[1]):
            self._update_block(block, rows[:, part], start + part.start, scratch)

    def _by_block(self, start: int, count: int) -> Iterator[tuple[int, slice]]:
        """Yield each block that some of `count` images from `start` on belong to, and which."""
        position = 0
        while position < count:
            block = (start + position) * self.blocks // self.images
            end = min(count, -(-(block + 1) * self.images // self.blocks) - start)
            yield block, slice(position, end)
            position = end

    def _update_block(
        self, block: int, rows: Tensor, start: int, scratch: dict[torch.dtype, Tensor]
    ) -> None:
        count, size = rows.shape[1:]
        elements = _BLOCK_ON_CPU if rows.device.type == "cpu" else _BLOCK_ELSEWHERE
        width = min(size, max(_NARROWEST_BLOCK, elements // (self.sets * count)))
        ones = rows.new_ones(count)
        self.counts[block] += count
        columns = zip(
            range(0, size, width),
            rows[0].split(width, dim=1),
            rows[1:].split(width, dim=2),
            self.first.split(width),
            self.shifts[block].split(width),
            strict=True,
        )
        for left, clean, changed, first, shift in columns:
            if left == 0 or size - left < width:  # the last columns may be fewer
                differences = _scratch(scratch, (self.sets, *clean.shape), clean)
                change, distance = differences[:-1], differences[-1]
                norms = differences.view(self.sets, -1)
            torch.sub(changed, clean, out=change)
            torch.sub(clean, first, out=distance)
            shift += ones @ distance
            self.squares[block] += _squared_norms(norms)
            if self.kept is not None:
                self.kept[:, start : start + count, left : left + width] = differences

    def add(self, other: "LayerSums") -> None:
        """Take in the sums over further images, whose y counts from an image of their own."""
        offset = other.first.double() - self.first.double()
        self.squares += other.squares
        self.squares[:, -1] += 2 * (other.shifts @ offset) + other.counts * (offset @ offset)
        self.shifts += other.shifts + other.counts[:, None] * offset
        self.counts += other.counts
        if self.kept is not None and other.kept is not None:
            for start, end in other.seen:
                self.kept[:, start:end] = other.kept[:, start:end]
                self.kept[-1, start:end] += (other.first - self.first).to(self.kept.dtype)
        self.seen += other.seen

    def means(self) -> Tensor:
        """Return the mean squared change of each changed set, and the mean over all pairs."""
        return self._whole().means()

    def medians(self) -> Tensor:
        """Return P21's medians: for each changed set, and of all pairs (`_medians`)."""
        assert self.kept is not None
        return _medians(self.kept)

    def jackknifed(self, average: str) -> Tensor:
        """Return what `means` or `medians` would be without each of the blocks: [blocks, sets]."""
        if average == "mean":
            whole = self._whole()
            parts = zip(self.counts, self.squares, self.shifts, strict=True)
            return torch.stack([whole.without(Sums(*part)).means() for part in parts])
        kept = self.kept
        assert kept is not None
        return without_each(
            self.images, self.blocks, kept.device, lambda left: _medians(kept[:, left])
        )

    def values(self, average: str) -> Tensor:
        """Return `means` or `medians`, the same without each block, and the rounding: [.., sets].

        The last row is the mean over pairs that rounding alone can cause, in every column. Computed
        once: measurements with one average share all but their changed sets.
        """
        if average not in self._values:
            whole = self.medians() if average == "median" else self.means()
            parts = torch.cat([whole[None], self.jackknifed(average)])
            rounding = self.rounding().expand(1, len(whole))
            self._values[average] = torch.cat([parts, rounding])
        return self._values[average]

    def rounding(self) -> Tensor:
        """Return the mean over pairs that rounding alone can cause."""
        centre = self.shifts.sum(0) / self.counts.sum() + self.first
        return 2 * self.epsilon**2 * (centre @ centre)

    def _whole(self) -> Sums:
        return Sums(self.counts.sum(), self.squares.sum(0), self.shifts.sum(0))


def _at_least_float32(rows: Tensor) -> Tensor:
    return rows.float() if rows.element_size() < 4 else rows


def _medians(kept: Tensor) -> Tensor:
    """Return for each change in [sets, images, size] the sum over coordinates of the median over
    images of its square, and the median of all pairs of y (P21 [code]). NaN without images."""
    if kept.shape[1] == 0:  # what is left without the only block
        return kept.new_full((len(kept),), math.nan, dtype=torch.float64)
    # The median of squares is the square of the median size.
    sizes = torch.stack([change.abs().median(dim=0).values for change in kept[:-1]])
    pairs = sizes.new_tensor([median_of_pairs(kept[-1])], dtype=torch.float64)
    return torch.cat([sizes.double().square().sum(dim=1), pairs])


def _squared_norms(rows: Tensor) -> Tensor:
    """Return the squared norm of each of the [sets, n] rows as float64.

    On a CPU, where a look at the result costs nothing, float32 rows are squared and summed as
    they are, and once more in float64 if that was out of range. Elsewhere a look would wait for
    the device, and float64 costs little.
    """
    if rows.device.type == "cpu" and rows.dtype == torch.float32:
        sums = [torch.dot(row, row).item() for row in rows]
        if _SAFE_SUMS[0] < min(sums) and max(sums) < _SAFE_SUMS[1]:
            return torch.tensor(sums, dtype=torch.float64)
    exact = rows.double()
    return torch.linalg.vecdot(exact, exact)


def _scratch(buffers: dict[torch.dtype, Tensor], shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Return a tensor of `shape` in the buffer that all layers share, grown if it is too small."""
    size = math.prod(shape)
    buffer = buffers.get(like.dtype)
    if buffer is None or len(buffer) < size or buffer.device != like.device:
        buffer = buffers[like.dtype] = like.new_empty(size)
    return buffer[:size].view(shape)
