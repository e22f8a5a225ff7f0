"""The integration of a flow to its end: the states that are kept and the table of the path."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines.gradient_flow.members import Members
from cnn_sensitivity.engines.gradient_flow.rkc import State, Stepper
from cnn_sensitivity.networks.scaled_change import ScaledChange

T_STAR_SHARE = 0.1
"""t*: the first time at which more than this share of the points is fitted (C21 [code])."""
COLUMNS = ("time", "loss", "share_fitted", "evaluations", "state")
"""What every row of the path has, before the observables; `state` names those kept there."""
# A row of the path: when time has grown, or the loss fallen, by so much since the last.
_GROWN, _FALLEN = 1.05, 0.95

Observables = Mapping[str, Callable[[ScaledChange], float]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """When to stop, which states to keep, how accurate to be."""

    stop: float = 1.0
    """Stop once this share of the points is fitted."""
    budget: int = 100_000
    """Stop after this many gradients of a member."""
    shares: Sequence[float] = ()
    """Keep the state `fitted-<share>` at which this share of the points is first fitted."""
    tolerance: float = 0.01

    def check(self) -> None:
        """Raise UserError where a value is out of range."""
        for share in (self.stop, *self.shares):
            if not 0 < share <= 1:
                raise UserError(f"share {share} of fitted points: it must be above 0, at most 1")
        if not 0 < self.tolerance < 1:
            raise UserError(f"tolerance {self.tolerance}: it must lie between 0 and 1")
        if self.budget < 1:
            raise UserError(f"budget {self.budget}: it must be at least one gradient evaluation")


DEFAULTS = Settings()


class Flow:
    """A flow that advances step by step; its `snapshot` goes on to the bit in another process."""

    def __init__(
        self,
        members: Members,
        predictor: ScaledChange,
        settings: Settings,
        observables: Observables,
    ):
        self.members, self.settings, self.observables = members, settings, observables
        self._predictor = predictor
        count = len(members.theta)
        self._stepper = Stepper(members, members.theta, members.alpha, settings.tolerance)
        self.paths: list[list[Row]] = [[] for _ in range(count)]
        self.kept: list[dict[str, Tensor]] = [{} for _ in range(count)]
        self.reasons: list[str] = [""] * count
        self.state: State

    def start(self) -> None:
        """Take up the initial state.

        Raises:
            UserError: the outputs are not finite, or the gradient is zero.
        """
        self.state = self._stepper.first()
        for row in range(len(self.reasons)):
            if not bool(torch.isfinite(self.state.gradient[row]).all()):
                raise UserError(
                    f"member {row}: the flow cannot start, its outputs or gradient are not finite;"
                    " scale the inputs or the network"
                )
            self._note(row, ["initial"])
            self._end(row)
            if self.reasons[row] == "stationary":
                raise UserError(
                    f"member {row}: the flow does not move, its gradient is zero at initialisation;"
                    " draw other initial parameters"
                )

    def advance(self) -> bool:
        """Try a step of each member that goes on; return whether any still does.

        Raises:
            UserError: no step takes a member further.
        """
        rows = torch.tensor([row for row, reason in enumerate(self.reasons) if not reason])
        if not len(rows):
            return False
        for row in rows[self._stepper.advance(self.state, rows)].tolist():
            self._note(row, self._reached(row))
        for row in rows.tolist():
            self._end(row)
            if not self.reasons[row] and self._stepper.lost(self.state, row):
                raise UserError(
                    f"member {row}: the flow diverges at t = {float(self.state.time[row]):.3g},"
                    " where no step takes it further; use a smoother activation, another alpha or"
                    " float64"
                )
        return not all(self.reasons)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return all that the flow depends on, as plain values and as arrays."""
        arrays = {f"live/{name}": x.numpy().copy() for name, x in self.state.tensors().items()}
        arrays["initial_outputs"] = self.members.initial_outputs.numpy()
        for row, kept in enumerate(self.kept):
            arrays |= {f"kept/{row}/{name}": theta.numpy() for name, theta in kept.items()}
        order = [list(kept) for kept in self.kept]
        return {"paths": self.paths, "reasons": self.reasons, "kept": order}, arrays

    def restore(self, plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Take up what `snapshot` returned."""
        # Memory of torch's own: how it is aligned can change the last bit of a product.
        tensors = {name: torch.from_numpy(array).clone() for name, array in arrays.items()}
        self.state = State(
            **{n.removeprefix("live/"): x for n, x in tensors.items() if n.startswith("live/")}
        )
        self.members.initial_outputs = tensors["initial_outputs"]
        self.paths, self.reasons = copy.deepcopy(plain["paths"]), list(plain["reasons"])
        self.kept = [
            {name: tensors[f"kept/{row}/{name}"] for name in names}
            for row, names in enumerate(plain["kept"])
        ]

    def _share(self, row: int) -> float:
        fitted = self.members.loss.fitted(self.state.outputs[row], self.members.targets[row])
        return float(fitted.double().mean())

    def _reached(self, row: int) -> list[str]:
        """Return the states that this one is the first to reach."""
        share = self._share(row)
        names = ["t_star"] if share > T_STAR_SHARE else []
        names += [f"fitted-{wanted:g}" for wanted in self.settings.shares if share >= wanted]
        return [name for name in names if name not in self.kept[row]]

    def _end(self, row: int) -> None:
        """Say why a member stops, if it does, and keep its last state."""
        if self._share(row) >= self.settings.stop:
            reason = "fitted"
        elif not bool(self.state.gradient[row].any()):
            reason = "stationary"
        elif self.state.evaluations[row] >= self.settings.budget:
            reason = "budget"
        else:
            return
        self.reasons[row] = reason
        self._note(row, ["last"])

    def _note(self, row: int, names: list[str]) -> None:
        """Keep the state under these names; add a row to the path where one is due."""
        for name in names:
            self.kept[row][name] = self.state.theta[row].clone()
        path = self.paths[row]
        time, loss = float(self.state.time[row]), self._loss(row)
        last = path[-1] if path else None
        if last and last["time"] == time:
            last["state"] = " ".join([*last["state"].split(), *names])
            return
        if last and not names and time < _GROWN * last["time"] and loss > _FALLEN * last["loss"]:
            return
        evaluations = int(self.state.evaluations[row])
        values = (time, loss, self._share(row), evaluations, " ".join(names))
        path.append({**dict(zip(COLUMNS, values, strict=True)), **self._observed(row)})

    def _loss(self, row: int) -> float:
        targets = self.members.targets[row]
        return float(self.members.loss.value(self.state.outputs[row], targets).mean())

    def _observed(self, row: int) -> Row:
        if not self.observables:
            return {}
        members, predictor = self.members, self._predictor
        predictor.network.load_state_dict(members.state(self.state.theta[row], row))
        predictor.initial.load_state_dict(members.state(members.theta[row], row))
        with torch.no_grad():
            return {name: float(of(predictor)) for name, of in self.observables.items()}
