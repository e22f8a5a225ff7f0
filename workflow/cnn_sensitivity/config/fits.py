"""What each engine is told, besides the task, the network and its recipe: a model an engine."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from cnn_sensitivity.config.base import NO_BOOLEAN, Count, Fraction, Model, Positive
from cnn_sensitivity.config.weights import WeightFile


class Fit(Model):
    """What all engines have: the name of their rule, and what they need."""

    rule: ClassVar[str]
    on_gpu: ClassVar[bool] = True
    """Whether it asks for a GPU where there is one to ask for."""
    by_recipe: ClassVar[bool] = True
    """Whether a recipe says how it goes."""

    def check_axes(self, axes: Mapping[str, list[float | int]]) -> None:
        """Raise ValueError where the grid lacks an axis that it needs, or has a wrong value."""


class Sgd(Fit):
    """Stochastic gradient descent, by the recipe."""

    rule: ClassVar[str] = "train"
    engine: Literal["sgd"] = "sgd"


class Adopted(Fit):
    """Weights that were trained elsewhere."""

    rule: ClassVar[str] = "adopt"
    engine: Literal["adopted"] = "adopted"
    weights: WeightFile
    published_error: Annotated[float, Field(ge=0, lt=100), NO_BOOLEAN] | None = None
    """Test error in per cent that was published with the weights, where it is known."""


TrainingSets = Literal["own", "first"]
"""Each seed draws its own training set of the training split, or all take its first points."""


class FullBatch(Fit):
    """What engines have that learn one training set as a whole, with targets of +-1."""

    on_gpu: ClassVar[bool] = False
    by_recipe: ClassVar[bool] = False
    training_sets: TrainingSets = "own"
    centred: bool = False
    """The mean input is taken off each, and all are scaled to one norm."""
    components: Count | None = None
    """Of centred inputs so many principal components are seen."""

    @model_validator(mode="after")
    def _components_are_centred(self) -> Self:
        if self.components is not None and not self.centred:
            raise ValueError("components: they are those of centred inputs; add centred: true")
        return self


class GradientFlow(FullBatch):
    """Full-batch gradient flow of F = alpha (f - f0), alpha an axis, to the end."""

    rule: ClassVar[str] = "flow"
    engine: Literal["gradient_flow"] = "gradient_flow"
    loss: Literal["soft_hinge", "hinge", "square"] = "soft_hinge"
    beta: Positive = 20.0
    """Of the soft hinge: softplus(beta z)/beta."""
    stop: Fraction = 1.0
    """Stop once this share of the points is fitted."""
    shares: list[Fraction] = []
    """Keep the states at which these shares of the points are first fitted."""
    budget: Count = 100_000
    """Stop after this many gradients, and say so."""
    tolerance: Annotated[float, Field(gt=0, lt=1), NO_BOOLEAN] = 0.01
    informative: Count | None = None
    """The path says how large the first layer's weights on the first so many coordinates are, and
    on the others."""

    @model_validator(mode="after")
    def _shares_differ(self) -> Self:
        if len(set(self.shares)) < len(self.shares):
            raise ValueError("shares: each once")
        return self

    def check_axes(self, axes: Mapping[str, list[float | int]]) -> None:
        if not (alphas := axes.get("alpha")):
            raise ValueError("axes: gradient_flow needs alpha, a list of scales of the output")
        if wrong := [alpha for alpha in alphas if not alpha > 0]:
            raise ValueError(f"axes.alpha {wrong[0]:g}: must be positive")


class Kernel(FullBatch):
    """What the infinitely wide network learns lazily, with its analytic tangent kernel."""

    rule: ClassVar[str] = "kernel"
    engine: Literal["kernel"] = "kernel"
    method: Literal["support_vectors", "ridgeless", "flow"] = "support_vectors"
    """The hard-margin machine; the interpolation of least norm; or the flow of f = Phi w with the
    soft hinge, to its end."""
    budget: Count = 100_000
    """Of the flow: stop after this many gradients."""


AnyFit = Annotated[Sgd | Adopted | GradientFlow | Kernel, Field(discriminator="engine")]
FITS = {model.model_fields["engine"].default: model for model in get_args(get_args(AnyFit)[0])}
"""By the name of the engine. Each has its folder in `engines/`, and in `workflow/rules/engines/` a
file of its name with the rule `rule`."""
