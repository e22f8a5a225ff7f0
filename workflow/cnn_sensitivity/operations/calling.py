"""A run of Snakemake as one of several: how it ended, and whether a signal asked to stop."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import NamedTuple


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    stopped: bool
    """Whether Ctrl-C or SIGTERM came meanwhile: nothing else is to begin."""


def call(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    """Run a command to its end, with what `environment` adds to this process's own.

    Ctrl-C reaches it from the terminal too, and it ends its jobs before it ends; SIGTERM is passed
    on.
    """
    process = subprocess.Popen(command, env={**os.environ, **environment})
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        came.append(number)
        if number == signal.SIGTERM:
            process.terminate()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    status = process.wait()
    for number, handler in before.items():
        signal.signal(number, handler)
    return Ended(status, bool(came))
