"""Closed forms of the lazy regime: kernel machines, regression and flow; each fit a predictor."""

from cnn_sensitivity.engines.kernel.kernels import (
    AnalyticTangentKernel,
    EmpiricalTangentKernel,
    Kernel,
)
from cnn_sensitivity.engines.kernel.machines import (
    KernelPredictor,
    linear_flow,
    ridgeless,
    support_vectors,
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
