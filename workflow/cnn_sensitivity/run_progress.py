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
from collections.abc import Mapping
from typing import Any, TextIO

from cnn_sensitivity.forecast.estimate import FIGURE_SECONDS, Forecast
from cnn_sensitivity.forecast.summary import duration

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
FIRST_LINE, SPREAD = 30.0, 50  # in a file: after 30 s, then when a fiftieth more has passed


class RunProgress(logging.Handler):
    """A handler of Snakemake's logger. `start` begins to show; `stop` or the exit ends it."""

    def __init__(self, stream: TextIO | None = None, brief: bool = False):
        super().__init__()
        self._stream = stream or sys.stderr
        self._in_place = self._stream.isatty()
        self._brief = brief
        self._rules: dict[str, int] = {}
        self._running: dict[int, tuple[str, str, float]] = {}
        self._seconds: dict[tuple[str, str], float] = {}
        self._done, self._failed, self._done_seconds, self._all_seconds = 0, 0, 0.0, 0.0
        self._begin = self._hold = self._last = 0.0
        self._shown = ""
        self._stopped = threading.Event()

    def attach(self, logger: logging.Logger) -> None:
        """Listen to a logger, before its other handlers write."""
        logger.addHandler(self)
        logger.handlers.insert(0, logger.handlers.pop())
        self._logger = logger

    def start(self, forecast: Forecast) -> None:
        """Begin to show, with the expected seconds of each run's jobs."""
        for cost in forecast.costs:
            self._seconds["train", cost.run.name] = cost.train or 0.0
            self._seconds["sensitivity", cost.run.name] = cost.measure or 0.0
        self._all_seconds = self._expected(forecast)
        self._begin = self._last = time.monotonic()
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
        about: Mapping[str, Any] = record.__dict__
        if event == "RUN_INFO":
            self._rules = {k: int(v) for k, v in about["stats"].items() if k != "total"}
        elif event == "JOB_INFO":
            name = str((about.get("wildcards") or {}).get("name", ""))
            self._running[about["jobid"]] = (about["rule_name"], name, time.monotonic())
        elif event == "JOB_FINISHED":
            rule, name, _ = self._running.pop(about["job_id"], ("", "", 0.0))
            self._done += 1
            self._done_seconds += self._seconds.get((rule, name), FIGURE_SECONDS)
        elif event == "JOB_ERROR":
            self._running.pop(about["jobid"], None)
            self._failed += 1
        if not (self._brief and event in REPLACED):
            self._clear()
            self._hold = time.monotonic() + TICK / 2

    def line(self, now: float) -> str:
        """Return the line."""
        elapsed = now - self._begin
        parts = [f"{self._done} of {sum(self._rules.values())} jobs done"]
        if self._failed:
            parts.append(f"{self._failed} failed")
        if self._running:
            parts.append(f"{len(self._running)} running ({self._names()})")
        parts.append(duration(elapsed))
        left = self._left(now)
        if left is not None:
            parts.append(f"about {duration(left)} left")
        return f"[progress] {', '.join(parts)}"

    def _expected(self, forecast: Forecast) -> float:
        """Return the seconds of all jobs of this run, as far as they are known."""
        waiting = {
            "train": [cost.train or 0.0 for cost in forecast.costs if not cost.trained],
            "sensitivity": [cost.measure or 0.0 for cost in forecast.costs if not cost.measured],
        }
        total = 0.0
        for rule, count in self._rules.items():
            every = [seconds for (kind, _), seconds in self._seconds.items() if kind == rule]
            # A file may be there and out of date: then the mean of all must do.
            known = waiting.get(rule, []) or every
            total += count * (sum(known) / len(known) if known else FIGURE_SECONDS)
        return total

    def _left(self, now: float) -> float | None:
        elapsed, done = now - self._begin, self._done_seconds
        if self._done == sum(self._rules.values()):
            return None
        for rule, name, since in self._running.values():
            expected = self._seconds.get((rule, name), FIGURE_SECONDS)
            done += min(now - since, 0.95 * expected)
        if done < 10 or elapsed < 10:
            return None
        return max(self._all_seconds - done, 0.05 * self._all_seconds) * elapsed / done

    def _names(self) -> str:
        jobs = [
            " ".join([rule, *(["/".join(name.split("/")[:2])] if name else [])])
            for rule, name, _ in self._running.values()
        ]
        if len(jobs) > 3:
            counts = Counter(rule for rule, _, _ in self._running.values())
            jobs = [f"{count} {rule}" for rule, count in counts.most_common()]
        return ", ".join(jobs)

    def _tick(self) -> None:
        while not self._stopped.wait(TICK):
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
