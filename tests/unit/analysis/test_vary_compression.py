"""The labels, the slope and the flows of `scripts/vary_compression.py`."""

import numpy as np
import pytest
from script_modules import script_module

script = script_module("vary_compression")


@pytest.mark.parametrize(
    ("label", "signal"),
    [(script.two_planes, -0.368), (script.one_plane, 0.798), (script.symmetric, 0.0)],
)
def test_labels_are_equiprobable_and_pull_as_they_say(label, signal) -> None:
    x = np.random.default_rng(0).standard_normal(1_000_000)
    y = np.where(label(x), 1.0, -1.0)
    assert y.mean() == pytest.approx(0, abs=0.005)
    assert (y * x).mean() == pytest.approx(signal, abs=0.005)


def test_slope_of_a_power_law() -> None:
    generator = np.random.default_rng(1)
    sizes = [200, 800, 3200]
    values = np.array([0.4 * p**0.5 * np.exp(0.1 * generator.standard_normal(40)) for p in sizes])
    slope, error = script.slope(sizes, values)
    assert abs(slope - 0.5) < error < 0.05


def test_a_plane_compresses_the_other_coordinates() -> None:
    variant = script.Variant("one plane", dimension=3, hidden_units=30, label=script.one_plane)
    few, many = (script.compressions(variant, points, 3) for points in (30, 300))
    assert few.shape == (3,)
    assert 1 < few.mean() < many.mean()
