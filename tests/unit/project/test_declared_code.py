"""Each rule declares the modules that its result depends on; which way imports point."""

import ast
import re
from pathlib import Path

import pytest

from cnn_sensitivity import papers
from cnn_sensitivity.base import code_closure
from cnn_sensitivity.base.code_closure import PACKAGE, closure, file_of, imports_of
from cnn_sensitivity.config import read
from cnn_sensitivity.plan import Plan

ROOMS = ("drawing", "scorecard", "papers")
# A paper's own tables are made by jobs, not by its figures.
DRAWN = [
    path
    for room in ROOMS
    for path in (PACKAGE / room).rglob("*.py")
    if path.parent.name != "tables"
]
FLOORS = "cli probe operations papers scorecard drawing analysis measures engines checkpoints"
FLOORS = f"{FLOORS} networks tasks perturbations tables plan config base".split()
"""The rooms, from the top floor down: imports point down only."""
FILES = ("plan.py",)  # rooms of one file
RULES = sorted((PACKAGE.parent / "rules").rglob("*.smk"))


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def names(*modules: str) -> set[str]:
    """Return the files of a closure, by their paths in the package."""
    return {name(path) for path in closure(*modules)}


def entries() -> dict[str, list[str]]:
    """Return the modules in whose closure a rule sees its code, by the verb that the rule calls."""
    found: dict[str, list[str]] = {}
    declared = r"code=(?:lambda wildcards: )?code_of\((.*?)\),\n"
    for path in RULES:
        for body in re.split(r"^ *rule\b", path.read_text(), flags=re.MULTILINE)[1:]:
            verb = re.search(r"-m cnn_sensitivity (\S+)", body)
            code = re.search(declared, body, flags=re.DOTALL)
            if verb:
                found.setdefault(verb[1], [])
                found[verb[1]] += re.findall(r'"([^"]+)"', code[1]) if code else []
    return found


ENTRIES = entries()
# The modules of these three are a paper's; that of the last has none: versions are its parameter.
SPECIAL = {"figure", "claims", "table", "software"}
OWN = sorted(set(ENTRIES) - SPECIAL)


def test_every_rule_with_a_verb_declares_its_code() -> None:
    called = {verb for path in RULES for verb in re.findall(r"-m \w+ (\S+)", path.read_text())}
    assert set(ENTRIES) == called
    without = [verb for verb, modules in ENTRIES.items() if not modules]
    assert without == ["table", "software"]  # the first has the module of its job


@pytest.mark.parametrize("verb", OWN)
def test_a_rule_declares_what_its_verb_imports(verb: str) -> None:
    """But for rooms as a whole, of which a verb uses a part."""
    tree = ast.parse((PACKAGE / "cli/jobs.py").read_text())
    called = f"_{verb.replace('-', '_')}"
    (body,) = (node for node in ast.walk(tree) if getattr(node, "name", "") == called)
    imports = [node for node in ast.walk(body) if isinstance(node, ast.ImportFrom)]
    imported = {
        file_of(f"{node.module}.{alias.name}") or file_of(str(node.module))
        for node in imports
        for alias in node.names
    }
    plumbing = (*code_closure.PLUMBING, "tasks/__init__.py")
    assert {path for path in imported if path and name(path) not in plumbing} <= set(
        closure(*ENTRIES[verb])
    )


def job_modules() -> set[str]:
    """Return the modules of the jobs that papers have of the default run."""
    plan = Plan(read(PACKAGE.parents[1] / "config.yaml"))
    return {job.module for name in papers.NAMES for job in papers.paper(name).jobs(plan)}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that imports in every way that there is."""
    for file, text in {
        "__init__.py": "",
        "base/errors.py": "import package.hidden",
        "hidden.py": "",
        "config/__init__.py": "from package.hidden import x",
        "top.py": "from package import room, config\nfrom package.other import part\n"
        "from package.base import errors\n",
        "room/__init__.py": "from .first import f\nfrom .second import g\n",
        "room/first.py": "def f():\n    import package.late\n",
        "room/second.py": "from ..late import g\nNUMBERS = 'numbers.csv'\n",
        "room/unused.py": "",
        "room/numbers.csv": "1",
        "room/others.csv": "2",
        "late.py": "from .other.part import h\nimport numpy\n",
        "other/__init__.py": "from .unused import u",
        "other/part.py": "from package import top\nopen('SUMS')",
        "other/unused.py": "",
        "other/data/SUMS": "",
        "alone.py": "from . import late as l",
    }.items():
        path = tmp_path / "package" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(code_closure, "PACKAGE", tmp_path / "package")
    return tmp_path / "package"


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("room.unused", "room/unused.py"),
        ("room.second", "room/second.py room/numbers.csv late.py"),
        ("room.first", "room/first.py late.py"),
        ("room", "room/__init__.py room/first.py room/second.py room/numbers.csv late.py"),
        ("alone", "alone.py late.py"),
    ],
)
def test_a_closure_is_followed_through_all_imports(package: Path, module: str, found: str) -> None:
    """`late` and `top` import each other, and so have one closure, with what `top` imports."""
    both = "late.py other/part.py other/data/SUMS top.py room/__init__.py room/first.py"
    both += " room/second.py room/numbers.csv"
    expected = {*found.split()} | ({*both.split()} if "late.py" in found else set())
    assert {path.relative_to(package).as_posix() for path in closure(module)} == expected


def test_an_unknown_module_is_refused(package: Path) -> None:
    with pytest.raises(ValueError, match=r"^room\.nothing: there is no such module in "):
        closure("room.nothing")


# Jobs of a paper that fit something themselves, without a network.
REGRESSIONS = {"papers.petrini_2022.tables.sphere", "papers.petrini_2022.tables.pictures"}


def test_what_trains_and_what_measures_know_nothing_of_each_other() -> None:
    """An edit of one does not set off the other's jobs by itself."""
    train, adopt = names("engines.sgd.job"), names("engines.adopted.job")
    measured = {verb: names(*ENTRIES[verb]) for verb in OWN if verb != "fit"}
    made = {module: names(module) for module in job_modules()}
    measured |= made
    for verb, files in measured.items():
        if verb not in REGRESSIONS:
            assert not {file for file in files if file.startswith("engines/")}, verb
    for files in (train, adopt):
        assert "checkpoints/checkpoint.py" not in files
        assert "networks/channel_shuffle.py" not in files
        assert not {file for file in files if file.startswith("measures/")}
    assert "engines/adopted/job.py" not in train
    identity = made["papers.petrini_2021.tables.identity"]
    assert not {file for file in identity if file.startswith("networks/")}


def test_what_a_result_depends_on_is_there() -> None:
    """The lists that were once written by hand, where they were right; two that lacked some."""
    identity = names("papers.petrini_2021.tables.identity")
    assert identity >= {"measures/layer_choice.py", "base/seeds.py"}
    assert names("measures.job") >= {"networks/initialization.py", "networks/vgg.py"}
    assert names("engines.sgd.job") >= {
        "checkpoints/sealed.py",
        "engines/sgd/loop.py",
        "networks/registry.py",
    }
    assert names("tasks.prepare") >= {
        "tasks/pixel_pairs/scale_detection.py",
        "tasks/images/data/SHA256SUMS",
    }
    assert names("papers.petrini_2021.claims") >= {"papers/petrini_2021/authors.csv"}


@pytest.mark.parametrize("paper", papers.NAMES)
def test_a_scorecard_depends_on_all_that_a_room_is_asked_for(paper: str) -> None:
    """`papers.assess` imports these by their names, which no closure sees."""
    (rule,) = (path for path in RULES if "\nrule claims:" in path.read_text(encoding="utf-8"))
    text = rule.read_text(encoding="utf-8")
    assert 'code_of("scorecard", f"{ROOM}.claims", f"{ROOM}.simulation")' in text
    assert "criteria_file(PAPER)" in text
    assert papers.criteria_file(paper).is_file()
    simulation = names(f"papers.{paper}.simulation")
    assert f"papers/{paper}/characteristics.csv" in simulation


@pytest.mark.parametrize("paper", papers.NAMES)
def test_no_figure_or_claim_depends_on_the_plan_or_on_another_paper(paper: str) -> None:
    """Of the room's inputs the rule's own inputs tell."""
    figures = [f"papers.{paper}.figures.{figure}" for figure in papers.paper(paper).figures]
    for module in (*figures, f"papers.{paper}.claims"):
        files = names(module)
        assert not {"plan.py", "papers/paper.py", "papers/__init__.py"} & files, module
        rooms = {file.split("/")[1] for file in files if file.startswith("papers/")}
        assert rooms == {paper}, module


def floor(path: Path) -> int:
    return FLOORS.index(name(path).partition("/")[0].removesuffix(".py"))


def test_every_module_is_in_a_room() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} <= {"__init__.py", "__main__.py", *FILES}
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders | {Path(file).stem for file in FILES} == set(FLOORS)


def test_imports_point_down() -> None:
    up = [
        f"{name(path)} imports {name(imported)}"
        for path in PACKAGE.rglob("*.py")
        if path.parent != PACKAGE or path.name in FILES
        for imported in imports_of(path)
        if imported != PACKAGE / "__init__.py" and floor(imported) < floor(path)
    ]
    assert up == []


def reached_from_drawings() -> set[str]:
    """Return the files behind the figures and the scorecard."""
    modules = {name(path).removesuffix(".py").removesuffix("/__init__") for path in DRAWN}
    return names(*(module.replace("/", ".") for module in modules))


def test_nothing_behind_a_figure_or_a_claim_imports_torch() -> None:
    """Not at the top of a module, and not within a function of it either."""
    for file in reached_from_drawings():
        for node in ast.walk(ast.parse((PACKAGE / file).read_text() if file[-3:] == ".py" else "")):
            named = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "asname")]
            packages = {each.partition(".")[0] for each in [*named, getattr(node, "module", "")]}
            assert not {"torch", "torchvision"} & packages, file
