"""Profiles of clusters, without Snakemake: the rules that they name are those that there are."""

import re
from pathlib import Path
from typing import Any

import pytest
import yte
from checkout import ROOT

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import parse, read
from cnn_sensitivity.plan import GPU_RULES, MEASURING_RULES, Plan

PROFILES = sorted((ROOT / "profiles").glob("*/config.yaml"))
SCENARIOS = sorted((ROOT / "workflow/scenarios").rglob("*.yaml"))


def loaded(path: Path) -> dict[str, Any]:
    return yte.process_yaml(path.read_text())


def rules(asking: str = "") -> set[str]:
    """Return the rules of the workflow whose text has some words; `measuring` is made in a loop."""
    found = set()
    for path in [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]:
        begin = re.compile(r"^rule (\w+):\n|^    rule:\n +name:\n +(\w+)\n", re.MULTILINE)
        _, *parts = begin.split(path.read_text())
        for one, other, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            if asking in body:
                found.add(one or other)
    return found


def test_the_rules_that_ask_for_a_gpu_are_those_that_profiles_name() -> None:
    asking = rules("gpu=")
    assert asking == rules("cuda=") == {"train", "adopt", "measuring"}
    assert set(GPU_RULES) == asking - {"measuring"} | set(MEASURING_RULES)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_sets_all_rules_with_a_gpu_alike_and_no_other(path: Path) -> None:
    """Or none, where the plugin of the cluster knows `gpu`."""
    set_for: dict[str, set[str]] = {}
    for item in loaded(path).get("set-resources", []):
        rule, _, resource = item.partition(":")
        set_for.setdefault(resource, set()).add(rule)
    assert all(named == set(GPU_RULES) for named in set_for.values())
    assert bool(set_for) == (path.parent.name in ("lsf", "slurm-gres", "slurm-shard"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_measuring_rule_of_a_run_has_one_of_the_names(scenario: Path) -> None:
    plan = Plan(read(ROOT / "config.yaml", scenario))
    assert set(plan.measured_together()) <= set(MEASURING_RULES)


def with_lists(count: int) -> Plan:
    """Return a plan of so many networks with a list of measurements each, no two the same."""
    names = [f"m{number}" for number in range(count)]
    task = {
        **{"source": {"name": "embedded"}, "recipe": "brief", "seeds": [0], "measurements": ["m0"]},
        "networks": [
            {"name": "LeNet", "label": f"net{name}", "measurements": [name]} for name in names
        ],
    }
    raw = {"run": "many", "recipes": {"brief": {"epochs": 1}}, "experiments": {"images": task}}
    return Plan(parse({**raw, "measurements": {name: {"images": 50} for name in names}}))


def test_more_lists_of_measurements_than_names_are_refused() -> None:
    most = len(MEASURING_RULES)
    assert tuple(with_lists(most).measured_together()) == MEASURING_RULES
    with pytest.raises(UserError, match=f"{most + 1} different lists .* give them {most} at most"):
        assert with_lists(most + 1).runs
