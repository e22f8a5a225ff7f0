"""What a claim's measurement returns, and the verdict that follows from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, nan

from pandas import DataFrame

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
NOT_TESTED = "not tested at this scale"


def number(value: float, low: float, high: float) -> str:
    """Return a value with its interval, if it has one that is wider than a point."""
    return f"{value:.3g} [{low:.2g}, {high:.2g}]" if low < high else f"{value:.3g}"


@dataclass(frozen=True)
class Measured:
    """One number of a claim: its 95 % interval (nan where it has none) and whether it holds.

    `holds` is None where the data do not define it, and `detail` then says why.
    """

    value: float = nan
    low: float = nan
    high: float = nan
    holds: bool | None = None
    detail: str = ""
    label: str = ""
    """What the number is of, where a claim has several: a noise level, a network, ..."""

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

    The claim is reproduced if all its parts hold, not if one does not; where none fails but one is
    not defined it is not tested. The row shows the part that decides.
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
    holds = [part.holds for part in outcome.parts]
    verdict = NOT_REPRODUCED if False in holds else NOT_TESTED if None in holds else REPRODUCED
    deciding = {NOT_REPRODUCED: False, NOT_TESTED: None, REPRODUCED: True}[verdict]
    shown = outcome.parts[holds.index(deciding)]
    sentences = ["; ".join(str(part) for part in outcome.parts) + ".", outcome.remark]
    reason = " ".join(sentence for sentence in sentences if sentence)
    return {**row, **_numbers(shown), "verdict": verdict, "reason": reason}


def _numbers(part: Measured) -> dict[str, float]:
    return {"measured": part.value, "low": part.low, "high": part.high}
