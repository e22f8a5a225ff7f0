"""Where deformations are diffeomorphisms that can be seen, by cut-off c and temperature T (P21)."""

import torch
from pandas import DataFrame, concat
from torch import Tensor

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.tasks.images.pictures import pixel_rows
from cnn_sensitivity.tasks.store import Dataset, normalize

EXAMPLES = ((3, 3.0), (3, 1.0), (3, 0.2), (5, 1.0), (5, 6.0), (15, 0.5), (15, 4.0))
"""Cut-off and displacement in pixels of the deformations that are shown.

On 28 pixels the largest displacements without overhangs are 2.97, 1.78 and 0.59 pixels at cut-offs
3, 5 and 15: the first is just there, the fifth and the last lie beyond."""
CANDIDATES = 100
"""Of so many test images that with most contrast is shown."""
DIRECTIONS = 2
"""Deformations and noises that are shown at one distance."""
_HALVINGS = 40


def bounds_table(size: int) -> DataFrame:
    """Return a row for each cut-off from 2 to `size`: size, cutoff, lowest, one_pixel, highest.

    Temperatures: T1, at which pixels move by half a pixel; that at which they move by one; T2.
    """
    rows = []
    for cutoff in range(2, size + 1):
        lowest, highest = perturbations.temperature_range(cutoff, size)
        rows.append((size, cutoff, lowest, perturbations.temperature(1.0, cutoff, size), highest))
    return DataFrame(rows, columns=["size", "cutoff", "lowest", "one_pixel", "highest"])


def example_table(dataset: Dataset, root_seed: int) -> DataFrame:
    """Return one row a pixel of a test image and of it deformed in each of the ways of `EXAMPLES`.

    Columns: picture (original; example-0, ...), row, column, channel, value in [0, 1], cutoff,
    displacement (pixels), temperature.
    """
    image, generator = _clear_image(dataset), _generator(root_seed, "examples")
    size, pictures = image.shape[-1], [pixel_rows("original", image, dataset)]
    for number, (cutoff, displacement) in enumerate(EXAMPLES):
        temperature = perturbations.temperature(displacement, cutoff, size)
        coefficients = torch.randn(2, 1, cutoff, cutoff, generator=generator)
        deformed = _deformed(image, coefficients, temperature)
        pictures.append(
            pixel_rows(f"example-{number}", deformed, dataset).assign(
                cutoff=cutoff, displacement=displacement, temperature=temperature
            )
        )
    return concat(pictures, ignore_index=True)


def sphere_table(
    dataset: Dataset, root_seed: int, displacement: float = 1.0, cutoff: int = 3
) -> DataFrame:
    """Return one row a pixel of a test image, and of it deformed and under noise at one distance.

    Columns: picture (original; deformed-0, ...; noisy-0, ...), row, column, channel, value in
    [0, 1], distance: ||x' - x|| / ||x - mean pixel of x||. The distance is that of the first
    deformation, whose pixels move by `displacement`; the temperatures of the others are chosen for
    it. What noise takes out of [0, 1] is cut off in `value` and not in `distance`.
    """
    image, generator = _clear_image(dataset), _generator(root_seed, "sphere")
    draws = torch.randn(DIRECTIONS, 2, 1, cutoff, cutoff, generator=generator)
    unit = perturbations.temperature(displacement, cutoff, image.shape[-1])
    first = _deformed(image, draws[0], unit)
    radius = (first - image).norm()
    pictures = {"original": image, "deformed-0": first}
    for number in range(1, DIRECTIONS):
        pictures[f"deformed-{number}"] = _deformed_to(image, draws[number], unit, radius)
    for number in range(DIRECTIONS):
        noise = torch.randn(image.shape, generator=generator)
        pictures[f"noisy-{number}"] = image + noise * (radius / noise.norm())
    contrast = (image - image.mean()).norm()
    return concat(
        [
            pixel_rows(name, picture, dataset).assign(
                distance=((picture - image).norm() / contrast).item()
            )
            for name, picture in pictures.items()
        ],
        ignore_index=True,
    )


def _clear_image(dataset: Dataset) -> Tensor:
    """Return, normalised, [1, C, n, n], the one of the first test images that has most contrast."""
    first = dataset.test.images[:CANDIDATES]
    contrast = first.double().flatten(1).std(1)
    image = first[int(contrast.argmax())][None]
    return normalize(image, dataset.mean, dataset.std)


def _generator(root_seed: int, purpose: str) -> torch.Generator:
    seed = derive_seed(root_seed, "phase diagram", purpose)
    return torch.Generator().manual_seed(seed)


def _deformed(image: Tensor, draws: Tensor, temperature: float) -> Tensor:
    dx, dy = perturbations.displacement_field(draws, image.shape[-1], temperature)
    return perturbations.warp(image, dx, dy)


def _deformed_to(image: Tensor, draws: Tensor, temperature: float, radius: Tensor) -> Tensor:
    """Return the image deformed by these draws to a distance, by bisection of the temperature."""
    low, high = 0.0, temperature
    while (_deformed(image, draws, high) - image).norm() < radius:
        low, high = high, 2 * high
        if high > 1e3 * temperature:
            break
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        inside = (_deformed(image, draws, middle) - image).norm() < radius
        low, high = (middle, high) if inside else (low, middle)
    return _deformed(image, draws, high)
