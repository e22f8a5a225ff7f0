"""The page and the table of timings, from made-up results."""

from pathlib import Path

import pytest
from forecast_cases import plan_of

from cnn_sensitivity.config import Architecture
from cnn_sensitivity.engines.base import FORWARD
from cnn_sensitivity.operations.forecast import Timings, as_text, forecast
from cnn_sensitivity.operations.forecast.summary import duration
from cnn_sensitivity.operations.forecast.timing_tables import Mode
from cnn_sensitivity.operations.forecast.timings import START_SECONDS
from cnn_sensitivity.operations.gpu_check.checks import Row
from cnn_sensitivity.operations.gpu_check.outcome import Outcome
from cnn_sensitivity.operations.gpu_check.report import hours_of, page, write_table

DEVICE = "NVIDIA H200"


def train(network: str, precision: str, rate: float, graph: bool = True, seeds: int = 1) -> Row:
    return {
        "network": network,
        "width": 1.0,
        "image_size": 32,
        "precision": precision,
        "cuda_graph": int(graph),
        "seeds": seeds,
        "parameters": 1000,
        "train_seconds": 1000 / rate,
    }


RESULTS: dict[str, Outcome | Row] = {
    "VGG11 0": train("VGG11", "float32", 1e4, graph=False),
    "VGG11 1": train("VGG11", "bf16", 5e4),
    "VGG11 2": train("VGG11", "tf32", 3e4),
    "LeNet 0": train("LeNet", "float32", 8e4),
    "LeNet 1": train("LeNet", "bf16", 8e5, seeds=4),
    "VGG11 3": Outcome(False, "without error", "OutOfMemoryError: CUDA out of memory"),
    "measured": {"network": "VGG11", "width": 1.0, "measure_seconds": 0.25},
    "graph as eager": Outcome(False, "equal to the bit", "a difference of 1e-03"),
    "another": Outcome(True, "equal to the bit", "equal to the bit"),
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "timings/h200.csv"
    write_table(DEVICE, RESULTS, path)
    return path


def test_the_table_is_what_was_timed(table: Path) -> None:
    timings = Timings(on_gpu=True, gpu_table=table)
    assert timings.gpu == DEVICE
    vgg, lenet = (Architecture(name=name, label=name) for name in ("VGG11", "LeNet"))
    assert timings.train_seconds(vgg, 32, Mode("bf16", True, 1)) == pytest.approx(1000 / 5e4)
    assert timings.train_seconds(vgg, 32, Mode("tf32", True, 1)) == pytest.approx(1000 / 3e4, 1e-5)
    assert timings.train_seconds(lenet, 32, Mode("bf16", True, 4)) == pytest.approx(1000 / 8e5)
    assert timings.measure_seconds(vgg, 32) == 0.25
    assert timings.measure_seconds(lenet, 32, Mode("float32", True)) == pytest.approx(1000 / 8e4)


def test_plan_takes_the_table_from_the_working_folder(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of("paper")
    monkeypatch.chdir(tmp_path)
    assert f"Speed: that of {DEVICE} (timings/h200.csv)" in as_text(forecast(plan))


def test_nothing_timed_makes_no_table(tmp_path: Path) -> None:
    write_table(DEVICE, {"another": RESULTS["another"]}, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []
    text = page(DEVICE, {}, [], [plan_of("paper")], tmp_path / "a.csv")
    assert "Hours" not in text


def test_hours_are_those_of_the_forecast_where_every_network_was_timed(table: Path) -> None:
    plan = plan_of("paper")
    assert hours_of(plan, table, "bf16") == "not timed"
    kept = [run for run in plan.runs if run.network.name == "VGG11"]
    vgg = plan.without([run.name for run in plan.runs if run not in kept])
    assert hours_of(vgg, table, "float32") == "not timed"  # by graph it was not
    seconds = 0.0
    for run in kept:
        cifar, epochs = run.experiment == "images", plan.training_settings(run).recipe.epochs
        thousands = (50 if cifar else (run.train_size or 0) / 1000) + FORWARD * 10
        area = 1 if cifar else (28 / 32) ** 2
        train, measure = thousands * epochs * 1000 / 5e4, 0.25 * 500 * 4 / 1000
        seconds += 2 * START_SECONDS + (train + measure) * area * len(run.seeds)
    assert hours_of(vgg, table, "bf16") == duration(seconds)


def test_the_page_begins_with_what_is_wrong_and_ends_with_what_was_not_done(table: Path) -> None:
    late = ["train AlexNet: bf16"]
    lines = page(DEVICE, RESULTS, late, [plan_of("paper")], table).splitlines()
    assert lines[:3] == [f"# {DEVICE}", "", "**2 checks are wrong or failed:**"]
    assert lines[4:6] == [
        "- VGG11 3: OutOfMemoryError: CUDA out of memory, not without error",
        "- graph as eager: a difference of 1e-03, not equal to the bit",
    ]
    assert "| `paper` | not timed | not timed | not timed |" in lines
    wrong = "| graph as eager | equal to the bit | a difference of 1e-03 | **wrong** |"
    assert wrong in lines
    assert "| another | equal to the bit | equal to the bit | right |" in lines
    assert lines[-1] == "- train AlexNet: bf16"
