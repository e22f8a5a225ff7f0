"""The files of this package that a result depends on: all that its module imports, however far.

Read from the sources by `ast`, without importing them. No torch.
"""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]

PLUMBING = (
    "__init__.py",
    "base/errors.py",
    "base/files.py",
    "config",
    "tables/files.py",
    "engines/base.py",
    "engines/sgd/progress.py",
    "operations/shared_fits.py",
)
"""Files and folders that count for no result, and by way of which none is reached.

What `config` does is seen in the parameters of a rule. The others hold the version, and say how a
job is called, stops, writes a file, reports and is shared: none changes a number.
"""


@cache
def closure(*modules: str) -> tuple[Path, ...]:
    """Return the files of modules of this package, of all that they import, and of their data.

    Modules go by their dotted names within the package ("measures.filters"). An import counts
    wherever in a file it stands, within a function too. Of a package that gathers its modules in
    `__init__.py` one that is imported by its own name counts alone. Raises ValueError for a name
    that is no module.
    """
    found: set[Path] = set()
    waiting = [_known(module) for module in modules]
    while waiting:
        path = waiting.pop()
        if path not in found and not _is_plumbing(path):
            found.add(path)
            waiting += imports_of(path)
    return tuple(sorted(found.union(*map(_data_of, found))))


@cache
def imports_of(path: Path) -> frozenset[Path]:
    """Return the files of this package that one of them imports itself."""
    here = [PACKAGE.name, *path.relative_to(PACKAGE).parent.parts]
    imported = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            imported |= {file_of(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            parent = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                imported.add(file_of(f"{parent}.{alias.name}") or file_of(parent))
    return frozenset(file for file in imported if file)


def file_of(name: str) -> Path | None:
    """Return the file of a dotted name, the package's first; None for a module that is not ours."""
    base = PACKAGE.parent.joinpath(*name.split("."))
    candidates = (base.with_name(f"{base.name}.py"), base / "__init__.py")
    inside = (path for path in candidates if path.is_relative_to(PACKAGE))
    return next((path for path in inside if path.is_file()), None)


def _known(module: str) -> Path:
    path = file_of(f"{PACKAGE.name}.{module}")
    if path is None:
        raise ValueError(f"{module}: there is no such module in {PACKAGE}")
    return path


def _is_plumbing(path: Path) -> bool:
    name = path.relative_to(PACKAGE)
    return any(name.is_relative_to(each) for each in PLUMBING)


@cache
def _data_of(module: Path) -> frozenset[Path]:
    """Return the files that a module names and that lie beside it, or in `data` there."""
    beside = [*module.parent.glob("*.*"), *module.parent.glob("data/*")]
    data = {path.name: path for path in beside if path.suffix != ".py" and path.is_file()}
    if not data:
        return frozenset()
    nodes = (node for node in ast.walk(_tree(module)) if isinstance(node, ast.Constant))
    return frozenset(data[node.value] for node in nodes if node.value in data)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
