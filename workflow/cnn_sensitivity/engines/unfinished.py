"""What is left of an unfinished fit: read where it belongs to the fit that is asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnn_sensitivity.base.sealed import Arrays, read_sealed


def read(
    path: Path, kind: str, fingerprint: str, what: str, log: Callable[[str], None]
) -> tuple[dict[str, Any], Arrays] | None:
    """Return the description and the arrays of a saved state, or None where none fits.

    The description holds the fingerprint of the fit. A state that is damaged or belongs to another
    fit is ignored, and `log` is told that `what` starts anew, and why.
    """
    if not path.exists():
        return None
    try:
        description, arrays = read_sealed(path, kind)
        if description["fingerprint"] != fingerprint:
            raise ValueError("it belongs to other settings or data")
    except ValueError as error:
        log(f"{path}: ignored, {what} starts anew ({error})")
        return None
    return description, arrays
