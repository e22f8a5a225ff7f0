"""No job loads PyTorch's compiler: it takes longer than all the rest of a job's start."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import training_cases as cases
from checkout import ROOT
from missing_modules import command_without

from cnn_sensitivity.config import TrainingSettings, run_name
from cnn_sensitivity.tasks import store
from cnn_sensitivity.tasks.points.labelled import build_stripe

NTK = {"name": "NTKFullConn", "options": {"hidden_units": 8}}
FLOW = {"engine": "gradient_flow", "tolerance": 0.1, "budget": 200}
DEFORMED = {"images": 8, "perturbation": {"kind": "diffeomorphism"}}
OF_IMAGES = {
    "sensitivity": DEFORMED,
    "cosine": {**DEFORMED, "quantity": "cosine_distance"},
    "filters": {"quantity": "filters"},
}
OF_POINTS = {
    quantity: {"quantity": quantity, "images": 20}
    for quantity in ("compression", "tangent_kernel", "kernel_change", "neurons")
}
JOBS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one network": ({"network": "LeNet", "seeds": [0]}, OF_IMAGES),
    "a stack of networks": ({"network": "FullConnL2", "seeds": [0, 1]}, {"sensitivity": DEFORMED}),
    "adam": ({"network": "LeNet", "seeds": [0], "recipe": {"optimizer": "adam"}}, {}),
    "a flow": ({"network": NTK, "seeds": [0, 1], "fit": FLOW, "axes": {"alpha": 0.1}}, OF_POINTS),
    "a kernel": (
        {"network": NTK["name"], "seeds": [0], "fit": {"engine": "kernel"}},
        {"compression": OF_POINTS["compression"]},
    ),
}
WITHOUT_COMPILER = command_without("torch._dynamo", "torch._inductor", "sympy")


def run(*arguments: str) -> None:
    done = subprocess.run(
        [*WITHOUT_COMPILER, *arguments, "--gpus", "0"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("job", JOBS)
def test_a_fit_and_its_measurement_do_not_load_it(job: str, tmp_path: Path) -> None:
    told, measurements = dict(JOBS[job][0]), JOBS[job][1]
    of_points = "fit" in told
    axes = {"noise": 0.0, "train_size": 20, **told.pop("axes", {})}
    recipe = {"epochs": 1, "batch_size": 16, "crop_padding": 1, **told.get("recipe", {})}
    settings = TrainingSettings.model_validate(
        {"experiment": "any", "compute": {}, "axes": axes, "root_seed": 0, **told}
        | {"recipe": {} if of_points else recipe}
    )
    data = build_stripe(dimension=3, train_size=40, test_size=40) if of_points else None
    store.save(data or cases.images(size=16), tmp_path / "data.safetensors", "any")
    files = {name: str(tmp_path / name) for name in ("checkpoint", "table", "measured")}
    dataset = ("--dataset", str(tmp_path / "data.safetensors"))
    given = (*dataset, "--checkpoint", files["checkpoint"])
    run("fit", "--settings", settings.to_json(), *given, "--table", files["table"])
    if measurements:
        name = run_name("any", settings.network.label, axes, settings.seeds)
        measured = json.dumps({"measurements": measurements, "root_seed": 0})
        output = ("--output", files["measured"])
        run("measure", "--name", name, "--settings", measured, *given, *output)
