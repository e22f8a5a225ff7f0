"""The gradient flow of a linear model on a kernel's features, f = Phi w: the lazy limit."""

from torch import Tensor, float64, nn

from cnn_sensitivity.engines import gradient_flow
from cnn_sensitivity.engines.kernel.machines import gram_matrix, spectrum
from cnn_sensitivity.networks.kernel_predictor import KernelPredictor
from cnn_sensitivity.networks.tangent_kernels import Kernel


def linear_flow(
    kernel: Kernel,
    inputs: Tensor,
    targets: Tensor,
    *,
    loss: gradient_flow.Loss,
    settings: gradient_flow.Settings = gradient_flow.DEFAULTS,
) -> tuple[KernelPredictor, gradient_flow.Fit]:
    """Return the end of the gradient flow of f = Phi w, Phi Phi^T = K, from w = 0, and its path.

    It is the limit alpha -> infinity of F = alpha (f - f0): alpha only scales the time.

    Raises:
        UserError: as `gradient_flow.fit`, or the kernel has values that are not finite.
    """
    values, vectors = spectrum(gram_matrix(kernel, inputs, targets))
    features = vectors * values.sqrt()
    model = nn.Linear(features.shape[1], 1, bias=False, dtype=float64)
    nn.init.zeros_(model.weight)
    fit = gradient_flow.fit(model, features, targets, alpha=1.0, loss=loss, settings=settings)
    weights = fit.states["last"]["weight"][0]
    return KernelPredictor(kernel, inputs, vectors @ (weights / values.sqrt())), fit
