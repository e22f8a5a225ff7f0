"""The authors' CIFAR-10 lines, read off a picture of their map. No torch.

`authors.csv`: `line` is the width h* at an alpha, after their longest wall time; `crossover` the
alpha of |Theta - Theta_0| = |Theta_0| at a width. `reading`: the relative error of reading it off.
The numbers of their MNIST map are not known.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame

from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, WIDTH
from cnn_sensitivity.scorecard.evidence import CIFAR_10


@cache
def _table() -> DataFrame:
    return pandas.read_csv(Path(__file__).with_name("authors.csv"))


def lines(dataset: str) -> dict[str, DataFrame]:
    """Return both lines as points of alpha and hidden_units; none unless the data are theirs."""
    if not dataset.startswith(CIFAR_10):
        return {}
    rows = _table()
    jamming = rows[rows["quantity"] == "line"].rename(columns={"alpha": ALPHA, "value": WIDTH})
    crossing = rows[rows["quantity"] == "crossover"].drop(columns="alpha")
    crossing = crossing.rename(columns={"value": ALPHA, "width": WIDTH})
    return {"line": jamming[[ALPHA, WIDTH]], "crossover": crossing[[ALPHA, WIDTH]]}


def crossover(widths: ArrayLike) -> NDArray[np.float64]:
    """Return alpha* at widths: between the points on a power law, beyond them constant."""
    rows = _table()[_table()["quantity"] == "crossover"]
    at, value = np.log(rows["width"].to_numpy()), np.log(rows["value"].to_numpy())
    return np.exp(np.interp(np.log(np.asarray(widths, dtype=float)), at, value))


def theirs(figure: str) -> DataFrame | None:
    """Return the authors' points beside the map; none of another figure are known."""
    if figure != "figure_phasespace":
        return None
    told = {"line": "h* at an α (CIFAR-10)", "crossover": "α* at a width h (CIFAR-10)"}
    rows = _table().assign(of=_table()["quantity"].map(told))
    at = rows["alpha"].fillna(rows["width"])
    return DataFrame({"of": rows["of"], "at": at.map("{:g}".format), "is": rows["value"].map(str)})
