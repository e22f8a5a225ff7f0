"""Changes of inputs, a family a file: smooth deformations, moved pixels, steps, noise."""

from cnn_sensitivity.perturbations.by_kind import perturb
from cnn_sensitivity.perturbations.diffeomorphism import (
    deform,
    displacement_field,
    displacement_gradient,
    temperature,
    temperature_range,
)
from cnn_sensitivity.perturbations.gaussian_warp import warp_gaussian
from cnn_sensitivity.perturbations.noise import matched_noise
from cnn_sensitivity.perturbations.pixel_moves import move_pixels_1d, move_pixels_2d
from cnn_sensitivity.perturbations.thin_plate_spline import (
    thin_plate,
    thin_plate_fields,
    thin_plate_matrix,
)
from cnn_sensitivity.perturbations.uninformative_steps import step_aside
from cnn_sensitivity.perturbations.warping import warp

__all__ = [
    "deform",
    "displacement_field",
    "displacement_gradient",
    "matched_noise",
    "move_pixels_1d",
    "move_pixels_2d",
    "perturb",
    "step_aside",
    "temperature",
    "temperature_range",
    "thin_plate",
    "thin_plate_fields",
    "thin_plate_matrix",
    "warp",
    "warp_gaussian",
]
