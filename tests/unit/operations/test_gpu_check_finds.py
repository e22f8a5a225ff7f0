"""What is wrong on a device is found: here the CPU is led astray. And once with a GPU."""

import time
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
import torch
from forecast_cases import plan_of
from gpu_check_cases import CPU, IMAGES, LENET, TINY

from cnn_sensitivity.engines.sgd.ensemble import Stacked
from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.operations.gpu_check import measured, resumed, steps
from cnn_sensitivity.operations.gpu_check.cases import cases_of
from cnn_sensitivity.operations.gpu_check.checks import all_checks
from cnn_sensitivity.operations.gpu_check.outcome import exactly, relative_difference
from cnn_sensitivity.operations.gpu_check.report import wrong_of
from cnn_sensitivity.operations.gpu_check.run import run


def test_a_graph_that_computes_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Trainer.train_step

    def step(self: Trainer) -> None:
        original(self)
        if self.settings.compute.cuda_graph and self.step == 2:
            next(iter(self.ensemble.parameters.values())).data[0] += 1e-6

    assert steps.graph_as_eager(LENET, IMAGES, CPU, 4).right
    monkeypatch.setattr(Trainer, "train_step", step)
    outcome = steps.graph_as_eager(LENET, IMAGES, CPU, 4)
    assert not outcome.right
    assert 0 < outcome.difference < 1e-3


@pytest.mark.parametrize(("scale", "is_right"), [(1 + 1e-5, True), (1 + 1e-3, False)])
def test_a_gradient_that_is_a_little_off_is_found(
    monkeypatch: pytest.MonkeyPatch, scale: float, is_right: bool
) -> None:
    original = Trainer._forward_backward

    def backward(self: Trainer, *batch: torch.Tensor) -> torch.Tensor:
        sums = original(self, *batch)
        for parameter in self.ensemble.parameters.values():
            parameter.grad.mul_(scale)
        return sums

    monkeypatch.setattr(Trainer, "_forward_backward", backward)
    assert steps.as_in_float64(LENET, IMAGES, CPU).right is is_right


def test_a_stack_that_mixes_its_seeds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(LENET.seeds) == 2
    original = Stacked.__call__
    monkeypatch.setattr(Stacked, "__call__", lambda self, x: original(self, x.flip(0)))
    assert not steps.as_in_float64(LENET, IMAGES, CPU).right


def test_a_training_that_does_not_go_on_where_it_was_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert resumed.stopped_and_resumed(LENET, IMAGES, CPU).right
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "restore", lambda self, *saved: None)
        outcome = resumed.stopped_and_resumed(LENET, IMAGES, CPU)
        assert "did not go on where it was" in outcome.found
    original = Trainer.restore

    def forgetful(self: Trainer, *saved: dict) -> None:
        original(self, *saved)
        for state in self._optimizer.state.values():
            state["momentum_buffer"].zero_()

    monkeypatch.setattr(Trainer, "restore", forgetful)
    outcome = resumed.stopped_and_resumed(LENET, IMAGES, CPU)
    assert (outcome.right, outcome.found) == (False, "another checkpoint and table")


@pytest.mark.parametrize("average", measured.AVERAGES)
@pytest.mark.parametrize(("quantity", "factor"), [("D", 1.001), ("G", inf), ("R", float("nan"))])
def test_a_sensitivity_that_is_off_is_found(
    monkeypatch: pytest.MonkeyPatch, average: str, quantity: str, factor: float
) -> None:
    assert measured.as_in_float64(LENET, IMAGES, CPU, 8, average).right
    calls = 0

    def third_is_wrong(*arguments: object, **options: object):
        nonlocal calls
        calls += 1
        table = sensitivity.measure(*arguments, **options)  # type: ignore[arg-type]
        if calls == 3:
            table.loc[2, quantity] *= factor
        return table

    monkeypatch.setattr(measured, "measure", third_is_wrong)
    assert not measured.as_in_float64(LENET, IMAGES, CPU, 8, average).right


def test_outcomes() -> None:
    one = {"a": torch.tensor([3.0, 4.0])}
    assert relative_difference({"a": torch.tensor([3.0, 4.5])}, one) == pytest.approx(0.1)
    assert relative_difference({"b": one["a"]}, one) == inf
    assert exactly(one, one).right
    assert not exactly({"a": -torch.zeros(1)}, {"a": torch.zeros(1)}).right
    broken = {"a": torch.tensor([float("nan")])}
    assert not exactly(broken, broken).right
    assert "not finite" in exactly(broken, broken).found


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_right(tmp_path: Path) -> None:
    plan, gpu = plan_of("smoke"), torch.device("cuda", 0)
    checks = all_checks(cases_of([plan]), gpu, replace(TINY, width=0.25, batch=32, measured=32))
    results = run(checks, "gpu", [plan], tmp_path, time.monotonic() + 600, print)
    assert len(results) == len(checks)
    assert wrong_of(results) == {}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_measuring_uses_no_tf32_on_a_gpu() -> None:
    assert measured.as_in_float64(LENET, IMAGES, torch.device("cuda", 0), 8, "mean").right
