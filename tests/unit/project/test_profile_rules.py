"""Profiles of clusters, without Snakemake: the rules that they name are those that there are."""

import re
from pathlib import Path
from typing import Any

import pytest
import yte
from checkout import ROOT

from cnn_sensitivity.plan import GPU_RULES

PROFILES = sorted((ROOT / "profiles").glob("*/config.yaml"))


def loaded(path: Path) -> dict[str, Any]:
    return yte.process_yaml(path.read_text())


def rules(asking: str = "") -> set[str]:
    """Return the rules of the workflow whose text has some words."""
    found = set()
    for path in [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").rglob("*.smk")]:
        begin = re.compile(r"^rule (\w+):\n|^    rule:\n +name:\n +(\w+)\n", re.MULTILINE)
        _, *parts = begin.split(path.read_text())
        for one, other, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            if asking in body:
                found.add(one or other)
    return found


def test_the_rules_that_ask_for_a_gpu_are_those_that_profiles_name() -> None:
    asking = rules("gpu=")
    assert asking == rules("cuda=") == set(GPU_RULES)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_sets_all_rules_with_a_gpu_alike_and_no_other(path: Path) -> None:
    """Or none, where the plugin of the cluster knows `gpu`."""
    set_for: dict[str, set[str]] = {}
    for item in loaded(path).get("set-resources", []):
        rule, _, resource = item.partition(":")
        set_for.setdefault(resource, set()).add(rule)
    assert all(named == set(GPU_RULES) for named in set_for.values())
    assert bool(set_for) == (path.parent.name in ("lsf", "slurm-gres", "slurm-shard"))
