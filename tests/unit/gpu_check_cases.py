"""What the tests of `make gpu-check` share: tiny checks, a training, its images."""

import torch
from checkout import ROOT

from cnn_sensitivity.config import read
from cnn_sensitivity.operations.gpu_check.checks import Scale
from cnn_sensitivity.operations.gpu_check.synthetic import random_images, training_settings
from cnn_sensitivity.plan import Plan

CPU = torch.device("cpu")
TINY = Scale(1 / 16, 8, measured=8, seconds=0.0)
LENET = training_settings({"name": "LeNet"}, 2, batch_size=8, learning_rate=0.01, epochs=3)
IMAGES = random_images(20, (1, 28, 28))


def plan_of(scenario: str) -> Plan:
    return Plan(
        read(ROOT / "config.yaml", ROOT / f"workflow/scenarios/tomasini_2022/{scenario}.yaml")
    )
