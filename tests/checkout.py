"""A copy of the workflow in a folder of its own, and how to call Snakemake there."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "examples")
# Where this is set, what a job prints is in its log at once, whether it sees to that or not.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
SMOKE = ("--configfile", "workflow/scenarios/tomasini_2022/smoke.yaml")
TABLES = ("results/**/*.csv", "paper_figures/**/*.csv")


@dataclass(frozen=True)
class Checkout:
    """A copy of the workflow in a folder of its own."""

    folder: Path

    def snakemake(
        self, *arguments: str, timeout: float = 900, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake there as a user would and return what it said."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env={**ENVIRONMENT, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def start(
        self, *arguments: str, output: int | IO[bytes] = subprocess.DEVNULL, **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start Snakemake there, in a process group of its own, and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env={**ENVIRONMENT, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A parent in the background ignores Ctrl-C, and its children would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def planned(self, *arguments: str) -> dict[str, int]:
        """Return how many jobs of each rule a dry run plans."""
        run = self.snakemake("--dry-run", *arguments, "--quiet", "rules")
        assert run.returncode == 0, run.stdout + run.stderr
        table = run.stdout.partition("Job stats:")[2].partition("Reasons:")[0]
        jobs = dict(re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE))
        return {rule: int(count) for rule, count in jobs.items() if rule != "total"}

    def copied(self, folder: Path) -> "Checkout":
        """Copy all of it, results too, into a folder that is not there yet."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Checkout(folder)

    def append(self, path: str, text: str = "\n# edited\n") -> None:
        """Edit a file."""
        with (self.folder / path).open("a") as file:
            file.write(text)

    def contents(self, patterns: Sequence[str]) -> dict[str, bytes]:
        """Return the bytes of all files that match."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for pattern in patterns
            for path in sorted(self.folder.glob(pattern))
        }


def measuring(jobs: dict[str, int]) -> int:
    """Return how many planned jobs measure."""
    return jobs.get("measure", 0)


def copy_checkout(folder: Path) -> Checkout:
    """Copy the workflow, not its results, into a folder."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    return Checkout(folder)
