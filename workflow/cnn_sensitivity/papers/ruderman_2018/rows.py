"""What the figures and claims take from the tables: curves by the paper's layers. No torch."""

from collections import Counter
from collections.abc import Sequence

from pandas import DataFrame, Series

from cnn_sensitivity.analysis.selection import Selection, learned
from cnn_sensitivity.papers.ruderman_2018.experiments import DISTANCE, RANDOM

MOST_TRAIN_ERROR = 0.05
"""Random labels count as learned up to this error on the training images, in the last epoch."""

_RUN = ["experiment", "network", "seed"]


def distances(
    tables: dict[str, DataFrame],
    experiments: Sequence[str],
    state: str,
    measurement: str = DISTANCE,
) -> Selection:
    """Return the rows of a state, numbered as the paper counts layers: `place`, 0 the image.

    Trained networks that did not learn, and curves with a layer that has no distance, are left out
    and counted.
    """
    table = tables["cosine_distance"]
    chosen = table["experiment"].isin(experiments) & (table["state"] == state)
    chosen &= (table["measurement"] == measurement) & (table["wiring"] == "original")
    selection = _those_that_learned(table[chosen], state, tables)
    rows = selection.rows
    rows = rows.assign(place=rows.groupby(_RUN)["index"].rank(method="dense").astype(int) - 1)
    whole = rows["distance"].notna().groupby([rows[name] for name in _RUN]).transform("all")
    reasons = Counter(selection.left_out)
    broken = len(rows[~whole][_RUN].drop_duplicates())
    reasons["runs with a constant or infinite representation"] = broken
    return Selection(rows[whole].reset_index(drop=True), +reasons)


def smoothness(tables: dict[str, DataFrame], experiments: Sequence[str], state: str) -> Selection:
    """Return a row for each 3x3 convolution: `place` counts them from 0, as the paper does."""
    table = tables["spectrum"]
    chosen = table["experiment"].isin(experiments) & (table["state"] == state)
    chosen &= (table["mode"] == 1) & (table["filter_size"] == 3)
    selection = _those_that_learned(table[chosen], state, tables)
    rows = selection.rows
    places = rows.groupby(_RUN)["layer_index"].rank(method="dense").astype(int) - 1
    return Selection(rows.assign(place=places).reset_index(drop=True), selection.left_out)


def constant_mode(tables: dict[str, DataFrame], rows: DataFrame) -> Series:
    """Return the share that the constant mode has of each of these rows of `smoothness`."""
    keys = [*_RUN, "state", "layer_index"]
    total = tables["spectrum"].groupby(keys)["gamma"].sum().rename("total")
    return rows["gamma"] / rows.join(total, on=keys)["total"]


def _those_that_learned(rows: DataFrame, state: str, tables: dict[str, DataFrame]) -> Selection:
    """Leave out trained networks that did not learn; of random labels, by the training error."""
    if state == "initial":
        return Selection(rows)
    random = rows["experiment"] == RANDOM
    true = learned(rows[~random])
    fits = _memorised(tables) if random.any() else set()
    names = zip(rows["network"], rows["seed"], strict=True)
    kept = Series([name in fits for name in names], index=rows.index, dtype=bool)
    by_heart = rows[random & kept]
    reasons = Counter(true.left_out)
    missing = len(rows[random & ~kept][_RUN].drop_duplicates())
    reasons["runs that did not learn their random labels"] = missing
    rows = rows.loc[sorted({*true.rows.index, *by_heart.index})]
    return Selection(rows, +reasons)


def _memorised(tables: dict[str, DataFrame]) -> set[tuple[str, int]]:
    """Return network and seed of the runs that learned random labels by heart."""
    table = tables["training"]
    table = table[table["experiment"] == RANDOM]
    if table.empty:
        return set()
    last = table.loc[table.groupby(["network", "seed"])["epoch"].idxmax()]
    last = last[last["train_error"] <= MOST_TRAIN_ERROR]
    return set(zip(last["network"], last["seed"].astype(int), strict=True))
