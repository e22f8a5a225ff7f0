"""SHA-256 of files and texts, and lists of them as `sha256sum` writes them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from cnn_sensitivity.base.errors import UserError


def of_file(path: str | Path) -> str:
    """Return the SHA-256 of a file; of what is no plain file, such as a pipe, words."""
    if not Path(path).is_file():
        return "not a plain file"
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def as_list(sums: Mapping[str, str]) -> str:
    """Return a list that `sha256sum --check` reads, by name."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def read_list(path: Path) -> dict[str, str]:
    """Return the sums of such a list, by name.

    Raises:
        UserError: it is not there, or something else.
    """
    try:
        lines = [line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines()]
        return {name: digest for digest, name in lines}
    except (OSError, ValueError):
        raise UserError(f"not a packed run: it has no readable {path.name}") from None
