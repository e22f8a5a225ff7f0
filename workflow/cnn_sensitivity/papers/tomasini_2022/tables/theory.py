"""Constant-filter networks: their sensitivities, measured as trained ones are, and activations."""

import numpy as np
import torch
from pandas import DataFrame, concat

from cnn_sensitivity import perturbations
from cnn_sensitivity.analysis import theory
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.networks.constant_filter import constant_filter_network

# T22's cases: filter size, stride, blocks, length of the input (section 2 of our notes on it).
MEASURED = {"no_stride": (3, 1, 64, 512), "stride": (2, 2, 8, 512)}
# Figure 6: filters that show the broadening within a few layers.
PICTURED = {"no_stride": (5, 1, 8, 64), "stride": (2, 2, 4, 64)}


def theory_tables() -> tuple[DataFrame, DataFrame]:
    """Return what is measured of constant-filter networks, and their activations."""
    return constant_filter_table(), activation_table()


def constant_filter_table() -> DataFrame:
    """Return D, G, R of each layer: case, filter_size, stride, layer, A (pixels), D, G, R.

    The inputs are all images with one active pixel, the deformation shifts it by one pixel, the
    noise is rectified and as large as the deformation's difference. Double precision.
    """
    return concat([_sensitivities(case) for case in MEASURED], ignore_index=True)


def activation_table() -> DataFrame:
    """Return the response to two active pixels: case, filter_size, stride, layer, position, value.

    Layer 0 is the input.
    """
    return concat([_activations(case) for case in PICTURED], ignore_index=True)


def _sensitivities(case: str) -> DataFrame:
    filter_size, stride, blocks, length = MEASURED[case]
    network = constant_filter_network(blocks, filter_size, stride).double()
    generator = torch.Generator().manual_seed(derive_seed("constant filters", case))
    images = torch.eye(length, dtype=torch.float64)[:, None]
    shifted = images.roll(1, dims=-1)
    noise = perturbations.matched_noise(images, shifted, generator, rectify=True)
    table = sensitivity.measure(
        network, images, shifted, images + noise, layers=["*.activation"], batch_size=128
    )
    return DataFrame(
        {
            "case": case,
            "filter_size": filter_size,
            "stride": stride,
            "layer": np.arange(1, blocks + 1),
            "A": theory.effective_receptive_field(filter_size, stride, blocks),
            **{column: table[column] for column in ("D", "G", "R")},
        }
    )


def _activations(case: str) -> DataFrame:
    filter_size, stride, blocks, length = PICTURED[case]
    network = constant_filter_network(blocks, filter_size, stride).double()
    signal = torch.zeros(1, 1, length, dtype=torch.float64)
    signal[..., [length // 4, (5 * length) // 8]] = 1.0
    layers = [signal]
    for block in network.children():
        layers.append(block(layers[-1]))
    return concat(
        [
            DataFrame(
                {
                    "case": case,
                    "filter_size": filter_size,
                    "stride": stride,
                    "layer": number,
                    "position": np.arange(values.shape[-1]),
                    "value": values.flatten().numpy(),
                }
            )
            for number, values in enumerate(layers)
        ],
        ignore_index=True,
    )
