"""A run whose files are all there, packed, and what is in it: shared by the tests of archives."""

import hashlib
import io
import tarfile
from pathlib import Path

from checkout import ROOT

from cnn_sensitivity.papers import all_inputs, paper, paper_of
from cnn_sensitivity.plan import Plan

FIGURES = tuple(paper("tomasini_2022").figures)
SMOKE = [str(ROOT / "config.yaml"), str(ROOT / "workflow/scenarios/tomasini_2022/smoke.yaml")]
CONFIG = "smoke/results/smoke/config.yaml"
TABLE = "smoke/results/smoke/tables/theory.csv"
Contents = dict[str, bytes]


def finish(plan: Plan) -> None:
    """Write a file in each place where the run would, and one that is none of it."""
    checkpoints = [run.path("checkpoint.safetensors") for run in plan.runs]
    training = [run.path("training.csv") for run in plan.runs]
    extensions = ("pdf", "svg", "png", "csv", "txt")
    figures = paper_of(plan).figures
    drawn = [f"{figure}.{extension}" for figure in figures for extension in extensions]
    drawn += ["claims.html", "claims.md", "claims.txt"]
    others = [f"{plan.results}/{name}" for name in ("claims.csv", "software.txt", "stray.csv")]
    drawn = [f"{plan.figures_folder}/{name}" for name in drawn]
    for path in [*all_inputs(plan), *checkpoints, *training, *drawn, *others]:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(f"content of {path}\n")


def contents(path: Path) -> Contents:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def seal(files: Contents) -> Contents:
    """Return the files with checksums that are right."""
    sums = {
        name.partition("/")[2]: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if not name.endswith("/SHA256SUMS")
    }
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    return {**files, "smoke/SHA256SUMS": lines.encode()}


def write(path: Path, files: Contents, *special: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in special:
            tar.addfile(member)
    return path


def files_here() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file() or path.is_symlink())
