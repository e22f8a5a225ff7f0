"""Which runs `make stability` makes, with what, and how it ends; Snakemake is a stand-in."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pandas
import pytest

from cnn_sensitivity.config import parse, read
from cnn_sensitivity.errors import UserError
from cnn_sensitivity.processor import AVX512, NO_MORE_THAN_AVX2

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/stability_runs.py"
SMOKE = ROOT / "workflow/scenarios/tomasini_2022/smoke.yaml"
# Writes the scorecard of the run that it is called for, and notes what it was called with.
STAND_IN = """
import json, os, sys
from pathlib import Path
from cnn_sensitivity import papers, table_files
arguments = sys.argv[1:]
run = next((each[4:] for each in arguments if each.startswith("run=")), "smoke")
with open("calls.txt", "a") as file:
    print(json.dumps([arguments, os.getenv("ONEDNN_MAX_CPU_ISA")]), file=file)
if run == os.getenv("FAILS"):
    sys.exit(3)
table_files.write(papers.assess("tomasini_2022", {}), f"results/{run}/claims.csv")
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stability_runs", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclass looks for it
    spec.loader.exec_module(module)
    return module


def call(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "stand_in.py").write_text(STAND_IN)
    layers = (str(ROOT / "config.yaml"), str(SMOKE))
    command = [sys.executable, str(SCRIPT), "--configfile", *layers, *arguments]
    return subprocess.run(
        [*command, "--", sys.executable, "stand_in.py", "--cores", "2"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow"), **environment},
        capture_output=True,
        text=True,
    )


def test_the_default_runs_are_five_and_the_first_is_the_configured_one(script: ModuleType) -> None:
    config = read(ROOT / "config.yaml")
    runs = script.planned(config, [0, 1, 2], [0, 1])
    assert [(run.name, run.seed, bool(run.environment)) for run in runs] == [
        ("quick", 0, False),
        ("quick_seed-1", 1, False),
        ("quick_seed-2", 2, False),
        ("quick_avx2", 0, True),
        ("quick_seed-1_avx2", 1, True),
    ]
    for run in runs:
        assert parse({**config.model_dump(), "run": run.name}).run == run.name


def test_the_configured_run_has_the_configured_seed(script: ModuleType) -> None:
    config = read(ROOT / "config.yaml").model_copy(update={"seed": 7})
    names = [run.name for run in script.planned(config, [0, 7, 7], [7])]
    assert names == ["quick_seed-0", "quick", "quick_avx2"]


@pytest.mark.parametrize(("seeds", "sentence"), [([0, -1], "seed: "), ([0], "one run only")])
def test_seeds_that_cannot_be_are_refused(
    script: ModuleType, seeds: list[int], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        script.planned(read(ROOT / "config.yaml"), seeds, [])


def test_the_limits_keep_pytorch_to_avx2() -> None:
    print_it = "from cnn_sensitivity.processor import instruction_set; print(instruction_set())"
    environment = {"PYTHONPATH": str(ROOT / "workflow")}
    own, limited = (
        subprocess.run(
            [sys.executable, "-c", print_it],
            env={**environment, **limits},
            capture_output=True,
            text=True,
        ).stdout.strip()
        for limits in ({}, NO_MORE_THAN_AVX2)
    )
    assert limited == ("AVX2" if own == AVX512 else own)


def test_each_run_is_made_and_all_are_compared(tmp_path: Path) -> None:
    done = call(tmp_path, "--seeds", "0", "1", "--avx2-seeds")
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls.txt").read_text()
    first, second = map(json.loads, calls.splitlines())
    assert first == [["--cores", "2", "--", "claims", "software"], None]
    overlay = ["--config", "run=smoke_seed-1", "seed=1"]
    assert second == [["--cores", "2", *overlay, "--", "claims", "software"], None]
    table = pandas.read_csv(tmp_path / "results/smoke/stability.csv")
    assert list(table["run"].unique()) == ["smoke", "smoke_seed-1"]
    assert "Run 2 of 2: smoke_seed-1, seed 1\n" in done.stdout
    assert not (tmp_path / "docs").exists()


def test_a_processor_without_avx512_says_so(tmp_path: Path) -> None:
    done = call(tmp_path, "--seeds", "0", "1", ATEN_CPU_CAPABILITY="avx2")
    assert done.returncode == 0, done.stderr
    assert "left out" in done.stdout.splitlines()[0]
    assert len((tmp_path / "calls.txt").read_text().splitlines()) == 2


def test_a_run_that_fails_ends_it_with_its_status(tmp_path: Path) -> None:
    done = call(tmp_path, "--seeds", "0", "1", "2", "--avx2-seeds", FAILS="smoke_seed-1")
    assert done.returncode == 3
    assert "error: the run 'smoke_seed-1' is not finished" in done.stderr
    assert len((tmp_path / "calls.txt").read_text().splitlines()) == 2
    assert not (tmp_path / "results/smoke/stability.csv").exists()


def test_bad_seeds_end_it_before_any_run(tmp_path: Path) -> None:
    done = call(tmp_path, "--seeds", "0", "-1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: configuration: seed: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "calls.txt").exists()
