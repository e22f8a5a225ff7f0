"""Files that are whole or not there, and a sentence where a disk or a right is in the way."""

import codecs
import errno
import os
import platform
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from cnn_sensitivity.base.errors import UserError

# What to do about an error of the system, by its number.
REMEDIES = {
    errno.ENOSPC: "make room there and run again",
    errno.EDQUOT: "make room there and run again",
    errno.EROFS: "make the folder writable, or choose another, and run again",
    errno.EACCES: "make the folder writable, or choose another, and run again",
    errno.EPERM: "make the folder writable, or choose another, and run again",
    errno.EIO: "look after the disk and run again",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOTDIR: "a part of this path is a file: choose another path",
    errno.EEXIST: "a part of this path is a file: choose another path",
}

# What a file is by how it begins, where something else was wanted of it.
_BEGINNINGS = (
    (b"version https://git-lfs", "a Git LFS pointer; git lfs pull brings the file itself"),
    (b"<!DOCTYPE", "a web page, as servers send in place of a file"),
    (b"<html", "a web page, as servers send in place of a file"),
    (b"\x89HDF\r\n", "an HDF5 file, as Keras writes"),
    (b"GGUF", "a GGUF file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ\0", "compressed by xz"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF"),
    (b"GIF8", "a GIF image"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
)


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it on success, delete it on failure.

    A killed process leaves either the whole file or none. The temporary name keeps the suffix,
    since some writers choose a format by it.

    Raises:
        UserError: there is no room, no right to write there, or something else than a file.
    """
    path = Path(path)
    # Two machines may write to one folder, in processes of equal numbers.
    temporary = path.with_name(f".{path.stem}.{platform.node()}-{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: there is something else than a file: choose another path")
        try:
            yield temporary
            with temporary.open("rb") as written:  # no rename may reach the disk before the data
                os.fsync(written.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except Exception as error:
        number = _error_number(error)
        if number not in REMEDIES:
            raise
        problem = f"{path}: cannot be written ({os.strerror(number)})"
        raise UserError(f"{problem}: {REMEDIES[number]}") from error


def unreadable(path: str | Path, error: OSError) -> UserError:
    """Return what to say of a file that is there but cannot be read: it may well be whole."""
    problem = error.strerror or error
    return UserError(f"{path}: cannot be read ({problem}): look after its rights and the disk")


def shown(name: str) -> str:
    """Return a file's name as text that can be written: a byte that is no UTF-8 becomes \\xNN."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def kind_of(path: Path) -> str:
    """Return in words what a file is, from how it begins or what an archive holds, or ""."""
    with path.open("rb") as file:
        head = file.read(512)
        if not head.strip(b"\0"):
            return "nothing but zeros" if head else "empty"
        for beginning, kind in _BEGINNINGS:
            if head.lstrip().lower().startswith(beginning.lower()):
                return kind
        if head[257:262] == b"ustar":
            return "a tar archive"
        return "text" if _is_text(head) else _kind_of_zip(file)


def _is_text(head: bytes) -> bool:
    """Return whether bytes, cut off anywhere, are of printable UTF-8."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return len(text) > 3 and "".join(text.split()).isprintable()


def _kind_of_zip(file: IO[bytes]) -> str:
    if not zipfile.is_zipfile(file):
        return ""
    with zipfile.ZipFile(file) as archive:
        names = [PurePosixPath(name) for name in archive.namelist()]
    if any(name.name == "constants.pkl" or "code" in name.parts[1:2] for name in names):
        return (
            "a TorchScript network; torch.save(torch.jit.load(FILE).state_dict(), ...) writes its"
            " tensors"
        )
    if names and all(name.suffix == ".npy" for name in names):
        return "an npz file of NumPy arrays"
    if any(name.name == "data.pkl" for name in names):
        return ""  # PyTorch's own
    return "a zip archive"


def _error_number(error: Exception) -> int:
    """Return the system's number of an error, of safetensors' own errors too; 0 for others."""
    if isinstance(error, OSError):
        return error.errno or 0
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else 0
