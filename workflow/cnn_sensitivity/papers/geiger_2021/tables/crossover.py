"""Where the regimes cross: at each width the output scale of |Theta - Theta_0| = |Theta_0|."""

from collections.abc import Callable
from math import sqrt

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.gradient_flow import ScaledChange
from cnn_sensitivity.measures.kernel_change import kernel_change
from cnn_sensitivity.papers.geiger_2021.tables.flows import Plane
from cnn_sensitivity.papers.geiger_2021.tables.kept import Kept
from cnn_sensitivity.tasks.points.signed import Signed
from cnn_sensitivity.tasks.store import Dataset

PRECISION = 1.3
"""The bracket of alpha ends as a factor of so much; between its ends one interpolates."""


def crossover_table(
    dataset: Dataset,
    settings: TrainingSettings,
    widths: list[int],
    lowest: int | float,
    highest: int | float,
    points: int,
    kept: str,
) -> DataFrame:
    """Return a row for each network of the bisections: its point, kernel_change, how it ended.

    At each width alpha is bisected between `lowest` and `highest` by the geometric mean over the
    settings' seeds of the kernel's change on the first `points` test points, as the authors do. A
    seed's network begins with the same weights at all alphas: those of the map at the highest.
    `kept` is the file of the finished points. The settings are those of any point.
    """
    plane, done = Plane.of(settings, dataset), Kept(kept, settings, dataset)
    rows = []

    def observe(change: ScaledChange, test: Signed) -> dict[str, float]:
        return {"kernel_change": kernel_change(change, test.inputs[:points])}

    for width in widths:

        def above(alpha: float, width: int = width) -> bool:
            tried = done.rows(alpha, width, make=lambda: plane.rows(alpha, width, observe, highest))
            rows.extend(tried)
            return bool(np.mean([np.log(row["kernel_change"]) for row in tried]) > 0)

        bisect(above, lowest, highest)
    done.finished()
    return DataFrame(rows)


def bisect(above: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    """Return the bracket of the scale at which `above` turns false, a factor `PRECISION` wide."""
    while high / low > PRECISION:
        middle = float(f"{sqrt(low * high):.4g}")
        low, high = (middle, high) if above(middle) else (low, middle)
    return low, high
