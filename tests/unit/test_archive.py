"""A packed run: what is in it, that it comes back whole, and what is refused."""

import gzip
import hashlib
import io
import os
import shutil
import tarfile
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cnn_sensitivity import archive
from cnn_sensitivity.cli import main
from cnn_sensitivity.config import read
from cnn_sensitivity.errors import UserError
from cnn_sensitivity.figure_inputs import FIGURES, all_inputs
from cnn_sensitivity.plan import Plan

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted(ROOT.glob("workflow/scenarios/*.yaml"))
SMOKE = [str(ROOT / "config.yaml"), str(ROOT / "workflow/scenarios/smoke.yaml")]
CONFIG = "smoke/results/smoke/config.yaml"
TABLE = "smoke/results/smoke/tables/theory.csv"
Contents = dict[str, bytes]


@pytest.fixture
def plan() -> Plan:
    return Plan(read(*SMOKE))


@pytest.fixture
def packed(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archive of a run whose files are all there, though not what they say they are.

    The working folder is afterwards another one, with nothing in it.
    """
    for name in ("there", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "there")
    finish(plan)
    archive.pack(plan, tmp_path / "run.tar.gz", checkpoints=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "run.tar.gz"


def finish(plan: Plan) -> None:
    """Write a file in each place where the run would, and one that is none of it."""
    checkpoints = [run.path("checkpoint.safetensors") for run in plan.runs]
    training = [run.path("training.csv") for run in plan.runs]
    extensions = ("pdf", "svg", "png", "csv", "txt")
    drawn = [f"{figure}.{extension}" for figure in FIGURES for extension in extensions]
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


def test_it_holds_the_files_of_the_plan_and_no_others(packed: Path) -> None:
    names = set(contents(packed))
    assert {CONFIG, TABLE, "smoke/README.txt", "smoke/SHA256SUMS"} <= names
    assert "smoke/results/smoke/software.txt" in names
    assert "smoke/paper_figures/smoke/figure_03.png" in names
    assert "smoke/paper_figures/smoke/claims.md" in names
    assert sum(name.endswith("/checkpoint.safetensors") for name in names) == 10
    assert not any("stray" in name for name in names)


def test_checkpoints_and_figures_are_a_choice(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(packed.parent / "there")
    with_weights = set(contents(packed))
    archive.pack(plan, packed)
    default = set(contents(packed))
    archive.pack(plan, packed, figures=False)
    least = set(contents(packed))
    assert {name.rpartition("/")[2] for name in with_weights - default} == {
        "checkpoint.safetensors"
    }
    drawn = default - least
    assert len(drawn) == 5 * len(FIGURES) + 4
    scorecard = {"smoke/results/smoke/claims.csv"}
    assert all(name.startswith("smoke/paper_figures/") for name in drawn - scorecard)


def test_the_same_run_gives_the_same_bytes(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = packed.read_bytes()
    monkeypatch.chdir(packed.parent / "there")
    for path in Path().rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    archive.pack(plan, packed.with_name("again.tar.gz"), checkpoints=True)
    assert packed.with_name("again.tar.gz").read_bytes() == before


def test_an_unfinished_run_is_not_packed(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(packed.parent / "there")
    Path("results/smoke/tables/theory.csv").unlink()
    with pytest.raises(UserError, match="theory.csv': not there yet; finish the run"):
        archive.pack(plan, "new.tar.gz")
    assert not Path("new.tar.gz").exists()


def test_its_results_come_back(plan: Plan, packed: Path) -> None:
    assert archive.unpack(packed) == plan
    restored = files_here()
    assert restored
    assert all(name.startswith("results/smoke/") for name in restored)
    assert "results/smoke/claims.csv" not in restored  # the scorecard is written anew
    files = contents(packed)
    assert all(Path(name).read_bytes() == files[f"smoke/{name}"] for name in restored)
    assert len({Path(name).stat().st_mtime for name in restored}) == 1


def test_plain_tools_can_check_it(packed: Path) -> None:
    for name, content in contents(packed).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content)
    lines = Path("smoke/SHA256SUMS").read_text().splitlines()
    assert lines == sorted(lines, key=lambda line: line.split("  ")[1])
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256(Path("smoke", name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_the_configuration_hides_all_that_it_is_laid_over(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = read(ROOT / "config.yaml", scenario)
    # Without two of the experiments that the layers below have.
    fewer = {"images": config.experiments.images, "scale_detection_2d": None}
    experiments = config.experiments.model_copy(update=fewer)
    plan = Plan(config.model_copy(update={"experiments": experiments}))
    finish(plan)
    archive.pack(plan, "run.tar.gz")
    shutil.rmtree("results")
    assert archive.unpack("run.tar.gz") == plan
    for below in (ROOT / "config.yaml", ROOT / "workflow/scenarios/paper.yaml"):
        assert read(ROOT / "config.yaml", below, archive.config_file(plan)) == plan.config


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "member",
    [
        special(TABLE, tarfile.SYMTYPE, "/etc/passwd"),
        special("smoke/results/smoke/pretrained", tarfile.SYMTYPE, "/tmp"),
        special(TABLE, tarfile.LNKTYPE, "../../secret"),
        special(TABLE, tarfile.CHRTYPE),
        special(TABLE, tarfile.BLKTYPE),
        special(TABLE, tarfile.FIFOTYPE),
        special(TABLE, tarfile.GNUTYPE_SPARSE),
    ],
    ids=["symlink", "folder link", "hard link", "character", "block", "pipe", "sparse"],
)
def test_links_and_devices_are_refused(packed: Path, member: tarfile.TarInfo) -> None:
    files = contents(packed)
    files.pop(member.name, None)
    write(packed, seal(files), member)
    with pytest.raises(UserError, match="not a (packed run|whole archive)"):
        archive.unpack(packed)
    assert files_here() == []


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "smoke/../../evil", "smoke/results/../../../evil", "evil", "."],
)
def test_names_outside_the_folder_are_refused(packed: Path, name: str) -> None:
    write(packed, {**contents(packed), name: b"evil"})
    with pytest.raises(UserError, match="would lie outside its folder"):
        archive.unpack(packed)
    assert files_here() == []
    assert not list(packed.parent.rglob("evil"))


@pytest.mark.parametrize(
    "name",
    [
        "smoke/Snakefile",
        "smoke/workflow/cnn_sensitivity/cli.py",
        "smoke/results/smoke/evil.py",
        "smoke/results/quick/tables/theory.csv",
        "smoke/results/smoke/tables/new\nline.csv",
        "other/README.txt",
    ],
)
def test_files_that_no_run_has_are_refused(packed: Path, name: str) -> None:
    write(packed, seal({**contents(packed), name: b"evil"}))
    with pytest.raises(UserError) as refused:
        archive.unpack(packed)
    assert len(str(refused.value).splitlines()) == 1
    assert files_here() == []


def without_config(files: Contents) -> Contents:
    return {name: content for name, content in files.items() if name != CONFIG}


def without_table(files: Contents) -> Contents:
    return {name: content for name, content in files.items() if name != TABLE}


def with_config(text: bytes) -> Callable[[Contents], Contents]:
    return lambda files: {**files, CONFIG: text}


def of_another_run(files: Contents) -> Contents:
    return {**files, CONFIG: files[CONFIG].replace(b"run: smoke\n", b"run: quick\n")}


LAUGHS = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
LAUGHS += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 20)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (without_config, "has no configuration"),
        (without_table, "theory.csv': not in it"),
        (with_config(b"run: ["), "cannot be read"),
        (with_config(b"\xff"), "cannot be read"),
        (with_config(b"[" * 100_000), "nested deeply"),
        (with_config(b"run: ../up"), "configuration: "),
        (with_config(b"\n".join(LAUGHS)), "aliases"),
        (of_another_run, "not a file of the run"),
    ],
    ids=["none", "table", "yaml", "text", "depth", "name", "laughs", "other"],
)
def test_what_is_no_whole_run_is_refused(
    packed: Path, change: Callable[[Contents], Contents], says: str
) -> None:
    write(packed, seal(change(contents(packed))))
    with pytest.raises(UserError, match=says):
        archive.unpack(packed)
    assert files_here() == []


def test_a_file_that_was_altered_lost_or_added_is_noticed(packed: Path) -> None:
    files = contents(packed)
    lost = {name: content for name, content in files.items() if name != TABLE}
    for changed, says in (
        ({**files, TABLE: b"altered"}, "theory.csv': damaged"),
        (lost, "not in both"),
        ({**files, "smoke/results/more.csv": b""}, "not in both"),
        ({**files, "smoke/SHA256SUMS": b"no sums"}, "no readable SHA256SUMS"),
    ):
        write(packed, changed)
        with pytest.raises(UserError, match=says):
            archive.unpack(packed)
        assert files_here() == []


def test_a_cut_archive_is_refused_wherever_it_is_cut(packed: Path) -> None:
    whole = packed.read_bytes()
    for length in range(0, len(whole) - 8, len(whole) // 40):
        packed.write_bytes(whole[:length])
        with pytest.raises(UserError, match=str(packed)):
            archive.unpack(packed)
        assert files_here() == []


def test_a_damaged_archive_never_gives_another_run(packed: Path) -> None:
    """Whether the damage is in what gzip protects or, written anew, in the tar below it."""
    original, below = packed.read_bytes(), gzip.decompress(packed.read_bytes())
    for whole, write_again in ((original, bytes), (below, gzip.compress)):
        for position in range(0, len(whole), len(whole) // 12):
            damaged = bytearray(whole)
            damaged[position] ^= 0xFF
            packed.write_bytes(write_again(bytes(damaged)))
            try:
                archive.unpack(packed)
            except UserError as error:
                assert len(str(error).splitlines()) == 1
                assert files_here() == []
            else:  # the damage was in bytes that mean nothing, as an owner's name
                table = Path("results/smoke/tables/theory.csv")
                assert table.read_text() == f"content of {table}\n"
                shutil.rmtree("results")


def test_what_is_no_archive_is_refused(packed: Path) -> None:
    packed.write_bytes(b"")
    for path in (packed, packed.parent, packed.parent / "nowhere.tar.gz", ROOT / "config.yaml"):
        with pytest.raises(UserError, match=str(path)):
            archive.unpack(path)


def test_a_file_that_differs_is_not_overwritten(packed: Path) -> None:
    mine = Path("results/smoke/tables/theory.csv")
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    with pytest.raises(UserError, match="theory.csv': another file is here already"):
        archive.unpack(packed)
    assert files_here() == [str(mine)]
    assert mine.read_text() == "mine\n"


def test_files_that_are_there_already_stay_as_they_are(packed: Path) -> None:
    archive.unpack(packed)
    table = Path("results/smoke/tables/theory.csv")
    lost = Path("results/smoke/tables/pooling.csv")
    os.utime(table, (1, 1))
    lost.unlink()
    archive.unpack(packed)
    assert table.stat().st_mtime == 1
    assert lost.exists()


def test_a_place_that_cannot_be_written_is_said(packed: Path) -> None:
    Path("results").write_text("a file\n")
    with pytest.raises(UserError, match="cannot be unpacked here"):
        archive.unpack(packed)
    assert files_here() == ["results"]


def test_a_disk_that_is_too_small_is_said(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 100))
    with pytest.raises(UserError, match="GB are free here"):
        archive.unpack(packed)


def test_the_verbs(
    packed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(packed.parent / "there")
    main(["pack", "--configfile", *SMOKE, "--output", "new.tar.gz", "--no-figures"])
    assert capsys.readouterr().out.startswith("new.tar.gz: 33 files of the run 'smoke', ")
    monkeypatch.chdir(packed.parent / "here")
    main(["unpack", "../there/new.tar.gz"])
    said = capsys.readouterr()
    assert said.out == "results/smoke/config.yaml\n"
    assert said.err == "The results of the run 'smoke' are in results/smoke/.\n"
    with pytest.raises(SystemExit) as ended:
        main(["unpack", "nowhere.tar.gz"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: nowhere.tar.gz: there is no such file\n"


def test_the_profile_for_redrawing_allows_what_draws_and_nothing_else() -> None:
    profile = yaml.safe_load((ROOT / "profiles/redraw/config.yaml").read_text())
    assert set(profile["allowed-rules"]) == {"all", "claims", "software", *FIGURES}
