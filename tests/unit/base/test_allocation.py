"""Memory that is kept is not mapped, filled with zeros and given back again."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import sys
import torch
from cnn_sensitivity.base.allocation import keep_memory


def resident():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


if "keep" in sys.argv:
    keep_memory()
for step in range(6):
    # Several at once, which are freed together: what is at the top of the heap then is given back.
    arrays = [torch.ones(2**20, dtype=torch.float64) for _ in range(6)]
    used = resident()
    del arrays
print(used - resident())
"""


def given_back(*arguments: str) -> int:
    """Return the kilobytes that the system has back after a step of 48 MB.

    The memory that is resident is looked at, not the page faults: their number depends on how large
    the system's pages are.
    """
    command = [sys.executable, "-c", STEPS, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_arrays_of_a_step_are_made_in_the_memory_of_the_last() -> None:
    assert given_back() > 24_000
    assert given_back("keep") < 4_000
