"""Extraction of an archive that anybody may have made: nothing of it lands beside its folder."""

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from cnn_sensitivity.base.errors import UserError

_DAMAGE = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError)


def extract(archive: str | Path, scratch: Path) -> Path:
    """Extract an archive into an empty folder; return the one folder in it.

    Raises:
        UserError: it is damaged, larger than what is free, holds anything but plain files within
            one folder.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = [member for member in tar if not member.isdir()]
            _read_to_end(tar)
            for member in members:
                _check_member(member)
            _check_space(sum(member.size for member in members), scratch)
            for member in members:
                _extract_content(tar, member, scratch / member.name)
    except _DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"not a whole archive ({reason}); fetch it again") from None
    folders = list(scratch.iterdir())
    if len(folders) != 1:
        raise UserError("not a packed run: it must hold one folder")
    return folders[0]


def _read_to_end(tar: tarfile.TarFile) -> None:
    """Read on after the last member: gzip's checksum is there, and a cut may begin there."""
    stream = tar.fileobj
    assert stream is not None  # it is open
    while stream.read(2**20):
        pass


def _check_member(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if not member.isreg() or member.issparse():
        raise UserError(f"not a packed run: {member.name!r} is no plain file")
    if path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
        raise UserError(f"not a packed run: {member.name!r} would lie outside its folder")


def _check_space(needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(f"it needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free here")


def _extract_content(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write the bytes of a plain file: no mode, owner or link of an archive reaches the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    assert source is not None  # it is a plain file
    with source, path.open("xb") as file:
        shutil.copyfileobj(source, file)
