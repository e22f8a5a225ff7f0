"""The jobs of one run as it goes, and the time that they still need.

The forecast goes by another machine and a few steps on this one. Here it meets the run: a training
writes into its log how long it will take, and what has ended has taken its time. What they
measured, as ratios to the forecast, scales the jobs that have not started: of the same network if
there is one, else the median of all.
"""

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from cnn_sensitivity.operations.forecast.estimate import FIGURE_SECONDS, Forecast
from cnn_sensitivity.operations.forecast.timings import START_SECONDS
from cnn_sensitivity.operations.forecast.training_log import Reading, last_reading, was_taken

LOOK_SECONDS = 5.0  # between two looks at the logs, which may lie on a slow shared disk
EARLY = 10.0  # seconds: nobody knows yet how many jobs run at once
MAKING = ("train", "adopt")
"""The rules that make a checkpoint."""


@dataclass(frozen=True)
class Job:
    """A job of Snakemake: its rule, and the run that it is about if it is about one."""

    rule: str
    name: str = ""

    @property
    def network(self) -> tuple[str, str]:
        """What jobs have in common that take the same multiple of the forecast."""
        return self.rule, "/".join(self.name.split("/")[:2])

    def __str__(self) -> str:
        return " ".join(filter(None, self.network))


@dataclass
class Running:
    """A job that Snakemake has started, or handed to a cluster where it may still queue.

    Its log changes when it begins: until then the file is that of an earlier attempt, or none.
    Clocks of other machines are not asked.
    """

    job: Job
    log: Path | None
    since: float
    mark: tuple[int, ...] = ()
    begun: bool = True
    reading: Reading | None = None
    read: float = 0.0

    def __post_init__(self) -> None:
        self.begun, self.mark = self.log is None, _mark(self.log)

    def look(self, now: float, seeds: tuple[int, ...]) -> None:
        """See whether the job has begun, and what its log says since."""
        mark = _mark(self.log)
        if mark == self.mark:
            if not self.begun:
                self.since = now
            return
        self.begun, self.mark = True, mark
        reading = last_reading(self.log, seeds) if self.log and seeds else None
        if reading and reading != self.reading:
            self.reading, self.read = reading, now

    def seconds(self, now: float) -> float:
        """Return how long it has run."""
        return now - self.since if self.begun else 0.0


class Pace:
    """Which jobs wait, run and are done. Times are seconds of one monotonic clock."""

    def __init__(self, forecast: Forecast, jobs: Mapping[int, Job], now: float):
        self._begin = self._looked = now
        self._all, self._waiting = len(jobs), dict(jobs)
        self._running: dict[int, Running] = {}
        self._failed: dict[int, Job] = {}
        self.done, self._busy = 0, 0.0
        self._base: dict[Job, float | None] = {}
        self._seeds: dict[Job, tuple[int, ...]] = {}
        self._shorter: set[Job] = set()
        for cost in forecast.costs:
            name = cost.run.name
            train, measure = Job(cost.run.making, name), Job("measure", name)
            self._base |= {train: cost.train, measure: cost.measure}
            self._seeds[train] = tuple(cost.run.seeds)
            if cost.at_most:
                self._shorter.add(train)
        self._ended: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._common: list[float] = []
        self._ratios: dict[tuple[str, str], list[float]] = {}
        self._ratio = 1.0

    @property
    def all(self) -> int:
        """Number of jobs."""
        return self._all

    @property
    def failed(self) -> int:
        """Number of jobs that failed and have not been tried again."""
        return len(self._failed)

    @property
    def running(self) -> list[Job]:
        """The jobs that run."""
        return [running.job for running in list(self._running.values())]

    def start(self, number: int, job: Job, log: Path | None, now: float) -> None:
        """Note that a job was started."""
        self._waiting.pop(number, None)
        self._failed.pop(number, None)
        self._running[number] = Running(job, log, now)

    def end(self, number: int, now: float) -> None:
        """Note that a job is done, and what it took."""
        running = self._running.pop(number, None)
        self.done += 1
        if running is None:
            return
        job = running.job
        running.look(now, self._seeds.get(job, ()))
        self._busy += running.seconds(now)
        taken = running.log is not None and was_taken(running.log)
        if running.begun and job in self._base and not taken:
            seconds = running.seconds(now)
            # What went on where it was has trained some epochs before.
            if running.reading and job not in self._shorter:
                seconds = max(seconds, START_SECONDS + running.reading.total)
            self._ended[job.network].append(seconds / (self._base[job] or 1.0))
            if self._base[job] and job not in self._shorter:
                self._common.append(self._ended[job.network][-1])

    def fail(self, number: int) -> None:
        """Note that a job failed; what needs it will not start."""
        if running := self._running.pop(number, None):
            self._failed[number] = running.job

    def look(self, now: float) -> None:
        """Read what running jobs say, unless that was a moment ago."""
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        ratios = defaultdict(list, {key: list(found) for key, found in list(self._ended.items())})
        common = list(self._common)
        for running in list(self._running.values()):
            job = running.job
            running.look(now, self._seeds.get(job, ()))
            if running.reading:
                total, base = START_SECONDS + running.reading.total, self._base.get(job)
                ratios[job.network].append(total / (base or 1.0))
                common += [total / base] if base else []
        self._ratios, self._ratio = dict(ratios), median(common) if common else 1.0

    def seconds_left(self, now: float) -> float | None:
        """Return those of the whole run: None when it is done, or where nobody can tell.

        They are the work that is left over the mean number of jobs that ran at once; and no less
        than the longest training that is left with its measuring.
        """
        elapsed = now - self._begin
        running = list(self._running.values())
        busy = self._busy + sum(job.seconds(now) for job in running)
        left = [(job.job, self._left(job, now)) for job in running]
        left += [(job, self._expected(job)) for job in self._startable()]
        known = [(job, seconds) for job, seconds in left if seconds is not None]
        if not left or len(known) < len(left) or min(elapsed, busy) < EARLY:
            return None
        at_once = max(busy / elapsed, 1.0)
        return max(sum(seconds for _, seconds in known) / at_once, _longest(known))

    def waits_for(self, cores: int | None, now: float) -> list[tuple[Job, float | None]]:
        """Return the jobs, with their seconds left, that all others need while cores have no work.

        Jobs of other runs could start: where one waits, it waits for something else, as a GPU.
        """
        running = list(self._running.values())
        if not running or len(running) >= (cores or 1):
            return []
        names, waiting = {one.job.name for one in running}, self._startable()
        if not waiting or any(job.name and job.name not in names for job in waiting):
            return []
        return [(one.job, self._left(one, now)) for one in running]

    def _startable(self) -> list[Job]:
        """Return the jobs that have not started, without those of a run that has failed."""
        failed = {job.name for job in self._failed.values()} - {""}
        return [job for job in list(self._waiting.values()) if job.name not in failed]

    def _expected(self, job: Job) -> float | None:
        base = self._base.get(job, FIGURE_SECONDS)
        if own := self._ratios.get(job.network):
            return (base or 1.0) * median(own)
        return None if base is None else base * self._ratio

    def _left(self, running: Running, now: float) -> float | None:
        if running.reading:
            return max(running.reading.left - (now - running.read), 0.0)
        expected = self._expected(running.job)
        # Later than expected: a little is left, nobody knows how much.
        return expected and max(expected - running.seconds(now), 0.05 * expected)


def _longest(left: list[tuple[Job, float]]) -> float:
    """Return the seconds of the longest training with the longest job that follows it."""
    trainings = {job.name: seconds for job, seconds in left if job.rule in MAKING}
    others = [trainings.get(job.name, 0.0) + s for job, s in left if job.rule not in MAKING]
    return max([*trainings.values(), *others])


def _mark(log: Path | None) -> tuple[int, ...]:
    """Return what changes when a file is written."""
    try:
        about = os.stat(log) if log else None
    except OSError:
        return ()
    return (about.st_ino, about.st_size, about.st_mtime_ns) if about else ()
