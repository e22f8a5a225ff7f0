"""The configuration: what is read, how files are merged, and the schema that describes it."""

import json
from pathlib import Path

import pytest
import yaml
from config_cases import ROOT, changed, elsewhere

from cnn_sensitivity import config
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.plan import Plan

SCENARIOS = sorted(ROOT.glob("workflow/scenarios/*/*.yaml"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_scenario_is_valid_and_named_like_its_file(scenario: Path) -> None:
    """As `make` names it: after its paper, unless that is the default, and itself."""
    read, paper = config.read(ROOT / "config.yaml", scenario), scenario.parent.name
    prefix = "" if paper == "tomasini_2022" else f"{paper}_"
    assert (read.paper, read.run) == (paper, f"{prefix}{scenario.stem}")


def test_quick_is_the_default() -> None:
    assert config.read(ROOT / "config.yaml").run == "quick"


def test_a_network_that_was_trained_elsewhere_has_one_seed_and_no_noise() -> None:
    raw = changed(
        "experiments.images.networks.3", elsewhere(published_error=31.2, mean=[0], std=[1])
    )
    raw["experiments"]["images"] |= {"seeds": [4, 5], "noise": [0, 1]}
    network = config.parse(raw).experiments["images"].networks[3]
    assert network.weights.path == "lenet.pt" and network.published_error == 31.2
    assert network.stacks([4, 5]) == [(0,)] and network.noise == [0.0]
    assert config.Network.model_validate(network.model_dump()) == network
    assert network.architecture().mean == [0.0]


@pytest.mark.parametrize(("templates", "is_refused"), [(2, False), (3, True)])
def test_hinge_loss_takes_a_task_of_two_templates(templates: int, is_refused: bool) -> None:
    raw = changed("experiments.images.networks.3", {"name": "LeNet", "override": {"loss": "hinge"}})
    raw["experiments"]["images"] |= {
        "networks": raw["experiments"]["images"]["networks"][3:4],
        "source": {
            "name": "embedded",
            "train_size": 20,
            "test_size": 600,
            "templates": {"count": templates, "displacement": 1},
        },
    }
    if is_refused:
        with pytest.raises(UserError, match="and there are 3; use cross_entropy"):
            config.parse(raw)
    else:
        assert config.parse(raw).experiments["images"].source.classes() == 2


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert config.parse(changed("data_root", "~/data")).data_root == "/home/somebody/data"


def test_schema_file_is_the_models_schema() -> None:
    written = json.loads((ROOT / "workflow/schemas/config.schema.json").read_text())
    assert written == config.schema(), "run: make schema"


def test_keys_that_are_merged_may_be_given_again(tmp_path: Path) -> None:
    path = tmp_path / "merged.yaml"
    path.write_text("a: &a {epochs: 1, momentum: 0}\nb: {<<: *a, epochs: 2}\nc: {<<: *a}\n")
    loaded = config.load(path)
    assert loaded["b"] == {"epochs": 2, "momentum": 0}
    assert loaded["c"] == loaded["a"]


def test_a_number_may_be_written_as_yaml_takes_for_text() -> None:
    raw = changed("recipes.convolutional.learning_rate", yaml.safe_load("1e-3"))
    assert config.parse(raw).recipes["convolutional"].learning_rate == 1e-3


def test_overlays_merge_mappings_and_replace_lists(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("measurements: {sensitivity: {average: median}}\n")
    overlay.write_text(overlay.read_text() + "experiments: {images: {networks: [VGG11]}}\n")
    overlay.write_text(overlay.read_text() + "figures: {figure_03: [VGG11], figure_04: []}\n")
    merged = config.read(ROOT / "config.yaml", overlay)
    measured = merged.measurements["sensitivity"]
    assert (measured.average, measured.images) == ("median", 500)
    assert [network.name for network in merged.experiments["images"].networks] == ["VGG11"]


def test_paper_scenario_has_the_papers_recipes_whatever_quick_says() -> None:
    paper = config.read(ROOT / "config.yaml", ROOT / "workflow/scenarios/tomasini_2022/paper.yaml")
    assert paper.recipes["convolutional"] == config.Recipe()
    raw = yaml.safe_load((ROOT / "workflow/scenarios/tomasini_2022/paper.yaml").read_text())
    experiments = paper.experiments.values()
    used = {experiment.recipe for experiment in experiments}
    used |= {network.recipe for each in experiments for network in each.networks if network.recipe}
    assert used == set(raw["recipes"])
    for name in used:
        recipe, given = paper.recipes[name], raw["recipes"][name]
        explicit = {key: value for key, value in recipe.model_dump().items() if key in given}
        assert recipe == config.Recipe(**explicit), f"{name} takes keys from config.yaml"


def test_as_many_seeds_share_a_job_as_its_folder_can_be_named_after(tmp_path: Path) -> None:
    seeds = list(range(100))
    network = {"name": "LeNet", "seeds": seeds, "seeds_per_job": 86}
    accepted = config.parse(changed("experiments.images.networks.3", network))
    for run in Plan(accepted).select("images", ["LeNet"]):
        (tmp_path / run.name).mkdir(parents=True)


def test_a_name_alone_is_a_network() -> None:
    network = config.Network.model_validate("mine.nets:make_net")
    assert (network.name, network.label) == ("mine.nets:make_net", "make_net")
