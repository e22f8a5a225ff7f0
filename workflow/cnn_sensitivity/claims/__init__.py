"""The scorecard: each claim of the paper, measured on a run's tables. No torch."""

from pandas import DataFrame

from cnn_sensitivity.claims.comparison import to_comparison
from cnn_sensitivity.claims.render import to_html, to_markdown, to_text
from cnn_sensitivity.claims.table import CLAIMS
from cnn_sensitivity.claims.verdict import judge

__all__ = ["CLAIMS", "COLUMNS", "assess", "to_comparison", "to_html", "to_markdown", "to_text"]

COLUMNS = ["id", "statement", "figure", "paper", "criterion", "number"]
COLUMNS += ["measured", "low", "high", "verdict", "reason"]


def assess(tables: dict[str, DataFrame]) -> DataFrame:
    """Return the scorecard: a row a claim, under COLUMNS.

    `tables`: sensitivity and spectrum (of all runs, concatenated) and theory. A claim whose table
    or data are missing is not tested, and its reason says what is missing. `measured`, with its
    95 % bootstrap interval `low` to `high` where it has one, is the number that decides: of a claim
    on several networks or noise levels the weakest.
    """
    return DataFrame([judge(claim, tables) for claim in CLAIMS], columns=COLUMNS)
