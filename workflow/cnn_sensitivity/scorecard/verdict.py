"""What a claim's measurement returns, and the verdict that follows from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan
from typing import Protocol

from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import UNDEFINED, Interval, Limits

REPRODUCED = "reproduced"
CONTRADICTED = "contradicted"
UNDECIDED = "undecided"
NOT_TESTED = "not tested at this scale"
VERDICTS = (REPRODUCED, CONTRADICTED, UNDECIDED, NOT_TESTED)
# Of several parts of a claim the first of these that one has is the claim's.
_WEAKEST_FIRST = (CONTRADICTED, UNDECIDED, NOT_TESTED, REPRODUCED)

PAPER, OURS = "paper", "ours"
"""Who states a claim."""

LEVEL = 0.95


def number(value: float, low: float, high: float) -> str:
    """Return a value with its interval, if it has one that is wider than a point."""
    return f"{value:.3g} [{low:.2g}, {high:.2g}]" if low < high else f"{value:.3g}"


class Criterion(Protocol):
    """What an interval must meet."""

    def met_by(self, low: float, high: float) -> bool:
        """Return whether the whole interval meets the criterion."""

    def failed_by(self, low: float, high: float) -> bool:
        """Return whether the whole interval fails it."""


@dataclass(frozen=True)
class Range:
    """The values that meet a criterion: from `low` to `high`, both of them included."""

    low: float = -inf
    high: float = inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def met_by(self, low: float, high: float) -> bool:
        return low in self and high in self

    def failed_by(self, low: float, high: float) -> bool:
        return high < self.low or low > self.high


@dataclass(frozen=True)
class Compatible:
    """An interval that contains `value` and is at most twice `half_width` wide."""

    value: float
    half_width: float

    def met_by(self, low: float, high: float) -> bool:
        return low <= self.value <= high and high - low <= 2 * self.half_width

    def failed_by(self, low: float, high: float) -> bool:
        return not low <= self.value <= high


POSITIVE, NEGATIVE = Range(low=5e-324), Range(high=-5e-324)
"""All numbers above and below 0."""
ABOVE_ONE, BELOW_ONE = Range(low=1 + 2**-52), Range(high=1 - 2**-53)


@dataclass(frozen=True)
class Measured:
    """One number of a claim, its interval (`limits`, None where it has none), and what meets it.

    `meets` is None where the data do not define the number, and `detail` then says why.
    """

    value: float = nan
    limits: Limits | None = None
    meets: Criterion | None = None
    detail: str = ""
    label: str = ""
    """What the number is of, where a claim has several: a noise level, a network, ..."""

    def interval(self, level: float = LEVEL) -> Interval:
        """Return the interval of a confidence level; (nan, nan) where there is none."""
        return UNDEFINED if self.limits is None else self.limits(level)

    @property
    def has_interval(self) -> bool:
        low, high = self.interval()
        return low <= high

    @property
    def is_defined(self) -> bool:
        return self.meets is not None and not isnan(self.value)

    @property
    def is_met(self) -> bool:
        """Whether the whole 95 % interval meets the criterion."""
        return self.meets is not None and self.has_interval and self.meets.met_by(*self.interval())

    def fails(self, level: float) -> bool:
        """Return whether the whole interval of a confidence level fails the criterion."""
        low, high = self.interval(level)
        return self.meets is not None and low <= high and self.meets.failed_by(low, high)

    def __str__(self) -> str:
        words = [number(self.value, *self.interval())] if isfinite(self.value) else []
        words += [self.detail] if self.detail else []
        text = ", ".join(words)
        return f"{self.label}: {text}" if self.label else text


@dataclass(frozen=True)
class Outcome:
    """All numbers of a claim, and what else its reader must know (runs left out, ...)."""

    parts: Sequence[Measured]
    remark: str = ""


class NotTested(Exception):
    """The data that a claim needs are not there; the message names them."""


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, and how it is measured. Its criterion is in the room's list."""

    id: str
    statement: str
    figure: str
    paper: str
    number: str
    """What the measured number is."""
    measure: Callable[[dict[str, DataFrame]], Outcome]
    ours: bool = False
    """No paper states it."""


def verdicts(parts: Sequence[Measured]) -> list[str]:
    """Return the verdict of each part.

    Reproduced: the whole 95 % interval meets the criterion. Contradicted: it fails it by Holm's
    correction over the parts that are defined, so that of a claim whose truth lies on the limit no
    part is contradicted in 95 % of runs, however many it has. Source: paper.md, section 4.
    """
    tested = [place for place, part in enumerate(parts) if part.is_defined]
    failed: set[int] = set()
    while left := [place for place in tested if place not in failed]:
        level = 1 - (1 - LEVEL) / len(left)
        more = {place for place in left if parts[place].fails(level)}
        if not more:
            break
        failed |= more
    return [_verdict(part, place in failed) for place, part in enumerate(parts)]


def _verdict(part: Measured, failed: bool) -> str:
    if not part.is_defined:
        return NOT_TESTED
    if failed:
        return CONTRADICTED
    return REPRODUCED if part.is_met else UNDECIDED


@dataclass(frozen=True)
class Judged:
    """A claim's verdict, the part that decides it, and the reason."""

    verdict: str
    part: Measured
    reason: str


def judge(claim: Claim, tables: dict[str, DataFrame]) -> Judged:
    """Return the verdict of the claim's weakest part: contradicted if one is, else undecided, else
    not tested, and reproduced if all are.
    """
    try:
        outcome = claim.measure(tables)
    except NotTested as missing:
        return Judged(NOT_TESTED, Measured(), str(missing))
    of_parts = verdicts(outcome.parts)
    verdict = next(each for each in _WEAKEST_FIRST if each in of_parts)
    sentences = ["; ".join(map(str, outcome.parts)) + ".", outcome.remark]
    reason = " ".join(sentence for sentence in sentences if sentence)
    return Judged(verdict, outcome.parts[of_parts.index(verdict)], reason)
