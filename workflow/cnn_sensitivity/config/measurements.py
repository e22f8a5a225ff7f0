"""Measurements by name: what is done to the images, and what is computed of which layers."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from cnn_sensitivity.config.base import NO_BOOLEAN, Count, Model, Positive, suggestion, tags

_OF_IMAGES = {"perturbation", "images", "layers", "channel_mean", "batch_norm"}
_OF_IMAGES |= {"shuffles", "initializations", "centred"}
# One line a quantity, which is a module of measures/: the keys that it takes, besides weights.
QUANTITIES = {
    "sensitivity": _OF_IMAGES | {"average", "noise_norm", "rectify", "ensemble"},
    "cosine_distance": _OF_IMAGES,
    "filters": set(),
    "receptive_field": set(),
    "compression": {"images", "informative"},
    "tangent_kernel": {"images", "informative"},
    "ensemble": set(),
    "kernel_change": {"images"},
    "participation": set(),
    "neurons": {"images"},
    "kernel_on_circle": {"images"},
}


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


class UninformativeSteps(Model):
    """Points move along the coordinates that their label does not depend on, by normal steps."""

    kind: Literal["uninformative_steps"] = "uninformative_steps"
    step: Positive = 0.001
    """Standard deviation of a step along each of them; that of the points is 1."""
    informative: Count = 1
    """How many coordinates, the first ones, the label depends on: these stay."""


Perturbation = Annotated[
    Diffeomorphism | PixelMoves | ThinPlate | UninformativeSteps, Field(discriminator="kind")
]
KINDS = tags(Perturbation, "kind")


def _is_known(quantity: str) -> str:
    if quantity not in QUANTITIES:
        raise ValueError(f"unknown quantity {quantity!r}{suggestion(quantity, QUANTITIES)}")
    return quantity


Quantity = Annotated[
    str, AfterValidator(_is_known), WithJsonSchema({"enum": list(QUANTITIES), "type": "string"})
]


class Measurement(Model):
    """What is measured of the networks of a run."""

    quantity: Quantity = "sensitivity"
    """D, G and R (T22, eq. 1); the normalised cosine distance (R18); spectrum and smoothness of the
    filters; the width of the receptive fields of layers in one dimension. Of points: compression of
    uninformative coordinates, what the tangent kernel learns, where neurons switch on, and the
    kernel on a circle (C21). Of what learned in full batches: participation, how many neurons of
    one hidden layer take part (S22); ensemble, the error of the mean output of all networks of a
    job; kernel_change, of the tangent kernel (L21)."""
    perturbation: Perturbation | None = None
    """What deforms the images. Left out: images are deformed by a diffeomorphism of one pixel and
    cut-off 3, the pixels of scale detection move, points move along what is not informative."""
    average: Literal["mean", "median"] = "mean"
    """Over images: the mean, or the median of each output coordinate (Petrini et al. 2021)."""
    images: Annotated[int, Field(ge=2), NO_BOOLEAN] = 500
    """Number P of test images."""
    layers: Literal["activations", "output", "blocks", "all"] = "activations"
    """Which layers: the outputs of activations and of the last layer, which the papers call f_k;
    the last layer; the outputs of activations and of what halves the images, the layers of
    Ruderman et al. 2018; or norms, convolutions and poolings too."""
    noise_norm: Literal["per_image", "mean", "variance"] | None = None
    """Noise is as large as each image's own deformation, or as their mean, or of the variance of
    all deformations. Left out: per_image; in one dimension variance, as in T22's code."""
    rectify: bool | None = None
    """Negative noise becomes zero. Left out: only in one dimension, as in T22's code."""
    channel_mean: bool | None = None
    """Layer outputs are averaged over their channels first. Left out: only in one dimension."""
    batch_norm: Literal["batch", "running"] = "batch"
    """Of networks at initialisation: the statistics of the measured images, of clean, deformed and
    noisy ones their own, as the papers' code has it; or the running ones, 0 and 1."""
    shuffles: Annotated[int, Field(ge=0, le=100), NO_BOOLEAN] = 3
    """How many times the channels of a trained network are shuffled."""
    initializations: Annotated[int, Field(ge=1, le=1000), NO_BOOLEAN] = 1
    """Networks at initialisation of each seed: that which was trained, and others drawn afresh."""
    ensemble: bool = False
    """Of the mean output of all networks of a job, as trained, in place of each of them."""
    informative: Count = 1
    """How many of a point's coordinates, the first ones, its label depends on."""
    centred: bool | None = None
    """What centres its images (`fit: {centred: true}`) is given images that are centred first, and
    then deformed and noisy, and sees these as they are, as Petrini et al. 2022 measure. Left out:
    images are deformed, and what is made of them is centred."""
    weights: Literal["last", "best"] | None = None
    """Which epoch's weights count as trained; the default is the run's."""

    @property
    def takes(self) -> set[str]:
        """The keys that its quantity takes."""
        return QUANTITIES[self.quantity] | {"quantity", "weights"}

    @property
    def of_ensemble(self) -> bool:
        """Whether it is made of the mean output of all networks of a job."""
        return self.ensemble or self.quantity == "ensemble"

    @model_validator(mode="after")
    def _has_what_its_quantity_takes(self) -> Self:
        for key, field in type(self).model_fields.items():
            if key not in self.takes and getattr(self, key) != field.default:
                raise ValueError(f"{key}: a measurement of {self.quantity} has none; leave it out")
        if self.average == "median" and self.images < 3:
            raise ValueError("images: a median over pairs of images needs 3 or more")
        return self
