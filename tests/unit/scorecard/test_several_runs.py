"""`make reproduce SCENARIO=all`: which runs it makes, and how it ends; Snakemake is a stand-in."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT
from waiting import wait_until

from cnn_sensitivity import papers
from cnn_sensitivity.tables import files as table_files

SCENARIOS = [ROOT / f"workflow/scenarios/{name}/smoke.yaml" for name in papers.NAMES[1:3]]
RUNS = ("quick", "petrini_2021_smoke", "ruderman_2018_smoke")
# Puts a scorecard where that of the run belongs, and notes what it was called with.
STAND_IN = """
import json, os, shutil, sys, time
with open("calls.txt", "a") as file:
    print(json.dumps([sys.argv[1:], os.getenv("BRIEF")]), file=file)
run = "quick"
if "--configfile" in sys.argv:
    run = sys.argv[-1].split("/")[-2] + "_smoke"
if run == os.getenv("FAILS"):
    sys.exit(3)
while run == os.getenv("LASTS"):
    time.sleep(0.05)
os.makedirs(f"results/{run}")
shutil.copy(f"{run}.csv", f"results/{run}/claims.csv")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder, with what stands for Snakemake and the scorecards that it makes."""
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    for run, name in zip(RUNS, papers.NAMES[:3], strict=True):
        table_files.write(papers.assess(name, {}), tmp_path / f"{run}.csv")
    return tmp_path


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    scenarios = ("--scenario", *map(str, SCENARIOS))
    snakemake = ("--", sys.executable, "-S", "stand_in.py", "--cores", "2")
    return subprocess.Popen(
        [sys.executable, str(ROOT / "scripts/several_runs.py")]
        + ["--configfile", str(ROOT / "config.yaml"), *scenarios, *snakemake],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow"), "BRIEF": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A parent in the background ignores Ctrl-C, and its children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def calls(folder: Path) -> list:
    return [json.loads(line) for line in (folder / "calls.txt").read_text().splitlines()]


def test_each_run_is_made_and_one_table_shows_all(folder: Path) -> None:
    process = start(folder)
    said, error = process.communicate(timeout=900)
    assert (process.returncode, error) == (0, "")
    layers = [[], *(["--configfile", str(path)] for path in SCENARIOS)]
    assert calls(folder) == [[["--cores", "2", *each], "1"] for each in layers]
    assert said.startswith("Run 1 of 3: quick\nRun 2 of 3: petrini_2021_smoke\n")
    lines = said.splitlines()
    for number, run in enumerate(RUNS):
        assert lines[5 + number].endswith(f" paper_figures/{run}/")
        assert "not finished" not in lines[5 + number]


def test_a_run_that_fails_holds_up_no_other_and_is_named(folder: Path) -> None:
    process = start(folder, FAILS="petrini_2021_smoke")
    said, error = process.communicate(timeout=900)
    assert process.returncode == 1
    assert error == (
        "error: not finished: petrini_2021_smoke; the same command goes on where they were\n"
    )
    assert len(calls(folder)) == 3
    (line,) = (line for line in said.splitlines() if "not finished" in line)
    assert line.startswith("Petrini et al. 2021 ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_no_other_run_begins(folder: Path, number: signal.Signals) -> None:
    process = start(folder, LASTS="petrini_2021_smoke")
    noted = folder / "calls.txt"
    wait_until(lambda: noted.exists() and len(calls(folder)) == 2, "the second run")
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    said, _ = process.communicate(timeout=900)
    assert process.returncode not in (0, None)
    assert len(calls(folder)) == 2
    assert "Verdicts" not in said
