"""The time that a run still needs, by what its own jobs say."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from checkout import ROOT

from cnn_sensitivity.config import read
from cnn_sensitivity.engines.sgd import progress
from cnn_sensitivity.engines.sgd.records import Record
from cnn_sensitivity.operations.forecast import Forecast, Job, forecast
from cnn_sensitivity.operations.forecast.estimate import FIGURE_SECONDS, Cost
from cnn_sensitivity.operations.forecast.pace import Pace
from cnn_sensitivity.operations.forecast.timings import START_SECONDS
from cnn_sensitivity.operations.forecast.training_log import last_reading
from cnn_sensitivity.plan import Plan

TRAIN, MEASURE = 60.0, 12.0


@pytest.fixture
def expected() -> Forecast:
    """The runs of `quick`, as if each trained for a minute and was measured in 12 seconds."""
    whole = forecast(Plan(read(ROOT / "config.yaml")))
    costs = [replace(cost, train=TRAIN, measure=MEASURE, at_most=False) for cost in whole.costs]
    return replace(whole, costs=tuple(costs))


def of_networks(expected: Forecast) -> list[list[Cost]]:
    """Return the runs by network, those of the most runs first."""
    names = {cost.run.name.rpartition("/")[0].rpartition("/")[0] for cost in expected.costs}
    found = [[c for c in expected.costs if c.run.name.startswith(f"{name}/")] for name in names]
    return sorted(found, key=len, reverse=True)


def line(seeds: Sequence[int], epoch: int, left: str, epochs: int = 10) -> str:
    """Return a line as a training writes it."""
    of = ",".join(map(str, seeds))
    return (
        f"images/a (noise 2, seed {of}): epoch {epoch}/{epochs}, loss 1.2, train error 0.5000,"
        f" test error 0.5000, 1,234 images/s, {left}\n"
    )


def chain(cost: Cost) -> list[Job]:
    return [Job("train", cost.run.name), Job("measure", cost.run.name)]


def numbered(jobs: Sequence[Job]) -> dict[int, Job]:
    return dict(enumerate(jobs))


def test_a_line_tells_the_time_of_the_whole_job(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("GPU: a card\n" + line([0, 1], 4, "30 s left") + line([0, 1], 5, "25 s left"))
    reading = last_reading(log, (0, 1))
    assert reading and (reading.total, reading.left) == (50, 25)


def test_seeds_that_train_one_after_the_other_take_as_long_each(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(line([3], 10, "ended") + line([4], 8, "10 s left"))
    reading = last_reading(log, (3, 4, 5))
    assert reading and (reading.total, reading.left) == (150, 60)


@pytest.mark.parametrize(("left", "seconds"), [("28 min left", 1680), ("1.5 h left", 5400)])
def test_minutes_and_hours_are_read(tmp_path: Path, left: str, seconds: float) -> None:
    log = tmp_path / "log"
    log.write_text(line([0], 5, left))
    reading = last_reading(log, (0,))
    assert reading and reading.left == seconds


def test_half_a_line_and_lines_without_a_time_are_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_reading(log, (0,)) is None
    log.write_bytes(b"\xff\x00 epoch 3/10\n")
    assert last_reading(log, (0,)) is None
    log.write_text(line([0], 4, "30 s left") + "x" * 200 + line([0], 5, "25 s left")[:-1])
    reading = last_reading(log, (0,))
    assert reading and reading.left == 30
    log.write_text(line([7], 4, "30 s left"))
    assert last_reading(log, (0,)) is None  # seeds that the run has not


def test_the_end_of_a_long_log_is_enough(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(line([0], e, f"{999 - e} s left", 999) for e in range(1, 900)))
    reading = last_reading(log, (0,))
    assert reading and reading.left == 999 - 899


def test_what_a_training_writes_is_read(
    tmp_path: Path, expected: Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, run = tmp_path / "log", expected.costs[0].run
    settings = expected.plan.training_settings(run)
    clock = iter([0.0, 600.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with log.open("w") as file:
        writer = progress.Progress(settings, run.seeds, lambda text: print(text, file=file))
        records = [Record(seed) for seed in run.seeds]
        for record in records:
            record.add_start(1.0, 0.5)
            record.rows.append((1, 1.0, 0.5, 1.0, 0.5))
        writer.epoch(records, 100, ended=False)
    epochs, reading = settings.recipe.epochs, last_reading(log, run.seeds)
    assert reading
    assert reading.total == pytest.approx(600 * epochs, rel=0.03)
    assert reading.left == pytest.approx(600 * (epochs - 1), rel=0.03)


def test_time_left_goes_by_the_log_of_a_running_training(
    tmp_path: Path, expected: Forecast
) -> None:
    cost, log = expected.costs[0], tmp_path / "log"
    pace = Pace(expected, numbered(chain(cost)), now=0)
    pace.start(0, chain(cost)[0], log, now=0)
    assert pace.seconds_left(5) is None  # too early
    log.write_text(line(cost.run.seeds, 1, "28 min left"))
    pace.look(20)
    # Its measuring is expected to be as much slower than the forecast as it is.
    slower = (28 * 60 * 10 / 9 + START_SECONDS) / TRAIN
    assert pace.seconds_left(80) == pytest.approx(27 * 60 + MEASURE * slower, rel=1e-6)


def test_jobs_that_have_not_started_are_scaled_by_what_the_others_measured(
    tmp_path: Path, expected: Forecast
) -> None:
    (first, same, *_), (other, *_), *_ = of_networks(expected)
    jobs = [Job("train", cost.run.name) for cost in (first, same, other)]
    pace = Pace(expected, numbered(jobs), now=0)
    pace.start(0, jobs[0], None, now=0)
    pace.end(0, now=3 * TRAIN)
    pace.start(1, jobs[1], None, now=3 * TRAIN)
    pace.look(3 * TRAIN)
    assert pace.seconds_left(3 * TRAIN + 30) == pytest.approx(3 * TRAIN - 30 + 3 * TRAIN)


def test_a_fit_that_was_another_runs_tells_no_time(tmp_path: Path, expected: Forecast) -> None:
    (first, same, *_), *_ = of_networks(expected)
    jobs = [Job("train", cost.run.name) for cost in (first, same)]
    pace, log = Pace(expected, numbered(jobs), now=0), tmp_path / "log"
    pace.start(0, jobs[0], log, now=0)
    log.write_text("taken from another run: a.safetensors\n")
    pace.look(6)
    pace.end(0, now=12)
    pace.start(1, jobs[1], None, now=12)
    pace.look(20)
    assert pace.seconds_left(20) == pytest.approx(TRAIN - 8)


def test_the_median_of_other_networks_is_no_mean(expected: Forecast) -> None:
    networks = of_networks(expected)
    jobs = [Job("train", costs[0].run.name) for costs in networks[:4]]
    pace, now = Pace(expected, numbered(jobs), now=0), 0.0
    for number, slower in enumerate((1.0, 2.0, 50.0)):
        pace.start(number, jobs[number], None, now)
        now += slower * TRAIN
        pace.end(number, now)
    pace.look(now)
    assert pace.seconds_left(now) == pytest.approx(2 * TRAIN)


def test_the_log_of_an_earlier_attempt_tells_nothing(tmp_path: Path, expected: Forecast) -> None:
    cost, log = expected.costs[0], tmp_path / "log"
    log.write_text(line(cost.run.seeds, 9, "1 s left"))
    pace = Pace(expected, numbered(chain(cost)[:1]), now=0)
    pace.start(0, chain(cost)[0], log, now=0)
    pace.look(1000)
    assert pace.seconds_left(1000) is None  # a cluster's queue: it has not begun
    log.write_text("")
    pace.look(1010)
    assert pace.seconds_left(1020) == pytest.approx(TRAIN - 20)
    log.write_text(line(cost.run.seeds, 5, "90 s left"))
    pace.look(1030)
    assert pace.seconds_left(1031) == pytest.approx(89)


def test_work_is_shared_by_the_jobs_that_run_at_once(expected: Forecast) -> None:
    jobs = [Job("train", cost.run.name) for cost in expected.costs[:8]]
    pace = Pace(expected, numbered(jobs), now=0)
    for number in range(4):
        pace.start(number, jobs[number], None, now=0)
    assert pace.seconds_left(20) == pytest.approx((4 * 40 + 4 * TRAIN) / 4)


def test_the_end_is_no_sooner_than_that_of_the_longest_chain(expected: Forecast) -> None:
    jobs = [*chain(expected.costs[0]), *(Job("train", c.run.name) for c in expected.costs[1:4])]
    pace = Pace(expected, numbered(jobs), now=0)
    for number in (2, 3, 4):
        pace.start(number, jobs[number], None, now=0)
    pace.start(0, jobs[0], None, now=50)
    left = pace.seconds_left(55)
    assert left == pytest.approx(TRAIN - 5 + MEASURE)


def test_a_job_that_is_late_has_a_little_left(expected: Forecast) -> None:
    job = chain(expected.costs[0])[0]
    pace = Pace(expected, {0: job}, now=0)
    pace.start(0, job, None, now=0)
    assert pace.seconds_left(5 * TRAIN) == pytest.approx(0.05 * TRAIN)


def test_no_time_is_said_of_a_network_that_nobody_has_timed(
    tmp_path: Path, expected: Forecast
) -> None:
    cost = replace(expected.costs[0], train=None)
    unknown = replace(expected, costs=(cost,))
    job, log = chain(cost)[0], tmp_path / "log"
    pace = Pace(unknown, {0: job}, now=0)
    pace.start(0, job, log, now=0)
    log.write_text("")
    pace.look(6)
    assert pace.seconds_left(20) is None
    log.write_text(line(cost.run.seeds, 5, "90 s left"))
    pace.look(20)
    assert pace.seconds_left(20) == 90


def test_a_failed_job_takes_what_follows_it_with_it(expected: Forecast) -> None:
    first, second = chain(expected.costs[0]), chain(expected.costs[1])
    pace = Pace(expected, numbered([*first, second[0], Job("figure_03")]), now=0)
    pace.start(0, first[0], None, now=0)
    pace.start(2, second[0], None, now=0)
    pace.fail(0)
    assert pace.failed == 1
    assert pace.seconds_left(20) == pytest.approx(TRAIN - 20 + FIGURE_SECONDS)


def test_all_else_waits_where_nothing_can_start_and_a_core_is_free(expected: Forecast) -> None:
    first, second = chain(expected.costs[0]), chain(expected.costs[1])
    pace = Pace(expected, numbered([*first, *second, Job("figure_03")]), now=0)
    pace.start(0, first[0], None, now=0)
    assert pace.waits_for(2, now=20) == []  # the other training waits for a GPU
    for number, job in ((2, second[0]), (3, second[1])):
        pace.start(number, job, None, now=0)
        pace.end(number, now=TRAIN)
    assert pace.waits_for(2, now=20) == [(first[0], pytest.approx(TRAIN - 20))]
    assert pace.waits_for(1, now=20) == []
    assert pace.waits_for(None, now=20) == []


def test_a_last_job_keeps_nobody_waiting(expected: Forecast) -> None:
    pace = Pace(expected, {0: Job("figure_03")}, now=0)
    pace.start(0, Job("figure_03"), None, now=0)
    assert pace.waits_for(2, now=20) == []
