"""C21's smoke scenario end to end, and what reruns when something of its room changes."""

from pathlib import Path

import pytest
from checkout import Checkout
from finished import check_figures, finished_run

from cnn_sensitivity.config import read
from cnn_sensitivity.operations.forecast import forecast
from cnn_sensitivity.plan import Plan

OVERLAY = "workflow/scenarios/paccolat_2021/smoke.yaml"
SMOKE = ("--configfile", OVERLAY)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the scenario has run; tests only read it."""
    return finished_run(tmp_path_factory, "paccolat", *SMOKE)


@pytest.fixture
def changed(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished run that a test may change."""
    return finished.copied(tmp_path / "run")


def test_every_figure_and_the_scorecard_are_there(finished: Checkout) -> None:
    folder = finished.folder / "paper_figures/paccolat_2021_smoke"
    check_figures(folder, "paccolat_2021")
    text = (folder / "claims.txt").read_text()
    assert "8 claims of the paper" in text
    assert "2 of ours" in text
    assert "c21-lambda" in text


def test_a_second_call_does_nothing(changed: Checkout) -> None:
    assert changed.planned(*SMOKE) == {}


def test_editing_a_measure_remeasures_and_does_not_fit_again(changed: Checkout) -> None:
    changed.append("workflow/cnn_sensitivity/measures/tangent_kernel.py")
    jobs = changed.planned(*SMOKE)
    assert {"flow", "kernel", "figure_path", "figure_lambda"}.isdisjoint(jobs)
    assert jobs["measure"] == 4  # three of the stripe, and the plane, whose circle is of a kernel
    assert jobs["figure_curves"] == jobs["figure_circle"] == jobs["claims"] == 1


def test_the_plan_counts_the_jobs_that_snakemake_counts(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout.folder)
    expected = forecast(Plan(read("config.yaml", OVERLAY)))
    jobs = checkout.planned(*SMOKE)
    assert jobs["flow"] + jobs["kernel"] == len(expected.costs)
    assert jobs["measure"] == 5  # of flows in the feature regime
    fits = jobs["flow"] + jobs["kernel"] + jobs["measure"] + jobs["all"]
    assert sum(jobs.values()) - fits == expected.others_left
