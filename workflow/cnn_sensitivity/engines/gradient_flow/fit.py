"""From networks and points to fits."""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines.gradient_flow import saved
from cnn_sensitivity.engines.gradient_flow.flow import (
    COLUMNS,
    DEFAULTS,
    Flow,
    Observables,
    Settings,
)
from cnn_sensitivity.engines.gradient_flow.losses import Loss
from cnn_sensitivity.engines.gradient_flow.members import Members
from cnn_sensitivity.networks.scaled_change import ScaledChange


@dataclass(frozen=True)
class Fit:
    """A network's flow.

    `states`: the network's state_dict by name: initial, t_star, fitted-<share>, last; those that
    the flow did not reach are missing. `path`: a row for each recorded step, with time, loss (the
    mean of l), share_fitted, evaluations, state (the names of those kept there) and the
    observables. `stopped_because`: "fitted", "budget"
    (of evaluations, before the share was reached) or "stationary" (the gradient is zero).
    """

    states: dict[str, dict[str, Tensor]]
    path: pd.DataFrame
    stopped_because: str
    _predictor: ScaledChange

    def predictor(self, state: str = "last") -> ScaledChange:
        """Return F = alpha (f - f0) at a state."""
        predictor = copy.deepcopy(self._predictor)
        predictor.network.load_state_dict(self.states[state])
        return predictor


class Interrupted(Exception):
    """The flow was asked to stop; its state is saved."""


@dataclass(frozen=True)
class Saving:
    """Where the state of an unfinished flow is saved and how often; the caller removes the file."""

    path: Path
    seconds: float = 60.0
    interrupted: Callable[[], bool] = lambda: False
    """Asked after each step: where it says True, the state is saved and `Interrupted` raised."""
    log: Callable[[str], None] = print


def fit(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    alpha: float,
    loss: Loss,
    settings: Settings = DEFAULTS,
    observables: Observables | None = None,
    saving: Saving | None = None,
    dtype: torch.dtype = torch.float64,
) -> Fit:
    """Return the gradient flow of one network on inputs [P, ...] with targets [P].

    As `fit_members`, which says the rest.
    """
    return fit_members(
        [network],
        inputs[None],
        targets[None],
        alpha=alpha,
        loss=loss,
        settings=settings,
        observables=observables,
        saving=saving,
        dtype=dtype,
    )[0]


def fit_members(
    networks: Sequence[nn.Module],
    inputs: Tensor,
    targets: Tensor,
    *,
    alpha: float,
    loss: Loss,
    settings: Settings = DEFAULTS,
    observables: Observables | None = None,
    saving: Saving | None = None,
    dtype: torch.dtype = torch.float64,
) -> list[Fit]:
    """Return the gradient flow of each network, all of one architecture and one output.

    Network s learns targets[s, :] at inputs[s, :, ...] by theta' = -grad (1/P) sum_i l(F(x_i), y_i)
    / alpha, F = alpha (f - f0): alpha << 1 is the feature, alpha >> 1 the lazy regime. Networks
    compute on the CPU in evaluation mode, in `dtype` (float32 is up to twice as fast, but a large
    alpha needs float64), and are left as they are; those that are small enough to gain by it
    compute together. `observables`: columns of the path by name, functions of a `ScaledChange`.

    Raises:
        UserError: a value is out of range, the shapes do not fit, the loss is not defined on the
            targets, or a flow does not move or diverges.
        Interrupted: `saving` asked for it.
    """
    _check(inputs, targets, len(networks), alpha)
    loss.check(targets)
    settings.check()
    inputs, targets = inputs.to(dtype), targets.to(dtype)
    networks = [copy.deepcopy(network).to(dtype).eval() for network in networks]
    if not any(parameter.requires_grad for parameter in networks[0].parameters()):
        raise UserError("network: it has no parameter to train")
    members = Members(networks, inputs, targets, alpha, loss)
    # Observables are asked of a network of their own, whose weights they change.
    observed = ScaledChange(copy.deepcopy(networks[0]), alpha)
    flow = Flow(members, observed, settings, observables or {})
    _run(flow, saving, repr(networks[0]))
    return [_result(flow, ScaledChange(networks[row], alpha), row) for row in range(len(networks))]


def _check(inputs: Tensor, targets: Tensor, members: int, alpha: float) -> None:
    if not (alpha > 0 and math.isfinite(alpha)):
        raise UserError(f"alpha {alpha}: it must be positive and finite")
    if not bool(torch.isfinite(inputs).all()):
        raise UserError("inputs: one of them is not a finite number")
    points = inputs.shape[1] if inputs.ndim > 2 else 0
    if points == 0 or len(inputs) != members or targets.shape != (members, points):
        raise UserError(
            f"inputs of shape {tuple(inputs.shape)} and targets of shape {tuple(targets.shape)}:"
            f" {members} networks need [{members}, P, ...] and [{members}, P], P at least 1"
        )


def _run(flow: Flow, saving: Saving | None, network: str) -> None:
    if saving is None:
        flow.start()
        while flow.advance():
            pass
        return
    mark = saved.fingerprint(flow, network)
    if not saved.take_up(saving.path, mark, flow, saving.log):
        flow.start()
    last = time.monotonic()
    while flow.advance():
        interrupted = saving.interrupted()
        if interrupted or time.monotonic() - last >= saving.seconds:
            saved.save(saving.path, mark, flow)
            last = time.monotonic()
        if interrupted:
            raise Interrupted(f"{saving.path}: the state is saved; the same call goes on")


def _result(flow: Flow, predictor: ScaledChange, row: int) -> Fit:
    states = {name: flow.members.state(theta, row) for name, theta in flow.kept[row].items()}
    path = pd.DataFrame(flow.paths[row], columns=[*COLUMNS, *flow.observables])
    return Fit(states, path, flow.reasons[row], predictor)
