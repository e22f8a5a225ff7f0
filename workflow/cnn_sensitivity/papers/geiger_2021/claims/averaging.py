"""Claims on the errors of single networks and of their mean output, and on their variance."""

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from cnn_sensitivity.analysis.fits import slopes
from cnn_sensitivity.analysis.intervals import (
    FEWEST_TRAININGS,
    Interval,
    Limits,
    jackknife,
    student,
    welch,
)
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, CUT, MAP
from cnn_sensitivity.papers.geiger_2021.rows import (
    Averaged,
    averages,
    near_the_line,
    networks,
    shares_unfitted,
    shown,
)
from cnn_sensitivity.papers.geiger_2021.transition import of_networks
from cnn_sensitivity.scorecard.evidence import CIFAR_10, Tables, table
from cnn_sensitivity.scorecard.verdict import (
    NEGATIVE,
    POSITIVE,
    Measured,
    NotTested,
    Outcome,
    Range,
)

ALLOWED = 0.005
"""By which the ensemble just above jamming may err more often than the widest."""
OfAlpha = Callable[[Sequence[Averaged], float], list[Measured]]
"""From the points of a cut at one alpha, by width, and its h* to numbers of a claim."""


def cusp(tables: Tables) -> Outcome:
    """Single networks err more at h* than at 4 h*, and than at their best below h*."""

    def numbers(points: Sequence[Averaged], line: float) -> list[Measured]:
        at = _nearest(points, line)
        later, below = (
            _nearest(points, 4 * line),
            [each for each in points if each.width < at.width],
        )
        parts = [_apart(at, later)] if later.width > 2 * line else [_missing("no width near 4 h*")]
        best = min(below, key=lambda each: float(each.singles.mean()), default=None)
        return [*parts, _apart(at, best) if best else _missing("no width below h*")]

    return _of_cuts(tables, numbers)


def ensemble_is_best_early(tables: Tables) -> Outcome:
    """The mean output between 1.5 and 2 h* against that at the largest width, and single nets."""

    def numbers(points: Sequence[Averaged], line: float) -> list[Measured]:
        early = [each for each in points if 1.5 * line <= each.width <= 2 * line]
        if not early or points[-1].width <= 2 * line:
            return [_missing("no width between 1.5 and 2 h*, or none beyond")]
        at, last = _nearest(early, 1.75 * line), points[-1]
        single = at.pseudo - at.singles
        return [
            Measured(
                at.error - last.error,
                _limits(welch, at.pseudo, last.pseudo),
                Range(high=ALLOWED),
                f"{at.error:.4f} and {last.error:.4f}",
                f"ensemble at h = {at.width} less {last.width}",
            ),
            Measured(
                at.error - float(at.singles.mean()),
                _limits(student, single),
                NEGATIVE,
                f"single {at.singles.mean():.4f}",
                f"ensemble less single at h = {at.width}",
            ),
        ]

    return _of_cuts(tables, numbers)


def variance_falls(tables: Tables) -> Outcome:
    """The slope of ln Var F against ln h, from 4 h* on."""

    def numbers(points: Sequence[Averaged], line: float) -> list[Measured]:
        wide = [each for each in points if each.width >= 4 * line]
        if len(wide) < 3 or wide[-1].width < 4 * wide[0].width:
            over = f"{wide[0].width} to {wide[-1].width}" if wide else "none"
            return [_missing(f"widths from 4 h* on ({over}) span less than a factor of 4")]
        x = np.log([float(each.width) for each in wide])
        values = np.stack([each.deviations for each in wide], axis=1)
        relative = np.log([each.variance / each.mean_square for each in wide])
        detail = f"h = {wide[0].width} to {wide[-1].width}; over the squared mean"
        detail = f"{detail} {float(slopes(x, relative)):.2f}"

        def slope(deviations: NDArray) -> float:
            return float(slopes(x, np.log(deviations.mean(0))))

        limits = jackknife(slope, values) if len(values) >= FEWEST_TRAININGS else None
        return [Measured(slope(values), limits, Range(-1.25, -0.75), detail, "slope")]

    return _of_cuts(tables, numbers)


def lazy_is_better(tables: Tables) -> Outcome:
    """The ensemble's error at the largest alpha less that at the smallest, above 2 h*.

    h* is the smallest over the range of alpha; both points leave at most 5 % unfitted.
    """
    table(tables, "ensemble", MAP)
    points = shown(averages(tables, MAP), tables, MAP)
    alphas = sorted({each.alpha for each in points})
    lines = [line.width for a in alphas if (line := of_networks(near_the_line(tables, a)))]
    if len(alphas) < 2 or not lines:
        raise NotTested("The run has no two α, or no width at which networks begin to fit.")
    lazy, feature = ({e.width: e for e in points if e.alpha == a} for a in (alphas[-1], alphas[0]))
    widths = sorted(width for width in lazy.keys() & feature.keys() if width > 2 * min(lines))
    parts = [
        Measured(
            lazy[width].error - feature[width].error,
            _limits(welch, lazy[width].pseudo, feature[width].pseudo),
            NEGATIVE,
            f"{lazy[width].error:.4f} and {feature[width].error:.4f}",
            f"h = {width}",
        )
        for width in widths
    ]
    if not parts:
        raise NotTested(f"No width above 2 h* = {2 * min(lines):.3g} fits at both ends of α.")
    titles = table(tables, "ensemble", MAP)["dataset"].astype(str)
    if not titles.str.startswith(CIFAR_10).all():
        told = "; ".join(map(str, parts))
        raise NotTested(f"The claim is decided on {CIFAR_10}. On {titles.iloc[0]}: {told}.")
    return Outcome(parts, f"α = {alphas[-1]:g} less {alphas[0]:g}.")


def _of_cuts(tables: Tables, numbers: OfAlpha) -> Outcome:
    """Return the numbers of a cut at each of its alphas; h* is the cut's own."""
    table(tables, "ensemble", CUT)
    table(tables, "paths", CUT)
    ends = networks(tables, CUT)
    unfitted = shares_unfitted(tables, CUT)
    parts = []
    for alpha, group in groupby(averages(tables, CUT), key=lambda each: each.alpha):
        line, points = of_networks(ends[ends[ALPHA] == alpha]), list(group)
        if line is None:
            found = [_missing("no width at which networks begin to fit")]
        else:
            found = numbers(points, line.width)
        parts += [_labelled(part, f"α = {alpha:g}") for part in found]
    return Outcome(parts, _left(unfitted))


def _left(unfitted) -> str:
    """Return a sentence on the networks that the budget ended."""
    some = unfitted[unfitted > 0]
    if some.empty:
        return ""
    widest = int(max(width for _, width in some.index))
    return f"The budget of evaluations ended flows up to h = {widest}."


def _apart(one: Averaged, other: Averaged) -> Measured:
    """Return the difference of two mean errors; its interval is above 0 if theirs are disjoint."""
    label = f"h = {one.width} less {other.width}"
    detail = f"{one.singles.mean():.4f} and {other.singles.mean():.4f}"
    value = float(one.singles.mean() - other.singles.mean())
    if min(len(one.singles), len(other.singles)) < FEWEST_TRAININGS:
        return Measured(value, None, POSITIVE, detail, label)

    def limits(level: float) -> Interval:
        (low, high), (below, above) = (student(each.singles)(level) for each in (one, other))
        return low - above, high - below

    return Measured(value, limits, POSITIVE, detail, label)


def _limits(interval: Callable[..., Limits], *samples: NDArray) -> Limits | None:
    return interval(*samples) if min(map(len, samples)) >= FEWEST_TRAININGS else None


def _nearest(points: Sequence[Averaged], width: float) -> Averaged:
    return min(points, key=lambda each: abs(np.log(each.width / width)))


def _missing(detail: str) -> Measured:
    return Measured(detail=detail)


def _labelled(part: Measured, label: str) -> Measured:
    joined = f"{label}, {part.label}" if part.label else label
    return Measured(part.value, part.limits, part.meets, part.detail, joined)
