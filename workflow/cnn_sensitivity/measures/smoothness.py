"""Smoothness of convolution filters: their total variation, relative to their size. No torch."""

import numpy as np
from numpy.typing import ArrayLike

from cnn_sensitivity.base.errors import UserError


def total_variation(weights: ArrayLike, per: str = "slice") -> float:
    """Return the normalised total variation of the filters [H_out, H_in, F, F] of a convolution.

    The sum of |differences| between neighbours along rows and columns, inside the filter only,
    over the sum of |entries|; 0 for filters constant in space, low for smooth ones. "tensor" takes
    one ratio of the whole tensor, as R18's formula is printed (section 3.2); "slice" the mean of
    the ratios of the single filters [F, F], which gives the 1.87 that R18 reports for its initial
    filters. A filter of zeros has no ratio and does not count; NaN if there is no other. Raises
    UserError for weights of another shape and for another `per`.
    """
    filters = np.asarray(weights, dtype=np.float64)
    if filters.ndim != 4 or filters.size == 0:
        raise UserError(f"filters must have shape [H_out, H_in, F, F], not {filters.shape}")
    if per not in ("slice", "tensor"):
        raise UserError(f'per must be "slice" or "tensor", not {per!r}')
    size = np.abs(filters).sum(axis=(2, 3))
    variation = sum(np.abs(np.diff(filters, axis=axis)).sum(axis=(2, 3)) for axis in (2, 3))
    if per == "tensor":
        size, variation = size.sum(), np.sum(variation)
    some = size > 0
    return float(np.mean(variation[some] / size[some])) if some.any() else float("nan")
