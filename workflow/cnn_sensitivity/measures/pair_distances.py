"""The median squared distance of all pairs of images, by which P21 divides."""

from collections.abc import Iterator

import torch
from torch import Tensor

# Numbers of one block of columns: with 500 images 2048 columns, 8 MB in float64.
_BLOCK = 2**20
# A distance this much below the largest squared norm has lost half of its digits in the products.
_LOST = 1e-8


def median_of_pairs(representations: Tensor) -> float:
    """Return the median of ||f(x_i) - f(x_j)||^2 over all P x P pairs of the rows of [P, size].

    As in P21's code the pairs i = j count, whose distance is 0, and of an even number of pairs the
    lower of the two middle distances is taken (torch.median; numpy's would be the mean of both).
    Its code adds 1e-10 to the result, which is left to the caller. Distances are in float64, by
    blocks of columns, so that besides the rows only P x P numbers are held. A number that is not
    finite makes the result nan.
    """
    distances, largest = _by_products(representations)
    median = distances.median()
    if median < _LOST * largest:
        median = _by_differences(representations).median()
    return median.item()


def _by_products(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the squared distances [P, P] from scalar products, and the largest squared norm.

    Norms count from the mean over the images: a distance is exact to their rounding.
    """
    products = rows.new_zeros(len(rows), len(rows), dtype=torch.float64)
    for block in _blocks(rows):
        centred = block - block.mean(dim=0)
        products += centred @ centred.T
    norms = products.diagonal().clone()
    return (norms[:, None] + norms - 2 * products).fill_diagonal_(0).clamp_(min=0), norms.max()


def _by_differences(rows: Tensor) -> Tensor:
    """Return the squared distances [P, P], each difference taken by itself: exact, and slow."""
    distances = rows.new_zeros(len(rows), len(rows), dtype=torch.float64)
    for block in _blocks(rows):
        distances += torch.cdist(
            block, block, compute_mode="donot_use_mm_for_euclid_dist"
        ).square_()
    return distances


def _blocks(rows: Tensor) -> Iterator[Tensor]:
    """Yield blocks of columns in float64."""
    for block in rows.split(max(1, _BLOCK // len(rows)), dim=1):
        yield block.double()
