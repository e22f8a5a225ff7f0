"""The gallery: a page of all figures of the committed runs, with what is to be seen in each."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from cnn_sensitivity import papers
from cnn_sensitivity.scorecard.committed import committed_runs
from cnn_sensitivity.scorecard.verdict import VERDICTS, Claim

_OPENING = """# Gallery

All figures of the committed runs, by paper and run. Above each picture stands what is to be seen
in it according to the paper, and what this run says of the paper's claims about it: ✓ reproduced,
✗ contradicted, ? undecided, – not tested at this scale ([what that means](claims/README.md)).
`make gallery` writes this page.
"""
_RUN = """
### {run}

{counts}
[The scorecard]({folder}/claims.md) has the reasons. To draw all figures from the committed tables,
or to make the run anew:

```sh
make redraw ARCHIVE=paper_figures/reference/{run}/tables.tar.gz
make reproduce{scenario}
```
"""
_FIGURE = """
#### {heading}

{sentence}
{verdicts}
![{heading} of the run {run}]({folder}/{figure}.png)

[Data, networks, seeds]({folder}/{figure}.txt) · [plotted numbers]({folder}/{figure}.csv) ·
`.venv/bin/snakemake {figure}{overlay}`
"""


def to_gallery(folder: str | Path, page: str | Path, default: str) -> str:
    """Return the gallery of the runs in `folder` as Markdown, with links from where `page` lies.

    `default` is the paper whose runs are not named after it, and whose `quick` is the default run.
    """
    link = Path(os.path.relpath(folder, Path(page).parent))
    runs: dict[str, list[str]] = {}
    for run, name in committed_runs(folder, papers.NAMES, default):
        runs.setdefault(name, []).append(run)
    parts = [_OPENING, "\n"]
    for name, of_paper in runs.items():
        listed = ", ".join(f"[{run}](#{run})" for run in of_paper)
        parts.append(f"- {papers.paper(name).authors}: {listed}\n")
    for name, of_paper in runs.items():
        paper = papers.paper(name)
        arxiv = f"[arXiv {paper.arxiv}](https://arxiv.org/abs/{paper.arxiv})"
        parts.append(f"\n## {paper.authors}\n\n{paper.title}, {arxiv}.\n")
        for run in of_paper:
            parts += _run(Path(folder, run), link / run, name, default)
    return "".join(parts)


def _run(folder: Path, link: Path, name: str, default: str) -> Iterator[str]:
    """Yield the parts of the page that show one run of a paper."""
    run = folder.name
    scale = run.removeprefix(f"{name}_")
    standard = (name, scale) == (default, "quick")
    overlay = "" if standard else f" --configfile workflow/scenarios/{name}/{scale}.yaml"
    scenario = "" if standard else f" SCENARIO={name}/{scale}"
    scorecard = (folder / "claims.md").read_text(encoding="utf-8")
    counts = scorecard.partition("\n")[0]
    yield _RUN.format(run=run, counts=counts, folder=link, scenario=scenario)
    for figure in papers.paper(name).figures:
        if (folder / f"{figure}.png").exists():
            heading, sentence = papers.what_to_see(name, figure)
            found = "; ".join(_verdicts(papers.claims(name), figure, scorecard))
            yield _FIGURE.format(
                heading=heading,
                sentence=sentence,
                verdicts=f"\nIn this run: {found}.\n" if found else "",
                run=run,
                folder=link,
                figure=figure,
                overlay=overlay,
            )


def _verdicts(claims: tuple[Claim, ...], figure: str, scorecard: str) -> Iterator[str]:
    """Yield the claims about a figure, each with the mark that a scorecard gives it."""
    verdict = "|".join(VERDICTS)
    for claim in claims:
        row = rf"^\| \*\*{re.escape(claim.id)}\*\* .*? \| (\S) (?:{verdict}) \|"
        if figure in figures_of(claim.figure) and (
            found := re.search(row, scorecard, re.MULTILINE)
        ):
            yield f"{found[1]} {claim.statement}"


def figures_of(named: str) -> list[str]:
    """Return the targets of the figures that a claim names: of "2b, 10" figure_02, figure_10."""
    numbers = [re.sub(r"(?<=\d)[a-z]$", "", each) for each in named.split(", ")]
    return list(dict.fromkeys(f"figure_{number.zfill(2)}" for number in numbers))
