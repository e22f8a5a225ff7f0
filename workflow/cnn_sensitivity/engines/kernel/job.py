"""A kernel's fit as a job: all seeds of a run, from its settings to its checkpoint and table."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints import predictors, writing
from cnn_sensitivity.config import Architecture, TrainingSettings
from cnn_sensitivity.config.fits import Kernel
from cnn_sensitivity.engines import gradient_flow
from cnn_sensitivity.engines.base import print_at_once
from cnn_sensitivity.engines.kernel.linear_flow import linear_flow
from cnn_sensitivity.engines.kernel.machines import ridgeless, support_vectors
from cnn_sensitivity.engines.summaries import grid_columns, without_epochs
from cnn_sensitivity.networks.kernel_predictor import KernelPredictor
from cnn_sensitivity.networks.tangent_kernels import AnalyticTangentKernel
from cnn_sensitivity.networks.training_sets import representation, training_set
from cnn_sensitivity.tables import files as table_files
from cnn_sensitivity.tasks.points.signed import Signed, seen, test_error, test_points
from cnn_sensitivity.tasks.store import Dataset


def fit(
    settings: TrainingSettings,
    dataset: Dataset,
    *,
    checkpoint: Path,
    table: Path,
    root: str | Path | None = None,
    device: str = "cpu",
    log: Callable[[str], None] = print_at_once,
) -> None:
    """Write the checkpoint and the table of the machines of the settings' seeds (`base.Job`).

    The kernel is that of the network at infinite width. The table has a row a seed: the run's
    columns, seed, test_error and the number of training points that the predictor uses. It computes
    on the CPU in float64, whatever the device.

    Raises:
        UserError: the network has no analytic kernel here, or the points cannot be fitted.
    """
    told, before = settings.fit, representation(settings, dataset)
    test = seen(before, test_points(dataset))
    assert isinstance(told, Kernel)
    bias = _bias(settings.network)
    states, records, rows = [], [], []
    for seed in settings.seeds:
        points = seen(before, training_set(settings, dataset, seed))
        machine = _fitted(told, AnalyticTangentKernel(bias), points, log)
        wrong = test_error(machine, test)
        rows.append(
            {
                **grid_columns(settings),
                "seed": seed,
                "test_error": wrong,
                "support_vectors": int((machine.dual != 0).sum()),
            }
        )
        records.append(without_epochs(seed, wrong, len(test.targets), {}))
        learned = {name: x[None] for name, x in machine.state_dict().items()}
        zeros = {name: torch.zeros_like(learned[name]) for name in ("dual", "offset")}
        states.append({"initial": {**learned, **zeros}, "last": learned, "best": learned})
    table_files.write(pd.DataFrame(rows), table)
    described, first = predictors.analytic_kernel(bias), before.state_dict()
    writing.write(Path(checkpoint), settings, dataset, states, records, described, first)


def _fitted(
    told: Kernel, kernel: AnalyticTangentKernel, points: Signed, log: Callable[[str], None]
) -> KernelPredictor:
    inputs, targets = points.inputs.flatten(1), points.targets
    if told.method == "support_vectors":
        return support_vectors(kernel, inputs, targets)
    if told.method == "ridgeless":
        return ridgeless(kernel, inputs, targets)
    budget = gradient_flow.Settings(budget=told.budget)
    machine, flow = linear_flow(
        kernel, inputs, targets, loss=gradient_flow.SoftHinge(), settings=budget
    )
    gradients = flow.path["evaluations"].iloc[-1]
    log(f"the flow ended after {gradients} gradients: {flow.stopped_because}")
    return machine


def _bias(network: Architecture) -> bool:
    """Return whether its hidden layer has a bias; raise UserError if its kernel is not known."""
    options = network.options
    one_relu = options.get("hidden_layers", 1) == 1 and options.get("shape", "relu") == "relu"
    if network.name != "NTKFullConn" or not one_relu:
        raise UserError(
            f"network {network.label}: the analytic kernel is that of NTKFullConn with one hidden"
            " layer of ReLU"
        )
    return options.get("bias", "normal") == "normal"
