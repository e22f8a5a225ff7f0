"""Claims on how much larger the weights on the informative coordinate are than those on others."""

import numpy as np

from cnn_sensitivity.papers.paccolat_2021.claims.samples import fitted, geometric
from cnn_sensitivity.papers.paccolat_2021.rows import (
    END,
    SIZES,
    STRIPE,
    Tables,
    compressions,
    curves,
    measured,
    of_task,
    paired,
    spanning,
)
from cnn_sensitivity.papers.paccolat_2021.theory import compression
from cnn_sensitivity.scorecard import evidence, trainings
from cnn_sensitivity.scorecard.verdict import (
    BELOW_ONE,
    NotTested,
    Outcome,
    Range,
)

FLAT = Range(0.8, 1.25)
MOST_OF_ALL = 0.9
"""Of the points a flow that went on to its end has fitted more, also where the budget ended it."""
_NO_FLOWS = "The run has no {} flow on the stripe{}."


def grows(tables: Tables) -> Outcome:
    """The slope of ln lambda(t*) against ln p lies within .4 and .6, for each dimension."""
    evidence.table(tables, "paths")
    rows = spanning(of_task(compressions(tables, "t_star"), STRIPE))
    if rows.empty:
        raise NotTested(_NO_FLOWS.format("feature", " from p = {} to {}".format(*SIZES)))
    parts = [fitted(curve, geometric, Range(0.4, 0.6), name) for name, _, curve in curves(rows)]
    ratios = rows["value"] / compression(rows["train_size"])
    of_law = f"{np.exp(np.log(ratios).mean()):.2g}"
    return Outcome(parts, f"λ is that of a coordinate; {of_law} times the paper's .368 √p in all.")


def stays(tables: Tables) -> Outcome:
    """In the lazy regime lambda at the end lies within .8 and 1.25, for every p."""
    evidence.table(tables, "paths")
    rows = of_task(compressions(tables, "last", lazy=True), STRIPE)
    if rows.empty:
        raise NotTested(_NO_FLOWS.format("lazy", ""))
    parts = [
        trainings.positive(group["value"], FLAT, f"{name}, p = {size}")
        for name, _, curve in curves(rows)
        for size, group in curve.groupby("train_size")
    ]
    return Outcome(parts)


def is_undone(tables: Tables) -> Outcome:
    """lambda at the end is below that at t*, in the flows that went on to the end, for every p."""
    paths = evidence.table(tables, "paths")
    to_the_end = paths[paths["share_fitted"] > MOST_OF_ALL]  # a flow that stops at t* has no end
    last = of_task(compressions({"paths": to_the_end}, "last"), STRIPE)
    both = paired(last, compressions(tables, "t_star"))
    if both.empty:
        raise NotTested(_NO_FLOWS.format("feature", " that goes on after t*"))
    parts = [
        trainings.positive(group["value"] / group["value_below"], BELOW_ONE, f"{name}, p = {size}")
        for name, _, curve in curves(both)
        for size, group in curve.groupby("train_size")
    ]
    return Outcome(parts)


def output_is_insensitive(tables: Tables) -> Outcome:
    """The slope of ln D_perp/D_par against ln p lies within -1.2 and -.8, for each dimension."""
    evidence.table(tables, "measurements")
    rows = of_task(measured(tables, "D_ratio", END), STRIPE)
    rows = rows[np.isfinite(rows["value"]) & (rows["value"] > 0)]
    if rows.empty:
        raise NotTested(_NO_FLOWS.format("measured feature", ""))
    parts = [fitted(curve, geometric, Range(-1.2, -0.8), name) for name, _, curve in curves(rows)]
    return Outcome(parts)
