"""How well a run used the cores: its wall time against its jobs' times divided by the cores.

    PYTHONPATH=tests python -m benchmarks.used_cores [folder] [--cores N]

reads what Snakemake noted in `folder`, where the run was made. A run that was stopped and taken up
again counts with all its parts, but not the time between them. The jobs of the workflow use one
core each.
"""

import argparse
import json
import os
from datetime import datetime
from itertools import pairwise
from pathlib import Path


def job_times(folder: Path) -> list[tuple[float, float]]:
    """Return begin and end of every job, in seconds since 1970, from the notes on its outputs."""
    jobs: dict[tuple[str, ...], tuple[float, float]] = {}
    for path in (folder / ".snakemake/metadata").iterdir():
        note = json.loads(path.read_text())
        begin, end = note["starttime"], note["endtime"]
        if begin and end:
            job = (note["rule"], *note["log"])
            known = jobs.get(job, (begin, end))
            jobs[job] = min(begin, known[0]), max(end, known[1])
    return list(jobs.values())


def wall_seconds(folder: Path, jobs: list[tuple[float, float]]) -> float:
    """Return the seconds from each call of Snakemake to the end of its last job, summed."""
    logs = (folder / ".snakemake/log").glob("*.snakemake.log")
    calls = sorted(_called(path) for path in logs)
    total = 0.0
    for call, following in pairwise([*calls, float("inf")]):
        ends = [end for begin, end in jobs if call <= begin < following]
        total += max(ends, default=call) - call
    return total


def _called(log: Path) -> float:
    """Return when Snakemake was called, which the name of its log says in local time."""
    return datetime.strptime(log.name, "%Y-%m-%dT%H%M%S.%f.snakemake.log").timestamp()


def wall_time_ratio(folder: Path, cores: int) -> tuple[float, str]:
    """Return wall time / (sum of the jobs' times / cores) of a finished run, and both in words."""
    jobs = job_times(folder)
    compute = sum(end - begin for begin, end in jobs)
    wall = wall_seconds(folder, jobs)
    return wall * cores / compute, f"{wall:.0f} s; {len(jobs)} jobs of {compute:.0f} s in all"


def main() -> None:
    """Print the ratio of a finished run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path())
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    options = parser.parse_args()
    ratio, detail = wall_time_ratio(options.folder, options.cores)
    print(f"{ratio:.2f} times the jobs' seconds over {options.cores} cores: {detail}")


if __name__ == "__main__":
    main()
