"""How long a network needs for an image: measured on a reference machine, or on this one.

`timings.csv` holds what `tests/benchmarks/reference_timings.py` measured. Finished trainings of
this machine replace it for their networks, and scale it for the others by one factor: their time is
in `training.benchmark.tsv`, what they did in the header of their checkpoint, and the kind of device
in the first line of their log.
"""

import csv
import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from math import log
from pathlib import Path
from statistics import median
from typing import Any

from cnn_sensitivity.config import Architecture

COLUMNS = (
    "device",  # cpu: one core; else the GPU's name
    "network",
    "width",
    "image_size",
    "parameters",
    "train_seconds",  # for 1000 images, forward, backward and step
    "measure_seconds",  # for 1000 images, each passed as it is, deformed and noisy
)
CPU = "cpu"
# What a job needs to start Python and import torch, on the core that the table is from.
START_SECONDS = 3.0
# A forward pass alone, as a part of a training step: testing after an epoch.
FORWARD = 1 / 3
# A shorter training says more about the start of a job than about the network.
SHORTEST = 60.0
# In the log of a training that an earlier attempt began: its time is that of a part.
RESUMED = ": goes on in epoch "
LONGEST_HEADER = 10**8  # bytes: what safetensors itself accepts


def key_and_width(network: Architecture) -> tuple[str, float]:
    """Return what names a network in the table, and the width that it is looked up by."""
    if network.name != "SimpleCNN1D":
        return network.name, network.width
    channels = network.number("channels", 1000)
    return f"SimpleCNN1D stride {network.options.get('stride', 2)}", channels * network.width


@dataclass(frozen=True)
class Speed:
    """One network of one width on one device."""

    width: float
    image_size: int
    parameters: float
    train_seconds: float
    measure_seconds: float


@dataclass(frozen=True)
class Finished:
    """A training that this machine did from the beginning to the end."""

    on_gpu: bool
    network: Architecture
    image_size: int
    passes: float
    """Thousands of images that it trained on, and tests as the parts of it that they cost."""
    seconds: float

    @property
    def key(self) -> tuple[bool, str, float, int]:
        """What is timed."""
        return self.on_gpu, *key_and_width(self.network), self.image_size


class Timings:
    """Seconds by network: of the reference table, and of finished trainings under a folder."""

    def __init__(self, results: Path | None = None, on_gpu: bool = False):
        self._results, self._on_gpu = results, on_gpu

    @cached_property
    def _reference(self) -> dict[tuple[bool, str], list[Speed]]:
        """Speeds by whether they are a GPU's and by network."""
        found = defaultdict(list)
        text = files("cnn_sensitivity.forecast").joinpath("timings.csv").read_text()
        for row in csv.DictReader(text.splitlines()):
            speed = Speed(
                float(row["width"]),
                int(row["image_size"]),
                float(row["parameters"]),
                float(row["train_seconds"]),
                float(row["measure_seconds"]),
            )
            found[row["device"] != CPU, row["network"]].append(speed)
        return dict(found)

    @cached_property
    def _finished(self) -> list[Finished]:
        pattern = "*/*/*/*/*/training.benchmark.tsv"
        paths = sorted(self._results.glob(pattern)) if self._results else []
        return [finished for path in paths if (finished := _read(path))]

    @cached_property
    def _own(self) -> dict[tuple[bool, str, float, int], float]:
        """Seconds per 1000 images by device, network, width and size: medians over trainings."""
        found = defaultdict(list)
        for one in self._finished:
            if one.seconds >= SHORTEST:
                found[one.key].append((one.seconds - START_SECONDS) / one.passes)
        return {key: median(seconds) for key, seconds in found.items()}

    @cached_property
    def machine(self) -> float:
        """How many times as long as the reference this machine takes: the median over trainings.

        Short ones count, but for those that the reference too would have spent starting.
        """
        ratios = []
        for one in self._finished:
            if one.on_gpu == self._on_gpu:
                reference = self._reference_seconds("train_seconds", one.network, one.image_size)
                computing = (reference or 0.0) * one.passes
                if computing >= START_SECONDS:
                    ratios.append(one.seconds / (START_SECONDS + computing))
        return median(ratios) if ratios else 1.0

    def train_seconds(self, network: Architecture, size: int) -> float | None:
        """Return the seconds of 1000 images in training; None for a network not timed yet."""
        if (key := self._key(network, size)) in self._own:
            return self._own[key]
        reference = self._reference_seconds("train_seconds", network, size)
        return None if reference is None else reference * self.machine

    def measure_seconds(self, network: Architecture, size: int) -> float | None:
        """Return the seconds of measuring one state of a network on 1000 images.

        Three forward passes each take about as long as training, where nothing better is known.
        """
        timed = self._reference_seconds("measure_seconds", network, size)
        return self.train_seconds(network, size) if timed is None else timed * self.machine

    def parameters(self, network: Architecture) -> float | None:
        """Return the number of parameters, about."""
        return self._interpolated("parameters", network, None, False)

    def is_own(self, network: Architecture, size: int) -> bool:
        """Return whether this machine has timed the training of a network."""
        return self._key(network, size) in self._own

    def _key(self, network: Architecture, size: int) -> tuple[bool, str, float, int]:
        return self._on_gpu, *key_and_width(network), size

    def _reference_seconds(self, quantity: str, network: Architecture, size: int) -> float | None:
        return self._interpolated(quantity, network, size, self._on_gpu)

    def _interpolated(
        self, quantity: str, network: Architecture, size: int | None, on_gpu: bool
    ) -> float | None:
        name, width = key_and_width(network)
        near: dict[float, Speed] = {}  # of each width, the row whose images are closest in size
        for speed in self._reference.get((on_gpu, name), []):
            best = near.setdefault(speed.width, speed)
            if size and abs(speed.image_size - size) < abs(best.image_size - size):
                near[speed.width] = speed
        if not near:
            return None
        values = {w: getattr(s, quantity) * _pixels(name, s, size) for w, s in near.items()}
        narrow, wide = min(values), max(values)
        if narrow == wide:
            return values[narrow]
        # A power law of the width through the narrow and the wide network.
        power = log(values[wide] / values[narrow]) / log(wide / narrow)
        return values[narrow] * (width / narrow) ** max(power, 0.0)


def _pixels(name: str, speed: Speed, size: int | None) -> float:
    """Return how many times more pixels an image has than the timed one, where that counts."""
    if size is None or name.startswith("FullConn"):
        return 1.0
    return (size / speed.image_size) ** (1 if name.startswith("SimpleCNN1D") else 2)


def _description(checkpoint: Path) -> dict[str, Any]:
    """Return what a checkpoint says of itself: its header alone, the weights are not read."""
    with checkpoint.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(min(length, LONGEST_HEADER)))
    return json.loads(json.loads(header["__metadata__"]["description"])["text"])


def _read(benchmark: Path) -> Finished | None:
    """Return a finished training; None if unusable."""
    try:
        log = benchmark.with_name("training.log").read_text()
        if RESUMED in log:
            return None
        with benchmark.open() as file:
            seconds = float(next(csv.DictReader(file, delimiter="\t"))["s"])
        made: dict[str, Any] = _description(benchmark.with_name("checkpoint.safetensors"))
        network = Architecture.model_validate(made["settings"]["network"])
        images = made["dataset"]["train_images"] + FORWARD * made["test_images"]
        passes = images / 1000 * sum(seed["epochs"] for seed in made["seeds"])
        size = int(made["dataset"]["image_size"])
        return Finished(log.startswith("GPU"), network, size, passes, seconds) if passes else None
    except (OSError, ArithmeticError, LookupError, StopIteration, TypeError, ValueError):
        return None
