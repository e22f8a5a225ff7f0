"""The scorecard: each claim of a paper, measured on a run's tables. No torch."""

from collections.abc import Iterable

from pandas import DataFrame

from cnn_sensitivity.scorecard.against_reference import agreement
from cnn_sensitivity.scorecard.comparison import read, to_comparison
from cnn_sensitivity.scorecard.render import to_html, to_markdown, to_text
from cnn_sensitivity.scorecard.verdict import Claim, judge

__all__ = [
    "COLUMNS",
    "agreement",
    "assess",
    "read",
    "to_comparison",
    "to_html",
    "to_markdown",
    "to_text",
]

COLUMNS = ["id", "statement", "figure", "paper", "criterion", "number"]
COLUMNS += ["measured", "low", "high", "verdict", "reason"]


def assess(claims: Iterable[Claim], tables: dict[str, DataFrame]) -> DataFrame:
    """Return the scorecard: a row a claim, under COLUMNS.

    `tables`: sensitivity and spectrum (of all runs, concatenated) and theory. A claim whose table
    or data are missing is not tested, and its reason says what is missing. `measured`, with its
    95 % bootstrap interval `low` to `high` where it has one, is the number that decides: of a claim
    on several networks or noise levels the weakest.
    """
    return DataFrame([judge(claim, tables) for claim in claims], columns=COLUMNS)
