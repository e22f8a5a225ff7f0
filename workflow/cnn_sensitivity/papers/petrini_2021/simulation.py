"""The authors' own numbers in the place of a run's: how often P21's claims would come out so.

R of every training is drawn around the authors' value for its network, data, number of images,
cut-off and state: Figure 4's points and Figure 3's bars where the whole training set was seen,
Figure 5's drafts for fewer images (ln R interpolated in ln P; other cut-offs by Figure 3's ratio),
Figure 3's where nothing else is known; the test error from Figures 4 and 5, D from Figure 7. ln R
scatters over seeds as the authors' does or, where that is not known, as that of the run's networks
on the whole training set, the same for all cut-offs; ln error as the run's own. Runs of which no R
is known are left out. On the stripe R is 1/P through the middle of the run's own, lazily 1, with
the run's scatter. No torch.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
from numpy.typing import NDArray
from pandas import DataFrame, Series, concat

from cnn_sensitivity.papers.petrini_2021.authors import authors
from cnn_sensitivity.papers.petrini_2021.rows import across_sizes, compared, data_of, measured
from cnn_sensitivity.papers.petrini_2021.stripe import END, FEATURE, regimes
from cnn_sensitivity.scorecard.characteristics import Authors, Draw
from cnn_sensitivity.scorecard.evidence import Tables

CLAIMS = frozenset(
    ("init", "sota-drop", "simple-stay", "error-R", "D-sign", "R-falls-with-P", "R-slope")
    + ("error-R-along-P", "c-order", "interpolation", "stripe")
)
WHOLE = 50_000
"""Training images of the authors' whole sets."""
_TRAINING = ["experiment", "network", "train_size", "seed", "state", "draw"]
_MEDIAN_OF_NORMAL = 0.6745
"""Of the absolute value, in standard deviations."""

Known = tuple[float, float]
"""A number of the authors, and its standard deviation over seeds (of ln R); nan if not known."""
UNKNOWN: Known = (float("nan"), float("nan"))
_Drawer = Callable[[np.random.Generator], DataFrame]


def prepare(tables: Tables) -> Draw:
    """Return what draws tables with the authors' numbers: see the module."""
    makers = {"sensitivity": _sensitivity, "stripe": _stripe}
    drawers = {kind: make(tables[kind]) for kind, make in makers.items() if kind in tables}

    def draw(generator: np.random.Generator) -> Tables:
        return {**tables, **{kind: drawer(generator) for kind, drawer in drawers.items()}}

    return draw


def _sensitivity(sensitivity: DataFrame) -> _Drawer:
    rows = _known_rows(sensitivity)
    training = rows.groupby(_TRAINING, sort=False).ngroup().to_numpy()
    gaussian = rows["interpolation_error"].to_numpy()
    logs = {name: np.log(rows[name].to_numpy()) for name in ("R", "test_error")}
    errors = _scatter(rows, "test_error")

    def draw(generator: np.random.Generator) -> DataFrame:
        r, error = generator.standard_normal((2, training.max() + 1))[:, training]
        between = gaussian * generator.standard_normal(len(rows))
        drawn = {
            "R": np.exp(logs["R"] + rows["spread"].to_numpy() * r + between),
            "test_error": np.exp(logs["test_error"] + errors * error),
        }
        return rows.assign(**drawn)

    return draw


def _stripe(table: DataFrame) -> _Drawer:
    """R of the trained networks by the law: its rows are those of `stripe.trainings`."""
    rows = table[(table["quantity"] == "R") & (table["state"] == END) & (table["value"] > 0)]
    of_curve = [rows["dataset"], rows["options"], regimes(rows)]
    logs, sizes = (
        Series(np.log(rows[name].astype(float)), rows.index) for name in ("value", "train_size")
    )
    at_size = logs.groupby([*of_curve, rows["train_size"]])
    count = at_size.transform("count")
    squares = (logs - at_size.transform("mean")) ** 2 * count / (count - 1).clip(lower=1)
    scatter = squares.groupby(of_curve).transform("mean") ** 0.5
    falling = (logs + sizes).groupby(of_curve).transform("mean") - sizes
    law = falling.where(regimes(rows) == FEATURE, 0.0)

    def draw(generator: np.random.Generator) -> DataFrame:
        drawn = np.exp(law + scatter * generator.standard_normal(len(rows)))
        return table.assign(value=table["value"].where(~table.index.isin(rows.index), drawn))

    return draw


def _known_rows(sensitivity: DataFrame) -> DataFrame:
    """Return the outputs of which R is known, with the authors' numbers, `spread` of ln R and
    `interpolation_error`: by how much ln R differs with Gaussian interpolation (0 with linear).
    """
    every = {"average": None, "cutoff": None, "interpolation": None}
    states = [measured(sensitivity, state, **every).rows for state in ("trained", "initial")]  # type: ignore[arg-type]
    # As the claims choose experiments, before networks are left out.
    rows = concat([f(rows) for rows in states for f in (compared, across_sizes)], ignore_index=True)
    rows = rows.assign(draw=rows.get("draw", 0))
    whole = compared(rows) if len(compared(rows)) else rows
    ours = {state: _scatter(part, "R") for state, part in whole.groupby("state")}
    found = []
    for _, row in rows.iterrows():
        of = row["architecture"], data_of(str(row["dataset"])), row["train_size"]
        value, spread = relative_stability(*of, row["cutoff"], row["state"])
        found.append(
            {
                "R": value,
                "spread": ours[row["state"]] if np.isnan(spread) else spread,
                "test_error": _or(test_error(*of), row["test_error"]),
                "D": _or(_value(7, "D", *of[:2], row["cutoff"], row["state"])[0], row["D"]),
                "interpolation_error": _interpolation(*of[:2])
                if row["interpolation"] == "gaussian"
                else 0.0,
            }
        )
    rows = rows.assign(**DataFrame(found, index=rows.index))
    return rows.dropna(subset=["R", "interpolation_error"]).reset_index(drop=True)


def relative_stability(
    network: str, data: str, images: float, cutoff: float, state: str = "trained"
) -> Known:
    """Return the authors' R of a network trained on so many images, and its spread."""
    bar = _value(3, "R", network, data, cutoff, state)
    if state == "initial":
        return bar
    if images >= WHOLE:
        point = _value(4, "R", network, data, cutoff, state)
        return bar if np.isnan(point[0]) else point
    drafts = authors(5, "R", network=network, data=data)
    if drafts.empty:
        return bar
    of_drafts = drafts["cutoff"].iloc[0]
    bars = [_value(3, "R", network, data, each, state)[0] for each in (cutoff, of_drafts)]
    factor = 1.0 if cutoff == of_drafts else bars[0] / bars[1]
    return factor * _along(drafts, "value", images), _along(drafts, "spread", images)


def test_error(network: str, data: str, images: float) -> float:
    """Return the authors' test error of a network trained on so many images; nan if not known."""
    if images >= WHOLE:
        points = authors(4, "test_error", network=network, data=data)["value"]
        return float(points.iloc[0]) if len(points) else float("nan")
    drafts = authors(5, "test_error", network=network, data=data)
    return _along(drafts, "value", images) if len(drafts) else float("nan")


def _along(drafts: DataFrame, column: str, images: float) -> float:
    """Return a positive number between the drafts' training sizes, by logarithms."""
    drafts = drafts.sort_values("train_images")
    sizes, values = np.log(drafts["train_images"]), np.log(drafts[column].astype(float))
    return float(np.exp(np.interp(np.log(images), sizes, values)))


def _value(figure: int, quantity: str, network: str, data: str, cutoff: float, state: str) -> Known:
    chosen = {"network": network, "data": data, "cutoff": cutoff, "state": state}
    found = authors(figure, quantity, displacement=1.0, **chosen)
    if found.empty:
        return UNKNOWN
    return float(found["value"].iloc[0]), float(found["spread"].astype(float).iloc[0])


def _interpolation(network: str, data: str) -> float:
    """Return the standard deviation of ln R(Gaussian) - ln R(linear), from its median size."""
    found = authors(7, "interpolation_median", network=network, data=data)["value"]
    return float(found.iloc[0]) / _MEDIAN_OF_NORMAL if len(found) else float("nan")


def _scatter(rows: DataFrame, column: str) -> float:
    """Return the standard deviation of a logarithm over the seeds of one network, pooled."""
    logs = rows.assign(log=np.log(rows[column].astype(float)))
    keys = ["experiment", "network", "train_size", "measurement", "state"]
    variances: NDArray = logs.groupby(keys)["log"].var().dropna().to_numpy()
    return float(np.sqrt(variances.mean())) if len(variances) else 0.0


def _or(value: float, other: float) -> float:
    return other if np.isnan(value) else value


AUTHORS = Authors(CLAIMS, prepare, pandas.read_csv(Path(__file__).with_name("characteristics.csv")))
