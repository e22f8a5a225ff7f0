"""Numbers and lists in plain words: for captions and for the scorecard."""

from collections import Counter
from collections.abc import Iterable


def left_out(reasons: Counter[str]) -> str:
    """Return a sentence on how many runs or layers are missing and why; nothing if none is."""
    if not reasons:
        return ""
    parts = [
        f"{count} {reason.replace('runs', 'run', 1).replace('layers', 'layer', 1)}"
        if count == 1
        else f"{count} {reason}"
        for reason, count in reasons.items()
    ]
    return f"Left out: {listing(parts)}."


def listing(words: Iterable[object]) -> str:
    """Return 'a, b and c'."""
    *most, last = [str(word) for word in words] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def plural(count: int, noun: str) -> str:
    """Return '1 seed' or '2 seeds'."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def in_words(count: int) -> str:
    """Return a number up to ten as a word."""
    return _WORDS[count - 1] if 1 <= count <= len(_WORDS) else str(count)


def span(values: Iterable[float]) -> str:
    """Return the one value, or 'lowest to highest'."""
    values = sorted(set(values))
    return f"{values[0]:g}" if len(values) == 1 else f"{values[0]:g} to {values[-1]:g}"


def runs_of(numbers: Iterable[int]) -> str:
    """Return whole numbers with consecutive ones joined: '0-3, 7'."""
    result: list[list[int]] = []
    for number in sorted({int(number) for number in numbers}):
        if result and number == result[-1][-1] + 1:
            result[-1].append(number)
        else:
            result.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in result)
