"""A disk without room or rights: one sentence, status 2, and nothing half written."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import numpy
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from cnn_sensitivity import cli
from cnn_sensitivity.base import files
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.checkpoints import sealed
from cnn_sensitivity.tasks import store

POOLING = "papers.tomasini_2022.tables.pooling:pooling_table"
REMEDIES = {
    errno.ENOSPC: "make room there and run again",
    errno.EDQUOT: "make room there and run again",
    errno.EROFS: "make the folder writable",
    errno.EACCES: "make the folder writable",
    errno.EIO: "look after the disk and run again",
}


def fail_at(monkeypatch: pytest.MonkeyPatch, step: str, number: int) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    owner = {"mkdir": Path, "replace": Path, "fsync": files.os}[step]
    monkeypatch.setattr(owner, step, fail)


@pytest.mark.parametrize("step", ["mkdir", "fsync", "replace"])
@pytest.mark.parametrize("number", REMEDIES)
def test_a_failed_write_ends_with_one_sentence_and_status_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    step: str,
    number: int,
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("before")
    with monkeypatch.context() as patch, pytest.raises(SystemExit) as stop:
        fail_at(patch, step, number)
        cli.main(["table", POOLING, "--output", str(path)])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {path}: cannot be written ({os.strerror(number)}): ")
    assert REMEDIES[number] in said
    assert said.count("\n") == 1
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"table.csv": "before"}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("folder", "something else than a file"),
        ("pipe", "something else than a file"),
        ("file/table.csv", "a part of this path is a file"),
        (f"{'x' * 300}.csv", "choose a shorter name"),
    ],
)
def test_a_place_that_no_file_can_have_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, problem: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SystemExit) as stop:
        cli.main(["table", POOLING, "--output", str(tmp_path / name)])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path / name}: ") and problem in said
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "file", "pipe"}
    assert not (tmp_path / "file").read_bytes()


def test_safetensors_own_error_is_understood(tmp_path: Path) -> None:
    """It tells the system's number in its text only."""
    tensors = {"zeros": numpy.zeros(4)}
    with pytest.raises(SafetensorError, match="os error 21") as is_a_folder:
        save_file(tensors, tmp_path)
    full = str(is_a_folder.value).replace("os error 21", f"os error {errno.ENOSPC}")
    with pytest.raises(UserError, match="No space left"), write_atomically(tmp_path / "a"):
        raise SafetensorError(full)


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    for error in (URLError("no network"), ConnectionResetError(errno.ECONNRESET, "x"), KeyError()):
        with pytest.raises(type(error)), write_atomically(tmp_path / "a"):
            raise error


@pytest.mark.parametrize("read", [store.load, sealed.read_checkpoint])
def test_a_file_that_cannot_be_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object]
) -> None:
    path = tmp_path / "file.safetensors"
    path.write_text("whole")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(UserError, match="cannot be read") as refused:
        read(path)
    assert "delete" not in str(refused.value)
