"""Overhangs of displacement fields, against differences, single waves and turned triangles."""

import math

import pytest
import torch

from cnn_sensitivity import perturbations
from cnn_sensitivity.papers.petrini_2021.tables.overhangs import overhang_table, overhangs


def draws(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("component", ["dx", "dy"])
@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_one_wave_folds_where_its_slope_reaches_one(component, factor):
    """n A sin(pi u) sin(pi v) has the slope pi A n / (n - 1) at the middle of two sides."""
    size, heat = 33, 1.0
    amplitude = factor * (size - 1) / (size * math.pi)
    coefficients = torch.zeros(2, 1, 2, 2, dtype=torch.float64)
    coefficients[0 if component == "dx" else 1, 0, 0, 0] = amplitude * math.sqrt(2)
    folded, backwards = overhangs(coefficients, size, heat)
    assert folded.tolist() == backwards.tolist() == [factor > 1]


def test_folded_fields_turn_triangles_over():
    """The determinant's sign is that of the area of a small square's image."""
    size, cutoff = 241, 3
    coefficients = draws(2, 60, cutoff, cutoff, seed=1)
    heat = perturbations.temperature_range(cutoff, size)[1]
    folded, backwards = overhangs(coefficients, size, heat)
    dx, dy = perturbations.displacement_field(coefficients, size, heat)
    line = torch.arange(size, dtype=torch.float64)
    x, y = line - dx, line[:, None] - dy

    def side(places: torch.Tensor, axis: int) -> torch.Tensor:
        return places.diff(dim=axis)[:, : size - 1, : size - 1]

    area = side(x, 2) * side(y, 1) - side(x, 1) * side(y, 2)
    turned = (area <= 0).flatten(1).any(1)
    assert 10 < turned.sum() < 50
    assert (turned != folded).sum() <= 2  # those that fold in a single place
    line_turned = (side(x, 2) <= 0).flatten(1).any(1) | (side(y, 1) <= 0).flatten(1).any(1)
    assert (line_turned != backwards).sum() <= 2


def test_the_table_says_where_fields_stop_being_diffeomorphisms():
    table = overhang_table(28, (3, 5), fields=200)
    assert table["cutoff"].value_counts().to_dict() == {3: 17, 5: 17}
    for cutoff, rows in table.groupby("cutoff"):
        assert rows["relative_temperature"].tolist()[::8] == [1 / 16, 1, 16]
        heat = perturbations.temperature_range(int(cutoff), 28)[1]
        assert rows["temperature"].iloc[8] == pytest.approx(heat)
        assert rows["displacement"].iloc[8] == pytest.approx(28 / (math.pi * cutoff))
        assert rows["share_lines"].is_monotonic_increasing
        assert rows["share"].iloc[0] == 0
        assert 0 < rows["share"].iloc[8] < 0.5
        assert rows["share"].iloc[-1] == 1
    assert table.equals(overhang_table(28, (3, 5), fields=200))
