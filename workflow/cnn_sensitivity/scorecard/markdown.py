"""Parts of Markdown pages: tables, and how headings are linked to."""

import re
from collections.abc import Iterable, Sequence

from cnn_sensitivity.scorecard.render import cell


def to_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table."""
    lines = [f"| {' | '.join(map(cell, row))} |" for row in (headings, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(headings)}", *lines[1:]]) + "\n"


def anchor(heading: str) -> str:
    """Return what follows `#` in a link to a heading, as code hosts have it."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
