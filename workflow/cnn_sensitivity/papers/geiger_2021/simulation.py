"""The authors' cross-over in the place of a run's: how often the claim would come out so. No torch.

Scatter over seeds is not published. It is the run's own: ln alpha* of each network lies around
theirs at its width as it lies around the run's mean.
"""

from pathlib import Path

import numpy as np
from pandas import DataFrame, concat, read_csv

from cnn_sensitivity.papers.geiger_2021.authors import crossover
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import crossovers
from cnn_sensitivity.scorecard.characteristics import Authors, Draw
from cnn_sensitivity.scorecard.evidence import Tables

CLAIMS = frozenset({"l21-crossover"})
_SIDES = np.exp([-0.01, 0.01])


def prepare(tables: Tables) -> Draw:
    """Return what draws tables of bisections that found the authors' alpha*: see the module."""
    found = crossovers(tables)
    logs = np.log(found[ALPHA])
    residuals = logs - logs.groupby(found[WIDTH]).transform("mean")
    freedom = max(len(found) - found[WIDTH].nunique(), 1)
    scatter = float(np.sqrt((residuals**2).sum() / freedom))
    stopped = np.where(found["fitted"], "fitted", "budget")

    def draw(generator: np.random.Generator) -> Tables:
        alphas = crossover(found[WIDTH]) * np.exp(scatter * generator.standard_normal(len(found)))
        sides = [_side(found, alphas * side, 1 / side, stopped) for side in _SIDES]
        return {"crossover": concat(sides, ignore_index=True)}

    return draw


def _side(found: DataFrame, alphas: np.ndarray, change: float, stopped: np.ndarray) -> DataFrame:
    """Return rows on one side of the crossing, where the kernel's change is a little off one."""
    rows = found[[WIDTH, "seed"]].assign(kernel_change=change, stopped=stopped)
    rows[ALPHA] = alphas
    return rows


AUTHORS = Authors(CLAIMS, prepare, read_csv(Path(__file__).with_name("characteristics.csv")))
