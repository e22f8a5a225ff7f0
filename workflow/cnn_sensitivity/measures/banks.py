"""Spectrum and smoothness of banks of filters, of a network or of a file. No torch."""

from collections.abc import Iterable, Iterator
from typing import Any

from numpy.typing import NDArray

from cnn_sensitivity.measures import smoothness, spectrum

Bank = tuple[str, NDArray[Any]]
"""The filters [H_out, H_in, F, F] of a layer, under its name."""

COLUMNS = ["layer_index", "layer", "filter_size", "filters", "mode", "eigenvalue", "gamma"]
# Of a layer, and so the same in the rows of all its modes: the mean over its filters, and the
# whole tensor's.
COLUMNS += ["total_variation", "total_variation_tensor"]


def layer_rows(filters: Iterable[Bank]) -> list[dict[str, Any]]:
    """Return the rows of COLUMNS for the banks of filters [H_out, H_in, F, F], F > 1, by layer.

    Other weights are passed over: of linear layers, biases, filters of one pixel.
    """
    return [
        {"layer_index": index, **layer, **mode, **variations}
        for index, (layer, modes, variations) in enumerate(_measured(filters))
        for mode in modes
    ]


def numbers(filters: Iterable[Bank]) -> list[dict[str, Any]]:
    """Return the same, a number a row: gamma of each mode, then the layer's total variations."""
    rows = []
    for index, (layer, modes, variations) in enumerate(_measured(filters)):
        for mode in modes:
            gamma = mode.pop("gamma")
            rows.append({"index": index, **layer, **mode, "quantity": "gamma", "value": gamma})
        for quantity, value in variations.items():
            rows.append({"index": index, **layer, "quantity": quantity, "value": value})
    return rows


def _measured(filters: Iterable[Bank]) -> Iterator[tuple[dict, list[dict], dict]]:
    """Yield of each bank what it is, its modes by growing eigenvalue, and its variations."""
    for layer, bank in filters:
        if bank.ndim != 4 or not bank.shape[-1] == bank.shape[-2] > 1:
            continue
        eigenvalues, _ = spectrum.laplacian_modes(bank.shape[-1])
        gammas = spectrum.filter_spectrum(bank)
        yield (
            {
                "layer": layer,
                "filter_size": bank.shape[-1],
                "filters": bank.shape[0] * bank.shape[1],
            },
            [
                {"mode": mode, "eigenvalue": eigenvalue, "gamma": gamma}
                for mode, (eigenvalue, gamma) in enumerate(
                    zip(eigenvalues, gammas, strict=True), start=1
                )
            ],
            {
                "total_variation": smoothness.total_variation(bank, per="slice"),
                "total_variation_tensor": smoothness.total_variation(bank, per="tensor"),
            },
        )
