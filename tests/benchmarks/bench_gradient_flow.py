"""Gradient flow: RKC2 against other solvers, on the stripe of Paccolat 2021.

All follow the same field, from the same start, until every margin is 1. Another solver has four
times the gradients that RKC2 took, and so many seconds. The ratio is RKC2's gradients over those
of the best other; one that does not finish counts with what it spent, unless the seconds ended it.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
import torchdiffeq
from scipy import integrate
from torch import Tensor

from cnn_sensitivity.engines.gradient_flow import SoftHinge
from cnn_sensitivity.engines.gradient_flow.members import Members
from cnn_sensitivity.engines.gradient_flow.rkc import Stepper
from cnn_sensitivity.networks.ntk_fully_connected import ntk_fully_connected
from cnn_sensitivity.tasks.points.stripe import stripe

SECONDS = 30.0
"""Of a processor, for each other solver."""
TIMES = 4
"""How many times RKC2's gradients another may take."""
WIDTH, DIMENSION = 200, 5
ROW = torch.tensor([0])
REGIMES = {"feature, alpha 1e-6": 1e-6, "lazy, alpha 1e6": 1e6}


class Finished(Exception):
    """Every margin is 1."""


class Spent(Exception):
    """There are no gradients left."""


class Expired(Exception):
    """The seconds are over."""


class Problem:
    """A field that counts its evaluations, and ends a solver that knows no events."""

    def __init__(self, points: int, alpha: float, seconds: float, most: float):
        torch.manual_seed(0)
        network = ntk_fully_connected(DIMENSION, WIDTH).double()
        x, y = stripe(np.random.default_rng(0), points, DIMENSION)
        inputs, self.targets = torch.from_numpy(x), torch.from_numpy(y)
        self.alpha, self.evaluations, self.most = alpha, 0, most
        self.members = Members([network], inputs[None], self.targets[None], alpha, SoftHinge())
        self.begin = time.process_time()
        self.end = self.begin + seconds

    def __call__(self, theta: Tensor, rows: Tensor = ROW) -> tuple[Tensor, Tensor]:
        """Return outputs [1, P] and gradients [1, N]."""
        if time.process_time() > self.end:
            raise Expired
        if self.evaluations >= self.most:
            raise Spent
        self.evaluations += 1
        return self.members(theta, rows)

    def velocity(self, theta: Tensor) -> Tensor:
        """Return -gradient [N] at theta [N]; raise `Finished` where every margin is 1."""
        outputs, gradient = self(theta[None])
        if self.fitted(outputs):
            raise Finished
        return -gradient[0]

    def fitted(self, outputs: Tensor) -> bool:
        return bool((outputs * self.targets >= 1).all())


def rkc(problem: Problem, tolerance: float = 0.01) -> None:
    stepper = Stepper(problem, problem.members.theta, problem.alpha, tolerance)
    state = stepper.first()
    while not problem.fitted(state.outputs):
        stepper.advance(state, ROW)


def authors_euler(problem: Problem, tolerance: float) -> None:
    """Accept where |g - g'|^2/(|g||g'|) and the change of outputs are small; /10 else, 1.1 up.

    Theirs is 1e-4, with which it does not finish here either.
    """
    theta, step = problem.members.theta, 1e-3
    outputs, gradient = problem(theta)
    while not problem.fitted(outputs):
        trial = theta - step * gradient
        new_outputs, new = problem(trial)
        turned = float((gradient - new).norm() ** 2 / (gradient.norm() * new.norm()))
        moved = float((new_outputs - outputs).abs().max())
        if turned < tolerance and moved < 0.1:
            theta, outputs, gradient = trial, new_outputs, new
            step *= 1.1 if turned < tolerance / 2 and moved < 0.05 else 1
        else:
            step /= 10


def heun(problem: Problem, tolerance: float) -> None:
    """Heun with Euler inside, the error relative to the displacement as RKC2's."""
    start = theta = problem.members.theta
    outputs, gradient = problem(theta)
    step, lazy = 1e-3, max(problem.alpha, 1.0)
    while not problem.fitted(outputs):
        middle = problem(theta - step * gradient)[1]
        trial = theta - step / 2 * (gradient + middle)
        new_outputs, new = problem(trial)
        moved = (trial - start).norm() + 1e-3 * trial.norm() / lazy
        error = float((step / 2 * (gradient - middle)).norm() / (tolerance * moved))
        change = float((new_outputs - outputs).abs().max())
        if error < 1 and change < 0.5:
            theta, outputs, gradient = trial, new_outputs, new
        step *= float(np.clip(min(0.9 * error**-0.5, 0.45 / change), 0.2, 2))


def scipys(problem: Problem, method: str) -> None:
    def velocity(_: float, theta: np.ndarray) -> np.ndarray:
        return problem.velocity(torch.from_numpy(theta)).numpy()

    scale = 1e-3 / max(problem.alpha, 1.0)
    theta = problem.members.theta[0].numpy()
    integrate.solve_ivp(velocity, (0, 1e30), theta, method=method, rtol=scale, atol=scale)


def torchdiffeqs(problem: Problem, method: str) -> None:
    scale = 1e-3 / max(problem.alpha, 1.0)
    # No solver of it takes an endless time; 1e8 is more than a hundred times what RKC2 needs.
    times = torch.tensor([0.0, 1e8], dtype=torch.float64)
    torchdiffeq.odeint(
        lambda _, theta: problem.velocity(theta),
        problem.members.theta[0],
        times,
        method=method,
        rtol=scale,
        atol=scale,
    )


OTHERS: dict[str, Callable[[Problem], None]] = {
    "the authors' Euler": partial(authors_euler, tolerance=1e-2),
    "Heun": partial(heun, tolerance=0.1),
    **{f"scipy {name}": partial(scipys, method=name) for name in ("RK23", "RK45", "LSODA")},
    **{f"torchdiffeq {name}": partial(torchdiffeqs, method=name) for name in ("bosh3", "dopri5")},
}


def run(solver: Callable[[Problem], None], problem: Problem) -> tuple[bool, str]:
    """Return whether a solver's gradients can be compared, and they and its seconds in words."""
    compared, end = True, ""
    try:
        solver(problem)
    except Finished:
        pass
    except Spent:
        end = "not finished after "
    except (Expired, AssertionError):  # torchdiffeq asserts that a step has not underflown
        compared, end = False, "not finished after "
    seconds = time.process_time() - problem.begin
    return compared, f"{end}{problem.evaluations} in {seconds:.1f} s"


def against_others(points: int) -> Iterator[dict[str, Any]]:
    """Yield a row a regime."""
    for regime, alpha in REGIMES.items():
        ours = Problem(points, alpha, seconds=float("inf"), most=float("inf"))
        _, said = run(rkc, ours)
        details, counts = [f"RKC2 {said}"], []
        for name, solver in OTHERS.items():
            other = Problem(points, alpha, SECONDS, TIMES * ours.evaluations)
            compared, said = run(solver, other)
            details.append(f"{name} {said}")
            if compared:
                counts.append(other.evaluations)
        yield {
            "name": f"gradients of RKC2 / of the best other (stripe, p = {points}, {regime})",
            "ratio": ours.evaluations / min(counts) if counts else float("nan"),
            "target": 1 / 3 if counts else None,
            "detail": "; ".join(details),
        }


BENCHMARKS = [lambda: against_others(256), lambda: against_others(1024)]
