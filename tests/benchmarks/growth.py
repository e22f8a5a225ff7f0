"""How seconds and memory grow with the size of a problem: `make growth` writes docs/growth.*.

    PYTHONPATH=tests:workflow python -m benchmarks.growth [--write DOCS] [--only WORD]

Each size is measured in a fresh process with one thread, in seconds of the processor. The exponent
is the slope of ln seconds against ln size between the first and the last size of a series.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.growing import ALL, Series

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
COLUMNS = ["series", "variable", "size", "seconds", "gigabytes", "gradients"]
TITLE = "# How the costs grow"


def measured(series: Series) -> Iterator[dict[str, object]]:
    """Yield a row a size."""
    for size in series.sizes:
        command = [sys.executable, "-m", "benchmarks.growing", series.name, str(size)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, **ONE_THREAD}
        )
        row = {"series": series.name, "variable": series.variable, "size": size}
        yield {**row, **json.loads(done.stdout.splitlines()[-1])}


def exponent(sizes: pd.Series, values: pd.Series) -> float:
    """Return the slope of ln value against ln size from the smallest to the largest size."""
    ends = [0, -1]
    return float(np.diff(np.log(values.iloc[ends]))[0] / np.diff(np.log(sizes.iloc[ends]))[0])


def page(table: pd.DataFrame) -> str:
    """Return the page of all series as Markdown."""
    about = {series.name: series for series in ALL}
    parts = [
        TITLE,
        "Seconds of one core, and the memory that a process takes beyond what it has before."
        " Every size is measured in a process of its own, once; the exponent is that between the"
        " first and the last size. The numbers are in [growth.csv](growth.csv); `make growth`"
        " measures them again on your machine.",
    ]
    for name, rows in table.groupby("series", sort=False):
        parts += [f"## {name}", about[str(name)].sentence, _table(rows)]
    return "\n\n".join(parts) + "\n"


def _table(rows: pd.DataFrame) -> str:
    slope = exponent(rows["size"], rows["seconds"])
    lines = {
        rows["variable"].iloc[0]: [f"{size:,}" for size in rows["size"]],
        f"seconds, ~ size^{slope:.2f}": [f"{each:.3g}" for each in rows["seconds"]],
        "gigabytes": [f"{each:.2g}" for each in rows["gigabytes"]],
    }
    if rows["gradients"].notna().all():
        slope = exponent(rows["size"], rows["gradients"])
        lines[f"gradient evaluations, ~ size^{slope:.2f}"] = [
            f"{each:,.0f}" for each in rows["gradients"]
        ]
    (head, *body) = (f"| {name} | {' | '.join(cells)} |" for name, cells in lines.items())
    return "\n".join([head, "|---" * (len(rows) + 1) + "|", *body])


def main() -> None:
    """Measure, print, and write where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="the folder of growth.md and growth.csv")
    parser.add_argument("--only", default="", help="series with this word in their name")
    options = parser.parse_args()
    rows = []
    for series in ALL:
        if options.only in series.name:
            for row in measured(series):
                rows.append(row)
                print(row, flush=True)
    table = pd.DataFrame(rows, columns=COLUMNS)
    if options.write:
        table.to_csv(options.write / "growth.csv", index=False, float_format="%.4g")
        (options.write / "growth.md").write_text(page(table), encoding="utf-8")
    else:
        print(page(table))


if __name__ == "__main__":
    main()
