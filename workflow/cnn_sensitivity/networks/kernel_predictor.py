"""What is learnt with a kernel: a sum of kernels at the training points, as a module."""

import torch
from torch import Tensor, nn

from cnn_sensitivity.networks.tangent_kernels import Kernel


class KernelPredictor(nn.Module):
    """f(x) = sum_i dual_i K(x, x_i) + offset: inputs [B, ...] to [B], in float64."""

    inputs: Tensor
    dual: Tensor
    offset: Tensor

    def __init__(self, kernel: Kernel, inputs: Tensor, dual: Tensor, offset: float = 0.0):
        super().__init__()
        self.kernel = kernel.double()
        self.register_buffer("inputs", inputs.double())
        self.register_buffer("dual", dual.double())
        self.register_buffer("offset", torch.tensor(offset, dtype=torch.float64))

    def forward(self, inputs: Tensor) -> Tensor:
        support = self.dual != 0  # a machine's: a part of the training points
        kernel = self.kernel(inputs.double(), self.inputs[support])
        return kernel @ self.dual[support] + self.offset
