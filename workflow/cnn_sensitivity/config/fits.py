"""What each engine is told, besides the task, the network and its recipe: a model an engine."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from cnn_sensitivity.config.base import NO_BOOLEAN, Model
from cnn_sensitivity.config.weights import WeightFile


class Sgd(Model):
    """Stochastic gradient descent, by the recipe."""

    rule: ClassVar[str] = "train"
    engine: Literal["sgd"] = "sgd"


class Adopted(Model):
    """Weights that were trained elsewhere."""

    rule: ClassVar[str] = "adopt"
    engine: Literal["adopted"] = "adopted"
    weights: WeightFile
    published_error: Annotated[float, Field(ge=0, lt=100), NO_BOOLEAN] | None = None
    """Test error in per cent that was published with the weights, where it is known."""


AnyFit = Annotated[Sgd | Adopted, Field(discriminator="engine")]
FITS = {model.model_fields["engine"].default: model for model in get_args(get_args(AnyFit)[0])}
"""By the name of the engine. Each has its folder in `engines/`, and in `workflow/rules/engines/` a
file of its name with the rule `rule`."""
