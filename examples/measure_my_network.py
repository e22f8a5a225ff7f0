"""Measure any network without the workflow: D, G and R of each layer.

python examples/measure_my_network.py
"""

import torch
import torchvision

from cnn_sensitivity import perturbations, sensitivity

torch.manual_seed(0)
network = torchvision.models.resnet18()  # weights="DEFAULT" downloads the trained one
images = torch.randn(30, 3, 64, 64)  # put real images here, normalised as the network wants them
deformed = perturbations.deform(images, displacement=1.0, cutoff=3)
noisy = images + perturbations.matched_noise(images, deformed)
print(sensitivity.measure(network, images, deformed, noisy)[["layer", "depth", "D", "G", "R"]])
