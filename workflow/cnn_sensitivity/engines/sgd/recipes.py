"""Recipes: learning rate, loss and weight decay as the configuration names them."""

from math import cos, pi

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.conv import _ConvNd

from cnn_sensitivity.config import Recipe

WARM_UP = 0.3  # part of the steps in which one_cycle rises to the peak
START = 1 / 25  # its rate at the first step, as a fraction of the peak


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of a step, counted from 0 over the whole training.

    cosine changes once an epoch; its half period is `cosine_fraction` of the epochs, so that it
    rises again after them (T22 [code]). one_cycle changes at each step.
    """
    peak = recipe.learning_rate
    if recipe.schedule == "constant":
        return peak
    if recipe.schedule == "cosine":
        half_period = recipe.cosine_fraction * recipe.epochs
        return peak * (1 + cos(pi * (step // steps_per_epoch) / half_period)) / 2
    steps = recipe.epochs * steps_per_epoch
    rise = WARM_UP * steps
    if step < rise:
        return peak * (START + (1 - START) * step / rise)
    return peak * (1 + cos(pi * (step - rise) / (steps - rise))) / 2


def losses(kind: str, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return each image's loss `[S, B]` from outputs `[S, B, outputs]` and labels `[S, B]`.

    hinge: one output f, labels 0 and 1 count as y = -1 and +1, max(0, 1 - y f).
    """
    if kind == "hinge":
        return torch.relu(1 - (2 * labels - 1) * outputs.squeeze(-1))
    return F.cross_entropy(outputs.flatten(0, 1), labels.flatten(), reduction="none").view_as(
        labels
    )


def mistakes(kind: str, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return which images are classified wrongly, `[S, B]`; with hinge f = 0 counts as wrong."""
    if kind == "hinge":
        return (2 * labels - 1) * outputs.squeeze(-1) <= 0
    return outputs.argmax(-1) != labels


def weight_decays(recipe: Recipe, network: nn.Module) -> dict[str, float]:
    """Return the optimiser's L2 coefficient of each parameter of a single network, by name.

    Biases and batch-norm parameters have none. The ridge * sum |w|^2 / (channels * blocks) on
    convolutions has the gradient 2 ridge w / (channels * blocks): a weight decay, so that it
    costs nothing and stays out of the loss that is reported.
    """
    decays = {
        name: recipe.weight_decay if parameter.dim() >= 2 else 0.0
        for name, parameter in network.named_parameters()
    }
    convolutions = {n: m for n, m in network.named_modules() if isinstance(m, _ConvNd)}
    for name, module in convolutions.items():
        ridge = 2 * recipe.ridge / (module.out_channels * len(convolutions))
        decays[f"{name}.weight"] += ridge
    return decays
