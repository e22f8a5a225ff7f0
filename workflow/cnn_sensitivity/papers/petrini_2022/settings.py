"""What `tables:` says of this paper's regressions on the sphere. No torch."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from cnn_sensitivity.config.base import NO_BOOLEAN, Count, Model, Positive, refuse_duplicates

Sizes = list[Count]
"""Numbers of training points."""


class Sphere(Model):
    """Regressions of one target on one sphere: a job."""

    dimension: Annotated[int, Field(ge=2, le=100), NO_BOOLEAN]
    """Of the space, d: the sphere is S^(d-1)."""
    exponent: Positive | None = None
    """a of the Gaussian random target, nu_t = a + 1/2; without one the target is 1."""
    neurons: Count = 100_000
    """Of the Gaussian random target; the paper has 10,000,000."""
    feature_sizes: Annotated[Sizes, Field(min_length=1)]
    lazy_sizes: Annotated[Sizes, Field(min_length=1)]
    descent_sizes: Sizes = []
    """Of the authors' gradient descent, in which directions move: a minute at 256 points."""
    seeds: Count
    """Training sets at each size."""
    descent_seeds: Count = 1
    directions: Count = 4000
    """Of the dictionary: the hidden neurons' directions, which stay."""
    descent_neurons: Count = 1000
    descent_steps: Count = 20_000
    test_points: Annotated[int, Field(ge=2), NO_BOOLEAN] = 1000

    @model_validator(mode="after")
    def _is_no_polynomial(self) -> Self:
        a = self.exponent
        if a is not None and a % 2 == 0:
            raise ValueError(
                f"exponent {a:g}: |t|^{a:g} is a polynomial, and not of smoothness {a + 0.5:g};"
                " take an odd or a fractional one"
            )
        return self

    @property
    def name(self) -> str:
        """What tells the job from others, as in the names of files."""
        kind = "constant" if self.exponent is None else f"random{self.exponent:g}"
        return f"{kind}-d{self.dimension}"


class Settings(Model):
    """All of `tables:`."""

    sphere: list[Sphere] = []

    @model_validator(mode="after")
    def _differ(self) -> Self:
        refuse_duplicates("sphere", [each.name for each in self.sphere])
        return self
