"""The runs whose scorecards are in a folder, a line each: how many claims each could decide."""

import re
from collections.abc import Iterable
from pathlib import Path

from cnn_sensitivity.errors import UserError
from cnn_sensitivity.scorecard.verdict import VERDICTS


def to_overview(folder: str | Path, papers: Iterable[str], default: str) -> str:
    """Return a Markdown table of the runs in `folder`/<run>/claims.md, by paper.

    A run is named after its paper, unless that is the default. Raises UserError for a scorecard
    that does not begin with the counts of its verdicts.
    """
    order = [default, *(name for name in papers if name != default)]
    rows = []
    for path in sorted(Path(folder).glob("*/claims.md")):
        run = path.parent.name
        paper = next((name for name in order[1:] if run.startswith(f"{name}_")), default)
        rows.append((order.index(paper), f"| `{run}` | {paper} | {' | '.join(_counts(path))} |"))
    headings = ("run", "paper", *VERDICTS)
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    return "\n".join([*lines, *(row for _, row in sorted(rows))]) + "\n"


def _counts(path: Path) -> list[str]:
    first = path.read_text().partition("\n")[0]
    counts = [re.search(rf"(\d+) {re.escape(verdict)}\b", first) for verdict in VERDICTS]
    if None in counts:
        raise UserError(f"{path}: not a scorecard of four verdicts; make it again")
    return [found[1] for found in counts if found]
