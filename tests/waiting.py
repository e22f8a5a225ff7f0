"""Waiting for what a test has set going."""

import time
from collections.abc import Callable


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 600) -> None:
    """Return once it is ready.

    Raises:
        TimeoutError: it was not within so many seconds, which are there against hanging only.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.1)
