"""What a run is made with: versions of Python and libraries, the commit, the processor."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import cnn_sensitivity
from cnn_sensitivity.base.files import unreadable, write_atomically

LIBRARIES = ("torch", "torchvision", "numpy", "pandas", "matplotlib", "snakemake")
INSTRUCTIONS = "instructions"


def note(path: str | Path, instructions: str) -> None:
    """Write what a run is made with, a line each; the instructions are the processor's."""
    noted = {**versions(), "system": platform.platform(), INSTRUCTIONS: instructions}
    width = max(map(len, noted))
    with write_atomically(path) as temporary:
        lines = (f"{name.ljust(width)}  {value}\n" for name, value in noted.items())
        temporary.write_text("".join(lines), encoding="utf-8")


def noted(path: str | Path) -> dict[str, str]:
    """Return what `note` wrote; nothing where there is no such file."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unreadable(path, error) from error
    parts = (line.partition("  ") for line in lines)
    return {name: value.strip() for name, _, value in parts}


def versions() -> dict[str, str]:
    """Return the versions by name; `commit` and its date, `committed`, only in a git repository."""
    code = {"cnn-sensitivity": cnn_sensitivity.__version__, "commit": _commit()}
    code["committed"] = _git("log", "-1", "--format=%cs", "--", ".")
    libraries = {name: version(name) for name in LIBRARIES}
    known = {name: value for name, value in code.items() if value}
    return {**known, "Python": platform.python_version(), **libraries}


def _commit() -> str:
    """Return the last commit that changed the workflow: others do not change a result."""
    commit = _git("log", "-1", "--format=%H", "--", ".")
    edited = commit and _git("diff", "--name-only", "HEAD", "--", ".")
    return f"{commit}, with changes" if edited else commit


def _git(*arguments: str) -> str:
    """Return what git says of the folder that holds the package; nothing where it fails."""
    try:
        run = subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    except OSError:
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""
