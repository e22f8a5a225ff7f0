"""RKC2: the stabilised explicit Runge-Kutta-Chebyshev step of second order, for gradient flows.

Its real stability interval grows as the square of its stages. Coefficients, damping 2/13 and error
estimate: Sommeijer, Shampine, Verwer, J. Comput. Appl. Math. 88 (1998) 315. The scales of error,
step and power iteration are those of F = scale (f - f0): see `Stepper`.

Members are stacked: S of them, each with N parameters, P outputs, and a time and step of its own.
"""

from dataclasses import dataclass, fields
from functools import cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

DAMPING = 2 / 13
# |real stability interval| = (s^2 - 1)/STIFFNESS; a fifth is kept for a radius that is estimated.
STIFFNESS = 1.54 * 1.2
MAX_STAGES = 100
MAX_CHANGE = 0.5
"""The largest change of an output within a step."""
# A flow is lost after so many rejections in a row, or where a step is so small a share of the time.
_REJECTIONS, _SMALLEST = 60, 1e-14


class Field(Protocol):
    """A gradient flow: theta' = -gradient."""

    def __call__(self, theta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs [R, P] and gradients [R, N] of the members `rows` [R] at theta [R, N]."""


@dataclass
class State:
    """Where each member is: all that the next step depends on."""

    theta: Tensor  # [S, N]
    outputs: Tensor  # [S, P]
    gradient: Tensor  # [S, N]
    direction: Tensor  # [S, N], of the power iteration
    time: Tensor  # [S]
    step: Tensor  # [S], the next to try
    radius: Tensor  # [S], spectral radius of the flow's Jacobian
    evaluations: Tensor  # [S], gradients so far
    rejected: Tensor  # [S], steps rejected in a row

    def tensors(self) -> dict[str, Tensor]:
        """Return its tensors by name; they share memory."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@cache
def coefficients(stages: int) -> np.ndarray:
    """Return [stages + 1, 5]: row j holds what Y_j takes of Y_0, Y_j-1, Y_j-2, h F_j-1, h F_0."""
    w0 = 1 + DAMPING / stages**2
    # T_j, T_j' and T_j'' at w0, by recurrence.
    value, first, second = [1.0, w0], [0.0, 1.0], [0.0, 0.0]
    for _ in range(2, stages + 1):
        second.append(4 * first[-1] + 2 * w0 * second[-1] - second[-2])
        first.append(2 * value[-1] + 2 * w0 * first[-1] - first[-2])
        value.append(2 * w0 * value[-1] - value[-2])
    w1 = first[stages] / second[stages]
    b = [0.0, 0.0, *(second[j] / first[j] ** 2 for j in range(2, stages + 1))]
    b[0] = b[1] = b[2]
    rows = np.zeros((stages + 1, 5))
    rows[1] = [1, 0, 0, 0, b[1] * w1]
    for j in range(2, stages + 1):
        mu, nu, slope = 2 * b[j] * w0 / b[j - 1], -b[j] / b[j - 2], 2 * b[j] * w1 / b[j - 1]
        rows[j] = [1 - mu - nu, mu, nu, slope, -(1 - b[j - 1] * value[j - 1]) * slope]
    return rows


class Stepper:
    """Steps of accuracy `tolerance` along the flow of F = scale (f - f0).

    An error is relative to the displacement |theta - theta_0|: relative to theta it would be blind
    where scale is large. For the same reason the power iteration's displacement is divided by it.
    """

    def __init__(self, field: Field, start: Tensor, scale: float, tolerance: float):
        self.field, self.start = field, start
        self.tolerance, self.lazy = tolerance, max(scale, 1.0)

    def first(self) -> State:
        """Return the state at the start, after eight gradients."""
        members, size = self.start.shape
        rows = torch.arange(members)
        outputs, gradient = self.field(self.start, rows)
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(size, generator=generator, dtype=torch.float64).to(self.start)
        count = torch.ones(members, dtype=torch.int64)
        zeros = torch.zeros(members, dtype=torch.float64)
        state = State(
            theta=self.start.clone(),
            outputs=outputs,
            gradient=gradient,
            direction=(noise / noise.norm()).repeat(members, 1),
            time=zeros.clone(),
            step=zeros.clone(),
            radius=zeros.clone(),
            evaluations=count,
            rejected=torch.zeros_like(count),
        )
        for _ in range(6):
            self._iterate(state, rows)
        self._first_step(state, rows)
        return state

    def advance(self, state: State, rows: Tensor) -> Tensor:
        """Try one step of the members `rows`, in place; return which of them were accepted."""
        stages, step = self._stages(state.step[rows], state.radius[rows])
        theta, gradient = state.theta[rows], state.gradient[rows]
        trial = self._chebyshev(theta, gradient, stages, step, rows)
        outputs, slope = self.field(trial, rows)
        state.evaluations[rows] += stages

        h = step[:, None].to(theta)
        error = (0.8 * (theta - trial) - 0.4 * h * (gradient + slope)).norm(dim=1)
        moved = (trial - self.start[rows]).norm(dim=1) + 1e-3 * trial.norm(dim=1) / self.lazy
        error = (error / (self.tolerance * moved)).double()
        change = (outputs - state.outputs[rows]).abs().amax(dim=1).double()
        finite = torch.isfinite(error) & torch.isfinite(change)
        accepted = finite & (error < 1) & (change < MAX_CHANGE)

        growth = torch.minimum(0.9 * error ** (-1 / 3), 0.9 * MAX_CHANGE / change).clamp(0.2, 2)
        state.step[rows] = step * torch.where(finite, growth, 0.2)
        state.radius[rows[~finite]] *= 2
        state.rejected[rows] = torch.where(accepted, 0, state.rejected[rows] + 1)
        done = rows[accepted]
        state.theta[done], state.outputs[done] = trial[accepted], outputs[accepted]
        state.gradient[done] = slope[accepted]
        state.time[done] += step[accepted]
        if len(done):
            self._iterate(state, done)
        return accepted

    def lost(self, state: State, row: int) -> bool:
        """Return whether no step takes member `row` any further."""
        small = bool(state.step[row] < _SMALLEST * state.time[row])
        return small or int(state.rejected[row]) >= _REJECTIONS

    def _stages(self, step: Tensor, radius: Tensor) -> tuple[Tensor, Tensor]:
        """Return how many stages [R] keep a step stable, and the step, cut where none do."""
        stages = torch.ceil(torch.sqrt(1 + STIFFNESS * step * radius)).clamp(2, MAX_STAGES)
        longest = 0.95 * (stages**2 - 1) / (STIFFNESS * radius)
        return stages.long(), torch.minimum(step, longest)

    def _chebyshev(
        self, theta: Tensor, gradient: Tensor, stages: Tensor, step: Tensor, rows: Tensor
    ) -> Tensor:
        """Return the end [R, N] of a step, each member after its own number of stages."""
        most = int(stages.max())
        table = np.zeros((len(rows), most + 1, 5))
        for member, count in enumerate(stages.tolist()):
            table[member, : count + 1] = coefficients(count)
        weights = torch.from_numpy(table)
        weights[..., 3:] *= -step[:, None, None]  # the field is minus the gradient
        weights = weights.to(theta)
        before, now = theta, theta + weights[:, 1, 4, None] * gradient
        for j in range(2, most + 1):
            going = (stages >= j).nonzero()[:, 0]
            some = slice(None) if len(going) == len(rows) else going
            _, slope = self.field(now[some], rows[some])
            w = weights[some, j, :, None]
            after = w[:, 0] * theta[some] + w[:, 1] * now[some] + w[:, 2] * before[some]
            after += w[:, 3] * slope + w[:, 4] * gradient[some]
            if len(going) < len(rows):
                whole = now.clone()
                whole[going] = after
                after = whole
            before, now = now, after
        return now

    def _iterate(self, state: State, rows: Tensor) -> None:
        """Estimate the spectral radius anew by one power iteration at theta."""
        theta, direction = state.theta[rows], state.direction[rows]
        small = 1e-6 * theta.norm(dim=1, keepdim=True).clamp(min=1) / self.lazy
        _, gradient = self.field(theta + small * direction, rows)
        product = (gradient - state.gradient[rows]) / small
        length = product.norm(dim=1, keepdim=True)
        turned = torch.isfinite(length) & (length > 0)
        state.direction[rows] = torch.where(turned, product / length, direction)
        estimate = torch.where(turned, length, 0)[:, 0].double()
        state.radius[rows] = torch.maximum(estimate, 0.8 * state.radius[rows])
        state.evaluations[rows] += 1

    def _first_step(self, state: State, rows: Tensor) -> None:
        """Choose steps that move no output by more than .01, nor theta by more than a tenth."""
        length = state.gradient.norm(dim=1).double()
        size = state.theta.norm(dim=1).clamp(min=1).double()
        probe = 1e-6 * size / (self.lazy * length)
        moved, _ = self.field(state.theta - probe[:, None].to(state.theta) * state.gradient, rows)
        rate = (moved - state.outputs).abs().amax(dim=1).double() / probe
        state.step = torch.minimum(1e-2 / rate, 0.1 * size / length)
        state.evaluations += 1
