"""Tables of a plane that follows known laws, for the tests of L21's room."""

from collections.abc import Sequence

import numpy as np
from pandas import DataFrame

ALPHAS = (0.001, 1.0, 30.0, 1000.0, 30000.0)
WIDTHS = (8, 12, 16, 24, 40, 80, 160, 320)
LINES = {0.001: 20.0, 1.0: 10.0, 30.0: 10.0, 1000.0: 14.0, 30000.0: 16.0}
"""The width above which networks fit, by alpha; a fifth of the networks fit a factor 1.15 early."""
CUT_WIDTHS = (4, 6, 8, 9, 10, 11, 13, 17, 25, 44, 90, 180)
SEEDS = 10
SCATTER = 0.01
RUN = {"dataset": "CIFAR-10", "network": "NTKFullConn", "train_size": 500}


def _noise(*identity: object) -> float:
    return float(np.random.default_rng(list(repr(identity).encode())).standard_normal())


def fits(alpha: float, width: int, seed: int) -> bool:
    """Seeds fit in turn, the last at 1.15 times the line and the first at the line over 1.15."""
    turn = (seed + 0.5) / SEEDS * 2 - 1
    return width > LINES[alpha] * 1.15**turn


def paths(share: float = 0.98) -> DataFrame:
    """Return the ends of all flows, and a first row of each."""
    rows = []
    for experiment, alphas, widths in (("map", ALPHAS, WIDTHS), ("cut", (30.0,), CUT_WIDTHS)):
        for alpha in alphas:
            for width in widths:
                for seed in range(SEEDS):
                    fitted = fits(alpha, width, seed)
                    row = {**RUN, "experiment": experiment, "alpha": alpha, "hidden_units": width}
                    row |= {"seed": seed, "time": 1.0, "test_error": 0.1, "state": "last"}
                    row |= {"stopped": "fitted" if fitted else "budget", "evaluations": 900}
                    row |= {"share_fitted": 1.0 if fitted else share}
                    rows += [{**row, "stopped": np.nan, "state": "initial"}, row]
    return DataFrame(rows)


def ensemble(
    single: dict[int, float] | None = None,
    averaged: dict[int, float] | None = None,
    lazy: float = 0.28,
    feature: float = 0.30,
    exponent: float = -1.0,
) -> DataFrame:
    """Return the errors of single networks and of their mean in the cut, by width, and in the map.

    Between the given widths errors are linear in ln h. The ensemble of the map errs by `lazy` at
    the largest alpha, by `feature` at the smallest. The variance is a power of the width.
    """
    single = single or {4: 0.09, 6: 0.08, 10: 0.10, 44: 0.07, 180: 0.065}
    averaged = averaged or {4: 0.07, 10: 0.05, 17: 0.048, 180: 0.052}
    rows = []
    for width in CUT_WIDTHS:
        rows += _point("cut", 30.0, width, _at(single, width), _at(averaged, width), exponent)
    for alpha, level in zip(ALPHAS, np.linspace(feature, lazy, len(ALPHAS)), strict=True):
        for width in WIDTHS:
            rows += _point("map", alpha, width, level + 0.02, level, exponent)
    return DataFrame(rows)


def _at(values: dict[int, float], width: int) -> float:
    return float(np.interp(np.log(width), np.log(list(values)), list(values.values())))


def _point(
    experiment: str, alpha: float, width: int, single: float, mean: float, exponent: float
) -> list[dict]:
    place = {**RUN, "experiment": experiment, "alpha": alpha, "hidden_units": width, "seed": 0}
    place |= {"state": "trained", "member": np.nan}
    rows = [
        {**place, "quantity": "test_error", "value": mean},
        {**place, "quantity": "mean_square", "value": 2.0},
    ]
    for member in range(SEEDS):
        noise = SCATTER * _noise(experiment, alpha, width, member)
        numbers = {
            "member_error": single * (1 + noise),
            "error_without": mean * (1 + noise / 20),
            "deviation": 3 * float(width) ** exponent * (1 + 5 * noise),
        }
        rows += [
            {**place, "quantity": name, "value": value, "member": member}
            for name, value in numbers.items()
        ]
    return rows


def kernel_change(exponent: float = -1.0, line: float = 50.0) -> DataFrame:
    """Return (alpha/line)^exponent for all networks of the map, at their end; 0 at first."""
    rows = []
    for alpha in ALPHAS:
        for width in WIDTHS:
            for seed in range(SEEDS):
                value = (alpha / line) ** exponent
                value *= 1 + SCATTER * _noise("kernel", alpha, width, seed)
                row = {**RUN, "experiment": "map", "alpha": alpha, "hidden_units": width}
                row |= {"seed": seed, "state": "trained", "quantity": "kernel_change"}
                rows.append({**row, "value": value, "test_error": 0.1})
    return DataFrame(rows)


def jamming() -> DataFrame:
    """Return a scan of every width from 8 to 24 by three seeds."""
    rows = []
    for alpha in ALPHAS:
        for width in range(8, 25):
            for seed in range(3):
                fitted = fits(alpha, width, seed)
                row = {**RUN, "experiment": "map", "alpha": alpha, "hidden_units": width}
                row |= {"seed": seed, "stopped": "fitted" if fitted else "budget"}
                rows.append({**row, "share_fitted": 1.0 if fitted else 0.98, "evaluations": 900})
    return DataFrame(rows)


def crossover(
    exponent: float = 0.0, widths: Sequence[int] = (12, 16, 24, 40, 80), seeds: int = 3
) -> DataFrame:
    """Return bisections whose crossing is at 50 (h/20)^exponent; h = 12 does not fit."""
    rows = []
    for width in widths:
        line = 50 * (width / 20) ** exponent
        for seed in range(seeds):
            for alpha in (1.0, 30.0, 40.0, 60.0, 1000.0):
                change = (line / alpha) * (1 + SCATTER * _noise("crossover", width, seed))
                row = {**RUN, "experiment": "map", "alpha": alpha, "hidden_units": width}
                row |= {"seed": seed, "stopped": "budget" if width == 12 else "fitted"}
                row |= {"share_fitted": 1.0, "evaluations": 900, "kernel_change": change}
                rows.append(row)
    return DataFrame(rows)


def response() -> DataFrame:
    """Return D, G and R of the mean output: R = h^-1/2."""
    rows = []
    for alpha in ALPHAS:
        for width in WIDTHS:
            row = {**RUN, "experiment": "map", "alpha": alpha, "hidden_units": width, "seed": 0}
            row |= {"state": "trained", "wiring": "ensemble", "error": 0.01}
            for name, value in (("D", width**-0.5 / 2), ("G", 0.5), ("R", width**-0.5)):
                rows.append({**row, "quantity": name, "value": value})
    return DataFrame(rows)


def whole() -> dict[str, DataFrame]:
    """Return all tables of a run in which every claim holds."""
    return {
        "paths": paths(),
        "ensemble": ensemble(),
        "kernel_change": kernel_change(),
        "jamming": jamming(),
        "crossover": crossover(),
    }
