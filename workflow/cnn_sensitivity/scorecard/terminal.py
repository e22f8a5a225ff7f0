"""The scorecard as text of one width: for a terminal, and for the file beside the figures."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
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
"""Cells of a line; the third is wrapped where the line is too narrow."""


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
    lines = in_columns(_HEADINGS, [_cells(row) for row in records(frame)], width)
    if colours:
        lines = [_coloured(line) for line in lines]
    changed = f"Criteria that changed: {listing(dict.fromkeys(changes['claim'])) or 'none'}."
    ends = [*summary(frame).replace(". ", ".\n").split("\n"), changed, agreement]
    end = [line for text in ends for line in wrap(text, width, break_on_hyphens=False)]
    return "\n".join([*lines, "", *end])


def _cells(row: dict[str, object]) -> Row:
    verdict = verdict_cell(row).removesuffix(" at this scale")
    return verdict, name(row), str(row["statement"]), measured(row)


def in_columns(headings: Row, rows: Sequence[Row], width: int) -> list[str]:
    """Return the lines of a table; in a narrow window the third cell stands below the others."""
    return list(_table([headings, *rows], width) or _stacked(rows, width))


def _table(rows: Sequence[Row], width: int) -> list[str]:
    """Return a line a row, and more where its third cell needs them; none if too narrow."""
    *before, wrapped, last = _widths(rows)
    begin = sum(before) + len(before) * len("  ")
    room = width - begin - len("  ") - last
    if room < _LEAST:
        return []
    wrapped = min(wrapped, room)
    lines = []
    for one, two, text, end in rows:
        first, *more = wrap(text, wrapped) or [""]
        cells = (one.ljust(before[0]), two.ljust(before[1]), first.ljust(wrapped), end)
        lines.append("  ".join(cells).rstrip())
        lines += [" " * begin + line for line in more]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _stacked(rows: Sequence[Row], width: int) -> Iterator[str]:
    """Yield each row with its third cell below it, for a narrow window."""
    first, second, *_ = _widths(rows)
    for one, two, text, end in rows:
        yield "  ".join((one.ljust(first), two.ljust(second), end))
        yield from wrap(text, width, initial_indent="    ", subsequent_indent="    ")


def _widths(rows: Sequence[Row]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _coloured(line: str) -> str:
    """Return a line with its verdict in colour, if it begins with one."""
    for verdict, colour in _COLOURS.items():
        short = verdict.removesuffix(" at this scale")
        if line[2:].startswith(short):
            end = 2 + len(short)
            return f"\x1b[{colour}m{line[:end]}\x1b[0m{line[end:]}"
    return line
