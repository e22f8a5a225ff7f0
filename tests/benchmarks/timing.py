"""How the benchmarks compare two things."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any


def by_turns(one: Callable[[], Any], other: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Return the median seconds of both, called by turns after a first call of each."""
    times: tuple[list[float], list[float]] = ([], [])
    one(), other()
    for _ in range(rounds):
        for action, seconds in zip((one, other), times, strict=True):
            begin = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - begin)
    return median(times[0]), median(times[1])
