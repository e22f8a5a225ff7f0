"""How many displacement fields have overhangs, across the temperature: what P21's T2 means.

A deformation takes the pixel at s from s - tau(s). It has an overhang where the determinant of the
derivative of this map, det(1 - grad tau), is not positive: there it turns a piece of the image
over. As the frame stays where it is, a map without an overhang meets every place once (it is a
diffeomorphism). The condition on one derivative, 1 - d tau_x / dx <= 0 or 1 - d tau_y / dy <= 0,
says that a row or a column of pixels runs backwards; its share is in the table too. Fields tau and
-tau are equally probable, so that it is the same as 1 + d tau <= 0.
"""

import math
from collections.abc import Sequence

import torch
from pandas import DataFrame, concat
from torch import Tensor

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.seeds import derive_seed

RELATIVE = tuple(float(2 ** (step / 2)) for step in range(-8, 9))
"""Temperatures of the table, as multiples of T2: from 1/16 to 16."""


def overhang_table(
    size: int, cutoffs: Sequence[int], fields: int = 1000, root_seed: int = 0
) -> DataFrame:
    """Return a row for each cutoff and temperature: the shares of fields with overhangs.

    Columns: size, cutoff, temperature, relative_temperature (T / T2), displacement (pixels),
    fields, share (a determinant that is not positive), share_lines (a row or column that runs
    backwards). Looked for at the pixels of images of `size` pixels a side; all temperatures of a
    cutoff see the same draws.
    """
    tables = [_of_cutoff(size, cutoff, fields, root_seed) for cutoff in cutoffs]
    return concat(tables, ignore_index=True)


def overhangs(coefficients: Tensor, size: int, temperature: float) -> tuple[Tensor, Tensor]:
    """Return for fields from draws [2, F, c, c] (dx, dy) which are folded and which run backwards.

    Two arrays [F] of truth values: det(1 - grad tau) <= 0 somewhere; 1 - d dx / dx <= 0 or
    1 - d dy / dy <= 0 somewhere.
    """
    gradient = perturbations.displacement_gradient(coefficients, size, temperature)
    (dx_dy, dy_dy), (dx_dx, dy_dx) = gradient
    determinant = (1 - dx_dx) * (1 - dy_dy) - dx_dy * dy_dx
    along_lines = torch.maximum(dx_dx, dy_dy)
    return (determinant <= 0).flatten(1).any(1), (along_lines >= 1).flatten(1).any(1)


def _of_cutoff(size: int, cutoff: int, fields: int, root_seed: int) -> DataFrame:
    generator = torch.Generator().manual_seed(derive_seed(root_seed, "overhangs", size, cutoff))
    draws = torch.randn(2, fields, cutoff, cutoff, generator=generator, dtype=torch.float64)
    _, highest = perturbations.temperature_range(cutoff, size)
    unit = perturbations.temperature(1.0, cutoff, size)
    rows = []
    for relative in RELATIVE:
        folded, backwards = overhangs(draws, size, relative * highest)
        rows.append(
            {
                "size": size,
                "cutoff": cutoff,
                "temperature": relative * highest,
                "relative_temperature": relative,
                "displacement": math.sqrt(relative * highest / unit),
                "fields": fields,
                "share": folded.double().mean().item(),
                "share_lines": backwards.double().mean().item(),
            }
        )
    return DataFrame(rows)
