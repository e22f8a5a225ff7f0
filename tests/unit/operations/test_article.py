"""The article of a run: what it says, that no text breaks it, and what it needs."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from archive_cases import SMOKE, finish
from checkout import ROOT
from PIL import Image

from cnn_sensitivity import papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.cli import main
from cnn_sensitivity.config import read
from cnn_sensitivity.operations.article import methods
from cnn_sensitivity.operations.article.contents import contents, of_reference, of_run
from cnn_sensitivity.operations.article.typesetting import typeset
from cnn_sensitivity.papers import figure_inputs
from cnn_sensitivity.plan import REFERENCES, Plan

COMMITTED = sorted(path.parent for path in (ROOT / REFERENCES).glob("*/tables.tar.gz"))
ODD = 'a_b *c* #let x = [1] $y$ `z` <w> @v "q" \\ \\u{1} // /* {{ }} ~'
ODD += " 你好 עברית é ρ ✓ 🙂 \u202e\u200b"


def text_of(value: Any) -> str:
    """Return all words of some contents."""
    if isinstance(value, str):
        return value
    inner = value.values() if isinstance(value, dict) else value
    return "".join(map(text_of, inner)) if isinstance(inner, list | type({}.values())) else ""


@pytest.fixture
def finished(plan: Plan) -> Plan:
    """The smoke run as it would be finished, with small white pictures."""
    finish(plan)
    for figure in papers.figure_inputs(plan):
        path = Path(plan.figures_folder, figure)
        Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(path.with_suffix(".png"))
        path.with_suffix(".txt").write_text(f"What {figure} drew: {ODD}\n", encoding="utf-8")
    kept = ROOT / f"{REFERENCES}/quick"
    shutil.copy(kept / "claims.csv", plan.results)
    shutil.copy(kept / "software.txt", plan.results)
    return plan


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda path: path.name)
def test_a_committed_run_has_all_that_a_reader_wants(folder: Path) -> None:
    source = of_reference(folder)
    said = contents(source)
    pictures = {path.name for path in folder.glob("*.png")}
    assert {Path(each["picture"]).name for each in said["figures"]} == pictures
    assert all(each["caption"] and each["drawn"] for each in said["figures"])
    counts = (folder / "claims.md").read_text().partition("\n")[0]
    assert text_of([words for _, words in said["summary"]]) == counts
    lines = (folder / "claims.md").read_text().count("\n| **")
    assert len(said["claims"]) == lines
    assert all(each["since"] and each["criterion"] and each["mark"] for each in said["claims"])
    noted = (folder / "software.txt").read_text().splitlines()
    assert [name for name, _ in said["software"]] == [line.split()[0] for line in noted]
    labels = {row[0] for each in said["experiments"] for row in each["networks"]["rows"]}
    assert labels == {run.network.label for run in source.plan.runs}
    assert "committed reference run" in text_of(said["reference"])


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda path: path.name)
def test_a_committed_run_has_its_article(folder: Path) -> None:
    article = folder / "article.pdf"
    assert article.read_bytes().startswith(b"%PDF-")
    assert article.stat().st_size < 2e6


def test_a_finished_run_is_written_the_same_again(
    finished: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["article", "--configfile", *SMOKE])
    article = Path("results/smoke/article.pdf")
    assert capsys.readouterr().out == f"Written: {article}.\n"
    before = article.read_bytes()
    assert before.startswith(b"%PDF-")
    main(["article", "--configfile", *SMOKE])
    assert article.read_bytes() == before


def test_it_is_held_against_the_reference_run(finished: Plan) -> None:
    assert "No reference run" in text_of(contents(of_run(finished))["reference"])
    shutil.copytree(ROOT / f"{REFERENCES}/quick", finished.reference)
    said = text_of(contents(of_run(finished))["reference"])
    noted = Path(finished.reference, "software.txt").read_text()
    commit = noted.partition("commit ")[2].split()[0][:7]
    assert f"17 of 17 verdicts as in the reference run of commit {commit}, AVX512." in said


def test_no_text_has_a_meaning_to_the_typesetter(finished: Plan) -> None:
    """Each text of the article is odd, and it is set all the same."""

    def odd(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: odd(each, name) for name, each in value.items()}
        if isinstance(value, list):
            styled = len(value) == 2 and value[0] in ("plain", "strong", "link", "subscript")
            return [value[0], ODD] if styled else [odd(each, key) for each in value]
        return ODD if isinstance(value, str) and key not in ("picture", "link") else value

    typeset(odd(contents(of_run(finished))), "odd.pdf")
    assert Path("odd.pdf").read_bytes().startswith(b"%PDF-")


def test_an_unfinished_run_is_said(
    finished: Plan, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = Path(finished.figures_folder, "figure_03.png")
    picture.write_text("no picture")
    with pytest.raises(UserError, match=r"figure_03\.png: not a whole picture"):
        typeset(contents(of_run(finished)), "a.pdf")
    picture.unlink()
    with pytest.raises(UserError, match=r"figure_03\.png: not there yet; finish the run first"):
        typeset(contents(of_run(finished)), "a.pdf")
    picture.with_suffix(".txt").unlink()
    with pytest.raises(UserError, match=r"figure_03\.txt: not there yet; finish the run first"):
        contents(of_run(finished))
    Path(finished.results, "claims.csv").unlink()
    with pytest.raises(SystemExit) as ended:
        main(["article", "--configfile", *SMOKE])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: results/smoke/claims.csv: not there yet; finish the run first\n"
    )
    assert not Path("a.pdf").exists()


def test_without_typst_one_sentence_says_how_to_get_it(
    finished: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(UserError, match="Typst, which is not installed: make article installs it"):
        typeset(contents(of_run(finished)), "a.pdf")


@pytest.mark.parametrize(
    "scenario", sorted(ROOT.glob("workflow/scenarios/*/*.yaml")), ids=lambda path: path.stem
)
def test_methods_of_every_scenario_are_told(scenario: Path) -> None:
    plan = Plan(read(ROOT / "config.yaml", scenario))
    assert methods.scale(plan).endswith(".")
    assert [each["name"] for each in methods.experiments(plan)] == [*plan.config.experiments]
    shared, table = methods.measurements(plan)
    assert table["rows"]
    tables = [table, methods.recipes(plan)]
    tables += [each["networks"] for each in methods.experiments(plan)]
    for each in tables:
        assert all(len(row) == len(each["columns"]) for row in each["rows"])
    texts = shared + text_of(tables) + text_of(methods.experiments(plan))
    assert not {"None", "{", "}"} & {word for word in ("None", "{", "}") if word in texts}


def test_measurements_that_differ_in_the_displacement_are_one_row() -> None:
    scenario = ROOT / "workflow/scenarios/petrini_2021/quick.yaml"
    plan = Plan(read(ROOT / "config.yaml", scenario))
    shared, table = methods.measurements(plan)
    assert "perturbation diffeomorphism" in shared and "images 500" in shared
    named = {name for run in plan.runs for name in run.measurements}
    assert len(table["rows"]) < len(named) / 2
    assert any(row[2] == "0.25, 0.5, 1, 1.4, 2, 3" for row in table["rows"])


def test_every_figure_with_numbers_of_authors_has_them_beside_it() -> None:
    known = {
        (name, figure)
        for name in papers.NAMES
        for figure in papers.paper(name).figures
        if papers.theirs(name, figure) is not None
    }
    assert known == {
        ("tomasini_2022", "figure_01"),
        *(("petrini_2021", f"figure_0{number}") for number in (3, 4, 5, 7)),
        *(("ruderman_2018", f"figure_0{number}") for number in (2, 3, 4, 5)),
        ("geiger_2021", "figure_phasespace"),
    }
    table = papers.theirs("petrini_2021", "figure_03")
    assert table is not None
    (row,) = table[
        (table["network"] == "ResNet18")
        & (table["data"] == "MNIST")
        & (table["state"] == "trained")
    ].to_dict("records")
    assert row["cutoff: value"] == "3: 0.0025, 5: 0.0039, 15: 0.0106"


def test_a_plan_has_the_figures_of_its_article(finished: Plan) -> None:
    assert of_run(finished).figures == tuple(figure_inputs(finished))
