"""Sensitivities measured on the device, against a CPU that measures in float64."""

import copy
from math import inf

import torch
from torch import Tensor

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.arithmetic import arithmetic
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.measures.sensitivity import measure
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.operations.gpu_check.outcome import Outcome
from cnn_sensitivity.tasks.store import Dataset, normalize

AVERAGES = ("mean", "median")
"""Over images."""
TOLERANCE = 1e-4
"""Relative, of each layer. Float32 on a CPU stays below 2e-5 in most layers of most networks."""
AS_ON_CPU = 10
"""Where a layer's response is small against its values, float32 loses more of it. There the device
may be so many times as far from float64 as a CPU in float32."""


def inputs(dataset: Dataset, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return test images, the same deformed, and the same under noise: [count, C, ...] each.

    Lines of pixels are not deformed but shifted by a pixel.
    """
    images = normalize(dataset.test.images[:count], dataset.mean, dataset.std)
    generator = torch.Generator().manual_seed(1)
    if images.dim() == 4:
        deformed = perturbations.deform(images, generator=generator)
    else:
        deformed = images.roll(1, -1)
    return images, deformed, images + perturbations.matched_noise(images, deformed, generator)


def as_in_float64(
    settings: TrainingSettings, dataset: Dataset, device: torch.device, count: int, average: str
) -> Outcome:
    """Compare every layer of an initial network, measured on the device and in float64."""
    with torch.random.fork_rng(devices=[]):
        network = build_network(settings, dataset, 0)
    data = inputs(dataset, count)
    exact = measure(copy.deepcopy(network).double(), *data, average=average)
    on_cpu = measure(network, *data, average=average)
    with arithmetic("float32", device):
        on_device = [each.to(device) for each in data]
        found = measure(network.to(device), *on_device, average=average)
    # Where float32 cannot tell a layer's response from its rounding the table says so.
    sound = ~(found["flagged"] | on_cpu["flagged"])
    names = ["D", "G", "R"]
    errors, usual = (
        (table.loc[sound, names] / exact.loc[sound, names] - 1).abs().fillna(inf).to_numpy()
        for table in (found, on_cpu)
    )
    layers = int(sound.sum())
    worst = float((errors / (AS_ON_CPU * usual).clip(min=TOLERANCE)).max(initial=0))
    return Outcome(
        layers > len(exact) / 2 and worst <= 1,
        f"differences of at most {TOLERANCE:.0e}, or {AS_ON_CPU} times a CPU's",
        f"{errors.max(initial=0):.1e}, a CPU {usual.max(initial=0):.1e}, in {layers} of"
        f" {len(exact)} layers",
        worst,
    )
