"""The pictures of Figure 1: a test image, its diffeomorphism, and the image under noise."""

import numpy as np
import torch
from numpy.typing import NDArray
from pandas import DataFrame, concat

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config import Diffeomorphism, PictureSettings, ThinPlate
from cnn_sensitivity.perturbations.corruption import corrupt
from cnn_sensitivity.tasks.store import Dataset, normalize


def picture_table(dataset: Dataset, settings: PictureSettings) -> DataFrame:
    """Return one row a pixel: picture, row, column, channel, value in [0, 1], dx, dy in pixels."""
    generator = torch.Generator().manual_seed(derive_seed(settings.root_seed, "pictures"))
    choice = int(torch.randint(len(dataset.test.images), (), generator=generator))
    image = normalize(dataset.test.images[choice : choice + 1], dataset.mean, dataset.std)
    dx, dy = _field(settings.deformation, image.shape[-1], generator)
    deformed = perturbations.warp(image, dx[None], dy[None])
    pictures = [pixel_rows("original", image, dataset), pixel_rows("deformed", deformed, dataset)]
    pictures[1] = pictures[1].assign(**_arrows(dx, dy, channels=image.shape[1]))
    pictures += [
        pixel_rows(f"noise-{level:g}", corrupt(image, level, generator), dataset)
        for level in settings.noise
    ]
    return concat(pictures, ignore_index=True)


def _field(
    deformation: Diffeomorphism | ThinPlate, size: int, generator: torch.Generator
) -> torch.Tensor:
    """Return the displacements [2, n, n] of one deformation, in pixels."""
    if isinstance(deformation, ThinPlate):
        displacement, points = deformation.displacement, deformation.control_points
        fields = perturbations.thin_plate_fields(
            1, size, displacement, points, generator, deformation.grid
        )
        return fields[:, 0].float()
    temperature = perturbations.temperature(deformation.displacement, deformation.cutoff, size)
    shape = (2, deformation.cutoff, deformation.cutoff)
    coefficients = torch.randn(shape, generator=generator)
    return perturbations.displacement_field(coefficients, size, temperature)


def pixel_rows(name: str, image: torch.Tensor, dataset: Dataset) -> DataFrame:
    """Return a row a pixel of a normalised image [1, C, n, n], back on the scale of the source."""
    shape = (-1, 1, 1)
    values = image[0] * torch.tensor(dataset.std).view(shape)
    values = (values + torch.tensor(dataset.mean).view(shape)).clamp(0, 1)
    channels, rows, columns = torch.meshgrid(*map(torch.arange, values.shape), indexing="ij")
    return DataFrame(
        {
            "picture": name,
            "row": rows.flatten().numpy(),
            "column": columns.flatten().numpy(),
            "channel": channels.flatten().numpy(),
            "value": values.flatten().numpy(),
        }
    )


def _arrows(dx: torch.Tensor, dy: torch.Tensor, channels: int) -> dict[str, NDArray[np.float32]]:
    return {
        name: field.flatten().repeat(channels).numpy() for name, field in (("dx", dx), ("dy", dy))
    }
