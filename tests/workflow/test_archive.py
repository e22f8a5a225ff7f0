"""A packed run in a fresh checkout: its figures come back, and nothing is trained."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT, SMOKE, Checkout
from test_plan_of_jobs import FIGURES

from cnn_sensitivity import papers
from cnn_sensitivity.config import read
from cnn_sensitivity.plan import Plan

LAYERS = ("--configfile", "config.yaml", SMOKE[1])
PACKED = ("--configfile", "results/smoke/config.yaml")
REDRAW = (*PACKED, "--workflow-profile", "profiles/redraw")
DRAWN = ("paper_figures/*/*.*", "results/**/*.csv")
DRAWING = {*FIGURES, "claims", "first_page", "all"}
COMMITTED = sorted(ROOT.glob("paper_figures/reference/*/tables.tar.gz"))
# The paths of 1,461 flows.
LARGER = {"paccolat_2021_cpu": 8_000_000}


def command(checkout: Checkout, *arguments: str) -> str:
    """Call the package's command line as a user would and return what it printed."""
    run = subprocess.run(
        [sys.executable, "-m", "cnn_sensitivity", *arguments],
        cwd=checkout.folder,
        env={**os.environ, "PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def archive(smoke: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smoke run, packed."""
    path = tmp_path_factory.mktemp("archive") / "smoke.tar.gz"
    assert "files of the run 'smoke'" in command(smoke, "pack", *LAYERS, "--output", str(path))
    return path


def test_the_packed_configuration_is_that_of_the_run(edited: Checkout, archive: Path) -> None:
    command(edited, "unpack", str(archive))
    assert edited.planned(*PACKED) == {}


def test_a_fresh_checkout_draws_every_figure_and_trains_nothing(
    smoke: Checkout, checkout: Checkout, archive: Path
) -> None:
    printed = command(checkout, "unpack", str(archive))
    assert printed == f"{PACKED[1]}\n"
    # Without the profile too, as long as nothing else has changed.
    assert set(checkout.planned(*PACKED)) == DRAWING
    run = checkout.snakemake(*REDRAW)
    assert run.returncode == 0, run.stdout + run.stderr
    drawn, whole = checkout.contents(DRAWN), smoke.contents(DRAWN)
    assert drawn == whole
    command(checkout, "pack", *LAYERS, "--output", "again.tar.gz")
    assert (checkout.folder / "again.tar.gz").read_bytes() == archive.read_bytes()

    checkout.append("workflow/cnn_sensitivity/drawing/style.py")
    assert set(checkout.planned(*PACKED)) == {*FIGURES, "first_page", "all"}
    assert set(checkout.planned(*REDRAW)) == {*FIGURES, "first_page", "all"}
    checkout.append("workflow/cnn_sensitivity/engines/sgd/loop.py")
    for path in (checkout.folder / "workflow").rglob("*.py"):
        os.utime(path)
    assert set(checkout.planned(*REDRAW)) == {*FIGURES, "first_page", "all"}


@pytest.mark.parametrize("run", [path.parent.name for path in COMMITTED])
def test_a_committed_run_is_small_and_gives_its_figures(checkout: Checkout, run: str) -> None:
    folder = checkout.folder / "paper_figures" / run
    shutil.copytree(ROOT / "paper_figures/reference" / run, folder)
    tables = folder / "tables.tar.gz"
    assert tables.stat().st_size < LARGER.get(run, 3_000_000)
    config = command(checkout, "unpack", str(tables)).strip()
    patterns = ("paper_figures/*/*.csv", "paper_figures/*/*.txt", "paper_figures/*/claims.*")
    committed = checkout.contents(patterns)
    profile = ("--workflow-profile", "profiles/redraw")
    figures = papers.figure_inputs(Plan(read(checkout.folder / config)))
    some = [figure for figure in ("figure_03", "figure_05", "figure_07") if figure in figures]
    drawn = checkout.snakemake("claims", *some, "--configfile", config, *profile)
    assert drawn.returncode == 0, drawn.stdout + drawn.stderr
    assert checkout.contents(patterns) == committed
