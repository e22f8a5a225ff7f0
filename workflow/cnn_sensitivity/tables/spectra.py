"""The spectrum of every filter bank of a checkpoint, at initialisation and trained. No torch."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity import spectrum
from cnn_sensitivity.tables.runs import run_columns
from cnn_sensitivity.weights import read_checkpoint

COLUMNS = ["layer_index", "layer", "filter_size", "filters", "mode", "eigenvalue", "gamma"]


def spectrum_table(checkpoint: str | Path, weights: str) -> DataFrame:
    """Return gamma of every mode of every layer with square filters larger than one pixel.

    One row a seed, state (initial, trained), layer and mode, under the columns of `run_columns`
    and COLUMNS; modes count from 1 by growing eigenvalue. `weights`: which epoch's weights count
    as trained, last or best. Raises UserError for a damaged checkpoint.
    """
    description, arrays = read_checkpoint(checkpoint)
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


def layer_rows(filters: Iterable[tuple[str, NDArray[Any]]]) -> list[dict[str, Any]]:
    """Return the rows of COLUMNS for the banks of filters [H_out, H_in, F, F], F > 1, by layer.

    Other weights are passed over: of linear layers, biases, filters of one pixel.
    """
    square = [
        (layer, bank)
        for layer, bank in filters
        if bank.ndim == 4 and bank.shape[-1] == bank.shape[-2] > 1
    ]
    rows = []
    for index, (layer, bank) in enumerate(square):
        eigenvalues, _ = spectrum.laplacian_modes(bank.shape[-1])
        gammas = spectrum.filter_spectrum(bank)
        for mode, (eigenvalue, gamma) in enumerate(zip(eigenvalues, gammas, strict=True), start=1):
            rows.append(
                {
                    "layer_index": index,
                    "layer": layer,
                    "filter_size": bank.shape[-1],
                    "filters": bank.shape[0] * bank.shape[1],
                    "mode": mode,
                    "eigenvalue": eigenvalue,
                    "gamma": gamma,
                }
            )
    return rows
