"""What a running training says of its time, read from its log. No torch."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# A line of `engines.sgd.progress`. Without its end it is only half written.
LINE = re.compile(r"seed ([\d,]+)\): epoch (\d+)/(\d+), .*, ([\d.]+) (s|min|h) left\n")
UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
TAKEN = "taken from another run: "
"""Before the path of the entry in the log of a fit that `shared_fits` took."""
TAIL = 8192  # bytes: the last lines, however long the training


@dataclass(frozen=True)
class Reading:
    """Seconds of a whole training job, and how many were left when it wrote the line."""

    total: float
    left: float
    line: str


def was_taken(log: Path) -> bool:
    """Return whether a fit was another run's: its time says nothing of this machine."""
    try:
        return TAKEN in log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def last_reading(log: Path, seeds: Sequence[int]) -> Reading | None:
    """Return what the last line tells that says a time; None where there is none.

    A line speaks of the seeds that train together. The others of the job's `seeds` come after
    them, or came before, and take as long.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - TAIL, 0))
            lines = list(LINE.finditer(file.read().decode(errors="replace")))
    except OSError:
        return None
    if not lines:
        return None
    together, epoch, epochs = lines[-1][1].split(","), int(lines[-1][2]), int(lines[-1][3])
    first = int(together[0])
    if epoch >= epochs or first not in seeds:
        return None
    left = float(lines[-1][4]) * UNITS[lines[-1][5]]
    one = left * epochs / (epochs - epoch)
    stacks, before = len(seeds) / len(together), list(seeds).index(first) // len(together)
    return Reading(one * stacks, left + one * (stacks - before - 1), lines[-1][0])
