"""Which job goes first: the one whose chain takes longest."""

import heapq
from dataclasses import replace

import pytest
from forecast_cases import plan_of

from cnn_sensitivity.operations.forecast import (
    Forecast,
    Priorities,
    forecast,
)


def seconds_of_a_schedule(expected: Forecast, cores: int) -> float:
    """Return how long a run takes whose cores always start the job of the highest priority."""
    priorities = Priorities(expected)
    seconds = {(cost.run.name, "train"): cost.train or 0.0 for cost in expected.costs}
    seconds |= {(cost.run.name, "measure"): cost.measure or 0.0 for cost in expected.costs}
    ready = [(-priorities.run(name), name, kind) for name, kind in seconds if kind == "train"]
    heapq.heapify(ready)
    running: list[tuple[float, str, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            _, name, kind = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[name, kind], name, kind))
        now, name, kind = heapq.heappop(running)
        if kind == "train":
            heapq.heappush(ready, (-priorities.run(name), name, "measure"))
    return now


@pytest.mark.parametrize("cores", [2, 4])
def test_long_chains_first_leave_no_core_waiting(cores: int) -> None:
    expected = forecast(plan_of("quick"))
    work = sum(cost.seconds or 0.0 for cost in expected.costs)
    assert seconds_of_a_schedule(expected, cores) < 1.08 * work / cores


def test_a_data_set_goes_before_the_longest_chain_that_waits_for_it() -> None:
    expected = forecast(plan_of("quick"))
    priorities = Priorities(expected)
    longest = max(expected.costs, key=lambda cost: cost.seconds or 0.0)
    first = priorities.run(longest.run.name)
    assert first == pytest.approx(longest.seconds, abs=0.01)
    assert priorities.dataset(longest.run.experiment) == first
    assert all(priorities.run(cost.run.name) <= first for cost in expected.costs)


def test_a_network_that_nobody_has_timed_goes_first() -> None:
    expected = forecast(plan_of("quick"))
    unknown = replace(expected.costs[-1], train=None)
    priorities = Priorities(replace(expected, costs=(*expected.costs[:-1], unknown)))
    assert priorities.run(unknown.run.name) == max(
        priorities.run(cost.run.name) for cost in expected.costs
    )
