"""The workflow itself: what planning, starting a job and doing nothing cost, in seconds."""

import json
import os
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

from benchmarks.used_cores import wall_time_ratio
from cnn_sensitivity.config import read
from cnn_sensitivity.plan import Plan


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
    """A dry run of each paper's own grid from nothing."""
    rows = []
    with checkout() as folder:
        for scenario in sorted(folder.glob("workflow/scenarios/*/paper.yaml")):
            jobs = 2 * len(Plan(read(str(folder / "config.yaml"), str(scenario))).runs)
            command = ("snakemake", "-n", "--quiet", "all", "--configfile", str(scenario))
            rows.append(
                {
                    "name": f"planning {scenario.parent.name}/paper, seconds",
                    "ratio": seconds(folder, *command),
                    "target": 10,
                    "detail": f"dry run of {jobs} jobs and some",
                }
            )
    return rows


def growth_with_the_number_of_runs() -> list[dict[str, Any]]:
    """Seconds of the processor a run to plan it, for twice and four times the seeds."""
    costs = []
    with checkout() as folder:
        for seeds in (12, 24, 48):
            overlay = folder / f"{seeds}_seeds.yaml"
            overlay.write_text(json.dumps({"experiments": {"images": {"seeds": [*range(seeds)]}}}))
            runs = len(Plan(read(str(folder / "config.yaml"), str(overlay))).runs)
            begin = os.times()
            seconds(folder, "snakemake", "-n", "--quiet", "all", "--configfile", str(overlay))
            end = os.times()
            taken = end.children_user + end.children_system
            costs.append((runs, taken - begin.children_user - begin.children_system))
    few, least = costs[0]
    return [
        {
            "name": f"planning {runs} runs / {few} runs, for each run",
            "ratio": cost / least * few / runs,
            "target": 1.1,
            "detail": f"{cost:.1f} s against {least:.1f} s of the processor",
        }
        for runs, cost in costs[1:]
    ]


def finished_run() -> list[dict[str, Any]]:
    """A finished smoke run: what its jobs cost beside their commands, and what it costs later."""
    rows = []
    with checkout() as folder:
        seconds(folder, "snakemake", "--quiet", "all", *SMOKE)
        ratio, detail = wall_time_ratio(folder, os.cpu_count() or 1)
        rows.append(
            {
                "name": "wall time / (its jobs' times / cores), smoke run",
                "ratio": ratio,
                "target": 1.3,
                "detail": detail,
            }
        )
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


BENCHMARKS = [planning, growth_with_the_number_of_runs, finished_run, job_overhead]
