"""Measurements by name: what is done to the images, and what is computed of which layers."""

from typing import Annotated, Literal

from pydantic import Field

from cnn_sensitivity.config.base import NO_BOOLEAN, Count, Model, Positive


class Diffeomorphism(Model):
    """The maximum-entropy deformation of P21, a smooth random one."""

    kind: Literal["diffeomorphism"] = "diffeomorphism"
    displacement: Positive = 1.0
    """Typical displacement delta, in pixels."""
    cutoff: Annotated[int, Field(ge=2), NO_BOOLEAN] = 3
    """Cut-off c: the largest frequency."""
    interpolation: Literal["linear", "gaussian"] = "linear"
    """Between pixels: bilinear, or by a Gaussian kernel of half a pixel."""


class PixelMoves(Model):
    """Each active pixel moves by about one site: the deformation of scale detection (T22)."""

    kind: Literal["pixel_moves"] = "pixel_moves"
    block: Count | None = None
    """One dimension: no pixel leaves its block of so many sites."""


Perturbation = Annotated[Diffeomorphism | PixelMoves, Field(discriminator="kind")]
KINDS = ("diffeomorphism", "pixel_moves")


class Measurement(Model):
    """One table of each run: the sensitivities of its networks (T22, eq. 1)."""

    perturbation: Perturbation | None = None
    """What deforms the images. Left out: images are deformed by a diffeomorphism of one pixel and
    cut-off 3, the pixels of scale detection move."""
    average: Literal["mean", "median"] = "mean"
    """Over images: the mean, or the median of each output coordinate (Petrini et al. 2021)."""
    images: Annotated[int, Field(ge=2), NO_BOOLEAN] = 500
    """Number P of test images."""
    layers: Literal["activations", "output", "all"] = "activations"
    """Which layers: the outputs of activations and of the last layer, which the papers call f_k;
    the last layer; or norms, convolutions and poolings too."""
    noise_norm: Literal["per_image", "mean"] = "per_image"
    """Noise is as large as each image's own deformation, or as their mean."""
    weights: Literal["last", "best"] | None = None
    """Which epoch's weights count as trained; the default is the run's."""
