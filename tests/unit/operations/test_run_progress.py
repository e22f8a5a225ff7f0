"""The line that says how far a run is, driven by messages like Snakemake's."""

import io
import logging
import time
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
from checkout import ROOT
from waiting import wait_until

from cnn_sensitivity.config import read
from cnn_sensitivity.operations import run_progress
from cnn_sensitivity.operations.forecast import Forecast, Job, forecast
from cnn_sensitivity.operations.run_progress import RunProgress
from cnn_sensitivity.plan import Plan

JOBS = {1: Job("train", "images/LeNet"), 2: Job("train", "images/VGG11bn"), 3: Job("figure_03")}
Event = Enum("Event", "JOB_INFO JOB_FINISHED JOB_ERROR PROGRESS")


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger with one handler, named as Snakemake's own, on the stream `logger.stream`."""
    logger = logging.Logger("test")
    yield logger
    for handler in list(logger.handlers):
        if isinstance(handler, RunProgress):
            handler.stop()


@pytest.fixture
def expected() -> Forecast:
    return forecast(
        Plan(read(ROOT / "config.yaml", ROOT / "workflow/scenarios/tomasini_2022/smoke.yaml"))
    )


def with_handler(logger: logging.Logger, stream: io.StringIO, brief: bool = False) -> RunProgress:
    snakemake = logging.StreamHandler(stream)
    snakemake.name = "DefaultStreamHandler"
    logger.addHandler(snakemake)
    progress = RunProgress(stream, brief)
    progress.attach(logger)
    return progress


def job(
    logger: logging.Logger,
    jobid: int,
    rule: str = "train",
    name: str = "images/LeNet",
    log: Path | None = None,
) -> None:
    extra = {"event": Event.JOB_INFO, "jobid": jobid, "rule_name": rule}
    extra["log"] = [str(log)] if log else []
    logger.info("a job", extra={**extra, "wildcards": {"name": name}})


def done(logger: logging.Logger, jobid: int) -> None:
    logger.info("finished", extra={"event": Event.JOB_FINISHED, "job_id": jobid})


def test_the_line_counts_jobs(logger: logging.Logger, expected: Forecast) -> None:
    progress = with_handler(logger, io.StringIO())
    progress.start(expected, JOBS)
    job(logger, 1), job(logger, 2, "train", "images/VGG11bn/noise-0/seeds-0")
    done(logger, 1)
    line = progress.line(time.monotonic())
    assert line.startswith("[progress] 1 of 3 jobs done, 1 running (train images/VGG11bn), ")


def test_a_failed_job_is_counted_and_no_longer_runs(
    logger: logging.Logger, expected: Forecast
) -> None:
    progress = with_handler(logger, io.StringIO())
    progress.start(expected, JOBS)
    job(logger, 1)
    logger.error("went wrong", extra={"event": Event.JOB_ERROR, "jobid": 1})
    line = progress.line(time.monotonic())
    assert "0 of 3 jobs done, 1 failed, " in line
    assert "running" not in line


def test_many_running_jobs_are_counted_by_rule(logger: logging.Logger, expected: Forecast) -> None:
    progress = with_handler(logger, io.StringIO())
    progress.start(expected, JOBS)
    for jobid in range(5):
        job(logger, jobid, "train" if jobid else "measure")
    assert "5 running (4 train, 1 measure)" in progress.line(time.monotonic())


def test_a_job_that_is_tried_again_has_not_failed(
    logger: logging.Logger, expected: Forecast
) -> None:
    progress = with_handler(logger, io.StringIO())
    progress.start(expected, JOBS)
    job(logger, 1)
    logger.error("went wrong", extra={"event": Event.JOB_ERROR, "jobid": 1})
    job(logger, 1)
    done(logger, 1)
    assert progress.line(time.monotonic()).startswith("[progress] 1 of 3 jobs done, 0 s")


def test_a_running_training_says_what_is_left_and_that_all_else_waits_for_it(
    logger: logging.Logger, expected: Forecast, tmp_path: Path
) -> None:
    name = expected.costs[0].run.name
    progress = with_handler(logger, io.StringIO())
    progress.start(expected, {1: Job("train", name), 2: Job("measure", name)}, cores=2)
    log = tmp_path / "training.log"
    job(logger, 1, "train", name, log)
    seeds = ",".join(map(str, expected.costs[0].run.seeds))
    log.write_text(f"images/a (seed {seeds}): epoch 3/10, loss 1, 10 images/s, 28 min left\n")
    begin = progress._begin
    assert progress._pace
    progress._pace.look(begin + 10)
    network = "/".join(name.split("/")[:2])
    assert progress.line(begin + 4).startswith(
        f"[progress] 0 of 2 jobs done, 1 running (train {network}), 4 s"
    )
    line = progress.line(begin + 10 + 4 * 60)
    assert f"all else waits for train {network} (24 min left), 4 min, about " in line


def test_brief_hides_messages_about_jobs_but_no_error(
    logger: logging.Logger, expected: Forecast
) -> None:
    stream = io.StringIO()
    progress = with_handler(logger, stream, brief=True)
    progress.start(expected, JOBS)
    job(logger, 1)
    logger.info("Select jobs to execute...")
    logger.info(None, extra={"event": Event.PROGRESS})
    logger.error("the loss is lost", extra={"event": Event.JOB_ERROR, "jobid": 1})
    logger.warning("beware")
    logger.info("Trying to restart job 1.")
    assert stream.getvalue() == "the loss is lost\nbeware\nTrying to restart job 1.\n"


def test_without_brief_nothing_is_hidden(logger: logging.Logger, expected: Forecast) -> None:
    stream = io.StringIO()
    with_handler(logger, stream).start(expected, JOBS)
    job(logger, 1)
    assert stream.getvalue() == "a job\n"


def test_on_a_terminal_the_line_is_renewed_and_makes_room(
    logger: logging.Logger, expected: Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_progress, "TICK", 0.01)
    stream = Terminal()
    progress = with_handler(logger, stream)
    progress.start(expected, JOBS)
    wait_until(lambda: "[progress]" in stream.getvalue(), "the line")
    logger.error("an error")
    text = stream.getvalue()
    assert "\r\033[K[progress] 0 of 3 jobs done" in text
    assert "\r\033[Kan error\n" in text
    progress.stop()
    assert stream.getvalue().endswith(" s\n")
    assert stream.getvalue().count("\n") == 2


def test_in_a_file_lines_are_sparse(
    logger: logging.Logger, expected: Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_progress, "TICK", 3600.0)  # the test moves the clock
    stream = io.StringIO()
    progress = with_handler(logger, stream)
    progress.start(expected, JOBS)
    begin = progress._begin
    for second in range(1, 7200):
        progress._show(begin + second)
    lines = stream.getvalue().splitlines()
    assert "\r" not in stream.getvalue()
    assert 20 < len(lines) < 200
    assert len(lines) > 2 * sum(" h" in line for line in lines)  # further and further apart


def test_a_stream_that_nobody_reads_ends_the_line_and_not_the_run(
    logger: logging.Logger, expected: Forecast
) -> None:
    stream = io.StringIO()
    progress = RunProgress(stream)
    progress.attach(logger)
    progress.start(expected, JOBS)
    stream.close()
    progress.stop()
    job(logger, 1)
