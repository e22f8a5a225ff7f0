"""Fully connected networks of one output, in the tangent-kernel (NTK) parametrisation."""

from collections import OrderedDict
from collections.abc import Callable
from math import isfinite, sqrt
from typing import Literal

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks.layers import ScaledLinear, scaled

Activation = Literal["relu", "softplus", "swish"]
OutputScale = Literal["1/h", "1/sqrt(h)"]

_SHAPES: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "softplus": nn.functional.softplus,
    "swish": nn.functional.silu,
}
_OUTPUT_SCALES: dict[str, Callable[[int], float]] = {
    "1/h": lambda width: 1 / width,
    "1/sqrt(h)": lambda width: 1 / sqrt(width),
}


class Sharpened(nn.Module):
    """The function x -> shape(k x) / k, of steepness k."""

    def __init__(self, shape: Activation, steepness: float):
        super().__init__()
        self.shape, self.steepness = _SHAPES[shape], steepness

    def forward(self, input: Tensor) -> Tensor:
        if self.steepness == 1:
            return self.shape(input)
        return self.shape(self.steepness * input) / self.steepness

    def with_slope(self, input: Tensor) -> tuple[Tensor, Tensor]:
        """Return the function and its derivative, that of relu at 0 being 0."""
        if self.shape is torch.relu:
            value = torch.relu(input)
            return value, value.sign()
        step = torch.sigmoid(self.steepness * input)
        if self.shape is nn.functional.softplus:
            return self(input), step
        value = input * step
        return value, torch.addcmul(step, value, 1 - step, value=self.steepness)


class ScaledWeights(ScaledLinear):
    """A `ScaledLinear` that scales its weights: in a full batch they are fewer than the inputs."""

    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.linear(input, self.weight * self.scale, self.bias)


def ntk_fully_connected(
    in_features: int,
    width: int,
    *,
    hidden_layers: int = 1,
    activation: Activation = "relu",
    steepness: float = 1.0,
    bias: bool = True,
    output_scale: OutputScale = "1/h",
    outputs: int | None = None,
) -> nn.Sequential:
    """Return a network of `hidden_layers` layers of `width` h units: inputs [B, ...] to [B].

    With a number of `outputs` O it gives [B, O].

    x -> s(W x / sqrt(fan-in) + b) in each hidden layer, then W x times `output_scale`, without
    bias; W, b ~ N(0, 1), from torch's global generator. s is shape(k x)/k of `steepness` k, scaled
    to E s(z)^2 = 1 for z ~ N(0, 1). The scale 1/h is the authors' code of all three papers;
    1/sqrt(h) is Geiger's text and the lazy one of Petrini 2022.

    Paccolat 2021: one layer, ReLU, bias. Petrini 2022, images: one layer, softplus, k = 5, no bias.
    Geiger 2021: two layers, swish, k = 10, no bias. Source: their code.

    Raises:
        UserError: a size is below one, the steepness is not positive, or a name is not known.
    """
    for name, size in (
        ("in_features", in_features),
        ("width", width),
        ("hidden_layers", hidden_layers),
    ):
        if size < 1:
            raise UserError(f"{name} {size}: it must be at least 1")
    if not (steepness > 0 and isfinite(steepness)):
        raise UserError(f"steepness {steepness}: it must be positive")
    for name, value, known in (
        ("activation", activation, _SHAPES),
        ("output_scale", output_scale, _OUTPUT_SCALES),
    ):
        if value not in known:
            raise UserError(f"{name} {value!r}: it must be one of {', '.join(known)}")
    shape = Sharpened(activation, steepness)
    gain = 1 / sqrt(second_moment(shape))
    modules: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    fan_in, scale = in_features, 1 / sqrt(in_features)
    for index in range(1, hidden_layers + 1):
        modules[f"linear{index}"] = ScaledWeights(fan_in, width, scale, bias)
        modules[f"activation{index}"] = shape
        # The gain of s goes into the next layer's scale: one pass over the activations less.
        fan_in, scale = width, gain / sqrt(width)
    scale = gain * _OUTPUT_SCALES[output_scale](width)
    modules["output"] = ScaledWeights(width, outputs or 1, scale, False)
    if outputs is None:
        modules["scalar"] = nn.Flatten(0)
    return nn.Sequential(modules)


def ntk_network(
    in_channels: int,
    num_classes: int,
    image_size: int,
    width: float,
    activation: str,
    *,
    hidden_units: int = 100,
    hidden_layers: int = 1,
    shape: Activation = "relu",
    steepness: int = 1,
    bias: Literal["normal", "none"] = "normal",
    output_scale: Literal["h", "sqrt_h"] = "h",
) -> nn.Sequential:
    """Return it as the configuration asks for it: [B, in_channels, S, S] to [B, num_classes].

    `width` multiplies `hidden_units`; of points S is 1, and there is no `activation` but `shape`.
    """
    return ntk_fully_connected(
        in_channels * image_size**2,
        scaled(hidden_units, width),
        hidden_layers=hidden_layers,
        activation=shape,
        steepness=steepness,
        bias=bias == "normal",
        output_scale="1/h" if output_scale == "h" else "1/sqrt(h)",
        outputs=num_classes,
    )


def second_moment(function: Callable[[Tensor], Tensor]) -> float:
    """Return E function(z)^2 for z ~ N(0, 1), by the trapezoid rule on [-12, 12]."""
    z = torch.linspace(-12, 12, 24001, dtype=torch.float64, device="cpu")
    density = torch.exp(-(z**2) / 2) / sqrt(2 * torch.pi)
    return float(torch.trapezoid(function(z) ** 2 * density, z))
