"""Plans of the scenarios, and what a finished training leaves, for tests of the forecast."""

from pathlib import Path

import numpy as np
from checkout import ROOT

from cnn_sensitivity.base.sealed import write_sealed
from cnn_sensitivity.checkpoints.sealed import CHECKPOINT
from cnn_sensitivity.config import Architecture, read
from cnn_sensitivity.operations.forecast.estimate import data_of
from cnn_sensitivity.plan import Plan


def plan_of(scenario: str) -> Plan:
    overlays = (
        [] if scenario == "quick" else [ROOT / f"workflow/scenarios/tomasini_2022/{scenario}.yaml"]
    )
    return Plan(read(ROOT / "config.yaml", *overlays))


def finished(plan: Plan, number: int, seconds: float, first_line: str = "epoch") -> Architecture:
    """Write what a finished training leaves; return its network."""
    run = plan.runs[number]
    settings = plan.training_settings(run)
    path = Path(run.path("checkpoint.safetensors"))
    description = {
        "settings": settings.model_dump(mode="json"),
        "dataset": {"train_images": 5000, "image_size": data_of(plan, run.experiment).size},
        "test_images": 2000,
        "seeds": [{"seed": seed, "epochs": 10} for seed in run.seeds],
    }
    write_sealed(path, CHECKPOINT, description, {"last/weight": np.zeros(3, np.float32)})
    Path(run.path("training.benchmark.tsv")).write_text(f"s\th:m:s\n{seconds}\t0:00:01\n")
    Path(run.path("training.log")).write_text(f"{first_line}\n")
    Path(run.path("training.csv")).write_text("experiment\n")
    return settings.network
