"""Each rule declares the modules that its result depends on: held against the imports."""

import ast
import re
from collections.abc import Collection
from pathlib import Path

import pytest

from cnn_sensitivity import papers

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "workflow/cnn_sensitivity"
ROOMS = ("drawing", "scorecard", "papers")
DRAWN = [path for room in ROOMS for path in (PACKAGE / room).rglob("*.py")]
# What these do is seen in a rule's parameters or cannot change a result.
PLUMBING = {"errors.py", "files.py", "table_files.py", "training/progress.py"}
PLUMBING |= {f"config/{path.name}" for path in PACKAGE.glob("config/*.py")}
ENTRIES = {
    "dataset": ["datasets/prepare.py"],
    "train": ["training/job.py"],
    "adopt": ["training/adoption.py"],
    "measuring": ["tables/sensitivities.py"],
    "spectrum": ["tables/spectra.py"],
    "pretrained": ["tables/pretrained.py"],
    "theory": ["tables/theory.py"],
    "pooling": ["tables/pooling.py"],
    "pictures": ["tables/pictures.py"],
    "claims": ["scorecard/__init__.py"],
}
# A rule's inputs change with the code of the rules that make them.
UPSTREAM = {
    "train": ["dataset"],
    "adopt": ["dataset"],
    "measuring": ["train", "dataset"],
    "spectrum": ["train", "dataset"],
    "pictures": ["dataset"],
}


def declared() -> dict[str, set[str]]:
    """Return the files that each rule's `code(...)` matches; the figures' have a test of their own.

    A rule that is made in a loop goes by the variable that names it.
    """
    rules = {}
    begin = re.compile(r"^rule (\w+):\n|^    rule:\n +name:\n +(\w+)\n", re.M)
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        _, *parts = begin.split(path.read_text())
        for one, other, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            name = one or other
            if found := re.search(r"code=code\((.*?)\),?\n +output", body, re.S):
                patterns = re.findall(r'"([^"]+)"', found[1])
                rules[name] = {
                    str(file.relative_to(PACKAGE)) for p in patterns for file in PACKAGE.glob(p)
                }
    return rules


def file_of(module: str) -> str | None:
    """Return the package's file of a dotted module name, or None for another package's."""
    base = PACKAGE.parent / module.replace(".", "/")
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file() and PACKAGE in path.parents:
            return str(path.relative_to(PACKAGE))
    return None


def names_imported_by(file: str) -> set[str]:
    """Return the dotted names that one of the package's files imports, wherever in it."""
    package = ["cnn_sensitivity", *Path(file).parent.parts]
    names = set()
    for node in ast.walk(ast.parse((PACKAGE / file).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            parent = ".".join([*base, *([node.module] if node.module else [])])
            names |= {parent} | {f"{parent}.{alias.name}" for alias in node.names}
    return names


def imports_of(file: str) -> set[str]:
    """Return the package's files that one of them imports."""
    return {path for name in names_imported_by(file) if (path := file_of(name))}


def closure(files: list[str], without: Collection[str] = ()) -> set[str]:
    """Return all files that are imported, directly or not, and not by way of some others."""
    found, waiting = set(), list(files)
    while waiting:
        file = waiting.pop()
        if file not in found and file not in without:
            found.add(file)
            waiting += imports_of(file)
    return found


@pytest.mark.parametrize("rule", ENTRIES)
def test_a_rule_declares_all_modules_that_its_result_depends_on(rule: str) -> None:
    rules = declared()
    known = set().union(*(rules[name] for name in [rule, *UPSTREAM.get(rule, [])]))
    missing = closure(ENTRIES[rule], PLUMBING) - known
    assert {file for file in missing if Path(file).name != "__init__.py"} == set()


def of_room(paper: str, part: str) -> set[str]:
    """Return the modules of a part of a paper's room, and those beside that it may import."""
    room = PACKAGE / "papers" / paper
    files = {*room.glob(f"{part}/*.py"), *room.glob("*.py")} - {room / "inputs.py"}
    return {str(file.relative_to(PACKAGE)) for file in files}


@pytest.mark.parametrize("paper", papers.NAMES)
def test_figures_and_claims_declare_their_modules(paper: str) -> None:
    text = (ROOT / "workflow/rules/figures.smk").read_text()
    shared = {
        str(file.relative_to(PACKAGE))
        for pattern in re.findall(r'"([^"]+\.py)"', text)
        if "{" not in pattern
        for file in PACKAGE.glob(pattern)
    }
    for path in PACKAGE.glob(f"papers/{paper}/figures/figure_*.py"):
        name = str(path.relative_to(PACKAGE))
        missing = closure([name], PLUMBING) - shared - of_room(paper, "none") - {name}
        assert {file for file in missing if Path(file).name != "__init__.py"} == set(), name
    missing = closure([f"papers/{paper}/claims/__init__.py"], PLUMBING)
    missing -= declared()["claims"] | of_room(paper, "claims")
    assert {file for file in missing if Path(file).name != "__init__.py"} == set()


def test_imports_point_one_way() -> None:
    """The science knows nothing of the command line, the figures nothing of torch's modules."""
    for path in PACKAGE.rglob("*.py"):
        name = str(path.relative_to(PACKAGE))
        if name not in ("cli.py", "__main__.py"):
            assert "cli.py" not in imports_of(name), name
    for path in DRAWN:
        name = str(path.relative_to(PACKAGE))
        assert not {"sensitivity.py", "perturbations/__init__.py", "weights.py"} & closure([name])


def test_nothing_behind_a_figure_or_a_claim_imports_torch() -> None:
    """Not at the top of a module, and not within a function of it either."""
    drawn = [str(path.relative_to(PACKAGE)) for path in DRAWN]
    loaders = {"torch", "torchvision"}
    for file in closure(drawn):
        packages = {name.partition(".")[0] for name in names_imported_by(file)}
        assert not loaders & packages, file
