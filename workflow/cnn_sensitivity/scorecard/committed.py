"""The committed runs: which there are, and how many claims of its paper each could decide."""

import re
from collections.abc import Iterable
from pathlib import Path

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.scorecard.markdown import to_table
from cnn_sensitivity.scorecard.verdict import VERDICTS


def committed_runs(
    folder: str | Path, papers: Iterable[str], default: str
) -> list[tuple[str, str]]:
    """Return the runs of `folder`/<run>/ with the paper of each, by paper.

    A run is committed where its tables are packed beside its scorecard; one that is only drawn
    there has no packed tables. It is named after its paper, unless that is the default.
    """
    order = [default, *(name for name in papers if name != default)]
    runs = []
    for path in Path(folder).glob("*/tables.tar.gz"):
        run = path.parent.name
        paper = next((name for name in order[1:] if run.startswith(f"{name}_")), default)
        runs.append((run, paper))
    return sorted(runs, key=lambda each: (order.index(each[1]), each[0]))


def to_counts(folder: str | Path, runs: Iterable[tuple[str, str]]) -> str:
    """Return a Markdown table of how many verdicts each of these runs, with its paper, has.

    Raises UserError for a scorecard that does not begin with the counts of its verdicts.
    """
    rows = [(f"`{run}`", paper, *_counts(Path(folder, run, "claims.md"))) for run, paper in runs]
    return to_table(("run", "paper", *VERDICTS), rows)


def _counts(path: Path) -> list[str]:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    counts = [re.search(rf"(\d+) {re.escape(verdict)}\b", first) for verdict in VERDICTS]
    if None in counts:
        raise UserError(f"{path}: not a scorecard of four verdicts; make it again")
    return [found[1] for found in counts if found]
