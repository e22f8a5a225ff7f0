"""The scorecard as plain text, as Markdown and as a web page of its own."""

from collections.abc import Mapping
from html import escape
from math import isfinite
from textwrap import shorten, wrap

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import plural
from cnn_sensitivity.scorecard.verdict import (
    CONTRADICTED,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
    number,
)

_MARKS = {REPRODUCED: "✓", CONTRADICTED: "✗", UNDECIDED: "?", NOT_TESTED: "–"}
_CLASSES = {REPRODUCED: "yes", CONTRADICTED: "no", UNDECIDED: "unsure", NOT_TESTED: "open"}
_HEADINGS = ("Claim", "Figure", "Paper", "Measured", "Verdict", "Reason")

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Scorecard of the paper's claims</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; color: #222; margin: 2rem auto; max-width: 72rem;
       padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .55rem .7rem;
         border-bottom: 1px solid #ddd; }}
th {{ border-bottom: 2px solid #222; }}
small {{ color: #5a5a5a; }}
code {{ font-size: .9em; }}
.measured, .verdict {{ white-space: nowrap; }}
.yes {{ color: #00664b; font-weight: 600; }}
.no {{ color: #a33f00; font-weight: 600; }}
.unsure {{ color: #6b5900; font-weight: 600; }}
.open {{ color: #5a5a5a; }}
</style>
</head>
<body>
<h1>Scorecard of the paper's claims</h1>
<p>{summary}</p>
<table>
<thead><tr>{headings}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


def to_markdown(frame: DataFrame, agreement: str = "") -> str:
    """Return the scorecard as a Markdown table under a sentence that counts the verdicts.

    `agreement` says how the run compares with its reference run; it ends the page.
    """
    lines = [
        _summary(frame),
        "",
        f"| {' | '.join(_HEADINGS)} |",
        f"|{'---|' * len(_HEADINGS)}",
    ]
    for row in records(frame):
        cells = (
            f"**{row['id']}** {row['statement']}: {row['criterion']}",
            row["figure"],
            row["paper"],
            f"{row['number']}: {measured(row)}",
            f"{mark(row)} {row['verdict']}",
            row["reason"],
        )
        lines.append(f"| {' | '.join(map(cell, cells))} |")
    lines += ["", agreement] if agreement else []
    return "\n".join(lines) + "\n"


def to_html(frame: DataFrame, agreement: str = "") -> str:
    """Return the scorecard as one self-contained web page."""
    rows = "\n".join(_html_row(row) for row in records(frame))
    headings = "".join(f'<th scope="col">{heading}</th>' for heading in _HEADINGS)
    summary = " ".join(filter(None, (_summary(frame), agreement)))
    return _PAGE.format(summary=escape(summary), headings=headings, rows=rows)


def to_text(frame: DataFrame, agreement: str = "") -> str:
    """Return the scorecard for a terminal: claim, measured, verdict, under 100 characters wide."""
    rows = [("Claim", "", "Measured", "Verdict")]
    for row in records(frame):
        statement = shorten(str(row["statement"]), 46, placeholder=" …")
        verdict = f"{mark(row)} {row['verdict']}".removesuffix(" at this scale")
        rows.append((str(row["id"]), statement, measured(row), verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*map(str.ljust, row[:3], widths), row[3]]).rstrip()  # the verdict ends the line
        for row in rows
    ]
    end = [_summary(frame), *wrap(agreement, 100)]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:], "", *end])


def records(frame: DataFrame) -> list[dict[str, object]]:
    """Return the scorecard's rows."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _summary(frame: DataFrame) -> str:
    counts = ((frame["verdict"] == verdict).sum() for verdict in _MARKS)
    parts = ", ".join(f"{count} {verdict}" for count, verdict in zip(counts, _MARKS, strict=True))
    return f"{plural(len(frame), 'claim')}: {parts}."


def mark(row: Mapping[str, object]) -> str:
    """Return the sign of a row's verdict."""
    return _MARKS[str(row["verdict"])]


def measured(row: Mapping[str, object]) -> str:
    """Return the number that decides, with its interval."""
    value, low, high = (float(str(row[name])) for name in ("measured", "low", "high"))
    if not isfinite(value):
        return "–"
    return number(value, low, high)


def cell(value: object) -> str:
    """Return text as a cell of a Markdown table."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def _html_row(row: Mapping[str, object]) -> str:
    text = {key: escape(str(value)) for key, value in row.items()}
    verdict = str(row["verdict"])
    return (
        f"<tr><td><code>{text['id']}</code> {text['statement']}"
        f"<br><small>{text['criterion']}</small></td>"
        f"<td>{text['figure']}</td><td>{text['paper']}</td>"
        f'<td class="measured">{measured(row)}<br><small>{text["number"]}</small></td>'
        f'<td class="verdict {_CLASSES[verdict]}">{mark(row)} {text["verdict"]}</td>'
        f"<td><small>{text['reason']}</small></td></tr>"
    )
