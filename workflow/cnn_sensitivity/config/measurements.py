"""Measurements by name: what is done to the images, and what is computed of which layers."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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


class ThinPlate(Model):
    """The thin-plate spline through control points that moved at random (Ruderman et al. 2018)."""

    kind: Literal["thin_plate"] = "thin_plate"
    displacement: Positive = 2.0
    """A control point moves by up to so many pixels along each axis, uniformly."""
    control_points: Annotated[int, Field(ge=2, le=16), NO_BOOLEAN] = 3
    """A side, evenly spaced."""
    grid: Literal["edge", "cell"] = "edge"
    """Outer control points lie on the image's edge, or all in the centres of equal cells."""


Perturbation = Annotated[Diffeomorphism | PixelMoves | ThinPlate, Field(discriminator="kind")]
KINDS = ("diffeomorphism", "pixel_moves", "thin_plate")


class Measurement(Model):
    """One table of each run: what its networks' layers make of changed images."""

    quantity: Literal["sensitivity", "cosine_distance"] = "sensitivity"
    """D, G and R (T22, eq. 1), or the normalised cosine distance (Ruderman et al. 2018)."""
    perturbation: Perturbation | None = None
    """What deforms the images. Left out: images are deformed by a diffeomorphism of one pixel and
    cut-off 3, the pixels of scale detection move."""
    average: Literal["mean", "median"] = "mean"
    """Over images: the mean, or the median of each output coordinate (Petrini et al. 2021)."""
    images: Annotated[int, Field(ge=2), NO_BOOLEAN] = 500
    """Number P of test images."""
    layers: Literal["activations", "output", "blocks", "all"] = "activations"
    """Which layers: the outputs of activations and of the last layer, which the papers call f_k;
    the last layer; the outputs of activations and of what halves the images, the layers of
    Ruderman et al. 2018; or norms, convolutions and poolings too."""
    noise_norm: Literal["per_image", "mean"] = "per_image"
    """Noise is as large as each image's own deformation, or as their mean."""
    batch_norm: Literal["batch", "running"] = "batch"
    """Of networks at initialisation: the statistics of the measured images, of clean, deformed and
    noisy ones their own, as the papers' code has it; or the running ones, 0 and 1."""
    shuffles: Annotated[int, Field(ge=0, le=100), NO_BOOLEAN] = 3
    """How many times the channels of a trained network are shuffled."""
    initializations: Annotated[int, Field(ge=1, le=1000), NO_BOOLEAN] = 1
    """Networks at initialisation of each seed: that which was trained, and others drawn afresh."""
    weights: Literal["last", "best"] | None = None
    """Which epoch's weights count as trained; the default is the run's."""

    @model_validator(mode="after")
    def _has_what_its_quantity_takes(self) -> Self:
        for key in ("average", "noise_norm"):
            is_default = getattr(self, key) == type(self).model_fields[key].default
            if self.quantity == "cosine_distance" and not is_default:
                raise ValueError(f"{key}: a cosine_distance has none; leave it out")
        if self.average == "median" and self.images < 3:
            raise ValueError("images: a median over pairs of images needs 3 or more")
        return self
