"""Where a run is: jobs done, running and left, and the time left.

It listens to Snakemake's own messages, in Snakemake's process: errors, Ctrl-C and the exit status
stay Snakemake's. On a terminal the line is renewed in place; elsewhere lines come further and
further apart.
"""

import atexit
import logging
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from cnn_sensitivity.operations.forecast.estimate import Forecast
from cnn_sensitivity.operations.forecast.pace import Job, Pace
from cnn_sensitivity.operations.forecast.summary import duration

# Messages about single jobs, that the line stands for. Errors and warnings are not among them.
REPLACED = {
    "GROUP_INFO",
    "JOB_FINISHED",
    "JOB_INFO",
    "JOB_STARTED",
    "PROGRESS",
    "RESOURCES_INFO",
    "SHELLCMD",
}
SELECTING = "Select jobs to execute..."
TICK = 0.5  # seconds between two looks at the clock
SETTLED = 5.0  # seconds without a job that starts or ends: none can start
FIRST_LINE, SPREAD = 30.0, 50  # in a file: after 30 s, then when a fiftieth more has passed


class RunProgress(logging.Handler):
    """A handler of Snakemake's logger. `start` begins to show; `stop` or the exit ends it."""

    def __init__(self, stream: TextIO | None = None, brief: bool = False):
        super().__init__()
        self._stream = stream or sys.stderr
        self._in_place = self._stream.isatty()
        self._brief = brief
        self._pace: Pace | None = None
        self._cores: int | None = None
        self._begin = self._hold = self._last = self._changed = 0.0
        self._shown = ""
        self._stopped = threading.Event()

    def attach(self, logger: logging.Logger) -> None:
        """Listen to a logger, before its other handlers write."""
        logger.addHandler(self)
        logger.handlers.insert(0, logger.handlers.pop())
        self._logger = logger

    def start(self, forecast: Forecast, jobs: Mapping[int, Job], cores: int | None = None) -> None:
        """Begin to show: `jobs` are those to do, by Snakemake's number of each."""
        self._begin = self._last = self._changed = time.monotonic()
        self._pace, self._cores = Pace(forecast, jobs, self._begin), cores
        if self._brief:
            for handler in self._logger.handlers:
                if handler.name == "DefaultStreamHandler":
                    handler.addFilter(self._is_shown)
        threading.Thread(target=self._tick, daemon=True).start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Write the last line, once."""
        if self._begin and not self._stopped.is_set():
            self._stopped.set()
            with self.lock or threading.RLock():
                self._clear()
                self._write(self.line(time.monotonic()) + "\n")

    def emit(self, record: logging.LogRecord) -> None:
        """Note what a message says; make room for it on the terminal."""
        event = getattr(getattr(record, "event", None), "name", "")
        if self._pace:
            self._note(self._pace, event, record.__dict__)
        if not (self._brief and event in REPLACED):
            self._clear()
            self._hold = time.monotonic() + TICK / 2

    def _note(self, pace: Pace, event: str, about: Mapping[str, Any]) -> None:
        now = time.monotonic()
        if event == "JOB_INFO":
            job = Job(about["rule_name"], str((about.get("wildcards") or {}).get("name", "")))
            log = next(iter(about.get("log") or []), None)
            pace.start(about["jobid"], job, Path(log) if log else None, now)
        elif event == "JOB_FINISHED":
            pace.end(about["job_id"], now)
        elif event == "JOB_ERROR":
            pace.fail(about["jobid"])
        else:
            return
        self._changed = now

    def line(self, now: float) -> str:
        """Return the line."""
        pace = self._pace
        if pace is None:
            return "[progress]"
        parts = [f"{pace.done} of {pace.all} jobs done"]
        if pace.failed:
            parts.append(f"{pace.failed} failed")
        # Between the end of one job and the start of the next, cores are free for a moment.
        settled = now - self._changed >= SETTLED
        if settled and (waits := pace.waits_for(self._cores, now)):
            parts.append(f"all else waits for {_with_times(waits)}")
        elif running := pace.running:
            parts.append(f"{len(running)} running ({_names(running)})")
        parts.append(duration(now - self._begin))
        left = pace.seconds_left(now)
        if left is not None:
            parts.append(f"about {duration(left)} left")
        return f"[progress] {', '.join(parts)}"

    def _tick(self) -> None:
        while not self._stopped.wait(TICK):
            if self._pace:  # without the lock: a slow disk must not hold up Snakemake's messages
                self._pace.look(time.monotonic())
            with self.lock or threading.RLock():
                self._show(time.monotonic())

    def _show(self, now: float) -> None:
        if self._stopped.is_set() or now < self._hold:
            return
        if self._in_place:
            width = shutil.get_terminal_size().columns - 1
            text = self.line(now)[:width]
            if text != self._shown:
                self._write(f"\r\033[K{text}")
                self._shown = text
        elif now - self._last >= max(FIRST_LINE, (now - self._begin) / SPREAD):
            self._last = now
            self._write(self.line(now) + "\n")

    def _clear(self) -> None:
        if self._shown:
            self._write("\r\033[K")
            self._shown = ""

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # nobody listens any more: the run goes on
            self._stopped.set()

    def _is_shown(self, record: logging.LogRecord) -> bool:
        event = getattr(getattr(record, "event", None), "name", "")
        return self._stopped.is_set() or (event not in REPLACED and record.msg != SELECTING)


def _names(jobs: Sequence[Job]) -> str:
    if len(jobs) <= 3:
        return ", ".join(map(str, jobs))
    counts = Counter(job.rule for job in jobs)
    return ", ".join(f"{count} {rule}" for rule, count in counts.most_common())


def _with_times(jobs: Sequence[tuple[Job, float | None]]) -> str:
    if len(jobs) > 3:
        return f"{len(jobs)} jobs ({_names([job for job, _ in jobs])})"
    return " and ".join(
        str(job) if left is None else f"{job} ({duration(left)} left)" for job, left in jobs
    )
