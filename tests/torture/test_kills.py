"""SIGKILL at random moments, again and again: nothing is lost, and no half file counts as whole."""

import os
import random
import shutil
import signal
import subprocess
import tempfile
from collections import Counter

import psutil
import pytest
from checkout import SMOKE, Checkout
from undisturbed import Undisturbed

KILLED, LOCKED, FINISHED = "killed", "locked", "finished"


def jobs_of(process: subprocess.Popen[bytes]) -> list[str]:
    """Return the verbs of the package that run below Snakemake."""
    verbs = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            words = child.cmdline()
        except psutil.Error:  # it has just ended
            continue
        if words[1:3] == ["-m", "cnn_sensitivity"]:
            verbs.append(words[3])
    return verbs


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill all at once, as a power cut does, and see that nothing lives on."""
    below = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    assert psutil.wait_procs(below, timeout=60)[1] == []


def attempt(checkout: Checkout, seconds: float, tally: Counter[str]) -> str:
    """Call Snakemake and kill it after so many seconds, if it has not ended by then."""
    with tempfile.TemporaryFile() as output:
        process = checkout.start(*SMOKE, output=output)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            for verb in jobs_of(process) or ["nothing yet"]:
                tally[f"  killed in {verb}"] += 1
            kill(process)
            return KILLED
        output.seek(0)
        said = output.read().decode()
    if "Directory cannot be locked" in said:
        assert "--unlock" in said
        return LOCKED
    assert process.returncode == 0, said
    return FINISHED


@pytest.mark.timeout(0)
def test_a_run_killed_at_random_moments_ends_with_the_same_bytes(
    undisturbed: Undisturbed, checkout: Checkout, tally: Counter[str], pytestconfig: pytest.Config
) -> None:
    kills = pytestconfig.getoption("--kills")
    moments = random.Random(pytestconfig.getoption("--seed"))
    mean = undisturbed.seconds / kills
    while True:
        left = kills - tally["kills survived"]
        life = undisturbed.start_seconds + moments.uniform(0, 2 * mean)
        end = attempt(checkout, life if left else 3600, tally)
        missing = undisturbed.hold_against(checkout)
        if end == KILLED:
            tally["kills survived"] += 1
        elif end == LOCKED:
            assert checkout.snakemake("--unlock").returncode == 0
        elif left:  # the run was faster than the kills: it begins again
            shutil.rmtree(checkout.folder / "results")
            shutil.rmtree(checkout.folder / "paper_figures")
        else:
            assert missing == set()
            assert "Nothing to be done" in checkout.snakemake(*SMOKE).stderr
            return
