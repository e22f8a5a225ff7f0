"""A finished run held against the reference run of its name, verdict by verdict."""

from pathlib import Path

from pandas import DataFrame

from cnn_sensitivity import software, table_files
from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.scorecard.render import measured, records

CLAIMS, SOFTWARE = "claims.csv", "software.txt"
"""The files of a reference run that are read here."""


def agreement(claims: DataFrame, folder: str | Path) -> str:
    """Return how many verdicts are those of the reference run in `folder`, and which are not.

    `claims` is the scorecard of the finished run. Without a reference run the text is empty.

    Raises:
        UserError: the reference run's scorecard cannot be read.
    """
    path = Path(folder, CLAIMS)
    if not path.is_file():
        return ""
    known = {row["id"]: row for row in records(table_files.read("claims", [path]))}
    rows = [row for row in records(claims) if row["id"] in known]
    others = [row for row in rows if row["verdict"] != known[row["id"]]["verdict"]]
    text = (
        f"{len(rows) - len(others)} of {len(rows)} verdicts as in the reference run"
        f" of {_made_with(Path(folder, SOFTWARE))}."
    )
    if others:
        named = [
            f"{row['id']} is {_found(row)}, and was {_found(known[row['id']])}" for row in others
        ]
        text += f" Not the same: {'; '.join(named)}."
    if new := [str(row["id"]) for row in records(claims) if row["id"] not in known]:
        text += f" The reference run has no {listing(new)}."
    return text


def _found(row: dict[str, object]) -> str:
    return f"{row['verdict']} ({measured(row)})"


def _made_with(path: Path) -> str:
    """Return the commit and the processor's instructions of a run."""
    noted = software.noted(path)
    commit = noted.get("commit", "unknown").partition(",")[0][:7]
    return f"commit {commit}, {noted.get(software.INSTRUCTIONS, 'an unknown processor')}"
