"""SIGKILL at random moments, again and again: nothing is lost, and no half file counts as whole."""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence

import psutil
import pytest
from checkout import SMOKE, Checkout, copy_checkout
from undisturbed import Undisturbed, run_undisturbed

Tally = Counter[str]

KILLED, LOCKED, FINISHED = "killed", "locked", "finished"
LONGER = {
    recipe: {"epochs": 300}
    for recipe in ("convolutional", "fully_connected", "scale_detection", "one_dimensional")
}


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


def attempt(checkout: Checkout, arguments: Sequence[str], seconds: float, tally: Tally) -> str:
    """Call Snakemake and kill it after so many seconds, if it has not ended by then."""
    with tempfile.TemporaryFile() as output:
        process = checkout.start(*arguments, output=output)
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


def trainings_gone_on_with(checkout: Checkout, since: float) -> int:
    """Return how many trainings that wrote into their logs since then began in a saved state."""
    logs = [
        path
        for path in (checkout.folder / "results").rglob("training.log")
        if path.stat().st_mtime > since
    ]
    return sum("goes on in epoch" in log.read_text() for log in logs)


def kill_until_enough(
    undisturbed: Undisturbed, checkout: Checkout, tally: Tally, config: pytest.Config
) -> None:
    """Kill the run at random moments, then let it end; hold its files against the undisturbed."""
    arguments, left = undisturbed.arguments, config.getoption("--kills")
    moments = random.Random(config.getoption("--seed"))
    mean = undisturbed.seconds / left
    while True:
        life = undisturbed.start_seconds + moments.uniform(0, 2 * mean)
        begin = time.time()
        end = attempt(checkout, arguments, life if left else 3600, tally)
        tally["  trainings gone on with"] += trainings_gone_on_with(checkout, begin)
        missing = undisturbed.hold_against(checkout)
        if end == KILLED:
            tally["kills survived"] += 1
            left -= 1
        elif end == LOCKED:
            assert checkout.snakemake("--unlock").returncode == 0
        elif left:  # the run was faster than the kills: it begins again
            shutil.rmtree(checkout.folder / "results")
            shutil.rmtree(checkout.folder / "paper_figures", ignore_errors=True)
        else:
            assert missing == set()
            assert checkout.planned(*arguments) == {}
            return


@pytest.mark.timeout(0)
def test_a_run_killed_at_random_moments_ends_with_the_same_bytes(
    undisturbed: Undisturbed, checkout: Checkout, tally: Tally, pytestconfig: pytest.Config
) -> None:
    kill_until_enough(undisturbed, checkout, tally, pytestconfig)


@pytest.mark.timeout(0)
def test_trainings_killed_after_a_state_was_saved_end_with_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    checkout: Checkout,
    tally: Tally,
    pytestconfig: pytest.Config,
) -> None:
    """All trainings of the smoke run, 300 times as long; the killed ones save every .1 s."""
    longer = checkout.folder / "longer.yaml"
    longer.write_text(json.dumps({"recipes": LONGER}))
    trainings = ("--until", "train", *SMOKE, str(longer))
    left_alone = copy_checkout(tmp_path_factory.mktemp("left-alone"))
    undisturbed = run_undisturbed(left_alone, trainings, tally)
    source = checkout.folder / "workflow/cnn_sensitivity/engines/sgd/job.py"
    each_minute = "save_seconds: float = 60.0"
    assert source.read_text().count(each_minute) == 1
    source.write_text(source.read_text().replace(each_minute, "save_seconds: float = 0.1"))
    kill_until_enough(undisturbed, checkout, tally, pytestconfig)
