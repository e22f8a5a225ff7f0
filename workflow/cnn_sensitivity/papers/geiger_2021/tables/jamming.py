"""The jamming line: at each output scale the width below which no network fits in its budget."""

from collections.abc import Callable

from pandas import DataFrame

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.papers.geiger_2021.tables.flows import Plane
from cnn_sensitivity.papers.geiger_2021.tables.kept import Kept
from cnn_sensitivity.tasks.store import Dataset

GROWTH = 1.5


def jamming_table(
    dataset: Dataset,
    settings: TrainingSettings,
    alphas: list[int | float],
    start: int,
    widest: int,
    kept: str,
) -> DataFrame:
    """Return a row for each network that the scans tried: its point, and how its flow ended.

    A width is jammed if none of the settings' seeds fits all points within the budget of gradient
    evaluations (the authors: within a wall time, three seeds, downwards by one neuron). `kept` is
    the file of the finished points. The settings are those of any point; a whole number among the
    alphas stays one, as seeds are derived from what is written.
    """
    plane, done = Plane.of(settings, dataset), Kept(kept, settings, dataset)
    rows = []
    for alpha in alphas:

        def jammed(width: int, alpha: float = alpha) -> bool:
            tried = done.rows(alpha, width, make=lambda: plane.rows(alpha, width))
            rows.extend(tried)
            return not any(row["stopped"] == "fitted" for row in tried)

        scan(jammed, start, widest)
    done.finished()
    return DataFrame(rows)


def scan(jammed: Callable[[int], bool], start: int, widest: int) -> tuple[int, int]:
    """Return the largest width found jammed and the next, which is not.

    By steps of a factor `GROWTH` from `start`, upwards or downwards, then by bisection. If `widest`
    is jammed, both are it; a width of 0 counts as jammed.
    """
    low = high = start
    if jammed(start):
        while low == high or jammed(high):
            if high >= widest:
                return high, high
            low, high = high, min(widest, max(high + 1, round(GROWTH * high)))
    else:
        while low == high or (low > 0 and not jammed(low)):
            low, high = min(low - 1, round(low / GROWTH)), low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if jammed(middle) else (low, middle)
    return low, high
