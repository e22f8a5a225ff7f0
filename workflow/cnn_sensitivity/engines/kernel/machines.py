"""What is learnt with a kernel in closed form: hard-margin machine, ridgeless regression.

Inputs are [P, ...], targets [P]; all in float64.
"""

import torch
from sklearn.svm import SVC
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines.gradient_flow.losses import check_signs
from cnn_sensitivity.networks.kernel_predictor import KernelPredictor
from cnn_sensitivity.networks.tangent_kernels import Kernel

HARD = 1e6
"""C of the machine on the kernel over its mean diagonal: no slack at this size."""
# Directions of the kernel below this share of its largest eigenvalue are rounding errors.
_NULL = 1e-13


def support_vectors(
    kernel: Kernel, inputs: Tensor, targets: Tensor, *, separates: bool = True
) -> KernelPredictor:
    """Return the hard-margin support vector machine, targets +-1 (scikit-learn's SVC, C = 1e6).

    Source: S22's authors use SVC with a precomputed kernel and C = 1e20.

    Raises:
        UserError: the targets are not +1 and -1, both of them, or the points cannot be separated;
            unless it need not: `separates` False takes the machine with the least slack at this C.
    """
    gram = gram_matrix(kernel, inputs, targets)
    check_signs(targets)
    if len(targets.unique()) < 2:
        raise UserError("targets: a support vector machine needs both +1 and -1")
    scale = gram.diagonal().mean()
    machine = SVC(kernel="precomputed", C=HARD, tol=1e-6).fit(
        (gram / scale).numpy(), targets.numpy()
    )
    dual = torch.zeros(len(targets), dtype=torch.float64)
    dual[torch.from_numpy(machine.support_).long()] = torch.from_numpy(machine.dual_coef_[0])
    offset = float(machine.intercept_[0])
    if separates and bool((targets * (gram @ dual / scale + offset) <= 0).any()):
        raise UserError("targets: no kernel machine without slack separates these points")
    return KernelPredictor(kernel, inputs, dual / scale, offset)


def ridgeless(kernel: Kernel, inputs: Tensor, targets: Tensor) -> KernelPredictor:
    """Return the interpolation of least norm: dual = K^+ y.

    Raises:
        UserError: the shapes do not fit, or the kernel has values that are not finite.
    """
    values, vectors = spectrum(gram_matrix(kernel, inputs, targets))
    return KernelPredictor(kernel, inputs, vectors @ ((vectors.T @ targets.double()) / values))


def gram_matrix(kernel: Kernel, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the Gram matrix [P, P]; raise UserError where it has none that is finite."""
    if targets.shape != (len(inputs),):
        raise UserError(
            f"targets of shape {tuple(targets.shape)}: {len(inputs)} points need as many targets"
        )
    with torch.no_grad():
        gram = kernel.double()(inputs.double(), inputs.double())
    if not bool(torch.isfinite(gram).all()):
        raise UserError("inputs: the kernel of two of them is not a finite number")
    return gram


def spectrum(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues [R] that are not zero and their vectors [P, R]."""
    values, vectors = torch.linalg.eigh((gram + gram.T) / 2)
    kept = values > _NULL * values[-1]
    return values[kept], vectors[:, kept]
