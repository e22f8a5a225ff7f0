"""What a claim's measurement returns, and the verdict that follows from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan

from pandas import DataFrame

REPRODUCED = "reproduced"
CONTRADICTED = "contradicted"
UNDECIDED = "undecided"
NOT_TESTED = "not tested at this scale"
VERDICTS = (REPRODUCED, CONTRADICTED, UNDECIDED, NOT_TESTED)
# Of several parts of a claim the first of these that one has is the claim's.
_WEAKEST_FIRST = (CONTRADICTED, UNDECIDED, NOT_TESTED, REPRODUCED)


def number(value: float, low: float, high: float) -> str:
    """Return a value with its interval, if it has one that is wider than a point."""
    return f"{value:.3g} [{low:.2g}, {high:.2g}]" if low < high else f"{value:.3g}"


@dataclass(frozen=True)
class Range:
    """The values that meet a criterion: from `low` to `high`, both of them included."""

    low: float = -inf
    high: float = inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


POSITIVE, NEGATIVE = Range(low=5e-324), Range(high=-5e-324)
"""All numbers above and below 0."""
ABOVE_ONE, BELOW_ONE = Range(low=1 + 2**-52), Range(high=1 - 2**-53)


@dataclass(frozen=True)
class Measured:
    """One number of a claim, its 95 % interval (nan where it has none), and what meets the claim.

    `meets` is None where the data do not define the number, and `detail` then says why. `exact`:
    the number has no randomness, and needs no interval.
    """

    value: float = nan
    low: float = nan
    high: float = nan
    meets: Range | None = None
    detail: str = ""
    label: str = ""
    """What the number is of, where a claim has several: a noise level, a network, ..."""
    exact: bool = False

    @property
    def verdict(self) -> str:
        """By the whole interval: within the range, outside of it, or both."""
        if self.meets is None or isnan(self.value):
            return NOT_TESTED
        low, high = (self.value, self.value) if self.exact else (self.low, self.high)
        if not low <= high:  # there is no interval
            return UNDECIDED
        if low in self.meets and high in self.meets:
            return REPRODUCED
        outside = high < self.meets.low or low > self.meets.high
        return CONTRADICTED if outside else UNDECIDED

    def __str__(self) -> str:
        words = [number(self.value, self.low, self.high)] if isfinite(self.value) else []
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
    """A claim of the paper, and how it is measured."""

    id: str
    statement: str
    figure: str
    paper: str
    criterion: str
    number: str
    """What the measured number is."""
    measure: Callable[[dict[str, DataFrame]], Outcome]


def judge(claim: Claim, tables: dict[str, DataFrame]) -> dict[str, str | float]:
    """Return the claim's row of the scorecard.

    The claim has the verdict of its weakest part: contradicted if one is, else undecided, else
    not tested, and reproduced if all are. The row shows the part that decides.
    """
    row: dict[str, str | float] = {
        "id": claim.id,
        "statement": claim.statement,
        "figure": claim.figure,
        "paper": claim.paper,
        "criterion": claim.criterion,
        "number": claim.number,
    }
    try:
        outcome = claim.measure(tables)
    except NotTested as missing:
        return {**row, **_numbers(Measured()), "verdict": NOT_TESTED, "reason": str(missing)}
    verdicts = [part.verdict for part in outcome.parts]
    verdict = next(each for each in _WEAKEST_FIRST if each in verdicts)
    shown = outcome.parts[verdicts.index(verdict)]
    sentences = ["; ".join(str(part) for part in outcome.parts) + ".", outcome.remark]
    reason = " ".join(sentence for sentence in sentences if sentence)
    return {**row, **_numbers(shown), "verdict": verdict, "reason": reason}


def _numbers(part: Measured) -> dict[str, float]:
    return {"measured": part.value, "low": part.low, "high": part.high}
