"""Curves of the plane, a colour for each value of one of its axes. No torch."""

from collections.abc import Iterable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cnn_sensitivity.drawing.style import GREY


def shades(values: Iterable[float]) -> dict[Any, str]:
    """Return a colour for each value, from dark to light by size."""
    ordered = sorted(set(values))
    map_ = matplotlib.colormaps["viridis"]
    places = np.linspace(0, 0.88, max(len(ordered), 2))
    return {
        value: matplotlib.colors.to_hex(map_(place))
        for value, place in zip(ordered, places, strict=False)
    }


def guide(axes: Axes, x: NDArray, y: float, slope: float, text: str) -> None:
    """Draw a power law from (x[0], y) to x[1], on logarithmic axes, with a text at its middle."""
    ends = np.asarray(x, dtype=float)
    axes.plot(ends, y * (ends / ends[0]) ** slope, ":", color=GREY, linewidth=1)
    middle = float(np.sqrt(ends[0] * ends[1]))
    axes.annotate(
        text, (middle, y * (middle / ends[0]) ** slope), xytext=(4, 4), color=GREY, fontsize=7,
        textcoords="offset points",
    )  # fmt: skip
