"""An unfinished fit: the signal that stops it, and what is left of it, taken up again."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from cnn_sensitivity.base.sealed import Arrays, read_sealed


def path_for(checkpoint: Path) -> Path:
    """Return where the state of a checkpoint's training is kept: beside it, hidden."""
    return checkpoint.with_name(f".{checkpoint.stem}.resume.safetensors")


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


class Interruption:
    """While entered, SIGTERM and Ctrl-C are only noted, so that the state can be saved first."""

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():  # elsewhere Python forbids it
            self._before = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.signal = number
