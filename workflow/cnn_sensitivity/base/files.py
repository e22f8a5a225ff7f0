"""Files that are whole or not there, and a sentence where a disk or a right is in the way."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it on success, delete it on failure.

    A killed process leaves either the whole file or none. The temporary name keeps the suffix,
    since some writers choose a format by it.

    Raises:
        UserError: there is no room, no right to write there, or something else than a file.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
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


def _error_number(error: Exception) -> int:
    """Return the system's number of an error, of safetensors' own errors too; 0 for others."""
    if isinstance(error, OSError):
        return error.errno or 0
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else 0
