"""What a run would take: timings, hours, disk, and what is there already."""

import heapq
import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from checkout import ROOT

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.sealed import write_sealed
from cnn_sensitivity.checkpoints.sealed import CHECKPOINT
from cnn_sensitivity.cli import main
from cnn_sensitivity.config import NETWORKS, Architecture, parse, read
from cnn_sensitivity.operations.forecast import (
    Forecast,
    Priorities,
    Timings,
    as_text,
    forecast,
    in_short,
)
from cnn_sensitivity.operations.forecast.estimate import data_of
from cnn_sensitivity.operations.forecast.summary import duration
from cnn_sensitivity.operations.forecast.timings import (
    COLUMNS,
    FORWARD,
    START_SECONDS,
    Mode,
    key_and_width,
    read_table,
)
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tasks.prepare import prepare
from cnn_sensitivity.tasks.store import save


def plan_of(scenario: str) -> Plan:
    overlays = (
        [] if scenario == "quick" else [ROOT / f"workflow/scenarios/tomasini_2022/{scenario}.yaml"]
    )
    return Plan(read(ROOT / "config.yaml", *overlays))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder without results."""
    monkeypatch.chdir(tmp_path)


def finished(plan: Plan, number: int, seconds: float, first_line: str = "epoch") -> Architecture:
    """Write what a finished training leaves; return its network."""
    run = plan.runs[number]
    settings = plan.training_settings(run)
    path = Path(run.path("checkpoint.safetensors"))
    description = {
        "settings": settings.model_dump(mode="json"),
        "dataset": {"train_images": 5000, "image_size": data_of(plan, run.experiment).size},
        "test_images": 2000,
        "seeds": [{"seed": seed, "epochs": 10} for seed in run.seeds],
    }
    write_sealed(path, CHECKPOINT, description, {"last/weight": np.zeros(3, np.float32)})
    Path(run.path("training.benchmark.tsv")).write_text(f"s\th:m:s\n{seconds}\t0:00:01\n")
    Path(run.path("training.log")).write_text(f"{first_line}\n")
    Path(run.path("training.csv")).write_text("experiment\n")
    return settings.network


def test_every_network_has_been_timed_narrow_and_wide() -> None:
    for name in NETWORKS:
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
    assert timings.machine == pytest.approx(1.5)
    assert not timings.is_own(network, 28)
    assert timings.train_seconds(other, 128) == pytest.approx(1.5 * before)
    assert timings.measure_seconds(other, 128) == pytest.approx(1.5 * measuring)
    assert "a reference machine, times 1.5 by the trainings finished here" in as_text(
        forecast(plan)
    )


def test_epochs_that_are_not_tested_take_less(tmp_path: Path) -> None:
    overlay = tmp_path / "all.yaml"
    overlay.write_text("recipes: {without_batch_norm: {test_every: 1}}\n")
    config = ROOT / "config.yaml"
    some, every = (Plan(read(config, *layers)) for layers in ([], [overlay]))
    number = [run.network.name for run in some.runs].index("VGG11")
    network, recipe = some.runs[number].network, some.training_settings(some.runs[number]).recipe
    saved = forecast(every).costs[number].train - forecast(some).costs[number].train
    per_thousand = Timings().train_seconds(network, 28)
    assert saved == pytest.approx(per_thousand * FORWARD * 2 * (recipe.epochs - recipe.tests))


def test_a_training_that_went_on_where_it_was_is_no_timing() -> None:
    plan = plan_of("quick")
    network = finished(plan, 0, 1000.0, "images/A (seed 0): goes on in epoch 3, step 0")
    timings = Timings(Path("results"))
    assert not timings.is_own(network, 28)
    assert timings.machine == 1.0


def test_short_and_damaged_trainings_are_not_taken_for_a_timing() -> None:
    plan = plan_of("quick")
    short, damaged = finished(plan, 0, seconds=5.0), finished(plan, 3, seconds=1000.0)
    Path(plan.runs[3].path("checkpoint.safetensors")).write_bytes(b"\xff" * 100)
    timings = Timings(Path("results"))
    assert not timings.is_own(short, 28)
    assert not timings.is_own(damaged, 28)


def test_gpu_hours_are_unknown_until_a_gpu_has_been_timed() -> None:
    plan = plan_of("paper")
    before = forecast(plan)
    assert not before.on_gpu
    assert "no GPU has been timed" in as_text(before)
    finished(plan, 0, seconds=1000.0, first_line="GPU: some card")
    after = forecast(plan)
    assert after.on_gpu
    assert "of one GPU" in as_text(after)
    assert "Not counted, for nobody has timed them: AlexNet" in as_text(after)


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
    ("source", "copy"),
    [
        ("cifar10", "cifar-10-batches-bin"),
        ("cifar10", "cifar-10-python.tar.gz"),
        ("fashion_mnist", "train-images-idx3-ubyte.gz"),
        ("fashion_mnist", "FashionMNIST/raw/train-images-idx3-ubyte"),
    ],
)
def test_a_data_set_that_is_there_is_not_downloaded(source: str, copy: str) -> None:
    raw = read(ROOT / "config.yaml").model_dump(exclude_none=True)
    raw["experiments"]["images"]["source"] = {"name": source}
    plan = Plan(parse(raw))
    assert source in forecast(plan).downloads
    Path("data", copy).mkdir(parents=True)
    assert source not in forecast(plan).downloads


def test_measuring_takes_longer_for_each_fresh_network() -> None:
    raw = read(ROOT / "config.yaml").model_dump(exclude_none=True)
    (vgg11,) = (
        each for each in raw["experiments"]["images"]["networks"] if each["name"] == "VGG11"
    )
    raw["experiments"]["images"]["networks"] = [vgg11]
    costs = []
    for measurements in (["sensitivity"], ["sensitivity", "initial"]):
        vgg11["measurements"] = measurements
        costs.append(forecast(Plan(parse(raw))).costs[0].measure - START_SECONDS)
    # Thirty fresh ones and the trained one; the others as above.
    assert costs[1] / costs[0] == pytest.approx(1 + (30 + 1) / 5)


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


def test_a_network_of_ones_own_is_not_guessed() -> None:
    config = plan_of("quick").config
    images = config.experiments["images"]
    own = images.networks[0].model_copy(update={"name": "mine:net", "label": "mine"})
    images = images.model_copy(update={"networks": [own]})
    experiments = {**config.experiments, "images": images}
    text = as_text(forecast(Plan(config.model_copy(update={"experiments": experiments}))))
    assert "nobody has timed them: mine" in text
    assert next(line for line in text.splitlines() if " mine " in line).endswith("?")


def test_files_that_exist_are_counted_as_made() -> None:
    plan = plan_of("smoke")
    run = plan.runs[0]
    before = forecast(plan)
    finished(plan, 0, seconds=1.0)
    after = forecast(plan)
    assert [cost.trained for cost in after.costs].count(True) == 1
    assert after.seconds_left < before.seconds_left
    assert not after.costs[0].measured
    Path(run.measured).write_text("D\n")
    assert forecast(plan).costs[0].left == 0


def test_the_default_run_takes_minutes_and_the_papers_years_of_one_core() -> None:
    assert 10 * 60 < forecast(plan_of("quick")).seconds_left < 60 * 60
    assert forecast(plan_of("paper")).seconds_left > 365 * 24 * 3600


def test_the_text_lists_every_network_and_fits_a_terminal() -> None:
    plan = plan_of("paper")
    text = as_text(forecast(plan), 16)
    for run in plan.runs:
        assert f" {run.network.label} " in text
    table = text.split("To make")[0]
    assert max(map(len, table.splitlines())) <= 100
    assert "769" in table  # trainings


def test_the_short_text_has_a_line_for_each_experiment() -> None:
    text = in_short(forecast(plan_of("smoke")), 2)
    assert "  images: 8 trainings in 6 jobs, 0 trained, 0 measured" in text.splitlines()
    assert "  scale_detection_1d_task1: 2 trainings in 1 job, 0 trained, 0 measured" in text


def test_a_disk_that_is_too_small_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 10**6))
    assert "more than there is" in as_text(forecast(plan_of("quick")))


def test_images_of_a_folder_are_counted(tmp_path: Path) -> None:
    for number in range(7):
        for folder in ("train/cat", "train/dog", "test/cat", "test/dog"):
            path = tmp_path / "pictures" / folder / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    (tmp_path / "pictures/train/cat/.hidden").touch()
    overlay = tmp_path / "mine.yaml"
    source = f"{{name: image_folder, root: {tmp_path}/pictures, train_size: null, test_size: null}}"
    overlay.write_text(f"experiments: {{images: {{source: {source}}}}}")
    plan = Plan(read(ROOT / "config.yaml", overlay))
    data = data_of(plan, "images")
    assert (data.train, data.test) == (14, 14)
    less = forecast(plan).costs[0].train
    more = forecast(plan_of("quick")).costs[0].train
    assert less is not None and more is not None
    assert less - START_SECONDS < (more - START_SECONDS) / 50


SMALL_TASKS = {
    "subset": {"source": {"name": "embedded", "train_size": 50, "test_size": 30}},
    "padded": {"source": {"name": "embedded", "train_size": 20, "pad_to": 32}},
    "templates": {
        "source": {
            **{"name": "embedded", "train_size": 40, "test_size": 20},
            "templates": {"count": 5, "displacement": 2},
        }
    },
    "scale_detection_2d": {"size": 16, "scale": 8, "train_sizes": [8, 16], "test_size": 12},
    "scale_detection_1d_task1": {"size": 32, "scale": 8, "train_size": 64, "validation_size": 6},
    "scale_detection_1d_task2": {"size": 32, "scale": 8, "train_size": 20, "validation_size": 6},
    # More pairs are left than the test takes.
    "many": {"kind": "scale_detection_1d_task2", "size": 512, "scale": 128},
}


@pytest.mark.parametrize("name", SMALL_TASKS)
def test_a_task_has_as_many_images_and_bytes_as_were_forecast(name: str, tmp_path: Path) -> None:
    task = {"kind": "images" if "source" in SMALL_TASKS[name] else name, **SMALL_TASKS[name]}
    network = {"name": "LeNet"}
    if "1d" in task["kind"]:
        options = {"blocks": 2, "channels": 4, "filter_size": 2, "stride": 2}
        network = {"name": "SimpleCNN1D", "options": options}
    task |= {"recipe": "brief", "seeds": [0], "networks": [network]}
    raw = {"run": "small", "recipes": {"brief": {"epochs": 1}}, "experiments": {name: task}}
    raw["measurements"] = {"sensitivity": {"images": 4}}
    plan = Plan(parse(raw))
    made, data = prepare(**plan.dataset_settings(name)), data_of(plan, name)
    assert (data.train, data.test) == (len(made.train.labels), len(made.test.labels))
    assert data.validation == (len(made.validation.labels) if made.validation else 0)
    assert (data.channels, *(data.size,) * data.dimensions) == made.train.images.shape[1:]
    save(made, tmp_path / "made", name)
    # The file describes itself too, in some hundred bytes.
    assert 0 < (tmp_path / "made").stat().st_size - data.bytes < 2000


def test_the_default_run_tests_on_512_and_10000_signals() -> None:
    plan = plan_of("quick")
    tasks = [f"scale_detection_1d_task{number}" for number in (1, 2)]
    assert sorted(data_of(plan, task).test for task in tasks) == [512, 10_000]


def seconds_of_a_schedule(expected: Forecast, cores: int) -> float:
    """Return how long a run takes whose cores always start the job of the highest priority."""
    priorities = Priorities(expected)
    seconds = {(cost.run.name, "train"): cost.train or 0.0 for cost in expected.costs}
    seconds |= {(cost.run.name, "measure"): cost.measure or 0.0 for cost in expected.costs}
    ready = [(-priorities.run(name), name, kind) for name, kind in seconds if kind == "train"]
    heapq.heapify(ready)
    running: list[tuple[float, str, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            _, name, kind = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[name, kind], name, kind))
        now, name, kind = heapq.heappop(running)
        if kind == "train":
            heapq.heappush(ready, (-priorities.run(name), name, "measure"))
    return now


@pytest.mark.parametrize("cores", [2, 4])
def test_long_chains_first_leave_no_core_waiting(cores: int) -> None:
    expected = forecast(plan_of("quick"))
    work = sum(cost.seconds or 0.0 for cost in expected.costs)
    assert seconds_of_a_schedule(expected, cores) < 1.08 * work / cores


def test_a_data_set_goes_before_the_longest_chain_that_waits_for_it() -> None:
    expected = forecast(plan_of("quick"))
    priorities = Priorities(expected)
    longest = max(expected.costs, key=lambda cost: cost.seconds or 0.0)
    first = priorities.run(longest.run.name)
    assert first == pytest.approx(longest.seconds, abs=0.01)
    assert priorities.dataset(longest.run.experiment) == first
    assert all(priorities.run(cost.run.name) <= first for cost in expected.costs)


def test_a_network_that_nobody_has_timed_goes_first() -> None:
    expected = forecast(plan_of("quick"))
    unknown = replace(expected.costs[-1], train=None)
    priorities = Priorities(replace(expected, costs=(*expected.costs[:-1], unknown)))
    assert priorities.run(unknown.run.name) == max(
        priorities.run(cost.run.name) for cost in expected.costs
    )


def test_the_verb_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    smoke = ROOT / "workflow/scenarios/tomasini_2022/smoke.yaml"
    main(["plan", "--configfile", str(ROOT / "config.yaml"), str(smoke), "--cores", "3"])
    text = capsys.readouterr().out
    assert text.startswith("The whole run 'smoke': 16 figures and the scorecard")
    assert "here, on 3, about" in text


def test_the_verb_refuses_a_bad_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan", "--configfile", "nowhere.yaml"])
    assert ended.value.code == 2
    assert "nowhere.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(12.4, "12 s"), (300, "5 min"), (7200, "2.0 h"), (3.6e6, "1,000 h")],
)
def test_durations(seconds: float, says: str) -> None:
    assert duration(seconds) == says
