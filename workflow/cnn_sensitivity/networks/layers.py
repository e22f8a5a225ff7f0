"""Small pieces that several families share."""

import torch
from torch import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


def scaled(channels: int, width: float) -> int:
    """Return `channels` times `width`, rounded, and at least one."""
    return max(1, round(channels * width))


def pad_image(image_size: int, smallest: int) -> tuple[nn.Module, int]:
    """Return the module that zero-pads images to `smallest` pixels a side, and their new side.

    Images that are large enough pass unchanged.
    """
    missing = max(0, smallest - image_size)
    before = missing // 2
    after = missing - before
    pad = nn.ZeroPad2d((before, after, before, after)) if missing else nn.Identity()
    return pad, image_size + missing


class ScaledLinear(nn.Linear):
    """A linear layer whose parameters start as N(0, 1) and whose weight counts times `scale`.

    The scale acts in the forward pass (neural-tangent parametrisation), so the size of a step of
    gradient descent depends on it. Input [..., in_features], output [..., out_features].
    """

    def __init__(self, in_features: int, out_features: int, scale: float, bias: bool = True):
        super().__init__(in_features, out_features, bias=bias)
        self.scale = scale

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.normal_(self.bias)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input * self.scale)
