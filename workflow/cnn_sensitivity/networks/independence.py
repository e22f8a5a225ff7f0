"""Whether a network gives each image its own output, the same each time: else D means nothing."""

import pickle
import random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.evaluating import evaluating, given_to

IMAGES = 8
_REPEATS, _IF_RANDOM = 2, 30
# Of how far the outputs of two images lie apart, and of their size: what rounding may do.
_OF_DIFFERENCE, _OF_SIZE = 1e-3, 1e-5


def check(network: nn.Module, images: Tensor, name: str) -> None:
    """Raise UserError if outputs in evaluation change when a batch is repeated, permuted or split.

    `images` [P, ...]; the first eight are passed five times, and more often if the network draws
    random numbers, which may seldom matter. `name` is what the error calls the network.
    """
    images = images[:IMAGES]
    count = len(images)
    order, half = torch.arange(count).roll(1).flip(0), max(1, count // 3)

    def passed(images: Tensor) -> Tensor:
        return network(given_to(network, images))

    with evaluating(network):
        before = _states()
        outputs = passed(images)
        if outputs.ndim < 1 or len(outputs) != count or not outputs.isfinite().all():
            return  # what the measurement says of
        repeats = _IF_RANDOM if _differ(before, _states()) else _REPEATS
        repeated = [passed(images) for _ in range(repeats)]
        permuted = passed(images[order])
        split = torch.cat([passed(each) for each in (images[:half], images[half:])])
    if any(_far(outputs, each) for each in repeated):
        raise UserError(
            f"{name} is random in evaluation, or remembers what it saw: the same images give other"
            " outputs. Dropout and noise must follow self.training"
        )
    if _far(outputs, split) or _far(outputs[order], permuted):
        raise UserError(
            f"{name} mixes the images of a batch: an image has another output among others. Batch"
            " norm needs its running statistics in evaluation, and the first dimension is the"
            " images'"
        )


def _far(outputs: Tensor, others: Tensor) -> bool:
    """Return whether outputs differ by more than rounding does."""
    if outputs.shape != others.shape:
        return True
    outputs, others = outputs.double(), others.double()
    apart = (outputs - outputs.mean(0)).norm()
    allowed = _OF_DIFFERENCE * apart + _OF_SIZE * outputs.norm()
    return not bool((outputs - others).norm() <= allowed)


def _states() -> list[Any]:
    """Return the states of the random generators that a network may draw from."""
    numpys = pickle.dumps(np.random.get_state())
    states: list[Any] = [torch.get_rng_state(), random.getstate(), numpys]
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states.append(torch.cuda.get_rng_state())
    return states


def _differ(before: list[Any], after: list[Any]) -> bool:
    return any(
        not torch.equal(one, other) if isinstance(one, Tensor) else one != other
        for one, other in zip(before, after, strict=True)
    )
