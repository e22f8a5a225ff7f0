"""What is refused when an archive is unpacked: nothing of it reaches the disk."""

import gzip
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_cases import (
    CONFIG,
    ROOT,
    TABLE,
    Contents,
    contents,
    files_here,
    seal,
    write,
)

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.operations import archive


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
        (with_config(b"run: 2026-13-45"), "cannot be read"),
        (with_config(b'seed: !!int "abc"'), "cannot be read"),
        (with_config(b"seed: " + b"1" * 5000), "cannot be read"),
        (with_config(b"run: smoke\nrun: quick"), "there twice"),
        (with_config(b"[" * 100_000), "nested deeply"),
        (with_config(b"run: ../up"), "configuration: "),
        (with_config(b"\n".join(LAUGHS)), "aliases"),
        (of_another_run, "not a file of the run"),
    ],
    ids=[
        "none",
        "table",
        "yaml",
        "text",
        "date",
        "int",
        "digits",
        "twice",
        "depth",
        "name",
        "laughs",
        "other",
    ],
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
    for changed, says in (
        ({**files, TABLE: b"altered"}, "theory.csv': damaged"),
        (without_table(files), "not in both"),
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
