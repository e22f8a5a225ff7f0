"""The jobs of papers: what is planned fits the functions, and the forecast counts each once."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest
from checkout import ROOT
from pydantic import TypeAdapter

from cnn_sensitivity import cli, config, papers
from cnn_sensitivity.operations.forecast import forecast
from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.plan import Plan

SCENARIOS = sorted((ROOT / "workflow/scenarios").rglob("*.yaml"))


def plan_of(scenario: str) -> Plan:
    return Plan(config.read(ROOT / "config.yaml", ROOT / f"workflow/scenarios/{scenario}.yaml"))


def assert_fits(job: Job) -> None:
    """Hold what a job gives its function against the function's signature."""
    called = getattr(import_module(f"cnn_sensitivity.{job.module}"), job.function.split(":")[1])
    signature = inspect.signature(called)
    dataset = {"dataset": object()} if job.experiment else {}
    signature.bind(**dataset, **job.parameters)
    for name, value in job.parameters.items():
        TypeAdapter(signature.parameters[name].annotation).validate_python(value)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_job_gives_its_function_what_that_takes(path: Path) -> None:
    plan = Plan(config.read(ROOT / "config.yaml", path))
    jobs = papers.paper_of(plan).jobs(plan)
    names = [job.name for job in jobs]
    assert len(set(names)) == len(names)
    for job in jobs:
        assert_fits(job)


def test_imagenet_weights_are_torchvisions_or_a_file() -> None:
    plan = plan_of("tomasini_2022/smoke")
    pretrained = config.Config.model_validate(
        plan.config.model_dump(exclude_none=True)
        | {"pretrained": ["alexnet", {"label": "mine", "weights": "{mine}.safetensors"}]}
    ).pretrained
    plan = Plan(plan.config.model_copy(update={"pretrained": pretrained}))
    theirs, mine = (job for job in papers.jobs(plan) if "pretrained" in job.outputs)
    assert theirs.outputs == {"pretrained": "results/smoke/pretrained/alexnet.csv"}
    assert (theirs.files, theirs.download) == ({}, {"ImageNet weights of alexnet": 244_000_000})
    assert mine.outputs == {"pretrained": "results/smoke/pretrained/mine.csv"}
    assert mine.files == {"pretrained.mine.weights": "{mine}.safetensors"}
    assert not mine.download
    assert_fits(theirs)
    assert_fits(mine)


def test_a_job_of_several_tables_is_one_to_the_forecast() -> None:
    plan = plan_of("petrini_2021/smoke")
    tables = [path for job in papers.jobs(plan) for path in job.outputs.values()]
    counted = forecast(plan).other_jobs
    assert len(set(tables)) == len(tables) == 5
    assert len(set(tables) & set(counted)) == 2


@pytest.mark.parametrize("function", ["papers.nosuch:table", "plan:nosuch", "plan", "os:remove"])
def test_a_function_that_is_not_there_is_refused(
    function: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["table", function, "--output", str(tmp_path / "table.csv")])
    assert stop.value.code == 2
    said = f"error: table: there is no function {function!r}; give a job's module:function\n"
    assert capsys.readouterr().err == said
    assert list(tmp_path.iterdir()) == []
