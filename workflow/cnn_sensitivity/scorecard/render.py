"""The scorecard as Markdown and as a web page of its own."""

from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import plural
from cnn_sensitivity.scorecard.verdict import (
    CONTRADICTED,
    NOT_TESTED,
    OURS,
    PAPER,
    REPRODUCED,
    UNDECIDED,
    number,
)

_MARKS = {REPRODUCED: "✓", CONTRADICTED: "✗", UNDECIDED: "?", NOT_TESTED: "–"}
_CLASSES = {REPRODUCED: "yes", CONTRADICTED: "no", UNDECIDED: "unsure", NOT_TESTED: "open"}
_OURS = {PAPER: "", OURS: " (ours)"}
_SINCE = (
    "A date is that of the criterion. It is the first one's, or that of the last of these changes;"
    " claims of ours are stated by no paper."
)
_CHANGES = ("Date", "Claim", "From", "To", "Why")
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
<h2>Criteria that changed</h2>
<p>{since}</p>
<table>
<thead><tr>{change_headings}</tr></thead>
<tbody>
{changes}
</tbody>
</table>
</body>
</html>
"""


def to_markdown(frame: DataFrame, changes: DataFrame, agreement: str = "") -> str:
    """Return the scorecard as a Markdown table under a sentence that counts the verdicts.

    Below it are the changes of criteria: see `criteria.changes`. `agreement` says how the run
    compares with its reference run; it ends the page.
    """
    lines = [summary(frame), "", *_head(_HEADINGS)]
    for row in records(frame):
        cells = (
            f"**{row['id']}**{_OURS[str(row['whose'])]} {row['statement']}: {row['criterion']}"
            f" ({row['since']})",
            row["figure"],
            row["paper"],
            f"{row['number']}: {measured(row)}",
            verdict_cell(row),
            row["reason"],
        )
        lines.append(f"| {' | '.join(map(cell, cells))} |")
    lines += ["", _SINCE, "", to_changes(changes)]
    lines += [agreement, ""] if agreement else []
    return "\n".join(lines)


def to_changes(changes: DataFrame) -> str:
    """Return the changes of criteria as a Markdown table."""
    lines = [" | ".join(map(cell, change.values())) for change in records(changes)]
    return "\n".join([*_head(_CHANGES), *(f"| {line} |" for line in lines)]) + "\n"


def to_html(frame: DataFrame, changes: DataFrame, agreement: str = "") -> str:
    """Return the scorecard, and the changes of criteria, as one self-contained web page."""
    cells = (map(escape, map(str, change.values())) for change in records(changes))
    changed = ["".join(f"<td>{text}</td>" for text in texts) for texts in cells]
    return _PAGE.format(
        summary=escape(" ".join(filter(None, (summary(frame), agreement)))),
        headings=_html_head(_HEADINGS),
        rows="\n".join(_html_row(row) for row in records(frame)),
        since=escape(_SINCE),
        change_headings=_html_head(_CHANGES),
        changes="\n".join(f"<tr>{row}</tr>" for row in changed),
    )


def records(frame: DataFrame) -> list[dict[str, object]]:
    """Return the scorecard's rows."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def summary(frame: DataFrame) -> str:
    """Return how many claims of the paper have each verdict, and how many of ours."""
    ours = frame["whose"] == OURS
    theirs = f"{plural(int((~ours).sum()), 'claim')} of the paper: {_counts(frame[~ours])}."
    return f"{theirs} {ours.sum()} of ours: {_counts(frame[ours])}." if ours.any() else theirs


def _counts(frame: DataFrame) -> str:
    counts = ((frame["verdict"] == verdict).sum() for verdict in _MARKS)
    return ", ".join(f"{count} {verdict}" for count, verdict in zip(counts, _MARKS, strict=True))


def _head(headings: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]


def _html_head(headings: Sequence[str]) -> str:
    return "".join(f'<th scope="col">{heading}</th>' for heading in headings)


def name(row: Mapping[str, object]) -> str:
    """Return a claim's name, with a note if no paper states it."""
    return f"{row['id']}{_OURS[str(row['whose'])]}"


def mark(row: Mapping[str, object]) -> str:
    """Return the sign of a row's verdict."""
    return _MARKS[str(row["verdict"])]


def token(row: Mapping[str, object]) -> str:
    """Return the class of a row's verdict in a web page."""
    return _CLASSES[str(row["verdict"])]


def verdict_cell(row: Mapping[str, object]) -> str:
    """Return a row's verdict with its sign."""
    return f"{mark(row)} {row['verdict']}"


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
    return (
        f"<tr><td><code>{text['id']}</code>{_OURS[text['whose']]} {text['statement']}"
        f"<br><small>{text['criterion']} ({text['since']})</small></td>"
        f"<td>{text['figure']}</td><td>{text['paper']}</td>"
        f'<td class="measured">{measured(row)}<br><small>{text["number"]}</small></td>'
        f'<td class="verdict {token(row)}">{verdict_cell(row)}</td>'
        f"<td><small>{text['reason']}</small></td></tr>"
    )
