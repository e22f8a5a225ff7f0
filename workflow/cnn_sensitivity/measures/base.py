"""What a measure is: what it needs, what it adds up of each layer, and the rows that it gives.

A quantity is one module of this folder, of its name, whose `MEASURE` is a `Measure`; its line in
`QUANTITIES` of the configuration's `measurements.py` says which keys it takes.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Self

import torch
from pandas import DataFrame
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Measurement
from cnn_sensitivity.measures.recording import Factory, Recording, record
from cnn_sensitivity.tasks.points.signed import Signed

Row = dict[str, Any]
"""One number of one layer: layer, index, quantity, value; and where there are such, kind, depth,
error, numerator, denominator, images, flagged, and what else tells it from others."""

Stimuli = Mapping[str, Tensor]
"""What networks are shown, by name: images, deformed (tau x), noisy (x + eta); [P, ...] each."""


@dataclass(frozen=True)
class Learned:
    """What a network learned and how it is tested: inputs [P, ...] and targets [P] of +-1."""

    training: Signed
    test: Signed


@dataclass(frozen=True)
class Seen:
    """A network f, and what was added up of its layers while images passed it.

    `shape` is that of one input, [C, ...]. `sets` are the images [P, ...], then each changed set
    once; where none passed there are none, and no recording. `learned` is there for measures that
    ask for it.
    """

    network: nn.Module
    shape: tuple[int, ...]
    sets: tuple[Tensor, ...] = ()
    recording: Recording | None = None
    learned: Learned | None = None

    def place(self, changed: Tensor) -> int:
        """Return the number of a changed set among those that passed, from 0."""
        return next(at for at, each in enumerate(self.sets[1:]) if each is changed)


class Measure(ABC):
    """One quantity, as one measurement asks for it.

    `needs` names the `Stimuli` that it is made from; a measure that needs none is made from the
    weights alone, of networks at initialisation and trained. Attributes of their names hold them.
    """

    needs: ClassVar[Collection[str]] = ()
    of_learned: ClassVar[bool] = False
    """Whether it is made from the training set of the network's seed and from the test set."""

    @classmethod
    def of(cls, measurement: Measurement, stimuli: Stimuli) -> Self:
        """Return the measure that a configuration's measurement describes."""
        return cls()

    @property
    def changed(self) -> dict[str, Tensor]:
        """The changed images that must pass with the unchanged ones, by name."""
        return {name: getattr(self, name) for name in self.needs if name != "images"}

    def check(self, images: Tensor) -> None:  # noqa: B027  # a measure that takes any images has none
        """Raise UserError for images or settings that it cannot be made with."""

    def sums(
        self, layer: str, kind: str, last: bool, beside: Sequence["Measure"]
    ) -> Mapping[str, Factory]:
        """Return, by name, what it adds up of a layer's outputs: see `recording.Accumulator`.

        `last`: it is the network's last layer. What measures call by one name is added up once;
        `beside` are all that are made together.
        """
        return {}

    @abstractmethod
    def rows(self, seen: Seen) -> list[Row]:
        """Return the measured numbers of a network."""


class Tabulated(Measure):
    """A measure whose numbers also make a table with a row a layer."""

    @abstractmethod
    def table(self, seen: Seen) -> DataFrame:
        """Return its numbers with a row a layer and a column a quantity."""


def measure_class(quantity: str) -> type[Measure]:
    """Return the measure of a quantity."""
    return import_module(f"cnn_sensitivity.measures.{quantity}").MEASURE


def look(
    network: nn.Module,
    images: Tensor,
    measures: Sequence[Measure],
    *,
    batch_size: int | None = None,
    channel_mean: bool = False,
    batch_statistics: bool = False,
    functions: bool = False,
) -> Seen:
    """Return what measures can be read from once images [P, ...] have passed `network`.

    The unchanged images, and changed ones that several measures share, pass once. Images of all
    sets pass together: with many sets fewer images at once. The options are those of
    `recording.record`. Raises UserError for images that a measure cannot be made with.
    """
    sets = [images]
    for measure in measures:
        _check_shapes(images, measure)
        measure.check(images)
        for changed in measure.changed.values():
            if not any(changed is each for each in sets[1:]):
                sets.append(changed)
    if batch_size is not None and batch_size < 1:
        raise UserError(f"batch_size must be at least 1, not {batch_size}")

    @cache
    def choose(layer: str, kind: str, last: bool) -> Mapping[str, Factory]:
        wanted = (measure.sums(layer, kind, last, measures) for measure in measures)
        return {name: factory for sums in wanted for name, factory in sums.items()}

    recording = record(
        network,
        sets,
        choose,
        batch_size=batch_size,
        channel_mean=channel_mean,
        batch_statistics=batch_statistics,
        functions=functions,
    )
    return Seen(network, tuple(images.shape[1:]), tuple(sets), recording)


def measure_all(
    network: nn.Module, images: Tensor, measures: Sequence[Tabulated], **options: Any
) -> list[DataFrame]:
    """Return the table of each measure of a network, all from one pass: see `look`."""
    seen = look(network, images, measures, **options)
    with torch.no_grad():
        return [measure.table(seen) for measure in measures]


def check_number(images: int, fewest: int, average: str) -> None:
    """Raise UserError for fewer images than an average over their pairs needs."""
    if images < fewest:
        few = "1 image is" if images == 1 else f"{images} images are"
        raise UserError(
            f"{few} too few for the {average} over pairs of images: give {fewest} or more"
        )


def _check_shapes(images: Tensor, measure: Measure) -> None:
    shown = {"images": images, **measure.changed}
    shapes = [tuple(each.shape) for each in shown.values()]
    if len(set(shapes)) > 1 or images.ndim < 2 or len(images) == 0:
        *names, last = shown
        *others, end = map(str, shapes)
        raise UserError(
            f"{', '.join(names)} and {last} must have one shape [P, ...] with P > 0,"
            f" not {', '.join(others)} and {end}"
        )
