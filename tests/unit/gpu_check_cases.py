"""What the tests of `make gpu-check` share: tiny checks, a training, its images."""

import torch

from cnn_sensitivity.operations.gpu_check.checks import Scale
from cnn_sensitivity.operations.gpu_check.synthetic import random_images, training_settings

CPU = torch.device("cpu")
TINY = Scale(1 / 16, 8, measured=8, seconds=0.0)
LENET = training_settings({"name": "LeNet"}, 2, batch_size=8, learning_rate=0.01, epochs=3)
IMAGES = random_images(20, (1, 28, 28))
