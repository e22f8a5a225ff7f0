"""Two Snakemake processes in one checkout, on one run and on two; and what a killed one leaves."""

import os
import signal
import subprocess
import time

import pytest
from checkout import SMOKE, Checkout
from waiting import wait_until

TARGET = ("figure_02", *SMOKE)
OTHER_RUN = ("--config", "run=other")
WAIT = """
import time
from pathlib import Path
while not Path("go").exists():
    time.sleep(0.1)
"""


@pytest.fixture
def busy(checkout: Checkout) -> Checkout:
    """A checkout in which the job of Figure 2's table lasts until there is a file `go`."""
    checkout.append("workflow/cnn_sensitivity/papers/tomasini_2022/tables/pooling.py", WAIT)
    return checkout


def start(checkout: Checkout, *arguments: str) -> subprocess.Popen[bytes]:
    """Start Snakemake and return once its first job runs."""
    process = checkout.start(*arguments)
    log = checkout.folder / "results/smoke/tables/pooling.log"
    wait_until(log.exists, "the first job")
    return process


def test_a_second_call_on_one_run_explains_and_leaves(busy: Checkout) -> None:
    first = start(busy, *TARGET)
    second = busy.snakemake(*TARGET, BRIEF="1")
    (busy.folder / "go").touch()
    assert second.returncode == 1
    assert "Directory cannot be locked" in second.stderr
    assert "--unlock" in second.stderr
    assert "Traceback" not in second.stderr
    assert first.wait(300) == 0
    assert busy.planned(*TARGET) == {}


def test_two_runs_of_one_checkout_work_side_by_side(busy: Checkout) -> None:
    first = start(busy, *TARGET)
    second = busy.start(*TARGET, *OTHER_RUN)
    while not (busy.folder / "results/other/tables/pooling.log").exists():
        assert first.poll() is second.poll() is None
        time.sleep(0.1)
    (busy.folder / "go").touch()
    assert first.wait(300) == second.wait(300) == 0
    made = [busy.folder / f"paper_figures/{run}/figure_02.csv" for run in ("smoke", "other")]
    assert made[0].read_bytes() == made[1].read_bytes()
    assert busy.planned(*TARGET) == busy.planned(*TARGET, *OTHER_RUN) == {}


def test_a_lock_that_a_killed_call_left_is_cleared_with_unlock(busy: Checkout) -> None:
    killed = start(busy, *TARGET)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait(300)
    (busy.folder / "go").touch()
    refused = busy.snakemake(*TARGET)
    assert refused.returncode == 1
    assert "It can be removed with the --unlock argument" in refused.stderr
    assert busy.snakemake("--unlock").returncode == 0
    assert busy.snakemake(*TARGET).returncode == 0
    assert busy.planned(*TARGET) == {}
