"""What a job takes before it computes: processor time of processes with next to nothing to do."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import training_cases as cases

from cnn_sensitivity.config import MeasurementSettings, run_name
from cnn_sensitivity.tasks import store

TURNS = 5


def starts() -> pd.DataFrame:
    """Return the median seconds, of user and system, of importing torch, a fit and a measurement.

    The fit is of one epoch of 16 images by LeNet, the measurement of 8 of them.
    """
    settings = cases.settings("LeNet", epochs=1, train_size=16)
    deformed = {"images": 8, "perturbation": {"kind": "diffeomorphism"}}
    measured = MeasurementSettings.model_validate(
        {"measurements": {"sensitivity": deformed}, "root_seed": 0}
    )
    name = run_name(settings.experiment, settings.network.label, settings.axes, settings.seeds)
    verb = ["-m", "cnn_sensitivity"]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        store.save(cases.images(size=16), folder / "data", settings.experiment)
        files = ["--dataset", str(folder / "data"), "--checkpoint", str(folder / "checkpoint")]
        fit = ["fit", "--settings", settings.to_json(), *files, "--table", str(folder / "table")]
        measure = ["measure", "--name", name, "--settings", measured.to_json(), *files]
        calls = {
            "importing torch": ["-c", "import torch"],
            "a fit of next to nothing": [*verb, *fit, "--gpus", "0"],
            "its measurement": [*verb, *measure, "--output", str(folder / "rows"), "--gpus", "0"],
        }
        rows = [{"process": what, "seconds": _median(call)} for what, call in calls.items()]
    return pd.DataFrame(rows)


def _median(call: list[str]) -> float:
    return sorted(_seconds(call) for _ in range(TURNS))[TURNS // 2]


def _seconds(call: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *call], check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
