"""Seconds of a training and of a measurement: by the tables, and by what has finished here."""

import re
from pathlib import Path

import pytest
from checkout import ROOT
from forecast_cases import finished, plan_of

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import NETWORKS, Architecture, read
from cnn_sensitivity.engines.base import FORWARD
from cnn_sensitivity.operations.forecast import (
    Timings,
    as_text,
    forecast,
)
from cnn_sensitivity.operations.forecast.timing_tables import (
    COLUMNS,
    Mode,
    key_and_width,
    read_table,
)
from cnn_sensitivity.operations.forecast.timings import START_SECONDS
from cnn_sensitivity.plan import Plan


def test_every_network_has_been_timed_narrow_and_wide() -> None:
    for name in set(NETWORKS) - {"NTKFullConn"}:  # of flows nothing is forecast
        for size, width in ((28, 0.25), (32, 1.0)):
            network = Architecture(name=name, label=name, width=width)
            assert (Timings().train_seconds(network, size) or 0) > 0
            assert (Timings().measure_seconds(network, size) or 0) > 0
            assert (Timings().parameters(network) or 0) > 0


def test_a_timed_network_is_read_off_and_others_lie_between() -> None:
    narrow, between, wide = (
        Timings().train_seconds(Architecture(name="VGG11bn", label="a", width=width), 32)
        for width in (0.125, 0.5, 1.0)
    )
    assert narrow is not None and between is not None and wide is not None
    assert narrow < between < wide
    rows = read_table(ROOT / "workflow/cnn_sensitivity/operations/forecast/timings.csv")[
        "cpu", "VGG11bn"
    ]
    row = next(row for row in rows if (row.width, row.image_size) == (1.0, 32))
    assert wide == pytest.approx(row.train_seconds)


def test_parameters_are_those_of_the_paper() -> None:
    assert Timings().parameters(Architecture(name="VGG11bn", label="a")) == pytest.approx(9_231_114)


def test_one_dimensional_networks_are_looked_up_by_channels_and_stride() -> None:
    options = {"channels": 50, "stride": 1}
    network = Architecture(name="SimpleCNN1D", label="a", width=2.0, options=options)
    assert key_and_width(network) == ("SimpleCNN1D stride 1", 100.0)


def test_finished_trainings_of_this_machine_replace_the_table() -> None:
    plan = plan_of("quick")
    network = finished(plan, 0, seconds=1003.0)
    timings = Timings(Path("results"))
    images = (5000 + FORWARD * 2000) / 1000 * 10 * 3
    expected = (1003.0 - START_SECONDS) / images
    assert timings.train_seconds(network, 28) == pytest.approx(expected)
    assert timings.is_own(network, 28)
    assert f"but for {network.label}, timed here" in as_text(forecast(plan), 2)


def test_finished_trainings_of_this_machine_scale_the_table_for_other_networks() -> None:
    plan = plan_of("quick")
    names = [run.network.name for run in plan.runs]
    number = names.index("VGG11bn")
    network = plan.runs[number].network
    reference = Timings().train_seconds(network, 28)
    other = plan.runs[-1].network
    before, measuring = Timings().train_seconds(other, 128), Timings().measure_seconds(other, 128)
    assert reference and before and measuring
    recipe = plan.training_settings(plan.runs[number]).recipe
    assert recipe.tests == recipe.epochs / 10
    passes = (5000 + FORWARD * 2000 / 10) / 1000 * 10 * len(plan.runs[number].seeds)
    # Short of SHORTEST, so it says nothing of its own network alone.
    expected = START_SECONDS + reference * passes
    finished(plan, number, seconds=1.5 * expected)
    finished(plan, names.index("FullConnL2"), seconds=999.0 * START_SECONDS)  # starting alone
    timings = Timings(Path("results"))
    assert timings.machine.factor == pytest.approx(1.5)
    assert not timings.is_own(network, 28)
    assert timings.train_seconds(other, 128) == pytest.approx(1.5 * before)
    assert timings.measure_seconds(other, 128) == pytest.approx(1.5 * measuring)
    assert "a reference machine, times 1.5 by the trainings finished here" in as_text(
        forecast(plan)
    )


@pytest.mark.parametrize(
    "line",
    ["images/A (seed 0): goes on in epoch 3, step 0", "taken from another run: a.safetensors"],
)
def test_a_training_that_was_not_done_here_as_a_whole_is_no_timing(line: str) -> None:
    plan = plan_of("quick")
    network = finished(plan, 0, 1000.0, line)
    timings = Timings(Path("results"))
    assert not timings.is_own(network, 28)
    assert timings.machine.factor == 1.0


def test_short_and_damaged_trainings_are_not_taken_for_a_timing() -> None:
    plan = plan_of("quick")
    short, damaged = finished(plan, 0, seconds=5.0), finished(plan, 3, seconds=1000.0)
    Path(plan.runs[3].path("checkpoint.safetensors")).write_bytes(b"\xff" * 100)
    timings = Timings(Path("results"))
    assert not timings.is_own(short, 28)
    assert not timings.is_own(damaged, 28)


def test_of_what_nobody_has_timed_the_time_is_a_lower_bound() -> None:
    overlay = ROOT / "workflow/scenarios/geiger_2021/quick.yaml"
    text = as_text(forecast(Plan(read(ROOT / "config.yaml", overlay))), 2)
    assert "Not counted, for nobody has timed them: NTKFullConn" in text
    assert re.search(r"^Time: at least .* of one core; here, on 2, at least ", text, re.MULTILINE)


def gpu_table(path: Path, *rows: str) -> Path:
    """Write a table of a GPU: network, precision, graph, seeds, seconds of training, measuring."""
    lines = [",".join(COLUMNS)]
    for row in rows:
        network, precision, graph, seeds, train, measured = row.split()
        mode = f"{precision},{graph},{seeds}"
        lines.append(f"Card A,{network},1.0,32,{mode},1000,{train},{measured.strip('-')}")
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_table_of_a_gpu_in_the_working_folder_gives_the_hours() -> None:
    gpu_table(Path("timings/card-a.csv"), "VGG11 float32 1 1 0.02 0.5")
    plan = plan_of("paper")
    expected = forecast(plan)
    assert expected.on_gpu
    text = as_text(expected)
    assert "Speed: that of Card A (timings/card-a.csv)" in text
    assert "Not counted, for nobody has timed them: AlexNet" in text
    cost = next(each for each in expected.costs if each.run.network.label == "VGG11")
    assert cost.train == pytest.approx(START_SECONDS + 0.02 * (50 + FORWARD * 10) * 250)
    # Initial, trained, and three times shuffled; and thirty fresh networks beside the trained one.
    assert cost.measure == pytest.approx(START_SECONDS + 0.5 * 500 * (5 + 31) / 1000)
    on_cpu = plan_of("quick")
    assert not forecast(on_cpu).on_gpu


@pytest.mark.parametrize(
    ("mode", "seconds"),
    [
        (Mode("float32", True, 1), 8.0),
        (Mode("bf16", True, 1), 4.0),
        (Mode("bf16", True, 8), 1.0),
        (Mode("bf16", True, 4), 1.0),  # nearer to 8 than to 1
        (Mode("bf16", False, 1), 4.0),  # not timed without graph
        (Mode("tf32", True, 1), 8.0),  # not timed at all: those of another precision
    ],
)
def test_the_mode_most_like_the_one_that_is_asked_for_counts(mode: Mode, seconds: float) -> None:
    table = gpu_table(
        Path("timings/a.csv"),
        "LeNet float32 1 1 8 -",
        "LeNet bf16 1 1 4 -",
        "LeNet bf16 1 8 1 -",
    )
    timings = Timings(on_gpu=True, gpu_table=table)
    network = Architecture(name="LeNet", label="a")
    assert timings.train_seconds(network, 32, mode) == seconds
    assert timings.measure_seconds(network, 32, mode) == seconds  # where it was not measured


def test_trainings_on_a_gpu_count_for_their_own_mode_only() -> None:
    plan = plan_of("paper")
    network = finished(plan, 0, seconds=1000.0, first_line="GPU: some card")
    timings = Timings(Path("results"), on_gpu=True)
    mode = Mode.of(plan.training_settings(plan.runs[0]))
    assert mode == Mode("float32", cuda_graph=True, seeds=11)
    assert timings.is_own(network, 32, mode)
    assert not timings.is_own(network, 32, Mode("bf16", True, 11))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"device,network\nA,LeNet\n", "bad.csv: line 2 is no timing"),
        (b"\xff\xfe", "bad.csv: is no text"),
    ],
)
def test_a_damaged_table_of_a_gpu_is_named(content: bytes, says: str) -> None:
    Path("timings").mkdir()
    Path("timings/bad.csv").write_bytes(content)
    with pytest.raises(UserError, match=says):
        forecast(plan_of("paper"))
    assert not forecast(plan_of("quick")).on_gpu
