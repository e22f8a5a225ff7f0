"""The verdict of a claim at the largest scale that tests it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pandas import DataFrame

from cnn_sensitivity.scorecard import comparison
from cnn_sensitivity.scorecard.render import records
from cnn_sensitivity.scorecard.verdict import NOT_TESTED, Claim

Scorecards = dict[str, DataFrame]
"""By the name of their run, by growing scale."""


class Found(NamedTuple):
    """What a run says of a claim: its row of the scorecard."""

    run: str
    row: Mapping[str, object]

    @property
    def verdict(self) -> str:
        return str(self.row["verdict"])


def scorecards(folder: str | Path, runs: Sequence[str]) -> Scorecards:
    """Return the scorecards of those of `runs` that `folder` has, in their order."""
    paths = [Path(folder, run, "claims.csv") for run in runs]
    return comparison.read(path for path in paths if path.exists())


def of_each_run(claim: Claim, cards: Scorecards) -> list[Found]:
    """Return what each run says of a claim; a scorecard from before the claim says nothing."""
    return [
        Found(run, row)
        for run, card in cards.items()
        for row in records(card)
        if row["id"] == claim.id
    ]


def at_largest(claim: Claim, cards: Scorecards) -> Found | None:
    """Return what the last run says that tests a claim, else the last run; None without runs."""
    found = of_each_run(claim, cards)
    tested = [each for each in found if each.verdict != NOT_TESTED]
    return next(reversed(tested or found), None)
