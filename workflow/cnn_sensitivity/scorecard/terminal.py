"""The scorecard as text of one width: for a terminal, and for the file beside the figures."""

import os
import shutil
import sys
from collections.abc import Iterator
from textwrap import wrap

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.scorecard.render import measured, name, records, summary, verdict_cell
from cnn_sensitivity.scorecard.verdict import CONTRADICTED, NOT_TESTED, REPRODUCED, UNDECIDED

WIDTH = 100
"""Of a file, and of whatever is no terminal."""

_HEADINGS = ("Verdict", "Claim", "What it says", "Measured")
_LEAST = 28  # characters of a statement in a line: with less room it stands below its claim
_COLOURS = {REPRODUCED: "32", CONTRADICTED: "31", UNDECIDED: "33", NOT_TESTED: "90"}

Row = tuple[str, str, str, str]


def terminal() -> tuple[int, bool]:
    """Return how wide what is printed may be, and whether it may be coloured."""
    if not sys.stdout.isatty():
        return WIDTH, False
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return shutil.get_terminal_size((WIDTH, 24)).columns, not plain


def to_text(
    frame: DataFrame,
    changes: DataFrame,
    agreement: str = "",
    width: int = WIDTH,
    colours: bool = False,
) -> str:
    """Return the scorecard with whole statements, wrapped to `width`.

    Ends with the counts, the claims whose criteria changed (see `criteria.changes`), and how the
    run compares with its reference.
    """
    rows = [_cells(row) for row in records(frame)]
    lines = list(_table(rows, width) or _stacked(rows, width))
    if colours:
        lines = [_coloured(line) for line in lines]
    changed = f"Criteria that changed: {listing(dict.fromkeys(changes['claim'])) or 'none'}."
    ends = [*summary(frame).replace(". ", ".\n").split("\n"), changed, agreement]
    end = [line for text in ends for line in wrap(text, width, break_on_hyphens=False)]
    return "\n".join([*lines, "", *end])


def _cells(row: dict[str, object]) -> Row:
    verdict = verdict_cell(row).removesuffix(" at this scale")
    return verdict, name(row), str(row["statement"]), measured(row)


def _table(rows: list[Row], width: int) -> list[str]:
    """Return a line a claim, and more where its statement needs them; none if too narrow."""
    verdicts, names, statements, numbers = _widths([_HEADINGS, *rows])
    room = width - verdicts - names - numbers - 3 * len("  ")
    if room < _LEAST:
        return []
    statements = min(statements, room)
    lines = []
    for verdict, claim, statement, number in (_HEADINGS, *rows):
        first, *more = wrap(statement, statements) or [""]
        cells = (verdict.ljust(verdicts), claim.ljust(names), first.ljust(statements), number)
        lines.append("  ".join(cells).rstrip())
        lines += [" " * (verdicts + names + 2 * len("  ")) + line for line in more]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _stacked(rows: list[Row], width: int) -> Iterator[str]:
    """Yield each claim with its statement below it, for a narrow window."""
    verdicts, names, *_ = _widths(rows)
    for verdict, claim, statement, number in rows:
        yield "  ".join((verdict.ljust(verdicts), claim.ljust(names), number))
        yield from wrap(statement, width, initial_indent="    ", subsequent_indent="    ")


def _widths(rows: list[Row]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _coloured(line: str) -> str:
    """Return a line with its verdict in colour, if it begins with one."""
    for verdict, colour in _COLOURS.items():
        short = verdict.removesuffix(" at this scale")
        if line[2:].startswith(short):
            end = 2 + len(short)
            return f"\x1b[{colour}m{line[:end]}\x1b[0m{line[end:]}"
    return line
