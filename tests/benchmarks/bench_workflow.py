"""The workflow itself: what planning, starting a job and doing nothing cost, in seconds."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from checkout import SMOKE, copy_checkout

PAPER = ("--configfile", "workflow/scenarios/paper.yaml")


@contextmanager
def checkout() -> Iterator[Path]:
    """Yield a copy of the workflow without its results."""
    with tempfile.TemporaryDirectory() as name:
        yield copy_checkout(Path(name)).folder


def seconds(folder: Path, *command: str) -> float:
    """Return how long a Python module takes as a command."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", *command], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begin


def planning() -> list[dict[str, Any]]:
    """A dry run of the paper scenario from nothing."""
    with checkout() as folder:
        plan = median(
            seconds(folder, "snakemake", "-n", "--quiet", "all", *PAPER) for _ in range(3)
        )
    name = "planning the paper scenario, seconds"
    return [{"name": name, "ratio": plan, "target": 10, "detail": "dry run"}]


def finished_run() -> list[dict[str, Any]]:
    """A finished smoke run: what its jobs cost beside their commands, and what it costs later."""
    rows = []
    with checkout() as folder:
        seconds(folder, "snakemake", "--quiet", "all", *SMOKE)
        nothing = median(seconds(folder, "snakemake", "--quiet", "all", *SMOKE) for _ in range(3))
        rows.append(
            {
                "name": "nothing to do, seconds",
                "ratio": nothing,
                "target": 4,
                "detail": "finished smoke run",
            }
        )
        redrawn = []
        for _ in range(3):
            (folder / "paper_figures/smoke/figure_03.png").unlink()
            redrawn.append(seconds(folder, "snakemake", "figure_03", "--quiet", "all", *SMOKE))
        rows.append(
            {
                "name": "redrawing one figure, seconds",
                "ratio": median(redrawn),
                "target": 8,
                "detail": "figure_03 from its tables",
            }
        )
    return rows


def job_overhead() -> list[dict[str, Any]]:
    """Forty jobs that do nothing, one after the other, against one."""
    rule = """
rule all:
    input: expand("{n}.txt", n=range(COUNT))
rule one:
    output: "{n}.txt"
    shell: "touch {output}"
"""
    times = {}
    with tempfile.TemporaryDirectory() as name:
        for count in (1, 41):
            folder = Path(name) / str(count)
            folder.mkdir()
            (folder / "Snakefile").write_text(rule.replace("COUNT", str(count)))
            times[count] = seconds(folder, "snakemake", "--cores", "1", "--quiet", "all")
    each = (times[41] - times[1]) / 40
    name = "a job above its command, seconds"
    return [{"name": name, "ratio": each, "target": 0.5, "detail": "40 empty jobs"}]


BENCHMARKS = [planning, finished_run, job_overhead]
