"""Spectra and smoothness of a checkpoint's filters, at initialisation and trained. No torch."""

from pathlib import Path

from pandas import DataFrame

from cnn_sensitivity.checkpoints.sealed import read_checkpoint
from cnn_sensitivity.measures.filters import COLUMNS, layer_rows
from cnn_sensitivity.tables.runs import run_columns


def spectrum_table(checkpoint: str | Path, weights: str, run: str | None = None) -> DataFrame:
    """Return gamma of every mode of every layer with square filters larger than one pixel.

    One row a seed, state (initial, trained), layer and mode, under the columns of `run_columns`
    and COLUMNS; modes count from 1 by growing eigenvalue. Total variation, one number a layer,
    stands in the rows of all its modes. `weights`: which epoch's weights count as trained, last
    or best. Raises UserError for a checkpoint that is damaged, or not of `run`.
    """
    description, arrays = read_checkpoint(checkpoint, run)
    rows = []
    for position, record in enumerate(description["seeds"]):
        columns = run_columns(description, record["seed"], weights)
        for state, stored in (("initial", "initial"), ("trained", weights)):
            filters = (
                (name.removesuffix(".weight"), arrays[f"{stored}/{name}"][position])
                for name in description["names"]
            )
            rows += [{**columns, "state": state, **row} for row in layer_rows(filters)]
    names = [*run_columns(description, description["seeds"][0]["seed"]), "state", *COLUMNS]
    return DataFrame(rows, columns=names)
