"""What the documents' calls of Snakemake, and of `make`, would do: all can be planned.

Calls that differ in their targets alone are planned together.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import chdir
from importlib.util import find_spec
from pathlib import Path

import pytest
from checkout import ROOT, Checkout, copy_checkout
from documented import DOCUMENTS, Command, commands
from make_calls import UNPACKED, calls, stubbed
from test_plan_of_jobs import give_images, give_weights

from cnn_sensitivity import papers
from cnn_sensitivity.config import read
from cnn_sensitivity.operations import archive
from cnn_sensitivity.papers.paper import files_of
from cnn_sensitivity.plan import Plan

ALL = [command for document in DOCUMENTS for command in commands(document)]
DRY = ("--dry-run", "--quiet", "rules")
SCENARIOS = ROOT / "workflow/scenarios"
Groups = dict[tuple[str, ...], list[Command]]


def targets(command: Command) -> tuple[str, ...]:
    """Return the words before the first option."""
    words = command.arguments
    return words[: next((i for i, word in enumerate(words) if word.startswith("-")), len(words))]


def together(shown: Iterable[Command]) -> Groups:
    """Return the calls of Snakemake by their options, those that plan or count cores aside.

    A report is that of a finished run: `test_report.py` makes one.
    """
    groups: Groups = defaultdict(list)
    for command in shown:
        if command.program == "snakemake" and "--report" not in command.arguments:
            options = " ".join(command.arguments[len(targets(command)) :])
            options = re.sub(r"--dry-run|--quiet \w+|--cores \w+", "", options)
            groups[tuple(options.split())].append(command)
    return groups


DOCUMENTED = together(ALL)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with what the documents take for granted."""
    checkout = copy_checkout(tmp_path_factory.mktemp("prepared"))
    overlay = re.search(r"```yaml\n(run: mine\n.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert overlay
    mine = checkout.folder / "mine.yaml"
    mine.write_text(overlay[1].replace("/path/to/images", "my_images"))
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            (checkout.folder / "my_images" / split / name).mkdir(parents=True)
            for index in range(300):
                (checkout.folder / "my_images" / split / name / f"{index}.png").touch()
    shown = {word for command in ALL for word in command.arguments}
    for scenario in SCENARIOS.glob("*/*.yaml"):
        if str(scenario.relative_to(ROOT)) in shown:
            give_images(checkout, scenario)
            give_weights(checkout, scenario)
    with chdir(checkout.folder):
        unpacked = archive.unpack(ROOT / "paper_figures/reference/quick/tables.tar.gz")
    assert archive.config_file(unpacked) == UNPACKED
    # Tables that were copied from a cluster.
    needs = papers.figure_inputs(Plan(read("config.yaml", SCENARIOS / "tomasini_2022/paper.yaml")))
    for figure in ("figure_03", "figure_11"):
        for path in files_of(needs[figure]):
            (checkout.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (checkout.folder / path).touch()
    return checkout


def plan(checkout: Checkout, options: tuple[str, ...], shown: list[Command]) -> None:
    """Plan calls with the same options; fail with all of them where that does not work."""
    wanted = sorted({target for command in shown for target in targets(command)})
    words = [word.replace("CLONE", str(checkout.folder)) for word in options]
    run = checkout.snakemake(*wanted, *words, *DRY)
    lines = "\n".join(map(str, shown))
    assert run.returncode == 0, f"{lines}\n{run.stdout}{run.stderr}"


@pytest.mark.parametrize("options", DOCUMENTED, ids=" ".join)
def test_a_documented_call_of_snakemake_can_be_planned(
    prepared: Checkout, options: tuple[str, ...]
) -> None:
    if "profiles/slurm" in options and not find_spec("snakemake_executor_plugin_slurm"):
        pytest.skip("snakemake_executor_plugin_slurm is not installed")
    plan(prepared, options, DOCUMENTED[options])


def test_what_documented_calls_of_make_call_can_be_planned(
    prepared: Checkout, tmp_path: Path
) -> None:
    folder = stubbed(tmp_path)
    shown = [command for command in ALL if command.program == "make"]
    called = together(call for command in shown for call in calls(folder, command))
    assert len(called) > 3
    # How many jobs there are at once changes no plan.
    for options in called.keys() - DOCUMENTED.keys():
        if "--resources" not in options:
            plan(prepared, options, called[options])


def test_a_target_behind_an_option_fails_as_the_page_of_troubles_says(prepared: Checkout) -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text()
    for behind, message in (
        (("--configfile", "mine.yaml"), "No such file or directory: 'figure_03'"),
        (("--quiet", "rules"), "invalid choice: 'figure_03'"),
        (("--config", "device=cpu"), "Unparsable value: 'figure_03'"),
    ):
        run = prepared.snakemake(*behind, "figure_03")
        assert run.returncode != 0
        assert message in run.stderr
        assert f"`{message}`" in page
