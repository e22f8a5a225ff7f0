"""How long a network needs for an image: measured on a reference machine, or on this one.

`timings.csv` beside this file holds what `make timings` measured on one core of a CPU;
`timings/<gpu>.csv` in the working folder what `make gpu-check` measured on a GPU. Finished
trainings of this machine replace it for their networks, and scale it for the others by one factor:
their time is in `training.benchmark.tsv`, what they did in the header of their checkpoint, and the
kind of device in the first line of their log. Before the first has finished, the few networks that
`this_machine` times scale it.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from math import log
from pathlib import Path
from statistics import median
from typing import Any

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Architecture, TrainingSettings
from cnn_sensitivity.engines.base import FORWARD
from cnn_sensitivity.operations.forecast.timing_tables import (
    CPU,
    ONE_BY_ONE,
    Mode,
    Speed,
    key_and_width,
    read_table,
)
from cnn_sensitivity.operations.forecast.training_log import TAKEN

# What a job needs to start Python and import torch, on the core that the table is from.
START_SECONDS = 3.0
# A shorter training says more about the start of a job than about the network.
SHORTEST = 60.0
# In the log of a training that an earlier attempt began: its time is that of a part.
RESUMED = ": goes on in epoch "
LONGEST_HEADER = 10**8  # bytes: what safetensors itself accepts

Key = tuple[bool, str, float, int, Mode]
"""Of a timed training: whether on a GPU, network, width, image size, and how on a GPU."""


@dataclass(frozen=True)
class Machine:
    """How many times as long as the reference a machine takes, and what says so: "" for nothing."""

    factor: float
    by: str


@dataclass(frozen=True)
class Finished:
    """A training that this machine did from the beginning to the end."""

    on_gpu: bool
    network: Architecture
    image_size: int
    mode: Mode
    passes: float
    """Thousands of images that it trained on, and tests as the parts of it that they cost."""
    seconds: float

    @property
    def key(self) -> Key:
        """What is timed."""
        return self.on_gpu, *key_and_width(self.network), self.image_size, self.mode


class Timings:
    """Seconds by network: of a table, and of finished trainings under a folder.

    The table of a CPU comes with the package; that of a GPU, if there is one, is `gpu_table`, and
    that of this machine's processor `own_table`.
    """

    def __init__(
        self,
        results: Path | None = None,
        on_gpu: bool = False,
        gpu_table: Path | None = None,
        own_table: Path | None = None,
    ):
        self._results, self._on_gpu = results, on_gpu
        self._gpu_table, self._own_table = gpu_table, own_table

    @cached_property
    def _on_cpu(self) -> dict[tuple[str, str], list[Speed]]:
        with as_file(files("cnn_sensitivity.operations.forecast").joinpath("timings.csv")) as path:
            return read_table(path)

    @cached_property
    def _of_gpu(self) -> dict[tuple[str, str], list[Speed]]:
        return read_table(self._gpu_table) if self._gpu_table else {}

    @property
    def gpu(self) -> str | None:
        """The name of the GPU that the table is of."""
        return next((device for device, _ in self._of_gpu), None)

    @cached_property
    def _finished(self) -> list[Finished]:
        pattern = "*/*/*/*/*/training.benchmark.tsv"
        paths = sorted(self._results.glob(pattern)) if self._results else []
        return [finished for path in paths if (finished := _read(path))]

    @cached_property
    def _own(self) -> dict[Key, float]:
        """Seconds per 1000 images of what has been timed here: medians over trainings."""
        found = defaultdict(list)
        for one in self._finished:
            if one.seconds >= SHORTEST:
                found[one.key].append((one.seconds - START_SECONDS) / one.passes)
        return {key: median(seconds) for key, seconds in found.items()}

    @cached_property
    def machine(self) -> Machine:
        """How many times as long as the reference this machine takes."""
        if ratios := self._of_trainings():
            return Machine(median(ratios), "the trainings finished here")
        if ratios := self._of_own_table():
            return Machine(median(ratios), f"{len(ratios)} networks timed here")
        return Machine(1.0, "")

    def _of_trainings(self) -> list[float]:
        """Return the ratio of each finished training.

        Short ones count, but for those that the reference too would have spent starting.
        """
        ratios = []
        for one in self._finished:
            if one.on_gpu == self._on_gpu:
                reference = self._reference_seconds(
                    "train_seconds", one.network, one.image_size, one.mode
                )
                computing = (reference or 0.0) * one.passes
                if computing >= START_SECONDS:
                    ratios.append(one.seconds / (START_SECONDS + computing))
        return ratios

    def _of_own_table(self) -> list[float]:
        """Return the ratio of each network in the table of this machine's processor."""
        if self._on_gpu or not self._own_table:
            return []
        try:
            own = read_table(self._own_table)
        except UserError:  # not there, or damaged: it is written anew
            return []
        return [
            speed.train_seconds / there.train_seconds
            for network, speeds in own.items()
            for speed in speeds
            for there in self._on_cpu.get(network, [])
            if (there.width, there.image_size) == (speed.width, speed.image_size)
        ]

    def train_seconds(
        self, network: Architecture, size: int, mode: Mode = ONE_BY_ONE
    ) -> float | None:
        """Return the seconds of 1000 images in training; None for a network not timed yet.

        Where a mode has not been timed, those of the one most like it.
        """
        if (key := self._key(network, size, mode)) in self._own:
            return self._own[key]
        reference = self._reference_seconds("train_seconds", network, size, mode)
        return None if reference is None else reference * self.machine.factor

    def measure_seconds(
        self, network: Architecture, size: int, mode: Mode = ONE_BY_ONE
    ) -> float | None:
        """Return the seconds of measuring one state of a network on 1000 images.

        Three forward passes each take about as long as training, where nothing better is known.
        """
        timed = self._reference_seconds("measure_seconds", network, size, mode)
        return (
            self.train_seconds(network, size, mode)
            if timed is None
            else timed * self.machine.factor
        )

    def parameters(self, network: Architecture) -> float | None:
        """Return the number of parameters, about."""
        return self._interpolated("parameters", network, None, ONE_BY_ONE, on_gpu=False)

    def is_own(self, network: Architecture, size: int, mode: Mode = ONE_BY_ONE) -> bool:
        """Return whether this machine has timed the training of a network."""
        return self._key(network, size, mode) in self._own

    def _key(self, network: Architecture, size: int, mode: Mode) -> Key:
        return self._on_gpu, *key_and_width(network), size, mode if self._on_gpu else ONE_BY_ONE

    def _reference_seconds(
        self, quantity: str, network: Architecture, size: int, mode: Mode
    ) -> float | None:
        return self._interpolated(quantity, network, size, mode, self._on_gpu)

    def _interpolated(
        self, quantity: str, network: Architecture, size: int | None, mode: Mode, on_gpu: bool
    ) -> float | None:
        name, width = key_and_width(network)
        device, table = (self.gpu or "", self._of_gpu) if on_gpu else (CPU, self._on_cpu)
        timed = [s for s in table.get((device, name), []) if getattr(s, quantity) is not None]
        near = _nearest(timed, size, mode)
        if not near:
            return None
        values = {w: getattr(s, quantity) * _pixels(name, s, size) for w, s in near.items()}
        narrow, wide = min(values), max(values)
        if narrow == wide:
            return values[narrow]
        # A power law of the width through the narrow and the wide network.
        power = log(values[wide] / values[narrow]) / log(wide / narrow)
        return values[narrow] * (width / narrow) ** max(power, 0.0)


def _nearest(speeds: Iterable[Speed], size: int | None, mode: Mode) -> dict[float, Speed]:
    """Return of each width the speed that is most like what is asked."""
    near: dict[float, Speed] = {}
    for speed in speeds:
        best = near.setdefault(speed.width, speed)
        if speed.distance(size, mode) < best.distance(size, mode):
            near[speed.width] = speed
    return near


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
        log = benchmark.with_name("training.log").read_text(encoding="utf-8", errors="replace")
        if RESUMED in log or TAKEN in log:
            return None
        with benchmark.open(encoding="utf-8") as file:
            seconds = float(next(csv.DictReader(file, delimiter="\t"))["s"])
        made: dict[str, Any] = _description(benchmark.with_name("checkpoint.safetensors"))
        settings = TrainingSettings.model_validate(made["settings"])
        recipe = settings.recipe
        passed = recipe.images_per_epoch or made["dataset"]["train_images"]
        images = passed + FORWARD * made["test_images"] * recipe.tests / recipe.epochs
        passes = images / 1000 * sum(seed["epochs"] for seed in made["seeds"])
        size, on_gpu = int(made["dataset"]["image_size"]), log.startswith("GPU")
        mode = Mode.of(settings) if on_gpu else ONE_BY_ONE
        network = settings.network
        return Finished(on_gpu, network, size, mode, passes, seconds) if passes else None
    except (OSError, ArithmeticError, LookupError, StopIteration, TypeError, ValueError):
        return None
