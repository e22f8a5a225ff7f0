"""How the benchmarks compare things."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any


def by_turns(*actions: Callable[[], Any], rounds: int) -> list[float]:
    """Return the median seconds of each, called by turns after a first call of each."""
    times: list[list[float]] = [[] for _ in actions]
    for action in actions:
        action()
    for _ in range(rounds):
        for action, seconds in zip(actions, times, strict=True):
            begin = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - begin)
    return [median(seconds) for seconds in times]
