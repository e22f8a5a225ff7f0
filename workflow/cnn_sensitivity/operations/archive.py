"""A run in one file: all that is needed to draw its figures without training.

An archive is a .tar.gz of one folder, named after the run. Below it each file has the path that it
has in a checkout:

    <run>/README.txt
    <run>/SHA256SUMS
    <run>/UNFINISHED.txt               of such a run, the tables that are not there yet
    <run>/ro-crate-metadata.json       what each file is, for programs: see `crate`
    <run>/results/<run>/config.yaml    the whole configuration, to be laid over any other
    <run>/results/<run>/inputs.sha256  checksums of data sets and weights that are not in it
    <run>/results/<run>/...            tables, versions; with --checkpoints the weights
    <run>/paper_figures/<run>/...      figures and scorecard: to look at, for they are drawn anew

The configuration determines every name that an archive may hold. So no name can lead out of the
run's own folders, and nothing lies there that no rule would have made.
"""

import gzip
import io
import os
import tarfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from cnn_sensitivity import papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.config import Config, read
from cnn_sensitivity.config.experiments import KINDS
from cnn_sensitivity.operations import checksums, crate, inputs, older_archives
from cnn_sensitivity.operations.extraction import extract
from cnn_sensitivity.papers import all_inputs, figure_inputs, paper_of
from cnn_sensitivity.papers.paper import EXTENSIONS
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tables import files as table_files

if TYPE_CHECKING:
    from pandas import DataFrame

README, SUMS, UNFINISHED = "README.txt", "SHA256SUMS", "UNFINISHED.txt"
_RESULTS = Path("results")
_DEEPEST = 20  # levels of a configuration


def pack(plan: Plan, output: str | Path, figures: bool = True, checkpoints: bool = False) -> int:
    """Write a finished run to an archive; return the number of its files.

    The same files give the same bytes: names are sorted, and no time and no owner is noted.

    Raises:
        UserError: files of the run are not there, or tables are damaged.
    """
    paths = _tables(plan) | (_drawn(plan) if figures else set())
    paths |= _checkpoints(plan) if checkpoints else set()
    if missing := _missing(paths):
        raise UserError(f"{_some(missing)}: not there yet; finish the run first, or UNFINISHED=1")
    return _pack(plan, output, paths, {})


def pack_unfinished(plan: Plan, output: str | Path) -> int:
    """Write the tables that a run has so far, to go on from elsewhere; return how many files.

    Raises:
        UserError: there is no table yet, or all are there, or one is damaged.
    """
    missing = _missing(_tables(plan))
    paths = _tables(plan) - missing
    if not paths:
        raise UserError(f"{plan.results}: no table of the run is there yet")
    if not missing:
        raise UserError(f"{plan.results}: the run is finished; pack it without UNFINISHED=1")
    return _pack(
        plan, output, paths, {UNFINISHED: "".join(f"{name}\n" for name in sorted(missing))}
    )


def _missing(paths: Iterable[str]) -> set[str]:
    return {path for path in paths if not Path(path).is_file()}


def _pack(plan: Plan, output: str | Path, paths: set[str], noted: Mapping[str, str]) -> int:
    for path in paths:
        if path.endswith(".csv"):
            table_files.check(path)
    texts = {config_file(plan): _overlay(plan.config), README: _readme(plan), **noted}
    taken = inputs.sums(plan)
    texts |= {inputs.list_of(plan): checksums.as_list(taken)} if taken else {}
    sums = {path: checksums.of_file(path) for path in paths}
    sums |= {name: checksums.of_text(text) for name, text in texts.items()}
    texts[crate.METADATA] = _metadata(plan, sums, texts, taken)
    sums[crate.METADATA] = checksums.of_text(texts[crate.METADATA])
    texts[SUMS] = checksums.as_list(sums)
    with write_atomically(output) as temporary:
        _write(temporary, plan.config.run, paths, texts)
    return len(paths | texts.keys())


def unpack(archive: str | Path, whole: bool = False) -> Plan:
    """Put the results of an archive into the working folder; return the plan of its run.

    Nothing is put in place before everything is checked. Files that are there already, with the
    same content, stay as they are. `whole`: all tables must be in it.

    Raises:
        UserError: the archive is damaged, holds what no run has, or differs from what is here.
    """
    with _opened(archive) as (folder, plan, sums):
        if whole and UNFINISHED in sums:
            lacks = len((folder / UNFINISHED).read_text(encoding="utf-8").splitlines())
            raise UserError(
                f"of an unfinished run, {lacks} tables are not there: unpack it, and go on"
            )
        _put_in_place(folder, {name: sums[name] for name in sums.keys() & _restored(plan)})
    return plan


def plan_of(archive: str | Path) -> Plan:
    """Return the plan of the run in an archive; nothing of it is put in place.

    Raises:
        UserError: the archive is damaged, or holds what no run has.
    """
    with _opened(archive) as (_, plan, _):
        return plan


def read_tables(archive: str | Path) -> tuple[Plan, "dict[str, DataFrame]"]:
    """Return the plan of the run in an archive and the tables that its claims need, by kind.

    Nothing of it is put in place.

    Raises:
        UserError: the archive is damaged, holds what no run has, or lacks a table.
    """
    with _opened(archive) as (folder, plan, _):
        return plan, {
            kind: papers.read(plan.config.paper, kind, [folder / path for path in paths])
            for kind, paths in papers.claim_inputs(plan).items()
            if paths
        }


@contextmanager
def _opened(archive: str | Path) -> Iterator[tuple[Path, Plan, dict[str, str]]]:
    """Yield the folder of an archive, extracted for now and checked, its plan and checksums."""
    if not Path(archive).is_file():
        raise UserError(f"{archive}: there is no such file")
    try:
        _RESULTS.mkdir(exist_ok=True)
        with TemporaryDirectory(prefix=".unpack-", dir=_RESULTS) as scratch:
            folder = extract(archive, Path(scratch))
            yield folder, *_checked(folder)
    except UserError as error:
        raise UserError(f"{archive}: {error}") from None
    except OSError as error:
        raise UserError(f"{archive}: cannot be unpacked here: {error}") from None


def config_file(plan: Plan) -> str:
    """Return where the configuration of an unpacked run is."""
    return f"{plan.results}/config.yaml"


def _tables(plan: Plan) -> set[str]:
    training = {run.path("training.csv") for run in plan.runs}
    return all_inputs(plan) | training | {f"{plan.results}/software.txt"}


def _checkpoints(plan: Plan) -> set[str]:
    return {run.path("checkpoint.safetensors") for run in plan.runs}


def _drawn(plan: Plan) -> set[str]:
    figures = {f"{name}.{extension}" for name in figure_inputs(plan) for extension in EXTENSIONS}
    names = figures | {f"claims.{extension}" for extension in ("html", "md", "txt")}
    return {f"{plan.figures_folder}/{name}" for name in names} | {f"{plan.results}/claims.csv"}


def _restored(plan: Plan) -> set[str]:
    return _tables(plan) | _checkpoints(plan) | {config_file(plan), inputs.list_of(plan)}


def _overlay(config: Config) -> str:
    """Return the configuration as YAML; every key is set, so that nothing below it shows."""
    values = config.model_dump(mode="json")
    # None takes an experiment away, and a choice of networks, that are only below.
    values["experiments"] = dict.fromkeys(KINDS) | values["experiments"]
    values["figures"] = values["figures"] or None
    title = f"# The whole configuration of the run {config.run}, to be laid over config.yaml.\n"
    return title + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _readme(plan: Plan) -> str:
    paper = paper_of(plan)
    return f"""\
The run {plan.config.run!r} of a replication of {paper.authors}, "{paper.title}",
arXiv {paper.arxiv}.

{plan.results}/ holds its tables, its configuration (config.yaml), the versions of the software
(software.txt) and, if they were packed, the networks' weights (*.safetensors).
{plan.figures_folder}/ holds its figures and its scorecard, if they were packed.
{UNFINISHED}, if it is there, names the tables that were not made yet.

`make redraw ARCHIVE=...` in a checkout of the replication draws all figures from the tables.
`sha256sum --check {SUMS}` checks the files. {crate.METADATA} says of each what it is:
an RO-Crate, https://w3id.org/ro/crate.
"""


def _metadata(
    plan: Plan, sums: Mapping[str, str], texts: Mapping[str, str], taken: Mapping[str, str]
) -> str:
    """Return what the files of an archive are; its list of checksums, made last, has none."""
    sizes = {
        path: len(texts[path].encode()) if path in texts else Path(path).stat().st_size
        for path in sums
    }
    files = {SUMS: None, **{path: (sizes[path], sums[path]) for path in sums}}
    return crate.describe(plan, files, taken)


def _write(output: Path, run: str, paths: Iterable[str], texts: Mapping[str, str]) -> None:
    with (
        output.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in sorted([*paths, *texts]):
            member = tarfile.TarInfo(f"{run}/{name}")
            if name in texts:
                content = texts[name].encode()
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            else:
                member.size = Path(name).stat().st_size
                with Path(name).open("rb") as source:
                    tar.addfile(member, source)


def _checked(folder: Path) -> tuple[Plan, dict[str, str]]:
    """Return the plan and the checksums of an extracted archive, all of its files being right."""
    found = _files(folder)
    sums = checksums.read_list(folder / SUMS)
    if different := found ^ {SUMS, *sums}:
        raise UserError(f"{_some(different)}: in {SUMS} or in the archive, not in both")
    if damaged := [name for name in sums if checksums.of_file(folder / name) != sums[name]]:
        raise UserError(f"{_some(damaged)}: damaged (wrong SHA-256); fetch the archive again")
    is_older = older_archives.is_one(found)
    if is_older:
        older_archives.update_configuration(folder / f"results/{folder.name}/config.yaml")
    plan = _read_plan(folder)
    if is_older:
        older_archives.convert(plan, folder)
        found = _files(folder)
        sums = {name: checksums.of_file(folder / name) for name in found - {SUMS}}
    about = {SUMS, README, UNFINISHED, crate.METADATA}
    if unknown := found - about - _restored(plan) - _drawn(plan):
        raise UserError(f"{_some(unknown)}: not a file of the run that its configuration describes")
    lacks = (folder / UNFINISHED).read_text(encoding="utf-8") if UNFINISHED in found else ""
    if missing := _tables(plan) - found - set(lacks.splitlines()):
        raise UserError(f"{_some(missing)}: not in it, and the run's figures need it")
    return plan, sums


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _read_plan(folder: Path) -> Plan:
    path = folder / f"results/{folder.name}/config.yaml"
    if not path.is_file():
        raise UserError("not a packed run: it has no configuration")
    try:
        _check_yaml(path.read_text(encoding="utf-8"))
        return Plan(read(path))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UserError("not a packed run: its configuration cannot be read") from None


def _check_yaml(text: str) -> None:
    """Refuse the short texts that take YAML hours to read: aliases of aliases, deep nesting."""
    depth = 0
    for event in yaml.parse(text):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST or isinstance(event, yaml.AliasEvent):
            raise UserError("not a packed run: its configuration has aliases or is nested deeply")


def _put_in_place(folder: Path, sums: Mapping[str, str]) -> None:
    """Move files of an extracted archive to where they belong, unless they are there."""
    there = {name for name in sums if Path(name).exists()}
    if differing := [name for name in there if checksums.of_file(name) != sums[name]]:
        raise UserError(
            f"{_some(differing)}: another file is here already;"
            " move it away, or unpack into a fresh checkout"
        )
    above = {parent for name in sums for parent in Path(name).parents}
    if blocked := [str(path) for path in above if path.exists() and not path.is_dir()]:
        raise UserError(f"{_some(blocked)}: not a folder, and one must be there; move it away")
    now = time.time()
    for name in sums.keys() - there:
        # Of one age, and newer than the code: to Snakemake none is out of date.
        os.utime(folder / name, (now, now))
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).replace(name)


def _some(names: Iterable[str]) -> str:
    """Return the first of some names, and how many more there are."""
    first, *others = sorted(names)
    return f"{first!r} and {len(others)} more" if others else repr(first)
