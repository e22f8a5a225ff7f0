"""Which runs `make stability` makes, with what, and how it ends; Snakemake is a stand-in."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pandas
import pytest
from checkout import ROOT
from script_modules import script_module

from cnn_sensitivity import papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.processor import AVX512, NO_MORE_THAN_AVX2, instruction_set
from cnn_sensitivity.config import parse, read
from cnn_sensitivity.tables import files as table_files

SMOKE = ROOT / "workflow/scenarios/tomasini_2022/smoke.yaml"
LAYERS = ("--configfile", str(ROOT / "config.yaml"), str(SMOKE))
# Puts a scorecard where that of the run belongs, and notes what it was called with.
STAND_IN = """
import json, os, shutil, sys
arguments = sys.argv[1:]
run = next((each[4:] for each in arguments if each.startswith("run=")), "smoke")
with open("calls.txt", "a") as file:
    print(json.dumps([arguments, os.getenv("ONEDNN_MAX_CPU_ISA")]), file=file)
if run == os.getenv("FAILS"):
    sys.exit(3)
os.makedirs(f"results/{run}")
shutil.copy("claims.csv", f"results/{run}")
"""
SNAKEMAKE = ("--", sys.executable, "-S", "stand_in.py", "--cores", "2")
TARGETS = ["--", "claims", "software"]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return script_module("stability_runs")


@pytest.fixture
def folder(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with what stands for Snakemake, on a processor with AVX-512."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(script, "instruction_set", lambda: AVX512)
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    table_files.write(papers.assess("tomasini_2022", {}), tmp_path / "claims.csv")
    return tmp_path


def calls(folder: Path) -> list:
    """Return the arguments of each call of Snakemake, with the limit on oneDNN's instructions."""
    return [json.loads(line) for line in (folder / "calls.txt").read_text().splitlines()]


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
    print_it = (
        "from cnn_sensitivity.base.processor import instruction_set; print(instruction_set())"
    )
    limited = subprocess.run(
        [sys.executable, "-c", print_it],
        env={**os.environ, **NO_MORE_THAN_AVX2, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
    )
    own = instruction_set()
    assert limited.stdout.strip() == ("AVX2" if own == AVX512 else own)


def test_each_run_is_made_and_all_are_compared(
    script: ModuleType, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script.main([*LAYERS, "--seeds", "0", "1", "--avx2-seeds", "1", *SNAKEMAKE])
    cores, other = ["--cores", "2"], ["--config", "run=smoke_seed-1", "seed=1"]
    limited = ["--config", "run=smoke_seed-1_avx2", "seed=1"]
    assert calls(folder) == [
        [[*cores, *TARGETS], None],
        [[*cores, *other, *TARGETS], None],
        [[*cores, *limited, *TARGETS], "AVX2"],
    ]
    table = pandas.read_csv(folder / "results/smoke/stability.csv")
    assert list(table["run"].unique()) == ["smoke", "smoke_seed-1", "smoke_seed-1_avx2"]
    assert "Run 3 of 3: smoke_seed-1_avx2, seed 1 under AVX2\n" in capfd.readouterr().out
    assert not (folder / "docs").exists()


def test_a_processor_without_avx512_says_so(
    script: ModuleType,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(script, "instruction_set", lambda: "AVX2")
    script.main([*LAYERS, "--seeds", "0", "1", *SNAKEMAKE])
    assert capfd.readouterr().out.startswith("This processor computes with AVX2, without AVX-512")
    assert [limit for _, limit in calls(folder)] == [None, None]


def test_a_run_that_fails_ends_it_with_its_status(
    script: ModuleType,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FAILS", "smoke_seed-1")
    with pytest.raises(SystemExit) as ended:
        script.main([*LAYERS, "--seeds", "0", "1", "2", *SNAKEMAKE])
    assert ended.value.code == 3
    assert "error: the run 'smoke_seed-1' is not finished" in capfd.readouterr().err
    assert len(calls(folder)) == 2
    assert not (folder / "results/smoke/stability.csv").exists()


def test_bad_seeds_end_it_before_any_run(
    script: ModuleType, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        script.main([*LAYERS, "--seeds", "0", "-1", *SNAKEMAKE])
    assert ended.value.code == 2
    (sentence,) = capfd.readouterr().err.splitlines()
    assert sentence.startswith("error: configuration: seed: ")
    assert not (folder / "calls.txt").exists()
