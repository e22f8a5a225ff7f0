"""The scorecard: each claim of a paper, measured on a run's tables. No torch."""

from collections.abc import Iterable

from pandas import DataFrame

from cnn_sensitivity.scorecard import criteria as criteria_list
from cnn_sensitivity.scorecard.against_reference import agreement
from cnn_sensitivity.scorecard.characteristics import Authors, Simulated
from cnn_sensitivity.scorecard.comparison import read, to_comparison
from cnn_sensitivity.scorecard.render import to_html, to_markdown
from cnn_sensitivity.scorecard.terminal import terminal, to_text
from cnn_sensitivity.scorecard.verdict import OURS, PAPER, Claim, judge

__all__ = [
    "COLUMNS",
    "agreement",
    "assess",
    "read",
    "terminal",
    "to_comparison",
    "to_html",
    "to_markdown",
    "to_text",
]

COLUMNS = ["id", "whose", "statement", "figure", "paper", "criterion", "since", "number"]
COLUMNS += ["measured", "low", "high", "verdict", "reason"]


def assess(
    claims: Iterable[Claim],
    tables: dict[str, DataFrame],
    criteria: DataFrame,
    authors: Authors | None = None,
) -> DataFrame:
    """Return the scorecard: a row a claim, under COLUMNS.

    `tables`: what the claims are measured from, by kind. A claim whose table or data are missing
    is not tested, and its reason says what is missing. `measured`, with its 95 % interval `low` to
    `high` where it has one, is the number that decides: of a claim on several networks or noise
    levels the weakest. `criteria` is the room's list (see `criteria.read`); `authors` simulates
    their own numbers with this run's design: what these do not meet is not tested.
    """
    now = criteria_list.current(criteria)
    simulated = Simulated(authors, tables) if authors else None
    rows = []
    for claim in claims:
        judged = judge(claim, tables)
        if simulated is not None:
            judged = simulated.gate(claim, judged)
        low, high = judged.part.interval()
        row = {
            "id": claim.id,
            "whose": OURS if claim.ours else PAPER,
            "statement": claim.statement,
            "figure": claim.figure,
            "paper": claim.paper,
            "criterion": now.loc[claim.id, "criterion"],
            "since": now.loc[claim.id, "date"],
            "number": claim.number,
            "measured": judged.part.value,
            "low": low,
            "high": high,
            "verdict": judged.verdict,
            "reason": judged.reason,
        }
        rows.append(row)
    return DataFrame(rows, columns=COLUMNS)
