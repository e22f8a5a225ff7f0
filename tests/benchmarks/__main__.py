"""`make bench`: run every benchmark and print one table of ratios, into results/benchmarks.csv too.

A ratio compares two things measured by turns within one process, so that a slow or busy machine
slows both. `python -m benchmarks training` runs one file.
"""

import importlib
import sys
from pathlib import Path

import pandas

PARTS = ("measurement", "training", "gradient_flow", "workflow")
TABLE = Path("results/benchmarks.csv")


def main(parts: list[str]) -> None:
    """Run the benchmarks of these parts."""
    rows = []
    for part in parts or PARTS:
        for benchmark in importlib.import_module(f"benchmarks.bench_{part}").BENCHMARKS:
            for row in benchmark():
                row["met"] = row["target"] is None or row["ratio"] <= row["target"]
                rows.append({"part": part, **row})
                target = "" if row["target"] is None else f"(target {row['target']:g})"
                verdict = "" if row["met"] else "  <- not met"
                print(f"{row['ratio']:8.3g} {target:14} {row['name']}: {row['detail']}{verdict}")
                sys.stdout.flush()
    TABLE.parent.mkdir(exist_ok=True)
    columns = ["part", "name", "ratio", "target", "met", "detail"]
    pandas.DataFrame(rows, columns=columns).to_csv(TABLE, index=False)
    print(f"written to {TABLE}")


if __name__ == "__main__":
    main(sys.argv[1:])
