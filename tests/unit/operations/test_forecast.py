"""What a run would take: timings, hours, disk, and what is there already."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from checkout import ROOT
from forecast_cases import finished, plan_of

from cnn_sensitivity.cli import main
from cnn_sensitivity.config import parse, read
from cnn_sensitivity.engines.base import FORWARD
from cnn_sensitivity.operations.forecast import (
    Timings,
    as_text,
    forecast,
    in_short,
    of_all,
)
from cnn_sensitivity.operations.forecast.estimate import data_of
from cnn_sensitivity.operations.forecast.summary import duration
from cnn_sensitivity.operations.forecast.timings import START_SECONDS
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tasks.prepare import prepare
from cnn_sensitivity.tasks.store import save


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


def test_the_total_of_several_runs_is_the_sum_of_theirs() -> None:
    runs = [forecast(plan_of(scenario)) for scenario in ("quick", "scale_detection", "smoke")]
    lines = of_all(runs, cores=2).splitlines()
    table, total = lines[2:5], lines[6].split()
    assert [line.split()[0] for line in table] == [run.plan.config.run for run in runs]
    for column in (1, 2, 3, 4):
        assert int(total[column]) == sum(int(line.split()[column + 1]) for line in table)
    assert int(total[2]) == sum(len(run.plan.runs) for run in runs)
    seconds = sum(run.seconds_left for run in runs)
    assert f" {duration(seconds)} of one core; here, on 2, about" in "\n".join(lines)
    # Files of the same data are downloaded once.
    twice = of_all([runs[0], runs[0]], cores=2)
    assert twice.splitlines()[-1] == as_text(runs[0], 2).splitlines()[-1]
    assert "Download: " in twice


def test_runs_on_gpus_and_on_cores_have_times_of_their_own() -> None:
    finished(plan_of("paper"), 0, seconds=1000.0, first_line="GPU: some card")
    runs = [forecast(plan_of("paper")), forecast(plan_of("smoke"))]
    text = of_all(runs, cores=2)
    assert "of one core or of one GPU" in text or "of one GPU or of one core" in text
    for run in runs:
        unit = "of one GPU." if run.on_gpu else "of one core; here,"
        assert f"{duration(run.seconds_left)} {unit}" in text


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
