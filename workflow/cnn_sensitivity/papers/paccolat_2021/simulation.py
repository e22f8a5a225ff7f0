"""The paper's laws in the place of a run's numbers: how often its claims would come out. No torch.

Where the paper gives a law, numbers are drawn around it with the scatter that the run's trainings
have at each p. Power laws without a prefactor have the run's: they go through its middle.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pandas import DataFrame, Series, read_csv

from cnn_sensitivity.analysis.regimes import LAZY_FROM
from cnn_sensitivity.papers.paccolat_2021 import theory
from cnn_sensitivity.papers.paccolat_2021.rows import CYLINDER, KEYS, STRIPE, Tables, in_state
from cnn_sensitivity.scorecard.characteristics import Authors, Draw

LAWS = frozenset(
    {
        "c21-lambda",
        "c21-no-compression",
        "c21-beta-lazy",
        "c21-beta-feature",
        "c21-cylinder",
        "c21-sensitivity",
    }
)
"""The claims that follow from laws of the paper; of the others it gives no number."""
_Drawer = Callable[[np.random.Generator], DataFrame]


def prepare(tables: Tables) -> Draw:
    """Return what draws tables that follow the paper's laws: see the module."""
    makers = {"paths": _paths, "machines": _machines, "measurements": _measurements}
    drawers = {kind: make(tables[kind]) for kind, make in makers.items() if kind in tables}

    def draw(generator: np.random.Generator) -> Tables:
        return {kind: drawer(generator) for kind, drawer in drawers.items()}

    return draw


def _paths(table: DataFrame) -> _Drawer:
    """lambda(t*) of feature flows is .368 p^1/2 on the stripe, lambda of lazy ones is 1."""
    lazy = table["alpha"] >= LAZY_FROM
    judged = (in_state(table, "last") & lazy) | (in_state(table, "t_star") & ~lazy)
    rows = table[judged & _is(table, STRIPE)].reset_index(drop=True)
    law = np.where(rows["alpha"] >= LAZY_FROM, 1, theory.compression(rows["train_size"]))
    found = rows["weights_informative"] / rows["weights_uninformative"]
    scatter = _scatter(rows, found, ["alpha"])

    def draw(generator: np.random.Generator) -> DataFrame:
        drawn = law * np.exp(scatter * generator.standard_normal(len(rows)))
        return rows.assign(weights_informative=drawn * rows["weights_uninformative"])

    return draw


def _machines(table: DataFrame) -> _Drawer:
    rows = table[_is(table, STRIPE)].reset_index(drop=True)
    return _errors(rows, rows, lambda dimension, _: theory.beta_lazy(dimension))


def _measurements(table: DataFrame) -> _Drawer:
    """The test error falls with the network's exponent, D_perp/D_par with 1/p; a row a training."""
    rows = table[(table["state"] == "trained") & (table["quantity"] == "D_ratio")]
    rows = rows.reset_index(drop=True)
    seen = rows.drop(columns="dimension", errors="ignore").rename(
        columns={"input_size": "dimension"}
    )
    errors = _errors(rows, seen, _beta)
    ratios = seen["value"].astype(float)
    law = _through_the_middle(seen, ratios, Series(1.0, index=seen.index))
    scatter = _scatter(seen, ratios)

    def draw(generator: np.random.Generator) -> DataFrame:
        drawn = errors(generator)
        return drawn.assign(value=law * np.exp(scatter * generator.standard_normal(len(rows))))

    return draw


def _beta(dimension: int, dataset: str) -> float:
    return theory.beta_feature(dimension, 2 if dataset.startswith(CYLINDER) else 1)


def _errors(rows: DataFrame, seen: DataFrame, beta: Callable[[int, str], float]) -> _Drawer:
    """Return what draws `test_error` of rows; `seen` are the same rows with their dimension."""
    names = zip(seen["dimension"], seen["dataset"], strict=True)
    exponents = Series([beta(int(d), str(name)) for d, name in names], index=seen.index)
    found = seen["test_error"].astype(float)
    law, scatter = _through_the_middle(seen, found, exponents), _scatter(seen, found)

    def draw(generator: np.random.Generator) -> DataFrame:
        drawn = law * np.exp(scatter * generator.standard_normal(len(rows)) - scatter**2 / 2)
        return rows.assign(test_error=drawn)

    return draw


def _is(table: DataFrame, task: str) -> Series:
    return table["dataset"].astype(str).str.startswith(task)


def _through_the_middle(rows: DataFrame, found: Series, exponents: Series) -> Series:
    """Return c p^-exponent for each row, c such that it has the geometric mean of what is found."""
    sizes = np.log(rows["train_size"].astype(float))
    level = _logs(found) + exponents * sizes
    middle = level.groupby([rows["dataset"], rows["options"]]).transform("mean")
    return Series(np.exp(middle - exponents * sizes), index=rows.index)


def _scatter(rows: DataFrame, found: Series, besides: list[str] | None = None) -> Series:
    """Return the standard deviation of logarithms over the seeds of each curve, pooled over p.

    Zero where no size has two seeds.
    """
    curve = [rows[name] for name in ["dataset", "options", *(besides or [])]]
    logs = _logs(found)
    each = [rows[name] for name in [*KEYS[:-1], *(besides or [])]]
    squares = (logs - logs.groupby(each).transform("mean")) ** 2
    count = logs.groupby(each).transform("count")
    weighted = squares * (count / (count - 1).clip(lower=1))
    variance = weighted.groupby(curve).transform("mean")
    return Series(np.sqrt(variance), index=rows.index).fillna(0.0)


def _logs(found: Series) -> Series:
    """Return logarithms, nan of what has none."""
    return Series(np.log(found.where(found > 0)), index=found.index)


AUTHORS = Authors(LAWS, prepare, read_csv(Path(__file__).with_name("characteristics.csv")))
