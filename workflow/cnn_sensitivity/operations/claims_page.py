"""The page of a paper's claims: what the paper says, how it is judged, what came out and why."""

import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from pandas import DataFrame

from cnn_sensitivity import papers
from cnn_sensitivity.operations.gallery import figures_of
from cnn_sensitivity.papers import texts
from cnn_sensitivity.scorecard import criteria, largest
from cnn_sensitivity.scorecard.markdown import to_table
from cnn_sensitivity.scorecard.render import mark, measured
from cnn_sensitivity.scorecard.verdict import NOT_TESTED, Claim

NO_RUN = "no run committed yet"
"""What stands in the place of verdicts."""

_OPENING = """# The claims of {short}

{authors}: {title}, [arXiv {arxiv}](https://arxiv.org/abs/{arxiv}).

{summary}

✓ reproduced, ✗ contradicted, ? undecided, – not tested at this scale, by 95 % intervals
([how a verdict is made](README.md)). Runs are ordered by scale: the last one that tests a claim
decides. {trials}`make overview` writes this page from the committed scorecards and `why.md` of the
paper's room.

## Runs

"""
_TRIALS = "What was tried besides: [trials]({name}-trials.md). "
_PARTS = """
<details><summary>All parts in <code>{run}</code></summary>

{reason}

</details>
"""
_NOT_TESTED = """
Why it is not tested by `{run}`: {reason}
"""


class Page(NamedTuple):
    """What the page of a paper is written from."""

    name: str
    folder: Path
    """Of the committed runs."""
    link: Path
    """To that folder, from where the page lies."""
    cards: largest.Scorecards
    criteria: DataFrame
    texts: texts.Texts
    shown: set[str]
    """The pictures that stand on the page so far."""


def short_name(name: str) -> str:
    """Return how a paper is cited: Tomasini et al. 2022."""
    first = papers.paper(name).authors.replace(" and ", ", ").partition(", ")[0]
    return f"{first} et al. {name.rpartition('_')[2]}"


def to_claims_page(name: str, folder: str | Path, page: str | Path) -> str:
    """Return the claims of a paper as Markdown; the runs lie in `folder`, the text in `page`."""
    paper, said = papers.paper(name), texts.read(name)
    link = Path(os.path.relpath(folder, Path(page).parent))
    cards = largest.scorecards(folder, paper.runs)
    of_page = Page(name, Path(folder), link, cards, papers.criteria(name), said, set())
    trials = Path(page).with_name(f"{name}-trials.md")
    parts = [
        _OPENING.format(
            short=short_name(name),
            authors=paper.authors,
            title=paper.title,
            arxiv=paper.arxiv,
            summary=said.summary or "Nothing is said of it yet.",
            trials=_TRIALS.format(name=name) if trials.exists() else "",
        ),
        *_runs(of_page),
        *_changes(of_page, criteria.ALL, "\nOf all claims:\n"),
    ]
    for group, claims in texts.grouped(papers.claims(name), said).items():
        parts.append(f"\n## {group}\n")
        for claim in claims:
            parts += _claim(of_page, claim)
    return "".join(parts)


def _runs(page: Page) -> Iterator[str]:
    """Yield a line for each committed run."""
    for run in page.cards:
        said = " ".join(page.texts.runs.get(run, "").split())
        links = [f"[scorecard]({page.link / run}/claims.md)", f"[figures](../gallery.md#{run})"]
        if (page.folder / run / "article.pdf").exists():
            links.append(f"[article]({page.link / run}/article.pdf)")
        yield f"- `{run}` ({', '.join(links)}): {said}\n"
    if not page.cards:
        yield f"There is {NO_RUN}.\n"


def _claim(page: Page, claim: Claim) -> Iterator[str]:
    """Yield the section of a claim, under its id, so that links to it stay short."""
    decides = largest.at_largest(claim, page.cards)
    tested = decides is not None and decides.verdict != NOT_TESTED
    now = criteria.current(page.criteria).loc[claim.id]
    plural = "s" if "," in claim.figure else ""
    source = "Ours; what is known" if claim.ours else "The paper"
    verdict = f"{mark(decides.row)} {decides.verdict}" if decides else NO_RUN
    by = f" (`{decides.run}`)" if decides and tested else ""
    yield f"\n### {claim.id}\n\n**{claim.statement}**: {verdict}{by}.\n\n"
    yield f"- **{source}** (Figure{plural} {claim.figure}): {claim.paper}\n"
    yield f"- **Judged by**, since {now['date']}: {now['criterion']}\n"
    yield from _changes(page, claim.id)
    if decides is None:
        return
    yield "\n" + to_table(("run", "verdict", claim.number), _verdicts(page, claim))
    if said := page.texts.why.get(claim.id):
        yield f"\n{said}\n"
    reason = escape(str(decides.row["reason"]), quote=False)
    yield (_PARTS if tested else _NOT_TESTED).format(run=decides.run, reason=reason)
    yield from _picture(page, claim, decides.run)


def _verdicts(page: Page, claim: Claim) -> Iterator[tuple[str, str, str]]:
    """Yield the table of a claim: what each run says of it."""
    for run, row in largest.of_each_run(claim, page.cards):
        yield f"`{run}`", f"{mark(row)} {row['verdict']}", measured(row)


def _changes(page: Page, claim: str, opening: str = "") -> Iterator[str]:
    """Yield the changes of a claim's criterion, if there are any, below `opening`."""
    changes = criteria.changes(page.criteria)
    changes = changes[changes["claim"] == claim]
    if opening and len(changes):
        yield f"{opening}\n"
    for date, before, why in zip(changes["date"], changes["before"], changes["why"], strict=True):
        yield f"- **Changed** {date}; it was: {before}. Why: {why}\n"


def _picture(page: Page, claim: Claim, run: str) -> Iterator[str]:
    """Yield the first figure of a claim that a run has: as a picture, or as a link to it above."""
    for figure in figures_of(claim.figure):
        picture = page.link / run / f"{figure}.png"
        if (page.folder / run / f"{figure}.png").exists():
            named = f"{papers.what_to_see(page.name, figure)[0]} of the run {run}"
            seen = str(picture) in page.shown
            page.shown.add(str(picture))
            yield f"\n[{named}]({picture}) is above.\n" if seen else f"\n![{named}]({picture})\n"
            return
