"""L21's smoke scenario end to end, and what reruns when something of its room changes."""

from pathlib import Path

import pytest
from checkout import Checkout
from finished import check_figures, finished_run

SMOKE = ("--configfile", "workflow/scenarios/geiger_2021/smoke.yaml")
ROOM = "workflow/cnn_sensitivity/papers/geiger_2021"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the scenario has run; tests only read it."""
    return finished_run(tmp_path_factory, "geiger", *SMOKE)


@pytest.fixture
def changed(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished run that a test may change."""
    return finished.copied(tmp_path / "run")


def test_every_figure_and_the_scorecard_are_there(finished: Checkout) -> None:
    folder = finished.folder / "paper_figures/geiger_2021_smoke"
    check_figures(folder, "geiger_2021")
    assert "8 claims of the paper" in (folder / "claims.txt").read_text()


def test_the_searches_leave_no_unfinished_points(finished: Checkout) -> None:
    tables = finished.folder / "results/geiger_2021_smoke/tables"
    assert {path.name for path in tables.glob("*.csv")} == {"jamming.csv", "crossover.csv"}
    assert not list(tables.glob(".*"))


def test_a_second_call_does_nothing(changed: Checkout) -> None:
    assert changed.planned(*SMOKE) == {}


def test_editing_a_search_repeats_it_and_fits_no_network_of_the_map(changed: Checkout) -> None:
    changed.append(f"{ROOM}/tables/jamming.py")
    jobs = changed.planned(*SMOKE)
    assert {"flow", "measure", "crossover", "figure_overfitting"}.isdisjoint(jobs)
    assert jobs["jamming"] == jobs["figure_phasespace"] == jobs["claims"] == 1


def test_editing_the_ensembles_errors_remeasures_and_does_not_refit(changed: Checkout) -> None:
    changed.append("workflow/cnn_sensitivity/measures/ensemble.py")
    jobs = changed.planned(*SMOKE)
    assert {"flow", "jamming", "crossover"}.isdisjoint(jobs)
    assert jobs["measure"] == 6
