"""The registry of papers: each room is whole, and a configuration that does not fit is refused."""

import ast

import pytest
import yaml
from checkout import ROOT

from cnn_sensitivity import config, papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.plan import Plan

ROOMS = ROOT / "workflow/cnn_sensitivity/papers"


def plan_with(**overlay: object) -> Plan:
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    return Plan(config.parse({**raw, **overlay}))


def test_every_room_is_registered() -> None:
    assert sorted(papers.NAMES) == sorted(path.parent.name for path in ROOMS.glob("*/__init__.py"))


@pytest.mark.parametrize("name", papers.NAMES)
def test_a_room_has_a_module_and_a_caption_for_each_figure_and_no_other(name: str) -> None:
    figures = sorted(papers.paper(name).figures)
    assert sorted(path.stem for path in (ROOMS / name / "figures").glob("figure_*.py")) == figures
    captions = {path.stem for path in (ROOMS / name / "captions").glob("*.rst")}
    assert captions == {*figures, "claims", "workflow"}
    titles = {papers.figure_title(name, figure) for figure in figures}
    assert len(titles) == len(figures)


@pytest.mark.parametrize("name", papers.NAMES)
def test_the_report_says_what_is_replicated(name: str) -> None:
    opening = " ".join((ROOMS / name / "captions/workflow.rst").read_text().split())
    replicated = papers.paper(name)
    assert replicated.title in opening
    assert f"https://arxiv.org/abs/{replicated.arxiv}" in opening


@pytest.mark.parametrize("name", papers.NAMES)
def test_the_report_shows_the_first_page_of_its_run(name: str) -> None:
    text = (ROOMS / name / "captions/workflow.rst").read_text()
    assert 'results/{{ snakemake.config["run"] }}/first_page.html' in text


def test_the_report_opens_with_the_key_figure_or_else_the_first_that_there_is() -> None:
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    everything = raw["experiments"]
    without_images = {**everything, "images": None}
    assert papers.key_figure(plan_with()) == "figure_01"
    first = next(iter(papers.figure_inputs(plan_with(experiments=without_images))))
    assert papers.key_figure(plan_with(experiments=without_images)) == first != "figure_01"
    for name in papers.NAMES:
        assert papers.paper(name).key_figure in {"", *papers.paper(name).figures}


@pytest.mark.parametrize("name", papers.NAMES)
def test_a_room_imports_no_other_room(name: str) -> None:
    for path in (ROOMS / name).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = node.module.split(".")
                if parts[:2] == ["cnn_sensitivity", "papers"]:
                    assert parts[2] not in set(papers.NAMES) - {name}, path


@pytest.mark.parametrize(
    ("overlay", "says"),
    [
        ({"paper": "tomasini_2021"}, "paper: unknown paper 'tomasini_2021'; did you mean"),
        ({"figures": {"figure_03": ["VGG111"]}}, "did you mean 'VGG11'?"),
        ({"figures": {"figure_3": ["VGG11"]}}, "did you mean 'figure_03'?"),
        ({"figures": {"figure_01": ["VGG11"]}}, "not a figure of tomasini_2022 whose networks"),
        ({"tables": {"sphere": []}}, "tables: tomasini_2022 takes none; leave it out"),
        (
            {"paper": "petrini_2022", "tables": {"spheres": []}},
            "tables.spheres: unknown key; did you mean 'sphere'?",
        ),
        (
            {"paper": "petrini_2022", "tables": {"sphere": [{"dimension": 1}]}},
            "tables.sphere.0.dimension: input should be greater than or equal to 2 (given: 1)",
        ),
    ],
)
def test_what_fits_no_paper_is_refused_in_one_sentence(overlay: dict, says: str) -> None:
    with pytest.raises(UserError) as refused:
        papers.figure_inputs(plan_with(**overlay))
    assert str(refused.value).startswith("configuration: ")
    assert says in str(refused.value)


def test_a_figure_shows_the_networks_of_the_paper_that_a_run_has_or_else_all() -> None:
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    images = raw["experiments"]["images"]
    shown = {}
    for kept in (["VGG11", "LeNet", "ResNet18"], ["ResNet18", "VGG16bn"]):
        networks = [each for each in images["networks"] if each["name"] in kept]
        networks = [each for each in networks if "label" not in each]
        plan = plan_with(experiments={"images": {**images, "networks": networks}})
        paths = papers.figure_inputs(plan)["figure_03"]["sensitivity"]
        shown[tuple(kept)] = sorted({path.split("/")[3] for path in paths})
    assert list(shown.values()) == [["LeNet", "VGG11"], ["ResNet18", "VGG16bn"]]
