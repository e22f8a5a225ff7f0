"""The smoke run against itself, and what `make stability` would make beside it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas
from checkout import ENVIRONMENT, ROOT, SMOKE, Checkout

from cnn_sensitivity.base.processor import instruction_set


def python(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a checkout, with its package."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout.folder,
        env={**ENVIRONMENT, "PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_a_run_agrees_with_itself_and_its_page_says_what_it_was_made_with(
    smoke: Checkout, tmp_path: Path
) -> None:
    own = smoke.folder / "results/smoke/claims.csv"
    copy = tmp_path / "again/claims.csv"
    copy.parent.mkdir()
    shutil.copy(own, copy)
    stem = tmp_path / "stability"
    command = ("-m", "cnn_sensitivity", "stability", "--output", str(stem), str(own), str(copy))
    done = python(smoke, *command)
    assert done.returncode == 0, done.stderr
    claims = len(pandas.read_csv(own))
    assert f"- One verdict in all 2 runs: {claims} of {claims} claims" in done.stdout
    table = pandas.read_csv(f"{stem}.csv")
    one, other = (
        rows.drop(columns="run").reset_index(drop=True) for _, rows in table.groupby("run")
    )
    pandas.testing.assert_frame_equal(one, other)
    page = Path(f"{stem}.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith("| `smoke` ")]
    assert f"| {instruction_set()} " in row
    benchmarks = (smoke.folder / "results/smoke").rglob("*.benchmark.tsv")
    seconds = sum(pandas.read_csv(path, sep="\t")["s"].sum() for path in benchmarks)
    assert seconds > 0
    assert float(row.split("|")[-2]) == round(seconds / 60, 1)


def test_only_another_seed_is_trained_and_no_figure_is_drawn(edited: Checkout) -> None:
    layers = ("--configfile", "config.yaml", SMOKE[1], "--seeds", "0", "1", "--avx2-seeds")
    snakemake = (sys.executable, "-m", "snakemake", *SMOKE, "--dry-run", "--quiet", "rules")
    done = python(edited, str(ROOT / "scripts/stability_runs.py"), *layers, "--", *snakemake)
    assert done.returncode == 2
    missing = "error: results/smoke_seed-1/claims.csv: there is no such table"
    assert done.stderr.splitlines()[-1].startswith(missing)
    first, second = done.stdout.split("Run 2 of 2: smoke_seed-1, seed 1")
    assert "Nothing to be done" in first + done.stderr.partition("Job stats")[0]
    assert "train " not in first
    planned = second + done.stderr
    assert "train " in planned and "claims " in planned
    assert "figure_" not in planned
