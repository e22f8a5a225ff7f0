"""The page of speeds follows from its tables."""

from pathlib import Path

import pandas as pd
import pytest
from benchmarks import speed

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_that_of_its_tables() -> None:
    assert (DOCS / "speed.md").read_text(encoding="utf-8") == speed.page(DOCS / "speed")


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_an_exponent_is_that_of_a_power_law(power: float) -> None:
    sizes = pd.Series([2, 8, 32])
    assert speed.exponent(sizes, 3 * sizes**power) == pytest.approx(power)
