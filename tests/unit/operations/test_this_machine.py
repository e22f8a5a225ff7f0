"""How long a run takes here, before anything has finished: a few networks timed once."""

import csv
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from forecast_cases import finished, plan_of

from cnn_sensitivity.operations.forecast import as_text, forecast, forecast_here, this_machine

REFERENCE = files("cnn_sensitivity.operations.forecast").joinpath("timings.csv")


def timed(*times: float) -> None:
    """Write what timing would: so many networks, each so many times as slow as the reference."""
    rows = list(csv.DictReader(REFERENCE.read_text().splitlines()))
    narrow = [row for row in rows if row["network"] in ("LeNet", "VGG11bn")][::2]
    path = this_machine.table()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row, factor in zip(narrow, times, strict=True):
            writer.writerow({**row, "train_seconds": factor * float(row["train_seconds"])})


def test_timed_networks_scale_the_forecast_until_a_training_has_finished() -> None:
    plan = plan_of("quick")
    before = forecast(plan)
    timed(2.0, 4.0)
    after = forecast(plan)
    assert after.machine.factor == pytest.approx(3.0)
    assert "times 3 by 2 networks timed here" in as_text(after)
    assert 2 < after.seconds_left / before.seconds_left < 3  # starts and figures take what they did
    number = [run.network.name for run in plan.runs].index("VGG11bn")
    finished(plan, number, 5 * before.costs[number].train)
    assert forecast(plan).machine.by == "the trainings finished here"


def test_a_damaged_table_is_as_none() -> None:
    timed(2.0, 4.0)
    this_machine.table().write_text("device,network\ncpu,LeNet\n")
    assert forecast(plan_of("quick")).machine.factor == 1.0


@pytest.mark.parametrize(("scenario", "calls"), [("quick", 1), ("smoke", 0)])
def test_a_long_run_is_timed_once(
    scenario: str, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[int] = []

    def time_networks() -> None:
        called.append(1)
        timed(2.0, 2.0)

    monkeypatch.setattr(this_machine, "time_networks", time_networks)
    for _ in range(2):
        factor = forecast_here(plan_of(scenario)).machine.factor
    assert len(called) == calls
    assert factor == 1 + calls


def test_hours_of_a_gpu_need_no_timing_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(this_machine, "time_networks", lambda: pytest.fail("timed"))
    plan = plan_of("paper")
    finished(plan, 0, seconds=1000.0, first_line="GPU: some card")
    assert forecast_here(plan).on_gpu


def test_a_few_networks_are_timed_as_the_reference_was() -> None:
    this_machine.time_networks()
    rows = list(csv.DictReader(this_machine.table().open()))
    there = list(csv.DictReader(REFERENCE.read_text().splitlines()))
    keys = ("device", "network", "width", "image_size", "seeds", "parameters")
    same = [[row[key] for key in keys] for row in there]
    assert [row["network"].split()[0] for row in rows] == list(this_machine.NETWORKS)
    assert all([row[key] for key in keys] in same for row in rows)
    assert forecast(plan_of("quick")).machine.by == "4 networks timed here"


def test_where_nothing_can_be_timed_the_reference_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for python in (str(tmp_path / "none"), "/bin/false"):
        monkeypatch.setattr(sys, "executable", python)
        assert forecast_here(plan_of("quick")).machine.factor == 1.0

    def late(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("python", timeout)

    monkeypatch.setattr(subprocess, "run", late)
    assert forecast_here(plan_of("quick")).machine.by == ""
