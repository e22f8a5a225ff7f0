"""What the figures and claims take from the tables: the points of the plane. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, concat

from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, MAP, WIDTH

Tables = dict[str, DataFrame]

MOST_UNFITTED = 0.05
"""The authors' map shows points whose networks leave at most this share of the data unfitted."""
_POINT = [ALPHA, WIDTH]


@dataclass(frozen=True)
class Averaged:
    """What averaging over the networks of a point does, of S networks; errors are fractions."""

    alpha: float
    width: int
    error: float
    """Of the mean output."""
    singles: NDArray[np.float64]
    """Of each network [S]."""
    pseudo: NDArray[np.float64]
    """Jackknife values of `error` over networks [S], whose mean is `error`."""
    deviations: NDArray[np.float64]
    """Of each network (F_s - F)^2 S/(S - 1), mean over test points [S]: their mean is Var F."""
    mean_square: float

    @property
    def variance(self) -> float:
        return float(self.deviations.mean())


def averages(tables: Tables, experiment: str) -> list[Averaged]:
    """Return the points of an experiment at which an ensemble was measured, by alpha and width."""
    table = tables.get("ensemble", DataFrame(columns=["experiment", *_POINT]))
    rows = table[table["experiment"] == experiment]
    return [_averaged(of_point) for _, of_point in rows.groupby(_POINT)]


def _averaged(rows: DataFrame) -> Averaged:
    values = {
        name: of_one["value"].to_numpy(dtype=float) for name, of_one in rows.groupby("quantity")
    }
    error, singles = float(values["test_error"][0]), values["member_error"]
    nothing = np.empty(0)
    without = values.get("error_without", nothing)
    return Averaged(
        float(rows[ALPHA].iloc[0]),
        int(rows[WIDTH].iloc[0]),
        error,
        singles,
        error + (len(without) - 1) * (without.mean() - without) if len(without) else nothing,
        values.get("deviation", nothing),
        float(values["mean_square"][0]),
    )  # fmt: skip


def networks(tables: Tables, *experiments: str) -> DataFrame:
    """Return a row for each network: its point, seed, share_fitted, evaluations, `fitted`.

    `fitted`: its flow fitted all points within the budget of gradient evaluations.
    """
    paths = tables.get("paths", DataFrame(columns=["experiment", "stopped", *_POINT, "seed"]))
    ends = paths[paths["stopped"].notna() & paths["experiment"].isin(experiments)]
    return ends.assign(fitted=ends["stopped"] == "fitted").reset_index(drop=True)


def near_the_line(tables: Tables, alpha: float) -> DataFrame:
    """Return the networks of the map and of the scan of the width at one alpha, each once."""
    scanned = tables.get("jamming", DataFrame(columns=["stopped", *_POINT, "seed"]))
    scanned = scanned.assign(fitted=scanned["stopped"] == "fitted")
    columns = [*_POINT, "seed", "fitted"]
    both = concat([networks(tables, MAP)[columns], scanned[columns]], ignore_index=True)
    return both[both[ALPHA] == alpha].drop_duplicates([WIDTH, "seed"])


def jammed_widths(tables: Tables) -> Series:
    """Return by alpha the largest width at which the scan found no network that fits.

    0 where all widths of the scan had one.
    """
    scanned = tables.get("jamming", DataFrame(columns=["stopped", *_POINT]))
    rows = scanned.assign(jammed=scanned["stopped"] != "fitted")
    jammed = rows.groupby(_POINT)["jammed"].all()
    widths = jammed.index.get_level_values(WIDTH).to_numpy() * jammed.to_numpy(dtype=int)
    return Series(widths, index=jammed.index.get_level_values(ALPHA)).groupby(level=0).max()


def shares_unfitted(tables: Tables, *experiments: str) -> Series:
    """Return by (alpha, width) the largest share of unfitted points of any network there."""
    ends = networks(tables, *experiments)
    return (1 - ends["share_fitted"]).groupby([ends[ALPHA], ends[WIDTH]]).max()


def shown(points: Sequence[Averaged], tables: Tables, *experiments: str) -> list[Averaged]:
    """Return the points that the authors' map would show: see `MOST_UNFITTED`."""
    unfitted = shares_unfitted(tables, *experiments)
    return [each for each in points if unfitted.get((each.alpha, each.width), 1) <= MOST_UNFITTED]


def kernel_changes(tables: Tables) -> DataFrame:
    """Return |Theta - Theta_0| / |Theta_0| of each network of the map as `change`, and `fitted`."""
    rows = tables["kernel_change"]
    rows = rows[(rows["experiment"] == MAP) & (rows["state"] == "trained")]
    ends = networks(tables, MAP)[[*_POINT, "seed", "fitted"]]
    return rows.rename(columns={"value": "change"}).merge(ends, on=[*_POINT, "seed"])


def crossovers(tables: Tables) -> DataFrame:
    """Return for each width and seed the alpha of |Theta - Theta_0| = |Theta_0|, and `fitted`.

    Between the tried alphas ln change is taken for linear in ln alpha; a network whose change does
    not cross one has no row. `fitted`: the network fitted on both sides of the crossing.
    """
    found = []
    tried = tables.get("crossover", DataFrame(columns=[WIDTH, "seed", ALPHA]))
    for (width, seed), rows in tried.groupby([WIDTH, "seed"]):
        rows = rows.drop_duplicates(ALPHA).sort_values(ALPHA)
        logs, alphas = np.log(rows["kernel_change"].to_numpy()), np.log(rows[ALPHA].to_numpy())
        fits = (rows["stopped"] == "fitted").to_numpy()
        crossing = np.flatnonzero((logs[:-1] > 0) & (logs[1:] <= 0))
        for at in crossing[-1:]:
            part = logs[at] / (logs[at] - logs[at + 1])
            alpha = np.exp(alphas[at] + part * (alphas[at + 1] - alphas[at]))
            found.append((width, seed, float(alpha), bool(fits[at] and fits[at + 1])))
    return DataFrame(found, columns=[WIDTH, "seed", ALPHA, "fitted"])
