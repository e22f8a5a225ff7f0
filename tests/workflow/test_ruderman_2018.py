"""R18's smoke scenario end to end, and what reruns when something of its room changes."""

from pathlib import Path

import pytest
from checkout import Checkout
from finished import check_figures, finished_run

from cnn_sensitivity import papers
from cnn_sensitivity.config import read
from cnn_sensitivity.operations.forecast import forecast
from cnn_sensitivity.plan import Plan

OVERLAY = "workflow/scenarios/ruderman_2018/smoke.yaml"
SMOKE = ("--configfile", OVERLAY)
ROOM = "workflow/cnn_sensitivity/papers/ruderman_2018"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the scenario has run; tests only read it."""
    return finished_run(tmp_path_factory, "ruderman", *SMOKE)


@pytest.fixture
def changed(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished run that a test may change."""
    return finished.copied(tmp_path / "run")


def test_every_figure_and_the_scorecard_are_there(finished: Checkout) -> None:
    folder = finished.folder / "paper_figures/ruderman_2018_smoke"
    check_figures(folder, "ruderman_2018")
    text = (folder / "claims.txt").read_text()
    assert "13 claims of the paper" in text
    assert "pool-init" in text


def test_a_second_call_does_nothing(changed: Checkout) -> None:
    assert changed.planned(*SMOKE) == {}


def test_editing_the_cosine_distance_remeasures_and_does_not_retrain(changed: Checkout) -> None:
    changed.append("workflow/cnn_sensitivity/measures/cosine_distance.py")
    jobs = changed.planned(*SMOKE)
    assert {"train", "figure_01"}.isdisjoint(jobs)
    assert jobs["measure"] == 6
    assert jobs["figure_02"] == jobs["claims"] == 1


def test_editing_the_papers_curves_redraws_the_figures_that_show_them(changed: Checkout) -> None:
    changed.append(f"{ROOM}/authors.csv", "2d,MaxPoolCNN,distance,13,0.2,0.005,none\n")
    figures = dict.fromkeys({*papers.paper("ruderman_2018").figures} - {"figure_01"}, 1)
    # The curves stand in the place of the run's too, when the scorecard asks what could come out.
    assert changed.planned(*SMOKE) == {**figures, "claims": 1, "first_page": 1, "all": 1}


def test_the_plan_counts_the_jobs_that_snakemake_counts(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout.folder)
    expected = forecast(Plan(read("config.yaml", OVERLAY)))
    jobs = checkout.planned(*SMOKE)
    runs = len(expected.costs)
    assert jobs["train"] == jobs["measure"] == runs
    assert sum(jobs.values()) - 2 * runs - jobs["all"] == expected.others_left
