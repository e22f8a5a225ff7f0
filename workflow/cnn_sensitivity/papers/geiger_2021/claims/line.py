"""Claims on the jamming line. That a network fits means: within its budget of evaluations."""

import numpy as np

from cnn_sensitivity.analysis.intervals import FEWEST_TRAININGS, jackknife, of_logs
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, CUT, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import jammed_widths, near_the_line, networks
from cnn_sensitivity.papers.geiger_2021.transition import factor_limits, of_networks, transition
from cnn_sensitivity.scorecard.evidence import Tables, table
from cnn_sensitivity.scorecard.verdict import ABOVE_ONE, Measured, NotTested, Outcome, Range


def is_sharp(tables: Tables) -> Outcome:
    """The factor in width from a fifth to four fifths of the networks that fit, at each alpha."""
    table(tables, "paths", CUT)
    parts = []
    for alpha, rows in networks(tables, CUT).groupby(ALPHA):
        found, label = of_networks(rows), f"α = {alpha:g}"
        if found is None:
            parts.append(Measured(label=label, detail="all networks fit, or none"))
            continue
        shares = rows.groupby(WIDTH)["fitted"].mean()
        told = ", ".join(f"{share:.2g} at {width}" for width, share in shares.items())
        limits = factor_limits(rows)
        detail = f"h* = {found.width:.3g}; shares that fit {told}"
        parts.append(Measured(found.factor, limits, Range(high=1.5), detail, label))
    return Outcome(parts)


def is_lowest_in_the_middle(tables: Tables) -> Outcome:
    """h* at either end of the range of alpha over h* in its geometric middle."""
    table(tables, "jamming")
    alphas = np.array(sorted(tables["jamming"][ALPHA].unique()))
    if len(alphas) < 3:
        raise NotTested("The run has fewer than three values of α.")
    centre = np.sqrt(alphas[0] * alphas[-1])
    middle = float(alphas[np.abs(np.log(alphas / centre)).argmin()])
    scanned = ", ".join(f"{h:.0f} at {alpha:g}" for alpha, h in jammed_widths(tables).items())
    parts = [_ratio(tables, float(end), middle) for end in (alphas[0], alphas[-1])]
    return Outcome(parts, f"Largest width at which none fits in the scan: {scanned}.")


def _ratio(tables: Tables, end: float, middle: float) -> Measured:
    label = f"h* at α = {end:g} over {middle:g}"
    both = [near_the_line(tables, alpha) for alpha in (end, middle)]
    found = [of_networks(rows) for rows in both]
    if found[0] is None or found[1] is None:
        return Measured(label=label, detail="no width at which networks begin to fit")
    detail = f"h* = {found[0].width:.3g} and {found[1].width:.3g}"
    value = found[0].width / found[1].width
    samples = [[seed for _, seed in rows.groupby("seed")] for rows in both]
    if min(map(len, samples)) < FEWEST_TRAININGS:
        return Measured(value, None, ABOVE_ONE, detail, label)

    def log_ratio(*places: np.ndarray) -> float:
        logs = []
        for chosen, sample in zip(places, samples, strict=True):
            rows = [sample[place] for place in chosen]
            curve = transition(
                np.concatenate([each[WIDTH] for each in rows]),
                np.concatenate([each["fitted"] for each in rows]),
            )
            logs.append(np.nan if curve is None else np.log(curve.width))
        return float(logs[0] - logs[1])

    limits = of_logs(jackknife(log_ratio, *(np.arange(len(each)) for each in samples)))
    return Measured(value, limits, ABOVE_ONE, detail, label)
