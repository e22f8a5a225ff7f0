"""The curves of R18's own figures, which ours are held against. No torch.

`authors.csv` has a row for each point, read off the figures of the paper's second version: there
is no other source. `panel`: of the paper; `curve`: our name of the network, or of the task
(synthetic_C) or the smoothing (sigma-...); `layer`: of `distance` as the paper counts, 0 the
image, of `total_variation` the number of the convolution; `reading`: the error of reading it off.
"""

from functools import cache
from pathlib import Path

import pandas
from pandas import DataFrame, Series

from cnn_sensitivity.analysis.folding import folded


@cache
def _table() -> pandas.DataFrame:
    return pandas.read_csv(Path(__file__).with_name("authors.csv"))


def curve(panel: str, name: str) -> Series:
    """Return the paper's values by layer, in order; empty where it has no such curve."""
    rows = _table()
    rows = rows[(rows["panel"] == panel) & (rows["curve"] == name)]
    return rows.set_index("layer")["value"].sort_index()


def theirs(figure: str) -> DataFrame | None:
    """Return the paper's values in one of its figures, a row a curve; None where none were read."""
    number = figure.removeprefix("figure_").lstrip("0")
    rows = _table()[_table()["panel"].str[:-1] == number]
    said = rows.drop(columns=["panel", "quantity", "reading"])
    return folded(said, "layer") if len(said) else None
