"""What a full-batch engine sees of images: centred on a sphere, or their principal components."""

from math import sqrt
from typing import Self

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.store import Dataset, normalize


class Representation(nn.Module):
    """Maps inputs [B, ...] of N numbers to [B, N], or to [B, K] with `components` K, in float64.

    z = (x - mean)/|x - mean| sqrt(N); of components z - `shift` on the K `directions` [N, K], which
    hold the common scale. The mean and the directions are those of training and test inputs
    together. Source: Petrini 2022 and Geiger 2021 [code].
    """

    mean: Tensor
    shift: Tensor
    directions: Tensor

    def __init__(self, inputs: int, components: int | None = None):
        super().__init__()
        self.register_buffer("mean", torch.zeros(inputs, dtype=torch.float64))
        if components is not None:
            self.register_buffer("shift", torch.zeros(inputs, dtype=torch.float64))
            self.register_buffer("directions", torch.zeros(inputs, components, dtype=torch.float64))
        self.components = components

    @classmethod
    def of(cls, dataset: Dataset, components: int | None = None) -> Self:
        """Return the representation of a data set's inputs.

        Raises:
            UserError: an input equals the mean, or there are not so many components.
        """
        stored = torch.cat([dataset.train.images, dataset.test.images])
        inputs = normalize(stored, dataset.mean, dataset.std).double().flatten(1)
        count, size = inputs.shape
        if components is not None and components > min(count, size):
            raise UserError(
                f"components {components}: {count} inputs of {size} numbers have at most"
                f" {min(count, size)}"
            )
        made = cls(size, components)
        made.mean = inputs.mean(dim=0)
        centred = made._centred(inputs)
        if not bool(torch.isfinite(centred).all()):
            raise UserError(f"{dataset.title}: one of the inputs equals their mean")
        if components is not None:
            made.shift = centred.mean(dim=0)
            made.directions = _directions(centred - made.shift, components)
        return made

    def forward(self, inputs: Tensor) -> Tensor:
        centred = self._centred(inputs.double().flatten(1))
        return centred if self.components is None else (centred - self.shift) @ self.directions

    def _centred(self, inputs: Tensor) -> Tensor:
        shifted = inputs - self.mean
        return shifted / shifted.norm(dim=1, keepdim=True) * sqrt(inputs.shape[1])


def centring(network: nn.Module) -> Representation:
    """Return what centres the images of a predictor.

    Raises:
        UserError: it does not centre them, or sees them on principal components.
    """
    before = network[0] if isinstance(network, nn.Sequential) and len(network) else network
    if not isinstance(before, Representation) or before.components is not None:
        raise UserError(
            "measurement: centred is of predictors that centre their images and see all pixels:"
            " fit: {centred: true}, without components"
        )
    return before


def behind_centring(network: nn.Module) -> nn.Module:
    """Return the rest of such a predictor: centred images [B, C, ...] to its outputs."""
    centring(network)
    assert isinstance(network, nn.Sequential)
    return nn.Sequential(nn.Flatten(), network[1])


def _directions(centred: Tensor, count: int) -> Tensor:
    """Return the directions [N, count] of largest variance over the root of their mean variance.

    The sign of each is such that its largest weight is positive.
    """
    _, vectors = torch.linalg.eigh(centred.T @ centred)
    chosen = vectors.flip(1)[:, :count]
    largest = chosen.abs().argmax(dim=0)
    chosen = chosen * chosen[largest, torch.arange(count)].sign()
    variances = (centred @ chosen).var(dim=0, unbiased=False)
    return chosen / variances.mean().sqrt()
