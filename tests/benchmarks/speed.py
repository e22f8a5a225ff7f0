"""How fast things are here and how their costs grow: `make speed` writes docs/speed.md.

    PYTHONPATH=tests:tests/unit:workflow python -m benchmarks.speed [--docs DOCS] [PART ...]

Parts: growth (`growing`), starts (`starts`), planning (`bench_workflow`), steps and profile
(`training_ways`). Each has a table, docs/speed/*.csv, from which the page is made; those that
are not asked for stay. `page` measures nothing.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import bench_workflow, starts, training_ways
from benchmarks.growing import ALL

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
HEAD = """# How fast, and how the costs grow

Seconds are those of one core, on a machine with AVX-512, which did nothing else. `make speed`
measures it all again on yours, and `make bench` compares with the best alternative, as ratios
within one run.
"""


def growth() -> pd.DataFrame:
    """Return seconds, memory and gradients of each size of each series, each in a process."""
    rows = []
    for series in ALL:
        for size in series.sizes:
            command = [sys.executable, "-m", "benchmarks.growing", series.name, str(size)]
            environment = {**os.environ, **ONE_THREAD}
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            if done.returncode:
                raise SystemExit(f"{series.name}, {size}:\n{done.stderr}")
            found = json.loads(done.stdout.splitlines()[-1])
            rows.append({"series": series.name, "size": size, **found})
            print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def planning() -> pd.DataFrame:
    """Return the seconds of a dry run of each paper's own grid."""
    rows = pd.DataFrame(bench_workflow.planning())
    return rows.rename(columns={"ratio": "seconds"})[["name", "seconds", "detail"]]


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "growth": growth,
    "starts": starts.starts,
    "planning": planning,
    "steps": training_ways.ways,
    "profile": training_ways.spent,
}


def exponent(sizes: pd.Series, values: pd.Series) -> float:
    """Return the slope of ln value against ln size from the smallest to the largest size."""
    ends = [0, -1]
    return float(np.diff(np.log(values.iloc[ends]))[0] / np.diff(np.log(sizes.iloc[ends]))[0])


def page(folder: Path) -> str:
    """Return the page of the tables in a folder, as Markdown."""
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in TABLES}
    steps = _of_steps(tables["steps"], tables["profile"])
    parts = [
        _of_growth(tables["growth"]),
        _of_starts(tables["starts"]),
        _of_planning(tables["planning"]),
    ]
    return "\n".join([HEAD, *parts, steps])


def _of_growth(table: pd.DataFrame) -> str:
    parts = [
        "## Growth\n",
        "Each size is measured once, in a process of its own; memory is what the process takes"
        " beyond what it had. The exponent is that between the first and the last size.\n",
    ]
    for series in ALL:
        rows = table[table["series"] == series.name]
        parts += [f"**{series.name}.** {series.sentence}\n", _of_series(series.variable, rows), ""]
    return "\n".join(parts)


def _of_series(variable: str, rows: pd.DataFrame) -> str:
    lines = {
        variable: [f"{size:,}" for size in rows["size"]],
        f"seconds, exponent {exponent(rows['size'], rows['seconds']):.2f}": [
            f"{each:.2g}" for each in rows["seconds"]
        ],
        "gigabytes": [f"{each:.2g}" for each in rows["gigabytes"]],
    }
    if rows["gradients"].notna().all():
        slope = exponent(rows["size"], rows["gradients"])
        lines[f"gradients, exponent {slope:.2f}"] = [f"{each:,.0f}" for each in rows["gradients"]]
    return _table([[name, *cells] for name, cells in lines.items()])


def _of_starts(table: pd.DataFrame) -> str:
    rows = [[row["process"], f"{row['seconds']:.1f}"] for _, row in table.iterrows()]
    return "\n".join(
        [
            "## A job's start\n",
            "Processor time of a process, the median of"
            f" {starts.TURNS}. No job loads PyTorch's compiler: what would is named in"
            " `base/arithmetic.py` and `engines/sgd/optimizer.py`.\n",
            _table([["", "seconds"], *rows]),
            "",
        ]
    )


def _of_planning(table: pd.DataFrame) -> str:
    rows = [
        [row["name"].removesuffix(", seconds"), f"{row['seconds']:.1f}", row["detail"]]
        for _, row in table.iterrows()
    ]
    return "\n".join(
        [
            "## Planning\n",
            "A dry run of each paper's own grid from nothing, by the clock. Nearly all of it is"
            " Snakemake's: it finds the rule of every file, and each job's sources are files.\n",
            _table([["", "seconds", ""], *rows]),
            "",
        ]
    )


def _of_steps(steps: pd.DataFrame, spent: pd.DataFrame) -> str:
    ways = list(dict.fromkeys(steps["way"]))
    names = list(dict.fromkeys(steps["network"]))
    ratios = steps.set_index(["network", "way"])["ratio"]
    times = steps.set_index(["network", "way"])["milliseconds"]
    of_ways = [
        [name, f"{times[name, ways[0]]:.2f} ms", *(f"{ratios[name, way]:.2f}" for way in ways[1:])]
        for name in names
    ]
    shares = spent.drop(columns="network")
    of_parts = [
        [row["network"], *(f"{row[part]:.0%}" for part in shares)] for _, row in spent.iterrows()
    ]
    return "\n".join(
        [
            "## Training steps\n",
            "Images of 3 x 32 x 32 pixels. As it is: one thread, float32, channels last, batches"
            " of 64. Then the time an image with one thing changed, over that; below 1 is"
            " faster.\n",
            _table([["network", *ways], *of_ways]),
            "",
            "What a step as it is is spent on:\n",
            _table([["network", *shares], *of_parts]),
            "",
        ]
    )


def _table(rows: list[list[str]]) -> str:
    head, *body = (f"| {' | '.join(cells)} |" for cells in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


def main() -> None:
    """Measure what is asked for, and write its tables and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *TABLES, "page"], default=[])
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    options = parser.parse_args()
    folder = options.docs / "speed"
    folder.mkdir(parents=True, exist_ok=True)
    for part in [name for name in TABLES if name in (options.parts or TABLES)]:
        TABLES[part]().to_csv(folder / f"{part}.csv", index=False, float_format="%.4g")
    (options.docs / "speed.md").write_text(page(folder), encoding="utf-8")


if __name__ == "__main__":
    main()
