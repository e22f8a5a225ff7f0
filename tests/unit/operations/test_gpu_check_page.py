"""The page and the table of timings, from made-up results."""

from pathlib import Path
from typing import Any

import pytest
from gpu_check_cases import plan_of

from cnn_sensitivity.config import Architecture
from cnn_sensitivity.operations.forecast import Timings, as_text, forecast
from cnn_sensitivity.operations.forecast.summary import duration
from cnn_sensitivity.operations.forecast.timings import FORWARD, START_SECONDS, Mode
from cnn_sensitivity.operations.gpu_check import gains
from cnn_sensitivity.operations.gpu_check.page import hours_of, page
from cnn_sensitivity.operations.gpu_check.results import Results
from cnn_sensitivity.operations.gpu_check.table import write_table

ABOUT = {"device": "NVIDIA H200", "memory_bytes": 141 * 2**30, "versions": {"torch": "2.11.0"}}


def train(network: str, precision: str, graph: bool, rate: float, seeds: int = 1) -> dict[str, Any]:
    return {
        "kind": "train",
        "network": network,
        "title": network,
        "width": 1.0,
        "image_size": 32,
        "batch_size": 128,
        "precision": precision,
        "cuda_graph": graph,
        "seeds": seeds,
        "images_per_second": rate,
        "parameters": 1000,
        "peak_bytes": 3 * 2**30,
    }


def jobs(network: str, processes: int, rate: float) -> dict[str, Any]:
    together = {"kind": "together", "processes": processes, "mps": processes == 4}
    return {**train(network, "bf16", True, rate), **together}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    made = Results(tmp_path / "h200.json", ABOUT)
    for network, speed in (("VGG11", 1.0), ("LeNet", 4.0)):
        made.add(f"{network} 0", train(network, "float32", False, 1e4 * speed))
        made.add(f"{network} 1", train(network, "float32", True, 2e4 * speed))
        made.add(f"{network} 2", train(network, "bf16", False, 1e4 * speed))
        made.add(f"{network} 3", train(network, "bf16", True, 5e4 * speed))
        made.add(f"{network} 4", train(network, "tf32", True, 3e4 * speed))
    made.add("LeNet 5", train("LeNet", "bf16", True, 8e5, seeds=4))
    made.add("VGG11 6", {"kind": "train", "error": "OutOfMemoryError: CUDA out of memory"})
    made.add("m", {**made.found["VGG11 0"], "kind": "measure", "seconds": 0.25})
    made.found["m"].update(bare_seconds=0.2, bare_seconds_large=0.1)
    made.add("j2", jobs("VGG11", 2, 7e4))
    made.add("j4", jobs("VGG11", 4, 1e5))
    made.add("j8", jobs("VGG11", 8, 9e4))
    found = {"right": False, "expected": "equal to the bit", "found": "a difference of 1e-03"}
    made.add("graph as eager: VGG11", {"kind": "right", **found})
    return made


def test_the_table_is_what_was_timed(results: Results, tmp_path: Path) -> None:
    table = tmp_path / "h200.csv"
    write_table(results, table)
    timings = Timings(on_gpu=True, gpu_table=table)
    assert timings.gpu == "NVIDIA H200"
    vgg, lenet = (Architecture(name=name, label=name) for name in ("VGG11", "LeNet"))
    assert timings.train_seconds(vgg, 32, Mode("bf16", True, 1)) == pytest.approx(1000 / 5e4)
    assert timings.train_seconds(vgg, 32, Mode("tf32", True, 1)) == pytest.approx(0.0333)
    assert timings.train_seconds(lenet, 32, Mode("bf16", True, 4)) == pytest.approx(1000 / 8e5)
    assert timings.measure_seconds(vgg, 32) == 0.25
    assert timings.measure_seconds(lenet, 32, Mode("bf16", True, 1)) == pytest.approx(1000 / 2e5)


def test_plan_takes_the_table_from_the_working_folder(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table(results, tmp_path / "timings/nvidia-h200.csv")
    plan = plan_of("paper")
    monkeypatch.chdir(tmp_path)
    assert "Speed: that of NVIDIA H200 (timings/nvidia-h200.csv)" in as_text(forecast(plan))


def test_nothing_timed_makes_no_table(tmp_path: Path) -> None:
    nothing = Results(tmp_path / "a.json", ABOUT)
    write_table(nothing, tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()
    text = page(nothing, [plan_of("paper")], tmp_path / "a.csv")
    assert text.startswith("# NVIDIA H200")
    assert "Hours" not in text


def test_hours_by_precision(results: Results, tmp_path: Path) -> None:
    table, plan = tmp_path / "h200.csv", plan_of("paper")
    write_table(results, table)
    _, missing = hours_of(plan, table, "bf16")
    assert "VGG11bn" in missing
    assert "VGG11" not in missing
    vgg = [run for run in plan.runs if run.network.name == "VGG11"]
    lenet = [run for run in plan.runs if run.network.name == "LeNet"]
    seconds = 0.0
    for run in [*vgg, *lenet]:
        images = 50 + FORWARD * 10 if run.experiment == "images" else None
        if images is None:
            images = (run.train_size or 0) / 1000 + FORWARD * 10
        epochs = plan.training_settings(run).recipe.epochs
        area = 1 if run.experiment == "images" else (28 / 32) ** 2
        stacked = run.network.name == "LeNet"
        train_1000 = (1000 / 8e5 if stacked else 1000 / 5e4) * area
        measure_1000 = train_1000 if stacked else 0.25 * area
        seconds += START_SECONDS + train_1000 * images * epochs * len(run.seeds)
        seconds += START_SECONDS + measure_1000 * 500 * 4 * len(run.seeds) / 1000
    hours, _ = hours_of(plan, table, "bf16")
    assert hours == duration(seconds)


def test_what_each_choice_gains(results: Results) -> None:
    text = "\n".join(gains.sentences(results))
    assert "CUDA graphs, in float32: 2.00 times as fast in the median over 2 pairs" in text
    assert "CUDA graphs, in bf16: 5.00" in text
    assert "TF32 against float32, with graphs: 1.50" in text
    assert "bf16 against float32, with graphs: 2.50" in text
    assert "Seeds stacked against one alone, with graphs: 4.00 times" in text
    assert gains.best_mode(results) == Mode("bf16", True, 1)
    assert gains.best_jobs(results) == (4, True)


def test_a_mode_that_was_not_timed_everywhere_is_not_the_best(results: Results) -> None:
    results.add("fast", train("VGG11", "tf32", False, 1e9))
    assert gains.best_mode(results) == Mode("bf16", True, 1)
    results.add("another", train("AlexNet", "float32", True, 1.0))
    assert gains.best_mode(results) == Mode("float32", True, 1)


def test_several_jobs_that_gain_nothing_are_not_advised(results: Results) -> None:
    for name in ("j2", "j4", "j8"):
        results.found[name]["images_per_second"] = 5.1e4
    assert gains.best_jobs(results) == (1, False)
    results.found["VGG11 3"]["kind"] = "else"  # one job alone was not timed
    assert gains.together(results)[0] == ("VGG11", 2, False, 5.1e4, None)
    assert gains.best_jobs(results) == (1, False)


def test_the_page(results: Results, tmp_path: Path) -> None:
    table = tmp_path / "h200.csv"
    write_table(results, table)
    results.late = ["train AlexNet: bf16"]
    lines = page(results, [plan_of("paper")], table).splitlines()
    assert lines[:3] == ["# NVIDIA H200", "", "By `make gpu-check` (torch 2.11.0, 141 GiB)."]
    assert "**2 of 17 checks are wrong or failed:**" in lines
    assert "- VGG11 6: OutOfMemoryError: CUDA out of memory" in lines
    found = "- graph as eager: VGG11: found a difference of 1e-03, expected equal to the bit"
    assert found in lines
    assert next(line for line in lines if line.startswith("| `paper` |")).count(" h * |") == 3
    assert "compute: {cuda_graph: true}" in lines
    assert "# and `precision: bf16` in each recipe" in lines
    assert "With `GPU_JOBS=4`, under MPS: so many jobs at once on this GPU." in lines
    assert "| VGG11 | 1 | 10,000 | 20,000 |  | 30,000 | 10,000 | 50,000 | 3.0 |" in lines
    assert "| LeNet | 4 |  |  |  |  |  | 800,000 | 3.0 |" in lines
    assert "| VGG11 | 0.25 | 0.20 | 0.10 |" in lines
    assert "| VGG11 | 4 | yes | 100,000 | 2.00 |" in lines
    eager = "| graph as eager: VGG11 | equal to the bit | a difference of 1e-03 | **wrong** |"
    assert eager in lines
    assert lines[-1] == "- train AlexNet: bf16"
