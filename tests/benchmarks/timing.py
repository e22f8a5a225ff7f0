"""How the benchmarks compare things."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any


def by_turns(
    *actions: Callable[[], Any], rounds: int, of: Callable[[Sequence[float]], float] = median
) -> list[float]:
    """Return the median seconds of each, called by turns after a first call of each.

    `of=min`: the fewest, where few rounds can be made and other programs may disturb one.
    """
    times: list[list[float]] = [[] for _ in actions]
    for action in actions:
        action()
    for _ in range(rounds):
        for action, seconds in zip(actions, times, strict=True):
            begin = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - begin)
    return [of(seconds) for seconds in times]
