"""Every command that a document shows is one that works, as far as that is seen without running it.

`tests/workflow/test_documented_dry_runs.py` plans what those of Snakemake would do.
"""

import subprocess
import tomllib
from pathlib import Path

import pytest
from documented import DOCUMENTS, ROOT, Command, commands, shell_blocks
from make_calls import calls, stubbed

from cnn_sensitivity.cli import parser

# Programs that no test starts, and what they need that a test has not.
NEED = {
    "venv": "a network, to be of use",
    "srun": "a cluster",
    "squeue": "a cluster",
    "scancel": "a cluster",
    "scontrol": "a cluster",
    "rsync": "a cluster",
    "tmux": "a terminal",
    "tail": "a run that goes on",
    "nvidia-cuda-mps-control": "a GPU",
    "export": "that GPU",
    "echo": "that GPU",
    "grep": "the output of a cluster",
    "timeout": "a GPU; what it starts is a command of its own",
    "find": "a finished run",
}
PACKAGE = ("cnn-sensitivity", "cnn_sensitivity")
RUN = ("make", "snakemake", "pip", "python", *PACKAGE)
ALL = [command for document in DOCUMENTS for command in commands(document)]
MAKE = {command.words: command for command in ALL if command.program == "make"}
# What make calls besides Snakemake and the package.
TOOLS = ("ruff", "mypy", "snakefmt", "pytest", "dot", "benchmarks", "benchmarks.speed")


def of(*programs: str) -> list[Command]:
    return [command for command in ALL if command.program in programs]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_is_run_or_known_to_need_what_no_test_has(document: str) -> None:
    for command in commands(document):
        assert command.program in {*RUN, *NEED}, f"{command}: of no known kind"
    if document in ("README.md", "workflow/CLUSTER.md", "docs/gallery.md"):
        assert len(commands(document)) > 10


def test_every_program_of_the_lists_is_in_some_document() -> None:
    assert {command.program for command in ALL} == {*RUN, *NEED}


def parse(command: Command) -> None:
    """Let the package's own parser read a call of it."""
    try:
        parser().parse_args(list(command.arguments))
    except SystemExit:
        pytest.fail(f"{command}: not a call of the package")


@pytest.mark.parametrize("command", of(*PACKAGE), ids=str)
def test_the_package_understands_its_calls(command: Command) -> None:
    parse(command)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stubbed(tmp_path_factory.mktemp("make"))


@pytest.mark.parametrize("command", MAKE.values(), ids=lambda command: " ".join(command.words))
def test_make_knows_its_target_and_calls_what_is_there(folder: Path, command: Command) -> None:
    for call in calls(folder, command):
        assert call.program in {*RUN, *TOOLS}, f"{call}: of no known kind"
        if call.program in PACKAGE:
            parse(call)
        if call.program == "pytest":
            tests = [word for word in call.arguments if word.startswith("tests/")]
            assert tests
            assert all((ROOT / path).is_dir() for path in tests)


@pytest.mark.parametrize("command", of("snakemake"), ids=str)
def test_targets_come_first(command: Command) -> None:
    """An option that takes several words takes a target behind it too."""
    option = ""
    for word in command.arguments:
        option = word if word.startswith("-") else option
        if word.startswith("figure_") and option:
            assert option in ("--forcerun", "--until"), f"{command}: {word} belongs to {option}"


@pytest.mark.parametrize("command", of("pip"), ids=str)
def test_pip_is_given_files_and_packages_that_there_are(command: Command) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    words = list(command.arguments)
    assert words.pop(0) in ("install", "download")
    with_value = {"--constraint", "--dest", "--find-links", "--python-version", "--platform"}
    while words:
        word = words.pop(0)
        if word == "--constraint":
            assert (ROOT / words[0]).is_file(), command
        if word in with_value:
            words.pop(0)
        elif word.startswith(".["):
            assert word[2:-1] in project["optional-dependencies"], command
        elif not word.startswith(("-", "git+https://github.com/OWNER/")):
            known = [project["dependencies"], *project["optional-dependencies"].values()]
            assert any(line.startswith(f"{word}>") for line in sum(known, [])), command


@pytest.mark.parametrize("document", DOCUMENTS)
def test_blocks_of_shell_can_be_read_by_one(document: str) -> None:
    for block in shell_blocks(document):
        run = subprocess.run(["sh", "-n"], input=block, capture_output=True, text=True)
        assert run.returncode == 0, f"{document}: {run.stderr}\n{block}"


def test_lines_of_python_can_be_read_by_it() -> None:
    for command in of("python"):
        assert command.arguments[0] == "-c", command
        compile(command.arguments[1], str(command), "exec")
