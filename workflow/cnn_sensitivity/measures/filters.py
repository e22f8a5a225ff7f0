"""Spectrum and smoothness of named banks of filters, trained here or elsewhere. No torch."""

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from cnn_sensitivity.measures import smoothness, spectrum

COLUMNS = ["layer_index", "layer", "filter_size", "filters", "mode", "eigenvalue", "gamma"]
# Of a layer, and so the same in the rows of all its modes: the mean over its filters, and the
# whole tensor's.
COLUMNS += ["total_variation", "total_variation_tensor"]


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
        variations = {
            "total_variation": smoothness.total_variation(bank, per="slice"),
            "total_variation_tensor": smoothness.total_variation(bank, per="tensor"),
        }
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
                    **variations,
                }
            )
    return rows
