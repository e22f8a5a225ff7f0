"""Verbs that compute nothing with torch do not wait for it: each runs where torch cannot load."""

import argparse
import shutil
import subprocess
from contextlib import chdir
from pathlib import Path

import figure_tables as tables
import pytest
import training_cases as cases
from checkout import ROOT
from measured_views import as_measured
from missing_modules import command_without

from cnn_sensitivity import papers
from cnn_sensitivity.cli import parser
from cnn_sensitivity.config import read
from cnn_sensitivity.operations import archive
from cnn_sensitivity.papers.tomasini_2022.tables.pooling import pooling_table
from cnn_sensitivity.plan import Plan

NEED_TORCH = {
    "dataset",
    "fit",
    "measure",
    "gpu-check",
    "probe",
    "software",
    "timings",
}
# A verb that is in neither must be put into one of them.
COMMANDS = {
    "table": "papers.tomasini_2022.tables.pooling:pooling_table --output made",
    "figure": "figure_02 --paper tomasini_2022 --table pooling pooling.csv --output made",
    "claims": "--paper tomasini_2022 --table sensitivity measurements.csv#sensitivity"
    " --reference nowhere --output made --markdown made.md --html made.html --text made.txt",
    "first-page": "--scorecard results/quick/claims.csv --page made.html"
    " --figure paper_figures/quick/figure_01.png name sentence"
    " --software results/quick/software.txt --reference nowhere --output made",
    "schema": "--output made",
    "plan": "",
    "reference": "--configfile results/quick/config.yaml",
    "overview": "--docs pages --readme README.md",
    "gallery": "--output made",
    "scorecard": "",
    "characteristics": "committed --papers rooms",
    "compare": "results/quick/claims.csv",
    "stability": "results/quick/claims.csv results/again/claims.csv --output made",
    "pack": "--configfile results/quick/config.yaml --no-figures --output made.tar.gz",
    "unpack": "tables.tar.gz",
    "article": "--configfile results/quick/config.yaml",
    "articles": "committed",
}


def verbs() -> set[str]:
    """Return all verbs of the command line."""
    actions = parser()._actions
    choices = next(each.choices for each in actions if isinstance(each, argparse._SubParsersAction))
    return set(choices)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the verbs read."""
    folder = tmp_path_factory.mktemp("run")
    cases.run(folder, cases.settings("LeNet", epochs=1), cases.images(size=16))
    shutil.copy(ROOT / "config.yaml", folder)
    shutil.copy(ROOT / "README.md", folder)
    shutil.copy(ROOT / "paper_figures/reference/quick/tables.tar.gz", folder)
    with chdir(folder):
        archive.unpack("tables.tar.gz")
        plan = Plan(read("config.yaml", "results/quick/config.yaml"))
        Path(plan.figures_folder).mkdir(parents=True)
        for figure in papers.figure_inputs(plan):
            for part in ("png", "csv", "txt"):
                shutil.copy(ROOT / plan.reference / f"{figure}.{part}", plan.figures_folder)
    run = "ruderman_2018_quick"
    shutil.copytree(ROOT / "paper_figures/reference" / run, folder / "committed" / run)
    sensitivity = tables.sensitivity()
    claims = papers.assess("tomasini_2022", {"sensitivity": sensitivity})
    (folder / "results/again").mkdir()
    for path, table in {
        folder / "pooling.csv": pooling_table(),
        folder / "measurements.csv": as_measured("sensitivity", sensitivity),
        folder / "results/quick/claims.csv": claims,
        folder / "results/again/claims.csv": claims,
    }.items():
        table.to_csv(path, index=False)
    return folder


def test_every_verb_either_needs_torch_or_is_tested_without() -> None:
    assert verbs() == NEED_TORCH | set(COMMANDS)
    assert not NEED_TORCH & set(COMMANDS)


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_verb_runs_where_torch_cannot_load(verb: str, folder: Path) -> None:
    command = [*command_without("torch"), verb, *COMMANDS[verb].split()]
    environment = {"PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
