"""Closed forms of the lazy regime: kernel machines, regression and flow; each fit a predictor."""

from cnn_sensitivity.engines.kernel.linear_flow import linear_flow
from cnn_sensitivity.engines.kernel.machines import ridgeless, support_vectors
from cnn_sensitivity.networks.kernel_predictor import KernelPredictor
from cnn_sensitivity.networks.tangent_kernels import (
    AnalyticTangentKernel,
    EmpiricalTangentKernel,
    Kernel,
)

__all__ = [
    "AnalyticTangentKernel",
    "EmpiricalTangentKernel",
    "Kernel",
    "KernelPredictor",
    "linear_flow",
    "ridgeless",
    "support_vectors",
]
