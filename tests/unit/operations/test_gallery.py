"""The page of all figures of the committed runs: whole, current, and open to new runs."""

import re
import shutil
from pathlib import Path

import pytest
from checkout import ROOT

from cnn_sensitivity import papers
from cnn_sensitivity.cli import main
from cnn_sensitivity.cli.maintenance import DEFAULT_PAPER
from cnn_sensitivity.operations.gallery import to_gallery
from cnn_sensitivity.plan import REFERENCES

PAGE = ROOT / "docs/gallery.md"
FIGURES = [(name, figure) for name in papers.NAMES for figure in papers.paper(name).figures]


def test_the_page_is_what_the_command_writes(tmp_path: Path) -> None:
    written = tmp_path / "docs/gallery.md"
    (tmp_path / "paper_figures").mkdir()
    (tmp_path / REFERENCES).symlink_to(ROOT / REFERENCES)
    main(["gallery", str(tmp_path / REFERENCES), "--output", str(written)])
    current = "docs/gallery.md is out of date: make gallery"
    assert written.read_text() == PAGE.read_text(), current


def test_every_committed_picture_is_on_the_page_once() -> None:
    shown = re.findall(r"!\[.+?\]\((.+?)\)", PAGE.read_text())
    committed = [path.parent for path in (ROOT / REFERENCES).glob("*/tables.tar.gz")]
    pictures = [path for folder in committed for path in folder.glob("*.png")]
    assert sorted((PAGE.parent / path).resolve() for path in shown) == sorted(pictures)


@pytest.mark.parametrize(("name", "figure"), FIGURES)
def test_a_caption_begins_with_one_plain_sentence(name: str, figure: str) -> None:
    heading, sentence = papers.what_to_see(name, figure)
    number = figure.removeprefix("figure_")
    if number.isdigit():
        assert heading == f"Figure {int(number)}"
    else:  # a name of its own, since the paper's number is not known
        assert re.fullmatch(r"[\w. ]{2,30}", heading)
    assert 30 < len(sentence) < 260
    assert re.fullmatch(r"[A-Z][^`*|<>]+[.?]", sentence)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of figures with a run of the second paper, of which two figures are drawn."""
    folder = tmp_path / "paper_figures"
    run = folder / "petrini_2021_mine"
    run.mkdir(parents=True)
    for name in ("figure_04.png", "figure_10.png", "figure_01.png", "tables.tar.gz"):
        (run / name).touch()
    (run / "claims.md").write_text(
        "3 claims: counted.\n\n"
        "| **G-gain** Error falls | 4 | ρ | -0.9 | ✗ contradicted | it is \\| so |\n"
        "| **init** At initialisation | 3 | one | 1 | ✓ reproduced | it is |\n"
        "| **D-weak** D alone | 4 | ρ | | – not tested at this scale | ? undecided |\n"
    )
    return folder


def test_a_new_run_comes_in_under_its_paper_with_its_verdicts(folder: Path) -> None:
    page = to_gallery(folder, folder.parent / "docs/gallery.md", DEFAULT_PAPER)
    assert re.findall(r"^#+ (.+)", page, re.MULTILINE) == [
        "Gallery",
        "Petrini, Favero, Geiger and Wyart",
        "petrini_2021_mine",
        "Figure 1",
        "Figure 4",
    ]
    assert "3 claims: counted.\n" in page
    assert "](../paper_figures/petrini_2021_mine/figure_04.png)" in page
    assert "make reproduce SCENARIO=petrini_2021/mine\n" in page
    overlay = "workflow/scenarios/petrini_2021/mine.yaml"
    assert f"`.venv/bin/snakemake figure_04 --configfile {overlay}`" in page
    verdicts = re.findall("^In this run: (.*)", page, re.MULTILINE)
    assert verdicts == [
        "– Stability to deformations alone goes with the error less than R_f;"
        " ✗ Error falls as the sensitivity to noise grows."
    ]


def test_a_run_that_is_drawn_and_not_committed_stays_out(folder: Path) -> None:
    shutil.copytree(folder / "petrini_2021_mine", folder / "smoke")
    (folder / "smoke/tables.tar.gz").unlink()
    assert "smoke" not in to_gallery(folder, folder.parent / "gallery.md", DEFAULT_PAPER)


def test_a_letter_after_a_figures_number_names_a_part_of_it(folder: Path) -> None:
    run = folder / "ruderman_2018_mine"
    shutil.copytree(folder / "petrini_2021_mine", run)
    (run / "figure_02.png").touch()
    (run / "claims.md").write_text("1.\n| **pool-init** Before | 2c | | | ✓ reproduced | |\n")
    page = to_gallery(folder, folder.parent / "gallery.md", DEFAULT_PAPER)
    assert "In this run: ✓ Before training pooling makes networks more stable.\n" in page
