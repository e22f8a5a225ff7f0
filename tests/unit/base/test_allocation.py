"""Memory that is kept is not mapped, filled with zeros and given back again."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import sys
import torch
from cnn_sensitivity.base.allocation import keep_memory

if "keep" in sys.argv:
    keep_memory()
for turn in range(12):
    if turn == 2:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    # Several at once, which are freed together: what is at the top of the heap then is given back.
    arrays = [torch.ones(2**20, dtype=torch.float64) for _ in range(6)]
    del arrays
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*arguments: str) -> int:
    """Return how often memory had to be had of the system, for ten turns of 48 MB."""
    command = [sys.executable, "-c", FAULTS, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_arrays_of_a_step_are_made_in_the_memory_of_the_last() -> None:
    assert faults("keep") < 0.05 * faults()
