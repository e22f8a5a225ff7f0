"""The overview and the pages of claims: current, whole, and each verdict that of a scorecard."""

import re
import shutil
from pathlib import Path

import pytest
from checkout import ROOT

from cnn_sensitivity import papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.cli import main
from cnn_sensitivity.cli.maintenance import DEFAULT_PAPER
from cnn_sensitivity.config import read
from cnn_sensitivity.operations import overview
from cnn_sensitivity.operations.claims_page import NO_RUN, short_name, to_claims_page
from cnn_sensitivity.plan import REFERENCES, Plan
from cnn_sensitivity.scorecard import criteria
from cnn_sensitivity.scorecard.committed import committed_runs

PAGES = overview.pages(ROOT / REFERENCES, ROOT / "docs", ROOT / "README.md")


def page_of(name: str) -> str:
    return (ROOT / f"docs/claims/{name}.md").read_text()


def sections(page: str) -> dict[str, str]:
    """Return the section of each claim of a page, by the claim's id."""
    _, *rest = re.split(r"^### (\S+)$", page, flags=re.MULTILINE)
    return dict(zip(rest[::2], rest[1::2], strict=True))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_what_the_command_writes(page: Path) -> None:
    assert page.read_text() == PAGES[page], f"{page} is out of date: make overview"


def test_the_command_writes_every_page(tmp_path: Path) -> None:
    shutil.copy(ROOT / "README.md", tmp_path)
    call = ["overview", str(ROOT / REFERENCES), "--docs", f"{tmp_path}/docs"]
    main([*call, "--readme", f"{tmp_path}/README.md"])
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.md")}
    assert written == {page.relative_to(ROOT) for page in PAGES}


@pytest.mark.parametrize("width", [70, 100])
def test_runs_that_were_made_here_are_shown_by_their_scorecards(width: int) -> None:
    scenarios = sorted((ROOT / "workflow/scenarios").glob("*/quick.yaml"), reverse=True)
    layers = [[], *([path] for path in scenarios)]
    plans = [Plan(read(ROOT / "config.yaml", *each)) for each in layers]
    finished = [plan for plan in plans if (ROOT / plan.reference).is_dir()]
    assert len(finished) > 2
    for plan in finished:
        for folder in (plan.results, plan.reference):
            Path(folder).mkdir(parents=True)
            shutil.copy(ROOT / plan.reference / "claims.csv", folder)
    text = overview.of_runs(plans, width)
    assert max(map(len, text.splitlines())) <= width
    table = text.partition("\n\n")[0]
    assert re.findall(r"paper_figures/(\w+)/", table) == [
        next(plan.config.run for plan in plans if plan.config.paper == name)
        for name in papers.NAMES
    ]
    for plan in finished:
        page = (ROOT / plan.reference / "claims.md").read_text()
        cells = re.findall(r"\| ([✓✗?–]) (?:reproduced|contradicted|undecided|not tested)", page)
        found = re.search(rf"{re.escape(short_name(plan.config.paper))}.*", table)
        assert found
        shown = "".join(found[0] if width == 100 else table[found.start() :].split("\n")[1])
        marks = re.sub(r"of \d+|\d+|[^✓✗?–]", "", shown)
        assert sorted(marks) == sorted(cells)
        assert f"{len(cells)} of {len(cells)}" in found[0]
    assert table.count("not finished") == len(plans) - len(finished)


@pytest.mark.parametrize("name", papers.NAMES)
def test_a_paper_declares_its_committed_runs(name: str) -> None:
    committed = committed_runs(ROOT / REFERENCES, papers.NAMES, DEFAULT_PAPER)
    of_paper = {run for run, paper in committed if paper == name}
    assert len(papers.paper(name).runs) == len(of_paper)
    assert set(papers.paper(name).runs) == of_paper


@pytest.mark.parametrize("name", papers.NAMES)
def test_the_page_of_claims_shows_the_committed_scorecards(name: str) -> None:
    found = sections(page_of(name))
    assert list(found) != []
    assert set(found) == {claim.id for claim in papers.claims(name)}
    for run in papers.paper(name).runs:
        scorecard = (ROOT / REFERENCES / run / "claims.md").read_text()
        rows = [line.split(" | ") for line in scorecard.splitlines() if line[:4] == "| **"]
        for claim, _, _, measured, verdict, _ in rows:
            number = measured.rpartition(": ")[2]
            section = found[claim[4:].partition("**")[0]]
            assert f"| `{run}` | {verdict} | {number} |" in section


@pytest.mark.parametrize("name", papers.NAMES)
def test_the_page_of_claims_shows_which_criteria_changed(name: str) -> None:
    page = page_of(name)
    found = sections(page)
    changes = criteria.changes(papers.criteria(name))
    for date, claim, before, why in changes.drop(columns="after").itertuples(index=False):
        section = page.partition("\n## ")[2] if claim == criteria.ALL else found[claim]
        assert f"**Changed** {date}; it was: {before}. Why: {why}\n" in section
    now = criteria.current(papers.criteria(name))
    for claim, section in found.items():
        criterion, date = now.loc[claim]
        assert f"**Judged by**, since {date}: {criterion}\n" in section


@pytest.mark.parametrize("name", papers.NAMES)
def test_every_claim_is_in_the_overview_with_the_verdict_of_its_page(name: str) -> None:
    page = (ROOT / "docs/overview.md").read_text()
    shown = {
        claim: sign for sign, claim in re.findall(rf"(\S) \[(\S+)\]\(claims/{name}\.md#", page)
    }
    decided = {
        claim: re.findall(r"\*\*: (\S) ", section)
        for claim, section in sections(page_of(name)).items()
    }
    assert {claim: [sign] for claim, sign in shown.items()} == {
        claim: sign for claim, sign in decided.items() if sign
    }
    assert bool(shown) == bool(papers.paper(name).runs)


def test_a_paper_of_which_no_run_is_committed_says_so(tmp_path: Path) -> None:
    name = papers.NAMES[1]
    run = papers.paper(papers.NAMES[0]).runs[0]
    shutil.copytree(ROOT / REFERENCES / run, tmp_path / run)
    rows = overview.to_overview(tmp_path).splitlines()
    row = next(line for line in rows if line.startswith(f"| [{short_name(name)}]"))
    assert row.split(" | ")[1] == NO_RUN
    page = to_claims_page(name, tmp_path, tmp_path / f"docs/claims/{name}.md")
    assert f"There is {NO_RUN}." in page
    assert "| run |" not in page
    assert set(sections(page)) == {claim.id for claim in papers.claims(name)}


def test_a_readme_without_a_place_for_the_table_is_refused(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Mine\n")
    with pytest.raises(UserError, match="no lines <!-- overview -->"):
        overview.pages(ROOT / REFERENCES, tmp_path / "docs", readme)
