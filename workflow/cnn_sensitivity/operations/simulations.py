"""How often the authors' numbers would meet each criterion in the committed runs."""

from collections import defaultdict
from pathlib import Path

from pandas import DataFrame, concat

from cnn_sensitivity import papers
from cnn_sensitivity.operations import archive
from cnn_sensitivity.scorecard.characteristics import COLUMNS, Simulated


def of_committed(folder: str | Path) -> dict[str, DataFrame]:
    """Return what judging the runs `folder`/<run>/ needs, by paper, under COLUMNS.

    Those that a room keeps are not made again.
    """
    by_paper = defaultdict(list)
    for packed in sorted(Path(folder).glob("*/tables.tar.gz")):
        name, table = of_run(packed)
        by_paper[name].append(table)
    none = DataFrame(columns=COLUMNS)
    return {name: concat([none, *by_paper[name]], ignore_index=True) for name in papers.NAMES}


def of_run(packed: Path) -> tuple[str, DataFrame]:
    """Return the paper of a packed run, and the simulations that judging it needs."""
    plan, tables = archive.read_tables(packed)
    name = plan.config.paper
    return name, Simulated(papers.authors(name), tables).table(papers.claims(name))
