"""A flow as a job: all seeds of a run, from its settings to its checkpoint and table of paths."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from cnn_sensitivity.base.arithmetic import arithmetic
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints import predictors, writing
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.fits import GradientFlow
from cnn_sensitivity.engines import gradient_flow, unfinished
from cnn_sensitivity.engines.base import print_at_once
from cnn_sensitivity.engines.gradient_flow.asked import flows
from cnn_sensitivity.engines.summaries import grid_columns, without_epochs
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.networks.scaled_change import ScaledChange
from cnn_sensitivity.networks.training_sets import representation, training_set
from cnn_sensitivity.tables import files as table_files
from cnn_sensitivity.tasks.points.signed import Signed, error, seen, test_error, test_points
from cnn_sensitivity.tasks.store import Dataset

PATH_POINTS = 2_000
"""Most test points of which the path tells the error; that of a kept state is of all."""


def fit(
    settings: TrainingSettings,
    dataset: Dataset,
    *,
    checkpoint: Path,
    table: Path,
    root: str | Path | None = None,
    device: str = "cpu",
    save_seconds: float = 60.0,
    log: Callable[[str], None] = print_at_once,
) -> None:
    """Write the checkpoint and the paths of the flows of the settings' seeds (`engines.base.Job`).

    The states are initial, t_star, fitted-<share>, last; best is last. The table has a row for each
    recorded step: the run's columns, seed, what `gradient_flow.Fit.path` has, test_error of at most
    `PATH_POINTS` test points, the state that it is kept as, and why the flow stopped in its last
    row. It computes on the CPU in float64, whatever the device.

    Raises:
        UserError: the settings and the task do not fit each other, or a flow does not move.
        SystemExit: a signal came; the state is saved.
    """
    checkpoint, told = Path(checkpoint), settings.fit
    assert isinstance(told, GradientFlow)
    kept, before = unfinished.path_for(checkpoint), representation(settings, dataset)
    test = seen(before, test_points(dataset))
    with (
        torch.random.fork_rng(devices=[]),
        arithmetic("float32", torch.device("cpu")),
        unfinished.Interruption() as interruption,
    ):
        sets = [seen(before, training_set(settings, dataset, seed)) for seed in settings.seeds]
        networks = [build_network(settings, dataset, seed) for seed in settings.seeds]
        saving = gradient_flow.Saving(
            kept, save_seconds, lambda: interruption.signal is not None, log
        )
        try:
            observed = _observables(told, networks[0], test)
            fits = flows(told, networks, sets, _alpha(settings), observed, saving)
        except gradient_flow.Interrupted:
            log("stopped; its state is saved, and the same command goes on")
            raise SystemExit(128 + (interruption.signal or 0)) from None
    _write(settings, dataset, told.shares, fits, test, before, checkpoint, table, log)
    kept.unlink(missing_ok=True)


def _alpha(settings: TrainingSettings) -> float:
    return float(settings.axes["alpha"] or 0)  # the configuration has made sure of it


def _observables(
    told: GradientFlow, network: nn.Module, test: Signed
) -> Mapping[str, Callable[[ScaledChange], float]]:
    """Return what the path tells besides: the test error, and the sizes of the first weights."""
    shown = Signed(test.inputs[:PATH_POINTS], test.targets[:PATH_POINTS])
    observed: dict[str, Callable[[ScaledChange], float]] = {
        "test_error": lambda predictor: error(predictor(shown.inputs), shown.targets)
    }
    if told.informative is None:
        return observed
    first = next((name for name, x in network.named_parameters() if x.ndim == 2), None)
    if first is None or network.get_parameter(first).shape[1] <= told.informative:
        raise UserError(
            f"fit.informative {told.informative}: the first layer of the network must have weights"
            " on more coordinates"
        )
    parts = {"informative": slice(0, told.informative)}
    parts["uninformative"] = slice(told.informative, None)
    for name, part in parts.items():
        observed[f"weights_{name}"] = partial(_root_mean_square, first, part)
    return observed


def _root_mean_square(name: str, part: slice, predictor: ScaledChange) -> float:
    weights: Tensor = predictor.network.get_parameter(name)
    return float((weights[:, part] ** 2).mean().sqrt())


def _write(
    settings: TrainingSettings,
    dataset: Dataset,
    shares: Sequence[float],
    fits: Sequence[gradient_flow.Fit],
    test: Signed,
    before: nn.Module,
    checkpoint: Path,
    table: Path,
    log: Callable[[str], None],
) -> None:
    states, records, paths = [], [], []
    for seed, fit in zip(settings.seeds, fits, strict=True):
        errors = {
            name: test_error(fit.predictor(name), test) for name in fit.states if name != "initial"
        }
        last = errors.pop("last")
        if fit.stopped_because == "budget":
            share = fit.path["share_fitted"].iloc[-1]
            log(f"seed {seed}: the budget ended it with {share:.1%} of the points fitted")
        records.append(without_epochs(seed, last, len(test.targets), errors))
        states.append(_stacked(fit, shares))
        paths.append(_path(settings, dataset, seed, fit))
    described = predictors.scaled_change(_alpha(settings))
    table_files.write(pd.concat(paths, ignore_index=True), table)
    writing.write(checkpoint, settings, dataset, states, records, described, before.state_dict())


def _stacked(fit: gradient_flow.Fit, shares: Sequence[float]) -> dict[str, dict[str, Tensor]]:
    """Return the tensors of all states, [1, ...]; those of the last for one not come to."""
    names = ["initial", "last", "best", "t_star", *(f"fitted-{share:g}" for share in shares)]
    return {
        name: {key: x[None] for key, x in fit.states.get(name, fit.states["last"]).items()}
        for name in names
    }


def _path(
    settings: TrainingSettings, dataset: Dataset, seed: int, fit: gradient_flow.Fit
) -> pd.DataFrame:
    columns: dict[str, Any] = {**grid_columns(settings, dataset), "seed": seed}
    path = fit.path.assign(**columns, stopped="")
    path.loc[path.index[-1], "stopped"] = fit.stopped_because
    return path[[*columns, *(name for name in path if name not in columns)]]
