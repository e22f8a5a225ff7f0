"""S22's smoke scenario end to end, and what reruns when something of its room changes."""

import csv
from pathlib import Path

import pytest
from checkout import Checkout
from finished import check_figures, finished_run

OVERLAY = "workflow/scenarios/petrini_2022/smoke.yaml"
SMOKE = ("--configfile", OVERLAY)
ROOM = "workflow/cnn_sensitivity/papers/petrini_2022"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the scenario has run; tests only read it."""
    return finished_run(tmp_path_factory, "petrini_2022", *SMOKE)


@pytest.fixture
def changed(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished run that a test may change."""
    return finished.copied(tmp_path / "run")


def test_every_figure_and_the_scorecard_are_there(finished: Checkout) -> None:
    folder = finished.folder / "paper_figures/petrini_2022_smoke"
    check_figures(folder, "petrini_2022")
    text = (folder / "claims.txt").read_text()
    assert "8 claims of the paper" in text and "1 of ours" in text


def test_a_machine_and_a_flow_are_measured_alike(finished: Checkout) -> None:
    """A flow before training is its network, of R about 1; a machine is zero, which has no R."""
    folder = finished.folder / "paper_figures/petrini_2022_smoke"
    rows = list(csv.DictReader((folder / "figure_06.csv").open()))
    parts = {(row["part"], row["state"]) for row in rows if row["part"]}
    lazy = {(part, "trained") for part in ("machine", "regression", "kernel_flow")}
    assert parts == {("feature", "trained"), ("feature", "initial"), *lazy}
    initial = [row for row in rows if row["state"] == "initial" and row["quantity"] == "R"]
    before = [float(row["mean"]) for row in initial]
    assert before and all(0.3 < value < 3 for value in before)
    assert "Left out" not in (folder / "figure_06.txt").read_text()


def test_a_second_call_does_nothing(changed: Checkout) -> None:
    assert changed.planned(*SMOKE) == {}


def test_editing_the_sphere_makes_its_tables_and_trains_nothing(changed: Checkout) -> None:
    changed.append(f"{ROOM}/tables/descent.py")
    jobs = changed.planned(*SMOKE)
    assert {"flow", "kernel", "train", "measure", "figure_01"}.isdisjoint(jobs)
    assert {name for name in jobs if name.startswith("sphere_")} == {
        "sphere_constant_d3",
        "sphere_random1_d5",
        "sphere_pictures",
    }


def test_a_smaller_sphere_is_made_anew_alone(changed: Checkout) -> None:
    overlay = changed.folder / OVERLAY
    overlay.write_text(overlay.read_text().replace("neurons: 2000", "neurons: 1000"))
    jobs = changed.planned(*SMOKE)
    assert {name for name in jobs if name.startswith("sphere_")} == {"sphere_random1_d5"}
    assert jobs["figure_g1"] == 1 and "figure_04" not in jobs
