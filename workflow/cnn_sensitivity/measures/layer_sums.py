"""The sums of one layer from which D, G and R follow, taken batch by batch."""

import math

import torch
from torch import Tensor

from cnn_sensitivity.measures.jackknife import BLOCKS, without_each
from cnn_sensitivity.measures.pair_distances import median_of_pairs

# Elements of one block of differences. On a CPU a block stays in the cache while it is summed;
# elsewhere large blocks keep the number of kernel launches small.
_BLOCK_ON_CPU = 3 * 2**18
_BLOCK_ELSEWHERE = 3 * 2**22
_NARROWEST_BLOCK = 256

# A float32 sum of squares between these bounds lost nothing to underflow or overflow: a block
# holds far fewer than 2**30 squares, each of which underflows by less than 1e-38.
_SAFE_SUMS = (1e-22, 1e37)


class LayerSums:
    """The streamed sums of one layer, all in float64 and on the layer's device.

    With y_i = f(x_i) - f(x_0), the distance to the first image, the mean over all pairs is
    2 (mean |y|^2 - |mean y|^2). Nothing of weight cancels there: x_0 is one of the images, so
    mean |y|^2 is at most P times the variance however far the representations lie from zero.
    Differences are taken in the layer's own type, where those of near numbers are exact.

    Images belong to consecutive blocks, whose sums stay apart, for the jackknife. With `keep` the
    representations are kept too, for medians (P21).
    """

    def __init__(self, rows: Tensor, images: int, keep: bool) -> None:
        self.images, self.sets, size = images, len(rows), rows.shape[2]
        self.blocks = max(1, min(BLOCKS, images // 2))
        self.epsilon = torch.finfo(rows.dtype).eps
        self.first = _at_least_float32(rows)[0, 0].clone()
        self.counts = self.first.new_zeros(self.blocks, dtype=torch.float64)
        block = torch.arange(images, device=rows.device) * self.blocks // images
        numbers = torch.arange(self.blocks, device=rows.device)
        self.members = (block == numbers[:, None]).double()  # 1 where an image is of a block
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
        count, size = rows.shape[1:]
        self.seen.append((start, start + count))
        # The blocks that these images are of, one after the other, and which are of each.
        blocks = slice(self._block(start), self._block(start + count - 1) + 1)
        members = self.members[blocks, start : start + count]
        self.counts[blocks].add_(members.sum(1))
        elements = _BLOCK_ON_CPU if rows.device.type == "cpu" else _BLOCK_ELSEWHERE
        width = max(_NARROWEST_BLOCK, elements // (self.sets * count))
        for left in range(0, size, width):
            columns = slice(left, left + width)
            changed, clean = rows[1:, :, columns], rows[0, :, columns]
            differences = _scratch(scratch, (self.sets, *clean.shape), clean)
            torch.sub(changed, clean, out=differences[:-1])
            torch.sub(clean, self.first[columns], out=differences[-1])
            self.shifts[blocks, columns].add_(members.to(rows.dtype) @ differences[-1])
            self.squares[blocks].add_(members @ _squared_norms(differences).T)
            if self.kept is not None:
                self.kept[:, start : start + count, columns] = differences

    def _block(self, image: int) -> int:
        return image * self.blocks // self.images

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
        """Return the mean squared change of each changed set, and the mean over all pairs.

        [1 + blocks, sets]: of all images, then without each block.
        """
        shift = self.shifts.sum(0)
        left = (shift - each for each in self.shifts)
        shifts = torch.stack([torch.dot(each, each) for each in (shift, *left)])
        counts, squares = (_and_without_each(each) for each in (self.counts, self.squares))
        means = squares / counts[:, None]
        means[:, -1] = 2 * (means[:, -1] - shifts / counts.square())
        return means

    def medians(self) -> Tensor:
        """Return P21's medians: of each changed set, and of all pairs (`_medians`).

        [1 + blocks, sets], as `means`.
        """
        kept = self.kept
        assert kept is not None
        without = without_each(
            self.images, self.blocks, kept.device, lambda left: _medians(kept[:, left])
        )
        return torch.cat([_medians(kept)[None], without])

    def values(self, average: str) -> Tensor:
        """Return `means` or `medians`, and last what rounding alone can cause: [2 + blocks, sets].

        The last row is the mean over pairs, in every column. Computed once: measurements with one
        average share all but their changed sets.
        """
        if average not in self._values:
            parts = self.medians() if average == "median" else self.means()
            rounding = self.rounding().expand(1, self.sets)
            self._values[average] = torch.cat([parts, rounding])
        return self._values[average]

    def rounding(self) -> Tensor:
        """Return the mean over pairs that rounding alone can cause."""
        centre = self.shifts.sum(0) / self.counts.sum() + self.first
        return 2 * self.epsilon**2 * (centre @ centre)


def _and_without_each(parts: Tensor) -> Tensor:
    """Return the sum of the blocks' parts [blocks, ...], then the sums without each of them."""
    whole = parts.sum(0, keepdim=True)
    return torch.cat([whole, whole - parts])


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
    """Return the squared norms [sets, images] of [sets, images, size] as float64.

    On a CPU, where a look at the result costs nothing, float32 rows are squared and summed as
    they are, and once more in float64 if a set was out of range. Elsewhere a look would wait for
    the device, and float64 costs little.
    """
    if rows.device.type == "cpu" and rows.dtype == torch.float32:
        squares = torch.linalg.vector_norm(rows, dim=2).double().square()
        sums = squares.sum(1).tolist()
        if _SAFE_SUMS[0] < min(sums) and max(sums) < _SAFE_SUMS[1]:
            return squares
    exact = rows.double()
    return torch.linalg.vecdot(exact, exact)


def _scratch(buffers: dict[torch.dtype, Tensor], shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Return a tensor of `shape` in the buffer that all layers share, grown if it is too small."""
    size = math.prod(shape)
    buffer = buffers.get(like.dtype)
    if buffer is None or len(buffer) < size or buffer.device != like.device:
        buffer = buffers[like.dtype] = like.new_empty(size)
    return buffer[:size].view(shape)
