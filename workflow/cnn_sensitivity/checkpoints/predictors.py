"""What a checkpoint's tensors make: a network, what a flow made of it, or a kernel machine."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cnn_sensitivity.networks.kernel_predictor import KernelPredictor
from cnn_sensitivity.networks.representation import Representation
from cnn_sensitivity.networks.scaled_change import ScaledChange
from cnn_sensitivity.networks.tangent_kernels import AnalyticTangentKernel

Tensors = Mapping[str, Tensor]


BEFORE = "representation"
"""Before the names of tensors of what inputs pass first."""


def represented(predictor: nn.Module, arrays: Mapping[str, Any]) -> nn.Module:
    """Return a predictor behind the representation that a checkpoint's arrays hold, if any."""
    names = [name for name in arrays if name.startswith(f"{BEFORE}/")]
    if not names:
        return predictor
    tensors = {name.removeprefix(f"{BEFORE}/"): torch.from_numpy(arrays[name]) for name in names}
    directions = tensors.get("directions")
    components = None if directions is None else directions.shape[1]
    before = Representation(len(tensors["mean"]), components)
    before.load_state_dict(tensors)
    return nn.Sequential(before, predictor)


def scaled_change(alpha: float) -> dict[str, Any]:
    """Return the description of F = alpha (f - f0): the network at a state less the initial one."""
    return {"kind": "scaled_change", "alpha": alpha}


def analytic_kernel(bias: bool) -> dict[str, Any]:
    """Return the description of a `KernelPredictor` with the analytic tangent kernel."""
    return {"kind": "analytic_kernel", "bias": bias}


def build(
    described: Mapping[str, Any] | None,
    network: Callable[[Tensors], nn.Module],
    at: Callable[[str], Tensors],
    state: str,
) -> nn.Module:
    """Return what maps inputs to outputs at a state.

    `network` makes one of tensors, `at` returns those of a state. At initialisation a flow's F is
    zero, and a machine's too: the network itself stands there, or a machine without weights.
    """
    if described is None:
        return network(at(state))
    if described["kind"] == "scaled_change":
        if state == "initial":
            return network(at(state))
        change = ScaledChange(network(at("initial")), described["alpha"])
        change.network = network(at(state))
        return change
    tensors = at(state)
    kernel = AnalyticTangentKernel(described["bias"])
    return KernelPredictor(kernel, tensors["inputs"], tensors["dual"], float(tensors["offset"]))
