"""Reference runs: how one is kept, and what a finished run says beside it."""

from pathlib import Path

import pytest
from archive_cases import finish
from checkout import ROOT
from pandas import DataFrame

from cnn_sensitivity import papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.cli import main
from cnn_sensitivity.config import read
from cnn_sensitivity.operations import reference
from cnn_sensitivity.papers import figure_inputs
from cnn_sensitivity.plan import REFERENCES, Plan
from cnn_sensitivity.scorecard import agreement, criteria, to_html, to_markdown, to_text
from cnn_sensitivity.tables import files as table_files

SOFTWARE = "torch         2.15.0\ncommit        3bd169612231d2\ninstructions  AVX512\n"


CHANGES = DataFrame(
    [("2026-11-23", "one", "x > 1", "x > 0", "a reason")],
    columns=["date", "claim", "before", "after", "why"],
)


def scorecard(**verdicts: str) -> DataFrame:
    texts = dict.fromkeys(("statement", "figure", "paper", "criterion", "since", "number"), "x")
    texts["whose"] = "paper"
    numbers = {"measured": 0.5, "low": 0.25, "high": 0.75}
    rows = [
        {"id": name, **texts, **numbers, "verdict": verdict, "reason": ""}
        for name, verdict in verdicts.items()
    ]
    return DataFrame(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reference run of two claims."""
    claims = scorecard(one="reproduced", other="undecided")
    table_files.write(claims, tmp_path / "claims.csv")
    (tmp_path / "software.txt").write_text(SOFTWARE)
    return tmp_path


def test_equal_verdicts_are_counted(folder: Path) -> None:
    found = agreement(scorecard(other="undecided", one="reproduced"), folder)
    assert found == "2 of 2 verdicts as in the reference run of commit 3bd1696, AVX512."


def test_another_verdict_is_named_with_both_numbers(folder: Path) -> None:
    found = agreement(scorecard(one="reproduced", other="contradicted", new="undecided"), folder)
    assert found == (
        "1 of 2 verdicts as in the reference run of commit 3bd1696, AVX512."
        " Not the same: other is contradicted (0.5 [0.25, 0.75]), and was undecided"
        " (0.5 [0.25, 0.75]). The reference run has no new."
    )


def test_a_run_without_a_reference_says_nothing(tmp_path: Path) -> None:
    claims = scorecard(one="reproduced")
    assert agreement(claims, tmp_path / "nowhere") == ""
    for render in (to_markdown, to_html, to_text):
        assert render(claims, CHANGES, "") == render(claims, CHANGES)


def test_a_reference_without_its_versions_is_held_against_all_the_same(folder: Path) -> None:
    (folder / "software.txt").unlink()
    found = agreement(scorecard(one="reproduced"), folder)
    assert (
        found == "1 of 1 verdicts as in the reference run of commit unknown, an unknown processor."
    )


def test_every_page_of_the_scorecard_ends_with_it(folder: Path) -> None:
    claims = scorecard(one="contradicted")
    said = agreement(claims, folder)
    assert to_markdown(claims, CHANGES, said).endswith(f"\n\n{said}\n")
    assert said in to_html(claims, CHANGES, said)
    assert to_text(claims, CHANGES, said).split("\n\n")[-1].replace("\n", " ").endswith(said)
    assert max(map(len, to_text(claims, CHANGES, said).splitlines())) <= 100


def test_no_run_may_have_the_name_of_their_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("run: Reference\n")
    with pytest.raises(SystemExit) as ended:
        main(["plan", "--configfile", str(ROOT / "config.yaml"), "mine.yaml"])
    assert ended.value.code == 2
    assert "run: paper_figures/Reference/ holds committed runs; choose another name" in (
        capsys.readouterr().err
    )


def test_a_finished_run_is_kept(plan: Plan) -> None:
    with pytest.raises(UserError, match="not there yet; finish the run first"):
        reference.keep(plan)
    assert not Path(REFERENCES).exists()
    finish(plan)
    table_files.write(scorecard(one="reproduced"), f"{plan.results}/claims.csv")
    old = Path(plan.reference, "figure_99.png")
    old.parent.mkdir(parents=True)
    old.touch()
    folder = reference.keep(plan)
    figures = {f"{name}.{part}" for name in figure_inputs(plan) for part in ("png", "csv", "txt")}
    others = {f"claims.{part}" for part in ("csv", "html", "md", "txt")}
    assert {path.name for path in folder.iterdir()} == figures | others | {
        "software.txt",
        "tables.tar.gz",
    }
    assert "reference" not in (folder / "claims.md").read_text()


@pytest.mark.parametrize(
    "folder", sorted((ROOT / REFERENCES).iterdir()), ids=lambda path: path.name
)
def test_a_committed_run_agrees_with_itself(folder: Path) -> None:
    claims = table_files.read("claims", [folder / "claims.csv"])
    total = len(claims)
    assert agreement(claims, folder).startswith(f"{total} of {total} verdicts as in the reference")
    paper = next((name for name in papers.NAMES if folder.name.startswith(name)), papers.NAMES[0])
    changes = criteria.changes(papers.criteria(paper))
    assert (folder / "claims.md").read_text() == to_markdown(claims, changes)
    assert (folder / "claims.txt").read_text() == to_text(claims, changes) + "\n"


def test_the_default_run_has_a_reference() -> None:
    assert (ROOT / Plan(read(ROOT / "config.yaml")).reference / "claims.csv").is_file()
