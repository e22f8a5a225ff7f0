"""What stands in the article of a run: plain data, from the run's files and its configuration."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandas import DataFrame

from cnn_sensitivity import papers, scorecard
from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.base import software
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.operations import archive
from cnn_sensitivity.operations.article import methods
from cnn_sensitivity.operations.article.rich_text import Paragraph, from_rst, plain
from cnn_sensitivity.operations.gallery import figures_of
from cnn_sensitivity.operations.reference import TABLES
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.scorecard import criteria
from cnn_sensitivity.scorecard.render import mark, measured, records, summary
from cnn_sensitivity.scorecard.verdict import OURS
from cnn_sensitivity.tables import files as table_files


@dataclass(frozen=True)
class Source:
    """Where the files of a run are."""

    plan: Plan
    pictures: Path
    """The folder of figures: PNG and captions."""
    results: Path
    """The folder of the scorecard's table and of the versions."""
    figures: tuple[str, ...]
    committed: bool
    """It is the reference run of its name itself."""


def of_run(plan: Plan) -> Source:
    """Return where the files of a run are that was made, or drawn again, here."""
    figures = tuple(papers.figure_inputs(plan))
    return Source(plan, Path(plan.figures_folder), Path(plan.results), figures, False)


def of_reference(folder: Path) -> Source:
    """Return where the files of a committed run are; its configuration is in its archive.

    Raises:
        UserError: the archive is not there or damaged.
    """
    plan = archive.plan_of(folder / TABLES)
    known = papers.paper_of(plan).figures
    figures = tuple(figure for figure in known if (folder / f"{figure}.png").is_file())
    return Source(plan, folder, folder, figures, True)


def contents(source: Source) -> dict[str, Any]:
    """Return all that the article says, in the template's order and by its names.

    Raises:
        UserError: files of the run are not there, or cannot be read.
    """
    plan, paper = source.plan, papers.paper_of(source.plan)
    path = source.results / "claims.csv"
    if not path.is_file():
        raise UserError(f"{path}: not there yet; finish the run first")
    claims = table_files.read("claims", [path])
    noted = software.noted(source.results / "software.txt")
    shared, measurements = methods.measurements(plan)
    return {
        "run": plan.config.run,
        "title": paper.title,
        "authors": paper.authors,
        "link": f"https://arxiv.org/abs/{paper.arxiv}",
        "arxiv": paper.arxiv,
        "made": listing(_made(noted)),
        "summary": plain(summary(claims)),
        "scale": plain(methods.scale(plan)),
        "reference": plain(_against_reference(source, claims)),
        "root_seed": str(plan.config.seed),
        "experiments": [
            {**each, "what": from_rst(each["what"])[0]} for each in methods.experiments(plan)
        ],
        "recipes": methods.recipes(plan),
        "measured": plain(shared),
        "measurements": measurements,
        "figures": [_figure(source, figure, claims) for figure in source.figures],
        "claims": [_claim(row) for row in records(claims)],
        "changes": _changes(plan.config.paper),
        "software": [[name, value] for name, value in noted.items()],
    }


def _made(noted: dict[str, str]) -> list[str]:
    """Return the commit, with its date where that is noted."""
    commit = f"commit {noted.get('commit', 'not noted')}"
    return [f"{commit} of {noted['committed']}" if "committed" in noted else commit]


def _against_reference(source: Source, claims: DataFrame) -> str:
    if source.committed:
        return "This is the committed reference run of its name: others are held against it."
    said = scorecard.agreement(claims, source.plan.reference)
    return said or "No reference run of this name is committed, to hold it against."


def _figure(source: Source, figure: str, claims: DataFrame) -> dict[str, Any]:
    """Return a figure: the picture, its caption, what this run drew, claims, the authors' numbers.

    Captions refer to the text beside the picture, which here follows below.
    """
    name = source.plan.config.paper
    beside = source.pictures / f"{figure}.txt"
    if not beside.is_file():
        raise UserError(f"{beside}: not there yet; finish the run first")
    caption = re.sub(r":\s+figure_\w+\.txt\.", ": see below.", papers.caption(name, figure))
    about = [
        f"{mark(row)} {row['id']}"
        for row in records(claims)
        if figure in figures_of(str(row["figure"]))
    ]
    theirs = papers.theirs(name, figure)
    return {
        "picture": str(source.pictures / f"{figure}.png"),
        "caption": from_rst(caption),
        "drawn": plain(beside.read_text(encoding="utf-8").strip()),
        "claims": ", ".join(about),
        "theirs": None if theirs is None else _as_table(theirs),
    }


def _as_table(frame: DataFrame) -> methods.Table:
    return {"columns": list(frame.columns), "rows": frame.astype(str).values.tolist()}


def _claim(row: dict[str, object]) -> dict[str, Any]:
    """Return a row of the scorecard; a claim that no paper states is ours."""
    texts = ("id", "figure", "since", "verdict")
    rich: Sequence[str] = ("statement", "paper", "criterion", "number", "reason")
    pieces: dict[str, Paragraph] = {name: plain(str(row[name])) for name in rich}
    return {
        **{name: str(row[name]) for name in texts},
        **pieces,
        "ours": row["whose"] == OURS,
        "measured": measured(row),
        "mark": mark(row),
    }


def _changes(paper: str) -> methods.Table:
    changed = criteria.changes(papers.criteria(paper))
    return {
        "columns": ["date", "claim", "from", "to", "why"],
        "rows": changed.astype(str).values.tolist(),
    }
