"""The files around the code: README, Makefile, catalog, examples."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from documented import DOCUMENTS

from cnn_sensitivity import papers
from cnn_sensitivity.config import NETWORKS, read
from cnn_sensitivity.config.fits import FITS
from cnn_sensitivity.networks import build
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.scorecard.markdown import anchor


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def anchors(page: str) -> set[str]:
    """Return how the headings of a page can be linked to."""
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_link_to_and_name_what_exists(document: str) -> None:
    text = text_of(document)
    for path, heading in re.findall(r"\]\(([^):#]*)#?([^):]*)\)", text):
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), path
        if heading:
            assert heading in anchors(target.read_text()), heading
    folders = r"`((?:workflow|envs|examples|tests|docs|config)/[\w./-]+\.\w+)`"
    for path in re.findall(folders, text):
        if "NN" not in path:
            assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", sorted((ROOT / "docs/claims").glob("*-trials.md")), ids=str)
def test_a_trial_with_numbers_has_its_table(page: Path) -> None:
    for section in page.read_text().split("\n## ")[1:]:
        if re.search(r"\d\.\d|hundred|times", section):
            assert re.search(r"\]\([^)]+\.csv\)", section), section


def test_nothing_that_git_ignores_is_committed() -> None:
    """What a command writes, a site or a run, does not come with the sources."""
    call = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    found = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == ""


def test_every_target_of_the_makefile_has_its_line_of_help() -> None:
    helped = set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), re.MULTILINE))
    assert makefile_targets() <= helped
    phony = re.search(r"^\.PHONY: (.*)$", text_of("Makefile"), re.MULTILINE)
    assert phony
    assert makefile_targets() == set(phony[1].split())


def test_the_rule_graph_has_every_rule() -> None:
    drawn = set(re.findall(r">(\w+)</text>", text_of("docs/rulegraph.svg")))
    files = [path.read_text() for path in (ROOT / "workflow/rules").rglob("*.smk")]
    rules = set(re.findall(r"^rule (\w+):", "\n".join(files), re.MULTILINE))
    figures = set(papers.paper("tomasini_2022").figures)
    made = {job.name for job in papers.jobs(Plan(read(ROOT / "config.yaml")))}
    # The graph is the default run's: no network that was trained elsewhere, no full-batch engine.
    assert drawn == (
        rules - {fit.rule for name, fit in FITS.items() if name != "sgd"}
    ) | made | figures | {"all"}


def test_the_catalog_file_and_its_configuration_page_are_there() -> None:
    usage = yaml.safe_load(text_of(".snakemake-workflow-catalog.yml"))["usage"]
    assert usage["report"] is True
    assert usage["software-stack-deployment"]["conda"] is True
    assert "config.yaml" in text_of("config/README.md")
    assert text_of("config/config.yaml") == text_of("config.yaml")
    assert "include:" in text_of("workflow/Snakefile")


def test_the_changelog_knows_the_version() -> None:
    package = text_of("workflow/cnn_sensitivity/__init__.py")
    found = re.search(r'__version__ = "([^"]+)"', package)
    assert found
    assert f"## {found[1]}" in text_of("CHANGELOG.md")


def test_the_readme_shows_the_lines_of_the_example() -> None:
    block = re.search(r"```python\n(.*?)```", text_of("README.md"), re.DOTALL)
    assert block
    example = text_of("examples/measure_my_network.py")
    lines = [line.split("  #")[0] for line in block[1].splitlines()]
    assert len(lines) == 5
    assert all(line in example for line in lines[:4])
    ast.parse(block[1])


def test_the_example_configuration_is_valid_and_its_network_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = read(ROOT / "config.yaml", ROOT / "examples/my_network.yaml")
    images = config.experiments["images"]
    assert images is not None
    own = next(network for network in images.networks if network.name not in NETWORKS)
    monkeypatch.syspath_prepend(str(ROOT))
    network = build(own.name, image_size=28, width=own.width, **own.options)
    assert len(list(network.children())) == 3 * own.options["depth"] + 3


def test_the_page_of_stability_begins_with_the_committed_quick() -> None:
    lines = text_of("docs/stability.md").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| claim "))
    claims = len(papers.claims("tomasini_2022"))
    heading, _, *rows = (line.split("|") for line in lines[start : start + 2 + claims])
    assert heading[2].strip() == "`quick`"
    scorecard = (ROOT / "paper_figures/reference/quick/claims.md").read_text()
    committed = [line.split(" | ") for line in scorecard.splitlines() if line[:4] == "| **"]
    expected = [(row[0][4:].split("**")[0], row[4][0], row[3].split(": ")[1]) for row in committed]
    assert [(row[1].strip(), row[2][1], row[2][3:].strip()) for row in rows] == expected


def test_the_readme_fits_a_few_screens() -> None:
    assert len(text_of("README.md").splitlines()) <= 150
