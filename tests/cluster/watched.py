"""Snakemake on a cluster, watched from outside while things happen to its jobs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from checkout import Checkout
from slurm import Job, Slurm

PROFILE = ("--workflow-profile", "profiles/slurm")
QUICK = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10")
SECONDS = 0.5


@dataclass
class Watched:
    """A run of Snakemake, and what was seen of its jobs.

    `jobs` are its jobs in the end, `moments` those that ran whenever one looked, `devices` the
    values of CUDA_VISIBLE_DEVICES that the commands of each verb had.
    """

    slurm: Slurm
    checkout: Checkout
    arguments: tuple[str, ...]
    jobs: list[Job] = field(default_factory=list)
    moments: list[list[Job]] = field(default_factory=list)
    devices: dict[str, set[str]] = field(default_factory=dict)
    returncode: int | None = None
    output: str = ""

    def start(self) -> "Watched":
        """Start Snakemake."""
        self._before = {job.id for job in self.slurm.jobs()}
        self._log = (self.checkout.folder / "snakemake.out").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *QUICK, *self.arguments],
            cwd=self.checkout.folder,
            env={**os.environ, **self.slurm.environment},
            stdout=self._log,
            stderr=self._log,
        )
        return self

    def follow(self, seconds: float, act: Callable[[list[Job]], None] = lambda _: None) -> None:
        """Look at the jobs until the run ends, and let `act` do something to them.

        Raises:
            TimeoutError: the run did not end in time; it has been stopped.
        """
        end = time.monotonic() + seconds
        try:
            while self._process.poll() is None and time.monotonic() < end:
                jobs = self.slurm.running()
                self.moments.append(jobs)
                self._look_into_jobs()
                act(jobs)
                time.sleep(SECONDS)
        finally:
            in_time = self._process.poll() is not None
            if not in_time:
                self._process.kill()
            self.returncode = self._process.wait(10)
            self._log.close()
            self.jobs = [job for job in self.slurm.jobs() if job.id not in self._before]
            self.output = (self.checkout.folder / "snakemake.out").read_text()
        if not in_time:
            raise TimeoutError(f"not within {seconds:g} s:\n{self.output}")

    def _look_into_jobs(self) -> None:
        """Note which GPUs the steps that run now find in their environment."""
        for verb, environment in self.slurm.steps():
            self.devices.setdefault(verb, set()).add(environment.get("CUDA_VISIBLE_DEVICES", ""))
