"""The overview: every paper, every claim, its verdict at the largest scale that tests it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap

from cnn_sensitivity import papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.operations.claims_page import NO_RUN, short_name, to_claims_page
from cnn_sensitivity.papers import texts
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.scorecard import against_reference, largest
from cnn_sensitivity.scorecard.committed import to_counts
from cnn_sensitivity.scorecard.markdown import anchor, to_table
from cnn_sensitivity.scorecard.render import mark
from cnn_sensitivity.scorecard.terminal import in_columns
from cnn_sensitivity.scorecard.verdict import VERDICTS, Claim

_OPENING = """# Do the papers hold?

Each claim of each paper, with its verdict at the largest scale that was run here and tests it:
✓ reproduced, ✗ contradicted, ? undecided, – not tested at this scale. A verdict is that of a whole
95 % interval ([how it is made](claims/README.md)). Claims that no paper states are *ours*. The name
of a claim leads to what the paper says, how it is judged, what each run found and why.
`make overview` writes this page.

"""
_PAPER = """
## {short}

{title} ([every claim]({page}))

{summary}
"""
_COUNTS = """
## The committed runs

What each run says of the claims of its paper; ours are not counted. The runs lie in
`paper_figures/reference/`, with figures, scorecard and tables ([gallery](gallery.md)).

"""
_SHORT = re.compile(r"(<!-- overview -->\n).*?(<!-- /overview -->)", re.DOTALL)


def pages(folder: str | Path, docs: str | Path, readme: str | Path) -> dict[Path, str]:
    """Return the pages that show the verdicts of the runs in `folder`, each by its path.

    Raises:
        UserError: the README has no place for its table.
    """
    docs, readme = Path(docs), Path(readme)
    written = {docs / "overview.md": to_overview(folder)}
    for name in papers.NAMES:
        page = docs / "claims" / f"{name}.md"
        written[page] = to_claims_page(name, folder, page)
    text, count = _SHORT.subn(
        lambda found: f"{found[1]}\n{to_short_table(folder)}\n{found[2]}",
        readme.read_text(encoding="utf-8"),
    )
    if count != 1:
        raise UserError(f"{readme}: no lines <!-- overview --> and <!-- /overview -->")
    return {**written, readme: text}


def to_overview(folder: str | Path) -> str:
    """Return the overview as Markdown, for a page in docs/."""
    parts = [_OPENING, _table(_named(name, folder) for name in papers.NAMES)]
    for name in papers.NAMES:
        parts.append(
            _PAPER.format(
                short=short_name(name),
                title=papers.paper(name).title,
                page=f"claims/{name}.md",
                summary=texts.read(name).summary or f"There is {NO_RUN}.",
            )
        )
    runs = [(run, short_name(name)) for name in papers.NAMES for run in _cards(name, folder)]
    return "".join([*parts, _COUNTS, to_counts(folder, runs)])


def to_short_table(folder: str | Path) -> str:
    """Return the overview's table with marks alone, for the README; ours are in brackets."""
    return _table(_marked(name, folder) for name in papers.NAMES)


def of_runs(plans: Sequence[Plan], width: int) -> str:
    """Return what runs that were made here found, a line each, as text for a terminal."""
    ordered = sorted(plans, key=lambda plan: papers.NAMES.index(plan.config.paper))
    legend = ", ".join(f"{mark({'verdict': verdict})} {verdict}" for verdict in VERDICTS)
    end = (
        f"A mark a claim: {legend}; in brackets what no paper states. Same: so many verdicts"
        " are those of the committed run. Reasons: claims.md beside the figures."
    )
    headings = ("Paper", "Same", "Verdicts", "Figures")
    table = in_columns(headings, [_of_run(plan) for plan in ordered], width)
    return "\n".join([*table, "", *wrap(end, width, break_on_hyphens=False)])


def _of_run(plan: Plan) -> tuple[str, str, str, str]:
    """Return a run's paper, how many verdicts are the reference's, its marks, and its figures."""
    name, run = plan.config.paper, plan.config.run
    cards = largest.scorecards(Path(plan.results).parent, [run])
    if run not in cards:
        return short_name(name), "–", "not finished", f"{plan.figures_folder}/"
    known = against_reference.compare(cards[run], plan.reference)
    same = f"{known.shared - len(known.others)} of {known.shared}" if known else "–"
    marks = " ".join("".join(found) for _, found in _marks(name, cards))
    return short_name(name), same, marks, f"{plan.figures_folder}/"


Row = tuple[str, Mapping[str, str]]
"""Of a paper: what stands at the left, and a cell for each group of its claims."""


def _named(name: str, folder: str | Path) -> Row:
    """Return a paper's row, in which each claim is a link to its section."""
    page = f"claims/{name}.md"
    cells = {
        group: "<br>".join(
            f"{sign} [{claim.id}]({page}#{anchor(claim.id)}){' (ours)' * claim.ours}"
            for claim, sign in found
        )
        for group, found in _signs(name, _cards(name, folder))
    }
    return f"[{short_name(name)}]({page})", cells


def _marked(name: str, folder: str | Path) -> Row:
    """Return a paper's row, in which each claim is its mark."""
    cells = {group: " ".join(found) for group, found in _marks(name, _cards(name, folder))}
    return f"[{short_name(name)}](docs/claims/{name}.md)", cells


def _marks(name: str, cards: largest.Scorecards) -> Iterator[tuple[str, list[str]]]:
    """Yield the groups of a paper's claims, with the marks of the verdicts; ours in brackets."""
    for group, found in _signs(name, cards):
        yield group, [f"({sign})" if claim.ours else sign for claim, sign in found]


def _signs(name: str, cards: largest.Scorecards) -> Iterator[tuple[str, list[tuple[Claim, str]]]]:
    """Yield the groups of a paper's claims, each claim with the mark of its verdict."""
    if not cards:
        return
    for group, claims in texts.grouped(papers.claims(name), texts.read(name)).items():
        found = [(claim, largest.at_largest(claim, cards)) for claim in claims]
        yield group, [(claim, mark(each.row) if each else "–") for claim, each in found]


def _cards(name: str, folder: str | Path) -> largest.Scorecards:
    return largest.scorecards(folder, papers.paper(name).runs)


def _table(rows: Iterator[Row]) -> str:
    """Return the rows as a table with a column for each group that some paper has."""
    listed = list(rows)
    used = {group for _, cells in listed for group in cells}
    groups = [group for group in (*texts.GROUPS, texts.REST) if group in used]
    filled = [
        (paper, *([cells.get(group, "") for group in groups] if cells else _no_run(groups)))
        for paper, cells in listed
    ]
    return to_table(("paper", *groups), filled)


def _no_run(groups: list[str]) -> list[str]:
    return [NO_RUN, *("" for _ in groups[1:])]
