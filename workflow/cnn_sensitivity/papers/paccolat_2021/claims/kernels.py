"""Claims on machines with the network's tangent kernel, before and after training."""

from collections.abc import Callable
from dataclasses import replace

from pandas import DataFrame

from cnn_sensitivity.papers.paccolat_2021.rows import (
    END,
    INITIAL,
    T_STAR,
    Tables,
    curves,
    measured,
    paired,
)
from cnn_sensitivity.scorecard import evidence, trainings
from cnn_sensitivity.scorecard.verdict import (
    BELOW_ONE,
    POSITIVE,
    Measured,
    NotTested,
    Outcome,
    Range,
)

FROM = 256
"""Of so many points on the final kernel must beat the initial one."""
FACTOR = 1.25


def final_beats_initial(tables: Tables) -> Outcome:
    """The error with the final kernel is below that with the initial one, at every p >= 256."""
    pairs = _pairs(tables, ("kernel_error", END), ("kernel_error", INITIAL))
    pairs = pairs[pairs["train_size"] >= FROM]
    return Outcome(_at_each_size(pairs, lambda group: _ratio(group, BELOW_ONE)))


def stretching_explains(tables: Tables) -> Outcome:
    """The initial kernel on points stretched by lambda(t*) errs as the final one, within 1.25."""
    pairs = _pairs(tables, ("stretched_error", T_STAR), ("kernel_error", END))
    meets = Range(1 / FACTOR, FACTOR)
    parts = _at_each_size(pairs, lambda group: _ratio(group, meets))
    return Outcome(parts, "Stretched by the λ of t*, over the final kernel.")


def is_aligned(tables: Tables) -> Outcome:
    """The top ten eigenvectors have a larger share of the labels after training than before."""
    pairs = _pairs(tables, ("top_share", END), ("top_share", INITIAL))

    def gain(group: DataFrame) -> Measured:
        return trainings.signed(group["value"] - group["value_below"], POSITIVE)

    return Outcome(_at_each_size(pairs, gain))


def _pairs(tables: Tables, above: tuple[str, str], below: tuple[str, str]) -> DataFrame:
    evidence.table(tables, "measurements")
    pairs = paired(measured(tables, *above), measured(tables, *below))
    if pairs.empty:
        raise NotTested("The run has no tangent kernel that was measured in both states.")
    return pairs


def _at_each_size(pairs: DataFrame, of: Callable[[DataFrame], Measured]) -> list[Measured]:
    parts = [
        replace(of(group), label=f"{name}, p = {size}")
        for name, _, curve in curves(pairs)
        for size, group in curve.groupby("train_size")
    ]
    if not parts:
        raise NotTested(f"No tangent kernel was measured at p = {FROM} or more.")
    return parts


def _ratio(group: DataFrame, meets: Range) -> Measured:
    """Return the geometric mean of the ratios of errors; of an error of zero there is none."""
    positive = group[(group["value"] > 0) & (group["value_below"] > 0)]
    if positive.empty:
        return Measured(detail="no error above zero")
    left = len(group) - len(positive)
    detail = f"{left} without an error left out" if left else ""
    ratios = positive["value"] / positive["value_below"]
    return trainings.positive(ratios, meets, detail=detail)
