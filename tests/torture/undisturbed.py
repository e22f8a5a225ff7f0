"""The files of a run that nobody disturbs, and the comparison with those of one that was."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checkout import Checkout

KINDS = ("csv", "safetensors", "txt", "md", "html", "png", "pdf", "svg")


@dataclass
class Undisturbed:
    """What a run leaves that nobody disturbs, and how long it takes."""

    arguments: Sequence[str]
    seconds: float
    start_seconds: float
    """Of Snakemake alone, before its first job."""
    files: dict[str, bytes]
    counts: Counter[str]

    def hold_against(self, checkout: Checkout) -> set[str]:
        """Assert that every file has the bytes of the undisturbed run; return those missing."""
        found = whole_files(checkout)
        differing = {name for name in found if found[name] != self.files.get(name)}
        self.counts["files compared"] += len(found)
        self.counts["bytes lost"] += sum(len(found[name]) for name in differing)
        assert differing == set()
        return set(self.files) - set(found)


def run_undisturbed(
    checkout: Checkout, arguments: Sequence[str], counts: Counter[str]
) -> Undisturbed:
    """Call Snakemake and let it end; then time its start alone, with a dry run."""
    begin = time.monotonic()
    run = checkout.snakemake(*arguments, timeout=1800)
    assert run.returncode == 0, run.stdout + run.stderr
    end = time.monotonic()
    checkout.planned(*arguments)
    start = time.monotonic() - end
    return Undisturbed(arguments, end - begin, start, whole_files(checkout), counts)


def whole_files(checkout: Checkout) -> dict[str, bytes]:
    """Return the files that count as made: not hidden ones, and no logs and benchmarks."""
    patterns = [f"{root}/**/*.{kind}" for root in ("results", "paper_figures") for kind in KINDS]
    contents = checkout.contents(patterns)
    return {name: data for name, data in contents.items() if not Path(name).name.startswith(".")}
