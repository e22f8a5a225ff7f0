"""A finished run held against the reference run of its name, verdict by verdict."""

from dataclasses import dataclass
from pathlib import Path

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.base import software
from cnn_sensitivity.scorecard.render import measured, records
from cnn_sensitivity.tables import files as table_files

CLAIMS, SOFTWARE = "claims.csv", "software.txt"
"""The files of a reference run that are read here."""


@dataclass(frozen=True)
class Comparison:
    """A run beside its reference run."""

    made_with: str
    """The commit and the processor of the reference run."""
    shared: int
    """Claims that both have."""
    others: tuple[tuple[str, str, str], ...]
    """Of each claim with another verdict its id, and what is found here and there."""
    new: tuple[str, ...]
    """Claims that the reference run does not have."""

    @property
    def sentence(self) -> str:
        """How many verdicts are the same."""
        same = self.shared - len(self.others)
        return f"{same} of {self.shared} verdicts as in the reference run of {self.made_with}."

    @property
    def lacking(self) -> str:
        """What the reference run does not have, as a sentence."""
        return f"The reference run has no {listing(self.new)}." if self.new else ""


def compare(claims: DataFrame, folder: str | Path) -> Comparison | None:
    """Return a finished run's scorecard beside that of the reference run in `folder`, if any.

    Raises:
        UserError: the reference run's scorecard cannot be read.
    """
    path = Path(folder, CLAIMS)
    if not path.is_file():
        return None
    known = {row["id"]: row for row in records(table_files.read("claims", [path]))}
    rows = [row for row in records(claims) if row["id"] in known]
    others = [row for row in rows if row["verdict"] != known[row["id"]]["verdict"]]
    return Comparison(
        made_with=_made_with(Path(folder, SOFTWARE)),
        shared=len(rows),
        others=tuple((str(row["id"]), _found(row), _found(known[row["id"]])) for row in others),
        new=tuple(str(row["id"]) for row in records(claims) if row["id"] not in known),
    )


def agreement(claims: DataFrame, folder: str | Path) -> str:
    """Return how many verdicts are those of the reference run in `folder`, and which are not.

    `claims` is the scorecard of the finished run. Without a reference run the text is empty.

    Raises:
        UserError: the reference run's scorecard cannot be read.
    """
    found = compare(claims, folder)
    if found is None:
        return ""
    named = [f"{claim} is {here}, and was {there}" for claim, here, there in found.others]
    differing = f"Not the same: {'; '.join(named)}." if named else ""
    return " ".join(filter(None, (found.sentence, differing, found.lacking)))


def _found(row: dict[str, object]) -> str:
    return f"{row['verdict']} ({measured(row)})"


def _made_with(path: Path) -> str:
    """Return the commit and the processor's instructions of a run."""
    noted = software.noted(path)
    commit = noted.get("commit", "unknown").partition(",")[0][:7]
    return f"commit {commit}, {noted.get(software.INSTRUCTIONS, 'an unknown processor')}"
