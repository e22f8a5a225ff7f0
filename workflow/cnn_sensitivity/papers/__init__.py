"""The replicated papers: a room each, and the registry, which alone knows them. No torch."""

import ast
import re
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import suggestion
from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.papers.paper import Paper, Tables, files_of
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tables import files as table_files

if TYPE_CHECKING:
    from pandas import DataFrame

    from cnn_sensitivity.drawing.drawn import Drawing
    from cnn_sensitivity.scorecard.characteristics import Authors
    from cnn_sensitivity.scorecard.verdict import Claim

# One line a paper; each is a folder beside this file.
NAMES = (
    "tomasini_2022",
    "petrini_2021",
    "ruderman_2018",
    "petrini_2022",
    "paccolat_2021",
    "geiger_2021",
)


@cache
def paper(name: str) -> Paper:
    """Return a paper's facts.

    Raises:
        UserError: there is no such paper.
    """
    if name not in NAMES:
        raise UserError(f"configuration: paper: unknown paper {name!r}{suggestion(name, NAMES)}")
    return import_module(f"{__name__}.{name}").PAPER


def paper_of(plan: Plan) -> Paper:
    """Return the paper that a run replicates.

    Raises:
        UserError: there is no such paper, or `figures:` does not fit it.
    """
    replicated = paper(plan.config.paper)
    replicated.check(plan)
    return replicated


def figure_inputs(plan: Plan) -> dict[str, Tables]:
    """Return, for every figure that the plan's experiments allow, the tables that it needs."""
    figures = paper_of(plan).figures
    return {name: tables for name, needs in figures.items() if (tables := needs(plan)) is not None}


def key_figure(plan: Plan) -> str | None:
    """Return the figure that the report of a run opens with; None where it has no figure."""
    figures = list(figure_inputs(plan))
    chosen = paper_of(plan).key_figure
    return chosen if chosen in figures else next(iter(figures), None)


def claim_inputs(plan: Plan) -> Tables:
    """Return the tables that the claims are measured from."""
    return paper_of(plan).claims(plan)


def all_inputs(plan: Plan) -> set[str]:
    """Return the paths of all tables that the figures and the scorecard are made from."""
    needs = [*figure_inputs(plan).values(), claim_inputs(plan)]
    return {path for tables in needs for path in files_of(tables)}


def jobs(plan: Plan) -> list[Job]:
    """Return the paper's jobs of whose tables the figures and the scorecard need some."""
    needed = all_inputs(plan)
    return [job for job in paper_of(plan).jobs(plan) if needed & set(job.outputs.values())]


def read(name: str, kind: str, paths: Sequence[str | Path]) -> "DataFrame":
    """Return tables of one kind, a paper's own or one that several have: see `table_files.read`."""
    return table_files.read(kind, paths, {**table_files.COLUMNS, **paper(name).columns})


def figure_title(name: str, figure: str) -> str:
    """Return what a figure of a paper shows: the line that opens its module."""
    file = Path(__file__).with_name(name) / "figures" / f"{figure}.py"
    source = file.read_text(encoding="utf-8")
    return str(ast.get_docstring(ast.parse(source))).partition("\n")[0].rstrip(".")


def what_to_see(name: str, figure: str) -> tuple[str, str]:
    """Return what a figure of a paper is called and what is to be seen in it.

    That is how its caption begins: the name, in bold, and one sentence.
    """
    begins = r"\*\*(?P<name>.+?)\.\*\* (?P<sentence>.+?[.?])(?= [A-Z]|$)"
    found = re.match(begins, " ".join(caption(name, figure).split()))
    assert found, f"{name}: the caption of {figure} must begin with **its name.** and a sentence"
    return found["name"], found["sentence"]


def draw(name: str, figure: str, tables: "dict[str, DataFrame]") -> "Drawing":
    """Return a figure of a paper drawn from its tables, by kind (sensitivity, spectrum, ...).

    Raises:
        UserError: the paper has no such figure.
    """
    if figure not in (known := paper(name).figures):
        raise UserError(f"{name} has no figure {figure!r}{suggestion(figure, known)}")
    import matplotlib

    from cnn_sensitivity.drawing.style import STYLE

    module = import_module(f"{__name__}.{name}.figures.{figure}")
    with matplotlib.rc_context(STYLE):
        return module.draw(tables)


def claims(name: str) -> "tuple[Claim, ...]":
    """Return a paper's claims.

    Raises:
        UserError: there is no such paper.
    """
    paper(name)
    return import_module(f"{__name__}.{name}.claims").CLAIMS


def criteria_file(name: str) -> Path:
    """Return where a paper's criteria are kept."""
    return Path(__file__).with_name(name) / "criteria.csv"


def criteria(name: str) -> "DataFrame":
    """Return the list of a paper's criteria: see `scorecard.criteria`.

    Raises:
        UserError: there is no such paper.
    """
    from cnn_sensitivity.scorecard import criteria

    paper(name)
    return criteria.read(criteria_file(name))


def authors(name: str) -> "Authors":
    """Return the authors' numbers of a paper's claims: see `scorecard.characteristics`.

    Raises:
        UserError: there is no such paper.
    """
    paper(name)
    return import_module(f"{__name__}.{name}.simulation").AUTHORS


def theirs(name: str, figure: str) -> "DataFrame | None":
    """Return the authors' numbers that belong beside a figure, as texts; None if none are known."""
    paper(name)
    if not Path(__file__).with_name(name).joinpath("authors.py").is_file():
        return None
    return import_module(f"{__name__}.{name}.authors").theirs(figure)


def caption(name: str, figure: str) -> str:
    """Return the caption of a figure of a paper, as reStructuredText."""
    file = Path(__file__).with_name(name) / "captions" / f"{figure}.rst"
    return file.read_text(encoding="utf-8")


def assess(name: str, tables: "dict[str, DataFrame]") -> "DataFrame":
    """Return the scorecard of a paper's claims: see `scorecard.assess`."""
    from cnn_sensitivity import scorecard

    return scorecard.assess(claims(name), tables, criteria(name), authors(name))
