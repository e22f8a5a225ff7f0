"""The bar of a probe on a terminal."""

import sys
import threading
import time
from typing import TextIO

_WIDTH = 30  # characters
_TICK = 0.2  # seconds between two looks


class Bar:
    """Call it with what is done and what there is in all; nothing is shown in a file."""

    def __init__(self, stream: TextIO | None = None):
        self._stream = stream or sys.stderr
        self._shown = 0.0
        self._lock = threading.Lock()  # several threads pass images

    def __call__(self, done: int, total: int) -> None:
        """Renew the line, a few times a second."""
        now = time.monotonic()
        if not self._stream.isatty() or now - self._shown < _TICK:
            return
        with self._lock:
            self._shown = now
            filled = _WIDTH * done // max(total, 1)
            bar = "#" * filled + "." * (_WIDTH - filled)
            self._stream.write(f"\r[{bar}] {100 * done // max(total, 1):3d} %")
            self._stream.flush()

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            self._stream.write(f"\r{' ' * (_WIDTH + 8)}\r")
            self._stream.flush()
