"""The plan: which runs a configuration has, where their files are, what determines them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkout import ROOT

from cnn_sensitivity import config
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config.fits import Adopted, Sgd
from cnn_sensitivity.networks.initial import seed_of
from cnn_sensitivity.papers import claim_inputs, figure_inputs, paper, paper_of
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tables import files as table_files

FIGURES = paper("tomasini_2022").figures


def plan_of(scenario: str | None = None, **overlay: object) -> Plan:
    files = [ROOT / "config.yaml"]
    if scenario:
        files.append(ROOT / f"workflow/scenarios/tomasini_2022/{scenario}.yaml")
    raw = config.read(*files).model_dump(exclude_none=True)
    return Plan(config.parse({**raw, **overlay}))


@pytest.fixture(scope="module")
def quick() -> Plan:
    return plan_of()


def test_paper_has_its_grid() -> None:
    runs = plan_of("paper").runs
    trainings = sum(len(run.seeds) for run in runs)
    # fully connected, convolutional, scale detection in two dimensions and in one, tanh
    assert trainings == 3 * 11 * 7 + 10 * 4 * 7 + 11 * 2 * 10 + 3 * 10 + 2 * 4


def test_run_names_are_unique_and_lead_back_to_their_runs(quick: Plan) -> None:
    assert len({run.name for run in quick.runs}) == len(quick.runs)
    for run in quick.runs:
        assert quick.run(run.name) is run


def test_an_unknown_run_is_refused(quick: Plan) -> None:
    with pytest.raises(UserError, match="not in this configuration"):
        quick.run("images/LeNet/noise-7_train-all/seeds-0")


def test_every_seed_of_a_network_is_trained_once(quick: Plan) -> None:
    runs = quick.select("images", ["FullConnL4"], lambda run: run.noise == 0)
    assert sorted(seed for run in runs for seed in run.seeds) == [0, 1, 2]


def test_the_grid_around_a_run_does_not_enter_its_settings(quick: Plan) -> None:
    """Adding a seed or a noise level must not retrain what there is."""
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    networks = raw["experiments"]["images"]["networks"]
    networks[3] = {**networks[3], "seeds": [0, 1, 2, 3], "noise": [0, 3]}
    raw["experiments"]["images"]["noise"] = [0, 3, 10, 30]
    raw["run"] = "another"
    raw["measurements"]["sensitivity"]["average"] = "median"
    larger = Plan(config.parse(raw))
    run = quick.select("images", ["LeNet"])[0]
    assert larger.run(run.name).path("x") != run.path("x")
    assert larger.training_settings(larger.run(run.name)) == quick.training_settings(run)
    assert larger.measurement_settings(run) != quick.measurement_settings(run)


def test_settings_survive_the_command_line(quick: Plan) -> None:
    for run in quick.runs:
        settings = quick.training_settings(run)
        assert config.TrainingSettings.model_validate_json(settings.to_json()) == settings
        json.dumps(quick.dataset_settings(run.experiment))


def test_step_of_the_one_dimensional_networks_grows_with_their_width(quick: Plan) -> None:
    run = quick.select("scale_detection_1d_task2", ["stride"])[0]
    rate = quick.config.recipes["one_dimensional"].learning_rate
    channels = run.network.options["channels"]
    assert quick.training_settings(run).recipe.learning_rate == pytest.approx(channels * rate)


@pytest.mark.parametrize(("task", "in_blocks"), [("task1", False), ("task2", True)])
def test_blocks_bound_the_pixel_moves_of_task_2_alone(
    quick: Plan, task: str, in_blocks: bool
) -> None:
    experiment = f"scale_detection_1d_{task}"
    settings = quick.measurement_settings(quick.select(experiment)[0])
    scale = quick.config.experiments[experiment].scale
    moves = config.PixelMoves(block=scale if in_blocks else None)
    assert settings.measurements["sensitivity"].perturbation == moves
    assert settings.scale == scale
    measurement = settings.measurements["sensitivity"]
    ways = measurement.noise_norm, measurement.rectify, measurement.channel_mean
    assert ways == ("variance", True, True)


def test_a_network_may_be_measured_otherwise_than_the_others() -> None:
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    images = raw["experiments"]["images"]
    images |= {"measurements": ["sensitivity"], "noise": [0]}
    images["networks"] = ["LeNet", {"name": "AlexNet", "measurements": ["sensitivity", "median"]}]
    raw["experiments"] = {"images": images}
    plan = Plan(config.parse(raw))
    lenet, alexnet = plan.runs
    assert Path(alexnet.measured).name == "measurements.csv"
    of_weights = {"filters"}
    assert set(plan.measurement_settings(lenet).measurements) == {"sensitivity"} | of_weights
    both = {"sensitivity", "median"} | of_weights
    assert set(plan.measurement_settings(alexnet).measurements) == both


def test_quick_draws_every_figure(quick: Plan) -> None:
    assert list(figure_inputs(quick)) == list(FIGURES)


@pytest.mark.parametrize(
    "scenario",
    sorted((ROOT / "workflow/scenarios").rglob("*.yaml")),
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_every_kind_of_table_that_a_room_asks_for_can_be_read(scenario: Path) -> None:
    plan = Plan(config.read(ROOT / "config.yaml", scenario))
    needs = [claim_inputs(plan), *figure_inputs(plan).values()]
    assert needs[0]
    own = paper_of(plan).columns
    assert not set(own) & set(table_files.COLUMNS)
    assert {kind for tables in needs for kind in tables} <= {*own, *table_files.COLUMNS}


def test_smoke_draws_every_figure() -> None:
    assert list(figure_inputs(plan_of("smoke"))) == list(FIGURES)


def test_a_run_without_an_experiment_leaves_its_figures_out(quick: Plan) -> None:
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    del raw["experiments"]["scale_detection_2d"]
    figures = figure_inputs(Plan(config.parse(raw)))
    assert {"figure_08", "figure_09", "figure_14"}.isdisjoint(figures)
    assert "figure_03" in figures


def test_figures_read_the_tables_of_their_networks_alone(quick: Plan) -> None:
    figures = figure_inputs(quick)
    networks = {path.split("/")[3] for path in figures["figure_03"]["sensitivity"]}
    assert networks == {"VGG11", "VGG11bn", "AlexNet", "LeNet"}
    assert all("noise-0_" in path for path in figures["figure_03"]["sensitivity"])
    assert all("_train-512/" in path for path in figures["figure_09"]["sensitivity"])
    shown = figures["figure_04"]["spectrum"] + figures["figure_12"]["spectrum"]
    assert not any("FullConn" in path or "tanh" in path for path in shown)
    assert {path.split("/")[3] for path in figures["figure_tanh"]["sensitivity"]} == {
        "VGG11bn",
        "VGG11bn-tanh",
    }


def test_claims_read_every_sensitivity_table(quick: Plan) -> None:
    assert len(claim_inputs(quick)["sensitivity"]) == len(quick.runs)


def test_p21_on_cifar_10_takes_its_networks_from_t22_but_for_one_narrower() -> None:
    """With a folder of fits that both runs share they are trained once."""
    of_both = []
    for name in ("tomasini_2022", "petrini_2021"):
        plan = Plan(
            config.read(ROOT / "config.yaml", ROOT / f"workflow/scenarios/{name}/cifar_cpu.yaml")
        )
        runs = [run for run in plan.runs if run.experiment == "images" and not run.noise]
        fits = {run.name: plan.training_settings(run).model_dump_json() for run in runs}
        assert len(fits) == len(runs)
        of_both.append(fits)
    tomasini, petrini = of_both
    assert tomasini.keys() == petrini.keys()
    others = {name for name, settings in petrini.items() if settings != tomasini[name]}
    assert {name.split("/")[1] for name in others} == {"ResNet18"}


def test_the_plan_needs_no_torch() -> None:
    """The Snakefile imports these each time that it is read."""
    script = (
        "import sys; from cnn_sensitivity import papers;"
        " [papers.paper(name) for name in papers.NAMES]; sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT / "workflow", check=True)


def adopting(**changes: object) -> Plan:
    network = {"name": "ResNet20", "weights": "mine.pt", "published_error": 8.27, **changes}
    images = {
        "source": {"name": "embedded"},
        "recipe": "convolutional",
        "seeds": [0, 1],
        "noise": [0, 10],
        "train_sizes": [100, 200],
        "networks": [network, {"name": "LeNet"}],
    }
    return plan_of(experiments={"images": images}, figures={})


def test_a_network_trained_elsewhere_is_one_run_of_another_rule() -> None:
    runs = adopting().runs
    assert [run.name for run in runs if run.making == "adopt"] == [
        "images/ResNet20/noise-0_train-all/seeds-0"
    ]
    assert {run.network.label for run in runs if run.making == "train"} == {"LeNet"}


def test_settings_name_the_file_of_weights_and_the_published_error() -> None:
    plan = adopting()
    settings = plan.training_settings(plan.runs[0])
    assert settings.fit == Adopted(weights="mine.pt", published_error=8.27)
    assert plan.training_settings(plan.runs[1]).fit == Sgd()


def test_paths_and_seeds_of_runs_are_those_of_earlier_versions() -> None:
    """Written down before a run had axes: results that are there stay where they are."""
    names = {
        (0.0, None): "task/LeNet/noise-0_train-all/seeds-4",
        (10.0, 512): "task/LeNet/noise-10_train-512/seeds-4",
        (0.5, None): "task/LeNet/noise-0.5_train-all/seeds-4",
    }
    drawn = {
        ((10.0, 512), ("initial",)): 4822272280181980735,
        ((0.0, None), ("batches", 2)): 4322542960115515775,
        ((0.5, None), ("network", 1, 7)): 7903779613709230649,
    }
    settings = {
        point: adopting()
        .training_settings(adopting().runs[1])
        .model_copy(
            update={
                "experiment": "task",
                "axes": dict(zip(("noise", "train_size"), point, strict=True)),
                "root_seed": 3,
                "seeds": [4],
            }
        )
        for point in names
    }
    for point, name in names.items():
        chosen = settings[point]
        label = chosen.network.label
        assert config.run_name(chosen.experiment, label, chosen.axes, chosen.seeds) == name
    for (point, purpose), seed in drawn.items():
        assert seed_of(settings[point], 4, *purpose) == seed


def test_further_axes_make_a_grid_with_paths_and_seeds_of_their_own() -> None:
    plan = plan_of(
        experiments={
            "images": {
                "source": {"name": "embedded"},
                "recipe": "convolutional",
                "seeds": [0],
                "networks": ["LeNet"],
                "train_sizes": [64],
                "axes": {"alpha": [1e-6, 1], "depth": [3]},
            }
        },
        figures={},
    )
    assert [run.name for run in plan.runs] == [
        "images/LeNet/noise-0_train-64_alpha-1e-06_depth-3/seeds-0",
        "images/LeNet/noise-0_train-64_alpha-1_depth-3/seeds-0",
    ]
    settings = [plan.training_settings(run) for run in plan.runs]
    assert [each.axes["alpha"] for each in settings] == [1e-6, 1]
    assert seed_of(settings[0], 0) != seed_of(settings[1], 0)


def test_weights_are_for_networks_of_images() -> None:
    raw = config.read(ROOT / "config.yaml").model_dump(exclude_none=True)
    raw["experiments"]["scale_detection_2d"]["networks"] = [{"name": "LeNet", "weights": "mine.pt"}]
    with pytest.raises(UserError, match=r"networks\.LeNet: weights: only networks of images"):
        config.parse(raw)
