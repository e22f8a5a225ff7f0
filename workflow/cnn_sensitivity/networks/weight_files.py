"""Where the file of a network's weights is: on this disk, or a download with a known digest."""

import hashlib
from pathlib import Path

from cnn_sensitivity.base.download import fetch
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import unreadable
from cnn_sensitivity.config import WeightFile


def find(weights: WeightFile, root: str | Path) -> Path:
    """Return the path of a file of weights, which is downloaded if it is not there yet.

    A download is put, or looked for where somebody put it by hand, in `root`/checkpoints as
    `weights.name`. Raises UserError if it cannot be had or its digest is not the given one.
    """
    path = Path(weights.path or Path(root, "checkpoints", weights.name))
    if weights.sha256 is None:
        return path
    if weights.url and not path.exists():
        fetch(weights.url, path, weights.sha256, path.name, "leave the network out")
    found = digest(path)
    if not found.startswith(weights.sha256):
        remedy = "delete it and run again" if weights.url else "get it anew"
        raise UserError(
            f"{path}: its SHA-256 begins with {found[: len(weights.sha256)]}, not with"
            f" {weights.sha256}; {remedy}, or correct sha256"
        )
    return path


def digest(path: Path) -> str:
    """Return the SHA-256 of a file of weights; raise UserError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file of weights") from None
    except OSError as error:
        raise unreadable(path, error) from error
