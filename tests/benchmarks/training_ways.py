"""What a training step is spent on, and what would make it faster, one change at a time.

The base is a step as the default run takes it: one thread, float32, channels last, 64 images.
"""

import copy
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd
import torch
from torch.profiler import profile

from benchmarks.bare_passes import threads
from benchmarks.timing import by_turns
from cnn_sensitivity import networks

NETWORKS = {
    "VGG11bn at 1/8": partial(networks.build, "VGG11bn", width=0.125),
    "VGG11bn at 1/2": partial(networks.build, "VGG11bn", width=0.5),
    "ResNet18 at 1/8": partial(networks.build, "ResNet18", width=0.125),
    "EfficientNetB0 at 1/2": partial(networks.build, "EfficientNetB0", width=0.5),
}
"""On images of 3 x 32 x 32 pixels."""


@dataclass(frozen=True)
class Way:
    """How a step is computed."""

    threads: int = 1
    layout: torch.memory_format = torch.channels_last
    batch: int = 64
    bf16: bool = False
    compiled: bool = False


BASE = Way()
WAYS = {
    "contiguous": replace(BASE, layout=torch.contiguous_format),
    "16 images": replace(BASE, batch=16),
    "256 images": replace(BASE, batch=256),
    "2 threads": replace(BASE, threads=2),
    "bfloat16": replace(BASE, bf16=True),
    "torch.compile": replace(BASE, compiled=True),
}


PARTS = {
    "convolutions": ("aten::mkldnn_convolution", "aten::convolution_backward"),
    "batch norms": ("aten::native_batch_norm", "aten::native_batch_norm_backward"),
}
"""The operations of a step by what they are; all others are the rest."""


def ways() -> pd.DataFrame:
    """Return rows of network, way, milliseconds an image, and these over those of the base."""
    return pd.DataFrame([row for name in NETWORKS for row in _of_network(name)])


def spent() -> pd.DataFrame:
    """Return of each network the shares of a step's time."""
    return pd.DataFrame([_profile(name) for name in NETWORKS])


def _profile(name: str) -> dict[str, object]:
    step = _stepper(NETWORKS[name](), BASE)
    for _ in range(3):
        step()
    with profile() as found:
        step()
    times = {each.key: each.self_cpu_time_total for each in found.key_averages()}
    shares = {
        part: sum(times.get(each, 0) for each in names) / sum(times.values())
        for part, names in PARTS.items()
    }
    return {"network": name, **shares, "rest": 1 - sum(shares.values())}


def _of_network(name: str) -> list[dict[str, object]]:
    torch.manual_seed(0)
    network = NETWORKS[name]()
    rows = [{"network": name, "way": "as it is", "ratio": 1.0}]
    for way, how in WAYS.items():
        if how.threads > (os.cpu_count() or 1):
            continue
        base, other = by_turns(_stepper(network, BASE), _stepper(network, how), rounds=9)
        rows[0].setdefault("milliseconds", 1e3 * base / BASE.batch)
        each = other / how.batch
        rows.append(
            {
                "network": name,
                "way": way,
                "milliseconds": 1e3 * each,
                "ratio": each / (base / BASE.batch),
            }
        )
        print(rows[-1], flush=True)
    return rows


def _stepper(network: torch.nn.Module, how: Way) -> Callable[[], None]:
    trained = copy.deepcopy(network).train().to(memory_format=how.layout)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.01, momentum=0.9, fused=True)
    images = torch.randn(how.batch, 3, 32, 32).contiguous(memory_format=how.layout)
    labels = torch.randint(10, (how.batch,))
    called = torch.compile(trained) if how.compiled else trained

    def step() -> None:
        with threads(how.threads):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=how.bf16):
                loss = torch.nn.functional.cross_entropy(called(images), labels)
            loss.backward()
            optimizer.step()

    return step
