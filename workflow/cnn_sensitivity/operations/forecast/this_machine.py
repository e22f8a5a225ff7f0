"""A few steps of a few networks, timed once on this machine's processor. No torch here.

The table of a reference machine says what they take there: the ratio scales the forecast until
trainings have finished here.
"""

import os
import platform
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from cnn_sensitivity.operations.forecast.timing_tables import file_name

FOLDER = Path(".snakemake/timings")
NETWORKS = ("FullConnL4", "LeNet", "VGG11bn", "SimpleCNN1D")
"""By what takes the time: matrix products, small and wide convolutions, those of lines."""
PATIENCE = 60.0  # seconds, with the start of torch from a slow disk


def table() -> Path:
    """Return where the timings of this processor lie, if it has been timed."""
    return FOLDER / f"{file_name(f'{platform.node()} {_processor()}')}.csv"


def time_networks() -> None:
    """Write that table, in a process of its own; where that fails there is none, or the old one."""
    print("Timing this processor, once: a few seconds.", file=sys.stderr, flush=True)
    verb = ("timings", "--output", str(table()), "--networks", *NETWORKS)
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-m", "cnn_sensitivity", *verb],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )


def _processor() -> str:
    try:
        about = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        about = ""
    names = [line.partition(":")[2] for line in about.splitlines() if line[:10] == "model name"]
    return (names or [platform.processor() or platform.machine()])[0]
