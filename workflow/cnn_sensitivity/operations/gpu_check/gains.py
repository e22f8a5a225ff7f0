"""What graphs, precisions, stacks and several jobs at once gain, by what was timed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import exp, log
from statistics import fmean, median
from typing import Any, NamedTuple

from cnn_sensitivity.operations.forecast.timings import Mode
from cnn_sensitivity.operations.gpu_check.results import Results

WORTH_IT = 1.05  # less is within what two timings of the same thing differ by

Key = tuple[str, float]


def mode_of(result: Mapping[str, Any]) -> Mode:
    """Return the mode that a timing is of."""
    return Mode(result["precision"], bool(result["cuda_graph"]), result["seeds"])


def rates(results: Results) -> dict[Key, dict[Mode, float]]:
    """Return images a second by network (name and width) and mode."""
    found: dict[Key, dict[Mode, float]] = {}
    for each in results.of_kind("train").values():
        if "error" not in each:
            by_mode = found.setdefault((each["network"], each["width"]), {})
            by_mode[mode_of(each)] = each["images_per_second"]
    return found


def sentences(results: Results) -> Iterator[str]:
    """Yield what each choice gains: the median over networks, the least and the most."""
    timed = rates(results)
    float32 = Mode("float32", True)
    for what, changed, base in (
        ("CUDA graphs, in float32", float32, replace(float32, cuda_graph=False)),
        ("CUDA graphs, in bf16", Mode("bf16", True), Mode("bf16", False)),
        ("TF32 against float32, with graphs", Mode("tf32", True), float32),
        ("bf16 against float32, with graphs", Mode("bf16", True), float32),
    ):
        yield _sentence(what, list(_ratios(timed, changed, base)))
    stacks = [
        by_mode[mode] / by_mode[single]
        for by_mode in timed.values()
        for mode in by_mode
        if mode.seeds > 1 and mode.cuda_graph and (single := replace(mode, seeds=1)) in by_mode
    ]
    yield _sentence("Seeds stacked against one alone, with graphs", stacks)


def _ratios(
    timed: Mapping[Key, Mapping[Mode, float]], changed: Mode, base: Mode
) -> Iterator[float]:
    """Yield each network's gain by a change of mode, for each number of seeds."""
    for by_mode in timed.values():
        for seeds in {mode.seeds for mode in by_mode}:
            pair = [replace(mode, seeds=seeds) for mode in (changed, base)]
            if all(mode in by_mode for mode in pair):
                yield by_mode[pair[0]] / by_mode[pair[1]]


def _sentence(what: str, ratios: list[float]) -> str:
    if not ratios:
        return ""
    return (
        f"{what}: {median(ratios):.2f} times as fast in the median over {len(ratios)} pairs,"
        f" from {min(ratios):.2f} to {max(ratios):.2f}."
    )


def best_mode(results: Results) -> Mode | None:
    """Return precision and graph of the highest speed, by the geometric mean over networks.

    Only modes in which every network was timed count; None if there is none.
    """
    timed = rates(results)
    logs: dict[Mode, dict[Key, float]] = {}
    for key, by_mode in timed.items():
        for mode, rate in by_mode.items():
            of_mode = logs.setdefault(replace(mode, seeds=1), {})
            of_mode[key] = max(of_mode.get(key, 0.0), log(rate))
    whole = {
        mode: fmean(by_key.values()) for mode, by_key in logs.items() if len(by_key) == len(timed)
    }
    return max(whole, key=lambda mode: whole[mode]) if whole else None


class Together(NamedTuple):
    """Several jobs at once: their images a second, and how many times those of one job alone.

    The gain is None where one job alone was not timed.
    """

    title: str
    jobs: int
    mps: bool
    rate: float
    gain: float | None


def together(results: Results) -> list[Together]:
    """Return what several jobs at once did, in the order of networks and numbers."""
    timed = rates(results)
    rows = []
    for each in results.of_kind("together").values():
        if "error" not in each:
            alone = timed.get((each["network"], each["width"]), {}).get(mode_of(each))
            rate = each["images_per_second"]
            gain = rate / alone if alone else None
            rows.append(Together(each["title"], each["processes"], each["mps"], rate, gain))
    return sorted(rows, key=lambda row: row[:3])


def best_jobs(results: Results) -> tuple[int, bool]:
    """Return how many jobs at once gain most, and whether under MPS; one job where none gain.

    By the geometric mean over networks; only numbers with which each of them was timed count.
    """
    rows = [row for row in together(results) if row.gain]
    titles = {row.title for row in rows}
    logs: dict[tuple[int, bool], list[float]] = {}
    for row in rows:
        logs.setdefault((row.jobs, row.mps), []).append(log(row.gain or 1.0))
    whole = {way: exp(fmean(found)) for way, found in logs.items() if len(found) == len(titles)}
    best = max(whole, key=lambda way: whole[way], default=(1, False))
    return best if whole.get(best, 0.0) > WORTH_IT else (1, False)
