"""Scorecards of several runs side by side."""

from collections.abc import Mapping

from pandas import DataFrame

from cnn_sensitivity.scorecard.render import cell, mark, measured, records


def to_comparison(scorecards: Mapping[str, DataFrame]) -> str:
    """Return a Markdown table with a row for each claim and a column for each run.

    `scorecards` maps the name of a run to its scorecard; claims come in the order of the first.
    """
    runs = {name: {row["id"]: row for row in records(frame)} for name, frame in scorecards.items()}
    first = next(iter(runs.values()))
    headings = ("claim", "figure", "the paper", "number", *(f"`{name}`" for name in runs))
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    for identity, claim in first.items():
        name = f"**{identity}** {claim['statement']}"
        cells = [name, claim["figure"], claim["paper"], claim["number"]]
        for rows in runs.values():
            row = rows.get(identity)
            cells.append(f"{mark(row)} {measured(row)}" if row else "")
        lines.append(f"| {' | '.join(map(cell, cells))} |")
    return "\n".join(lines) + "\n"
