"""A task as inputs with targets of +-1: what full-batch engines and kernels learn."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.points.components import parity
from cnn_sensitivity.tasks.store import Dataset, Split, normalize


@dataclass(frozen=True)
class Signed:
    """Inputs [P, ...] and targets [P] of +-1, in float64."""

    inputs: Tensor
    targets: Tensor


def training_points(dataset: Dataset, size: int | None, seed: int | None) -> Signed:
    """Return the training set of one seed: `size` points drawn from the split without repetition.

    Without a seed the first of the split; without a size all of it. Of classes the target is their
    parity, +1 for even ones (S22, L21).

    Raises:
        UserError: there are not so many points.
    """
    there_are = len(dataset.train.labels)
    if size is not None and size > there_are:
        raise UserError(
            f"train_size {size} is more than the {there_are} training points of {dataset.title}"
        )
    order = torch.arange(there_are)
    if seed is not None:
        order = torch.randperm(there_are, generator=torch.Generator().manual_seed(seed))
    return _signed(dataset, dataset.train, order[:size])


def test_points(dataset: Dataset) -> Signed:
    """Return all test points."""
    return _signed(dataset, dataset.test, torch.arange(len(dataset.test.labels)))


def seen(representation: nn.Module, points: Signed) -> Signed:
    """Return points as they are behind a representation."""
    with torch.no_grad():
        return Signed(representation(points.inputs), points.targets)


def test_error(predictor: nn.Module, test: Signed) -> float:
    """Return the error of a predictor on test points, a thousand at a time."""
    with torch.no_grad():
        outputs = [predictor(part).reshape(len(part)) for part in test.inputs.split(1000)]
    return error(torch.cat(outputs), test.targets)


def error(outputs: Tensor, targets: Tensor) -> float:
    """Return the share of outputs [P] whose sign is not the target's [P]."""
    return float((outputs * targets <= 0).double().mean())


def _signed(dataset: Dataset, split: Split, chosen: Tensor) -> Signed:
    inputs = normalize(split.images[chosen], dataset.mean, dataset.std).double()
    labels = split.labels[chosen]
    if labels.is_floating_point():
        return Signed(inputs, labels.double())
    return Signed(inputs, torch.from_numpy(parity(labels.numpy())))
