"""The same networks trained and measured with other threads, and beside other jobs."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import training_cases as cases
from checkout import ROOT

from cnn_sensitivity.config import Diffeomorphism, Measurement, MeasurementSettings
from cnn_sensitivity.tasks import store

WORKFLOW = ROOT / "workflow"
TOLERANCE = 1e-4  # stated in docs/recipes.md

PROGRAM = """
import sys
from cnn_sensitivity.cli import main
folder, training, measurement, threads = sys.argv[1:]
files = ["--dataset", f"{folder}/../data.safetensors", "--checkpoint", f"{folder}/checkpoint"]
device = ["--gpus", "0", "--threads", threads]
main(["fit", "--settings", training, *files, "--table", f"{folder}/training.csv", *device])
files += ["--name", "images/LeNet/noise-0.2_train-all/seeds-0", "--settings", measurement]
main(["measure", *files, "--output", f"{folder}/table.csv", *device])
"""


def start(folder: Path, threads: int) -> subprocess.Popen[bytes]:
    """Train and measure LeNet in a process of its own."""
    training = cases.settings("LeNet", epochs=2, batch_size=32, noise=0.2).to_json()
    measured = Measurement(images=40, perturbation=Diffeomorphism(), weights="last", layers="all")
    measurement = MeasurementSettings(measurements={"table": measured}, root_seed=7).to_json()
    environment = {"PYTHONPATH": str(WORKFLOW), "OMP_NUM_THREADS": str(threads)}
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), training, measurement, str(threads)],
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The table of a process alone, of two that run side by side, and of one with two threads."""
    root = tmp_path_factory.mktemp("threads")
    store.save(cases.images(train=256, test=40, size=28), root / "data.safetensors", "images")
    for beside in ({"alone": 1}, {"one": 1, "other": 1}, {"two threads": 2}):
        jobs = [start(root / name, threads) for name, threads in beside.items()]
        assert [job.wait(900) for job in jobs] == [0] * len(jobs)
    return {path.parent.name: path.read_bytes() for path in root.glob("*/table.csv")}


def test_jobs_side_by_side_change_no_byte(tables: dict[str, bytes]) -> None:
    assert tables["alone"] == tables["one"] == tables["other"]


def test_another_number_of_threads_changes_rounding_only(tables: dict[str, bytes]) -> None:
    one, two = (pd.read_csv(io.BytesIO(tables[name])) for name in ("alone", "two threads"))
    assert not one.flagged.any()
    assert set(one.quantity) == {"D", "G", "R"}
    np.testing.assert_allclose(two.value, one.value, rtol=TOLERANCE)
