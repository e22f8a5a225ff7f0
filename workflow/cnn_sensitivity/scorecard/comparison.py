"""Scorecards of several runs side by side."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pandas import DataFrame

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.scorecard.render import cell, mark, measured, records
from cnn_sensitivity.scorecard.verdict import OURS, VERDICTS
from cnn_sensitivity.tables import files as table_files


def read(paths: Iterable[str | Path]) -> dict[str, DataFrame]:
    """Return scorecards `<run>/claims.csv` by the name of their run.

    Raises:
        UserError: one cannot be read or has an unknown verdict, or two are of runs of one name.
    """
    found: dict[str, Path] = {}
    scorecards = {}
    for path in map(Path, paths):
        run = path.resolve().parent.name
        if run in found:
            raise UserError(
                f"{found[run]} and {path}: two scorecards of a run {run!r}; rename one's folder"
            )
        found[run] = path
        scorecards[run] = table_files.read("claims", [path])
        if unknown := set(scorecards[run]["verdict"]) - set(VERDICTS):
            raise UserError(
                f"{path}: unknown verdict {min(map(str, unknown))!r}; {table_files.REMEDY}"
            )
    return scorecards


def to_comparison(scorecards: Mapping[str, DataFrame]) -> str:
    """Return a Markdown table with a row for each claim and a column for each run.

    `scorecards` maps the name of a run to its scorecard; claims come in the order of the first.
    """
    runs = {name: {row["id"]: row for row in records(frame)} for name, frame in scorecards.items()}
    first = next(iter(runs.values()))
    headings = ("claim", "figure", "the paper", "number", *(f"`{name}`" for name in runs))
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    for identity, claim in first.items():
        ours = " (ours)" if claim["whose"] == OURS else ""
        name = f"**{identity}**{ours} {claim['statement']}"
        cells = [name, claim["figure"], claim["paper"], claim["number"]]
        for rows in runs.values():
            row = rows.get(identity)
            cells.append(f"{mark(row)} {measured(row)}" if row else "")
        lines.append(f"| {' | '.join(map(cell, cells))} |")
    return "\n".join(lines) + "\n"
