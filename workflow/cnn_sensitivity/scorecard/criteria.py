"""The criteria of a paper's claims, each with its date, and every change with its reason.

A room lists them in `criteria.csv`: date, claim, criterion, why. The first row of a claim is its
criterion as it was first written; each further one replaces it, for the reason `why`. Rows of the
claim `all` say how verdicts are made. Source: paper.md, section 4.
"""

from pathlib import Path

import pandas
from pandas import DataFrame

ALL = "all"
COLUMNS = ["date", "claim", "before", "after", "why"]


def read(path: str | Path) -> DataFrame:
    """Return the list of a room, in order of the file."""
    return pandas.read_csv(path, keep_default_na=False)


def current(criteria: DataFrame) -> DataFrame:
    """Return criterion and date that each claim has now, by claim."""
    return criteria.groupby("claim", sort=False).last()[["criterion", "date"]]


def changes(criteria: DataFrame) -> DataFrame:
    """Return, under COLUMNS and by date, what replaced what and why."""
    before = criteria.groupby("claim")["criterion"].shift()
    changed = criteria.assign(before=before)[before.notna()]
    changed = changed.rename(columns={"criterion": "after"})
    return changed.sort_values("date", kind="stable")[COLUMNS].reset_index(drop=True)
