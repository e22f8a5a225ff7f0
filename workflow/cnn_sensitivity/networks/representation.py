"""What a full-batch engine sees of images: centred on a sphere, or their principal components."""

from math import sqrt
from typing import Self

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.points.components import centred, principal_directions
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
        inputs = normalize(stored, dataset.mean, dataset.std).double().flatten(1).numpy()
        points = centred(inputs)
        made = cls(inputs.shape[1], components)
        made.mean = torch.from_numpy(inputs.mean(axis=0))
        if components is not None:
            shift, directions = map(torch.from_numpy, principal_directions(points, components))
            made.shift, made.directions = shift, directions
        return made

    def forward(self, inputs: Tensor) -> Tensor:
        shifted = inputs.double().flatten(1) - self.mean
        points = shifted / shifted.norm(dim=1, keepdim=True) * sqrt(shifted.shape[1])
        return points if self.components is None else (points - self.shift) @ self.directions


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
