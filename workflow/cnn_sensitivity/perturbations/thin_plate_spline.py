"""Thin-plate deformations: control points that move at random, and a smooth field between them."""

from functools import lru_cache

import torch
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import ThinPlate
from cnn_sensitivity.perturbations.draws import side
from cnn_sensitivity.perturbations.warping import warp_in_blocks

GRIDS = ("edge", "cell")


def perturb(
    images: Tensor, parameters: ThinPlate, generator: torch.Generator | None = None
) -> Tensor:
    """Return images deformed as a configuration says: see `thin_plate`."""
    return thin_plate(
        images,
        parameters.displacement,
        parameters.control_points,
        generator,
        parameters.grid,
    )


def control_lines(size: int, control_points: int, grid: str = "edge") -> Tensor:
    """Return the coordinates [k], in pixels, of k control points along an axis of n pixels.

    "edge": from the first pixel's centre to the last one's; "cell": the centres of k equal parts
    of the image. Raises UserError for images under 2 pixels a side, under 2 control points (one
    does not fix an affine map) or more than pixels, and another grid.
    """
    if size < 2:
        raise UserError(f"the image size must be at least 2 pixels, not {size}")
    if not 2 <= control_points <= size:
        raise UserError(f"control_points must be 2 to {size} a side, not {control_points}")
    if grid not in GRIDS:
        raise UserError(f'grid must be "edge" or "cell", not {grid!r}')
    if grid == "edge":
        return torch.linspace(0, size - 1, control_points, dtype=torch.float64)
    odd = 2 * torch.arange(control_points, dtype=torch.float64) + 1
    return odd * size / (2 * control_points) - 0.5


@lru_cache(maxsize=16)
def thin_plate_matrix(size: int, control_points: int, grid: str = "edge") -> Tensor:
    """Return [n^2, k^2]: values at the control points to the spline's values at the pixels.

    The thin-plate spline through the values (Duchon 1977): sum_i w_i phi(|q - p_i|) + a + b q with
    phi(r) = r^2 log r and sum_i w_i = sum_i w_i p_i = 0. Pixels and control points are numbered
    row by row. In float64, and kept for further calls: change a copy. Raises UserError as
    `control_lines`.
    """
    line = control_lines(size, control_points, grid)
    # In units of the image's side, so that the blocks of the system are of one size.
    points = torch.cartesian_prod(line, line) / size
    pixels = torch.cartesian_prod(*2 * [torch.arange(size, dtype=torch.float64)]) / size
    count = len(points)
    affine = torch.cat([points.new_ones(count, 1), points], dim=1)
    system = points.new_zeros(count + 3, count + 3)
    system[:count, :count] = _phi(points, points)
    system[:count, count:] = affine
    system[count:, :count] = affine.T
    basis = torch.cat([_phi(pixels, points), pixels.new_ones(size**2, 1), pixels], dim=1)
    # Only the first k^2 right-hand sides are free; the other three are zero.
    return torch.linalg.solve(system, basis, left=False)[:, :count].contiguous()


def thin_plate(
    images: Tensor,
    displacement: float = 2.0,
    control_points: int = 3,
    generator: torch.Generator | None = None,
    grid: str = "edge",
) -> Tensor:
    """Return images [B, C, n, n], each deformed by its own thin-plate spline (R18, section 2.1).

    Each of the k x k control points takes its value from a source that lies up to `displacement`
    pixels away, uniformly and independently along each axis, and within the image: sources
    outside are moved to its edge. The spline carries the shifts to all pixels, and pixels are
    sampled backward and bilinearly; places outside the image are clamped to its frame. R18 has 2
    pixels and 3 x 3 points for 32 x 32 images, 10 pixels and 5 x 5 points for 224 x 224. It does
    not say whether the outer points lie on the image's edge, as its Figure 1 draws them ("edge"),
    or within ("cell"). Draws come from `generator`, on its device. Raises UserError for images
    that are not square, a negative displacement, and as `control_lines`.
    """
    size = side(images)
    fields = thin_plate_fields(len(images), size, displacement, control_points, generator, grid)
    dx, dy = fields.to(images.device, images.dtype)
    return warp_in_blocks(images, dx, dy)


def thin_plate_fields(
    images: int,
    size: int,
    displacement: float = 2.0,
    control_points: int = 3,
    generator: torch.Generator | None = None,
    grid: str = "edge",
) -> Tensor:
    """Return the displacements [2, images, n, n], in pixels, along the columns' axis first.

    Pixel p of the deformed image is the old one at p minus its displacement: see `thin_plate`,
    also for what is raised.
    """
    if not 0 <= displacement < float("inf"):
        raise UserError(f"the displacement must be at least 0 pixels, not {displacement}")
    shifts = _shifts(images, displacement, size, control_points, grid, generator)
    sources = (shifts @ thin_plate_matrix(size, control_points, grid).T).view(images, 2, size, size)
    return -sources.flip(1).movedim(1, 0)


def _shifts(
    images: int,
    displacement: float,
    size: int,
    control_points: int,
    grid: str,
    generator: torch.Generator | None,
) -> Tensor:
    """Return source minus control point [images, 2, k^2], along the rows' axis first."""
    line = control_lines(size, control_points, grid)
    points = torch.cartesian_prod(line, line).T
    device = "cpu" if generator is None else generator.device
    draws = torch.rand(
        (images, *points.shape), generator=generator, dtype=torch.float64, device=device
    )
    sources = points + displacement * (2 * draws.cpu() - 1)
    return sources.clamp(0, size - 1) - points


def _phi(q: Tensor, p: Tensor) -> Tensor:
    """Return r^2 log r [Q, P] of the distances between the points q [Q, 2] and p [P, 2]."""
    squares = (q[:, None] - p).square().sum(dim=-1)
    return torch.special.xlogy(squares, squares) / 2
