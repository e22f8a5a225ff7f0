"""The environment files: one set of versions, that satisfies what the package asks for."""

import re
import tomllib

import yaml
from checkout import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def pins() -> dict[str, str]:
    lines = (ROOT / "envs/constraints.txt").read_text().splitlines()
    pinned = re.findall(r"^([\w.-]+)==(\S+)$", "\n".join(lines), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pinned}


def test_conda_environment_has_the_versions_of_the_constraints() -> None:
    environment = yaml.safe_load((ROOT / "envs/reproduce.yaml").read_text())
    listed = [item for item in environment["dependencies"] if isinstance(item, str)]
    pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    versions = dict(re.split("=+", item) for item in listed + pip if "=" in item)
    assert versions.pop("python") == "3.11"
    assert versions
    assert versions == {name: pins()[canonicalize_name(name)] for name in versions}


def test_every_requirement_is_pinned_to_a_version_that_it_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    for text in sum(groups, []):
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)]), text


def test_conda_environment_lists_what_the_package_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    environment = (ROOT / "envs/reproduce.yaml").read_text()
    for text in project["dependencies"]:
        assert f" {Requirement(text).name}=" in environment
