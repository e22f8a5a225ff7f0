"""The sums of one layer from which D, G and R follow, taken batch by batch without keeping any."""

import math

import torch
from torch import Tensor

# Elements of one block of differences. On a CPU a block stays in the cache while it is summed;
# elsewhere large blocks keep the number of kernel launches small.
_BLOCK_ON_CPU = 2**16
_BLOCK_ELSEWHERE = 2**22
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
    """

    def __init__(self, activation: Tensor, images: int, keep: bool) -> None:
        self.images = images
        self.epsilon = torch.finfo(activation.dtype).eps
        self.channels_last = (
            activation.ndim == 4
            and not activation.is_contiguous()
            and activation.is_contiguous(memory_format=torch.channels_last)
        )
        self.first = self._rows(activation, 1)[0, 0].clone()
        self.shift = torch.zeros_like(self.first, dtype=torch.float64)  # sum of y over the images
        # Squared norms of f(tau x) - f(x), f(x + eta) - f(x) and y, summed over the images.
        self.squares = self.shift.new_zeros(3)
        self.kept = self.first.new_empty(2, images, len(self.first)) if keep else None

    def _rows(self, activation: Tensor, groups: int) -> Tensor:
        """Return `activation` as [groups, images, coordinates], without a copy where possible."""
        if self.channels_last:  # the order of coordinates is free as long as it stays the same
            activation = activation.permute(0, 2, 3, 1)
        rows = activation.reshape(groups, len(activation) // groups, -1)
        return rows.float() if rows.element_size() < 4 else rows

    def update(self, activation: Tensor, start: int, scratch: dict[torch.dtype, Tensor]) -> None:
        """Take in [3 x images, ...]: clean, deformed and noisy; `start` is the first one's number.

        `scratch` holds buffers that layers share.
        """
        rows = self._rows(activation, 3)
        count, size = rows.shape[1:]
        block = _BLOCK_ON_CPU if rows.device.type == "cpu" else _BLOCK_ELSEWHERE
        width = min(size, max(_NARROWEST_BLOCK, block // count))
        ones = rows.new_ones(count)
        blocks = zip(
            range(0, size, width),
            rows[0].split(width, dim=1),
            rows[1:].split(width, dim=2),
            self.first.split(width),
            self.shift.split(width),
            strict=True,
        )
        for left, clean, changed, first, shift in blocks:
            if left == 0 or size - left < width:  # the last block may be narrower
                differences = _scratch(scratch, (3, *clean.shape), clean)
                change, distance = differences[:2], differences[2]
                norms = differences.view(3, -1)
            torch.sub(changed, clean, out=change)
            torch.sub(clean, first, out=distance)
            shift += ones @ distance
            self.squares += _squared_norms(norms)
            if self.kept is not None:
                self.kept[:, start : start + count, left : left + width] = change

    def add(self, other: "LayerSums") -> None:
        """Take in the sums over further images, whose y counts from an image of their own."""
        offset = other.first.double() - self.first.double()
        self.squares += other.squares
        self.squares[2] += 2 * (offset @ other.shift) + other.images * (offset @ offset)
        self.shift += other.shift + other.images * offset
        self.images += other.images
        if self.kept is not None and other.kept is not None:
            self.kept = torch.cat([self.kept, other.kept], dim=1)

    def result(self) -> Tensor:
        """Return both numerators, the denominator, and the denominator that rounding can cause."""
        shift = self.shift / self.images
        means = self.squares / self.images
        numerators = means[:2]
        if self.kept is not None:
            # The median of squares is the square of the median size.
            sizes = torch.stack([each.abs_().median(dim=0).values for each in self.kept])
            numerators = sizes.double().square().sum(dim=1)
        pairs = 2 * (means[2] - shift @ shift)
        centre = shift + self.first
        rounding = 2 * self.epsilon**2 * (centre @ centre)
        return torch.cat([numerators, torch.stack([pairs, rounding])])


def _squared_norms(rows: Tensor) -> Tensor:
    """Return the squared norm of each of the [3, n] rows as float64.

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
