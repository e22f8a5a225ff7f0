"""Losses and mistakes of networks on images, while they train and when they are tested."""

import torch

from cnn_sensitivity.config import Recipe
from cnn_sensitivity.engines.sgd import recipes
from cnn_sensitivity.engines.sgd.batches import Pixels, evaluation_batches
from cnn_sensitivity.engines.sgd.ensemble import Ensemble
from cnn_sensitivity.tasks.store import Split


def forward(
    ensemble: Ensemble, images: torch.Tensor, labels: torch.Tensor, recipe: Recipe
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the losses `[S, B]`, and sums over the batch of loss and mistakes, `[2, S]`."""
    bf16 = recipe.precision == "bf16"
    # A graph may not use autocast's cache of converted weights, and no step needs it.
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bf16, cache_enabled=False):
        outputs = ensemble(images)
    outputs = outputs.float()
    losses = recipes.losses(recipe.loss, outputs, labels)
    wrong = recipes.mistakes(recipe.loss, outputs.detach(), labels)
    sums = (losses.detach().sum(1, dtype=torch.float64), wrong.sum(1, dtype=torch.float64))
    return losses, torch.stack(sums)


def evaluate(
    ensemble: Ensemble,
    split: Split,
    pixels: Pixels,
    seeds: list[int],
    recipe: Recipe,
    purpose: str,
    epoch: int = 0,
) -> tuple[list[float], list[float]]:
    """Return the mean loss and the error of each seed on a whole split, on its device.

    `purpose` and `epoch` choose the noise, where the images have some.
    """
    sums = torch.zeros(2, len(seeds), dtype=torch.float64, device=split.images.device)
    ensemble.train(False)
    with torch.no_grad():
        for images, labels in evaluation_batches(split, pixels, seeds, purpose, epoch):
            sums += forward(ensemble, images, labels, recipe)[1]
    losses, errors = (sums / len(split.labels)).tolist()
    return losses, errors
