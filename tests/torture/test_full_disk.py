"""A full disk, a read-only one, a missing right: said clearly, nothing spoilt, and it goes on."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from checkout import ROOT, SMOKE, Checkout, copy_checkout
from undisturbed import Undisturbed

pytestmark = pytest.mark.timeout(0)  # the undisturbed run takes as long as it takes

FULL, READ_ONLY, DENIED = "No space left on device", "Read-only file system", "Permission denied"
ROOM = "size=64m"
# A data set and two checkpoints of half a megabyte each, tables and a figure.
LENETS = ("figure_03", "results/smoke/images/LeNet/noise-10_train-all/seeds-0/training.csv")
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")

Mount = Callable[[Path, str], None]


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mount a small disk on a folder; on one that is mounted already, change its options."""
    mounted: list[Path] = []

    def mount_or_change(folder: Path, options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if folder in mounted:
            options = f"remount,{options}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            pytest.skip(f"no disk can be mounted here: {run.stderr.strip()}")
        if folder not in mounted:
            mounted.append(folder)

    yield mount_or_change
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def command(*arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Call the package's command line."""
    return subprocess.run(
        [*before, sys.executable, "-m", "cnn_sensitivity", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        timeout=300,
    )


EMBEDDED = json.dumps({"name": "embedded", "train_size": 500, "test_size": 200})
VERBS = {
    "dataset": ("--experiment", "images", "--settings", EMBEDDED, "--output"),
    "table": ("papers.tomasini_2022.tables.pooling:pooling_table", "--output"),
    "schema": ("--output",),
}


def call(verb: str, folder: Path, *before: str) -> subprocess.CompletedProcess[str]:
    return command(verb, *VERBS[verb], str(folder / "made.csv"), before=before)


def assert_one_sentence(run: subprocess.CompletedProcess[str], folder: Path, problem: str) -> None:
    assert run.returncode == 2, run.stderr
    assert run.stderr.count("\n") == 1, run.stderr
    assert run.stderr.startswith(f"error: {folder}/")
    assert f"cannot be written ({problem})" in run.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_a_command_says_that_the_disk_is_full(
    tmp_path: Path, mount: Mount, verb: str, tally: Counter[str]
) -> None:
    disk = tmp_path / "disk"
    mount(disk, "size=64k")
    with pytest.raises(OSError, match=FULL):
        (disk / "filler").write_bytes(bytes(100_000))
    assert_one_sentence(call(verb, disk), disk, FULL)
    assert [path.name for path in disk.iterdir()] == ["filler"]
    mount(disk, ROOM)
    assert call(verb, disk).returncode == 0
    tally["faults injected"] += 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_command_says_that_the_disk_is_read_only(
    tmp_path: Path, mount: Mount, verb: str, tally: Counter[str]
) -> None:
    mount(tmp_path / "disk", "ro")
    assert_one_sentence(call(verb, tmp_path / "disk"), tmp_path / "disk", READ_ONLY)
    tally["faults injected"] += 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_command_says_that_a_right_is_missing(
    tmp_path: Path, verb: str, tally: Counter[str]
) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    before = WITHOUT_RIGHTS if os.geteuid() == 0 else ()
    if before and not shutil.which(before[0]):
        pytest.skip("root may do everything, and there is no setpriv to take that away")
    assert_one_sentence(call(verb, folder, *before), folder, DENIED)
    tally["faults injected"] += 1


def run_until_there_is_room(
    checkout: Checkout, targets: Sequence[str], give_room: Callable[[], None], problem: str
) -> None:
    """Run into a fault, give room, and see that the same command then works."""
    failed = checkout.snakemake(*targets, *SMOKE, timeout=900)
    said = failed.stdout + failed.stderr
    assert failed.returncode == 1, said
    assert problem in said
    give_room()
    again = checkout.snakemake(*targets, *SMOKE, timeout=900)
    if "Directory cannot be locked" in again.stderr:
        assert checkout.snakemake("--unlock").returncode == 0
        again = checkout.snakemake(*targets, *SMOKE, timeout=900)
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize("size", ["200k", "700k", "1300k"])
def test_a_run_goes_on_once_results_have_room(
    undisturbed: Undisturbed, checkout: Checkout, mount: Mount, size: str, tally: Counter[str]
) -> None:
    disk = checkout.folder / "results"
    mount(disk, f"size={size}")
    run_until_there_is_room(checkout, LENETS, lambda: mount(disk, ROOM), FULL)
    assert "paper_figures/smoke/figure_03.csv" not in undisturbed.hold_against(checkout)
    tally["faults injected"] += 1


@pytest.mark.parametrize("options", ["size=16k", "ro"])
def test_a_run_goes_on_once_its_figures_have_room(
    undisturbed: Undisturbed, checkout: Checkout, mount: Mount, options: str, tally: Counter[str]
) -> None:
    disk = checkout.folder / "paper_figures"
    mount(disk, options)
    problem = READ_ONLY if options == "ro" else FULL
    run_until_there_is_room(checkout, ["figure_02"], lambda: mount(disk, f"rw,{ROOM}"), problem)
    assert "paper_figures/smoke/figure_02.csv" not in undisturbed.hold_against(checkout)
    tally["faults injected"] += 1


def checkout_on_a_disk(disk: Path, mount: Mount) -> tuple[Checkout, int]:
    """Return a checkout that has a small disk to itself, and how many bytes it takes there."""
    mount(disk, ROOM)
    return copy_checkout(disk), shutil.disk_usage(disk).used


@pytest.mark.parametrize("fault", ["the disk is full", "cannot be written to"])
def test_a_run_does_not_begin_where_it_cannot_write(
    tmp_path: Path, mount: Mount, fault: str, tally: Counter[str]
) -> None:
    checkout, used = checkout_on_a_disk(tmp_path / "disk", mount)
    disk = checkout.folder
    mount(disk, f"size={used + 100_000}" if "full" in fault else "ro")
    run = checkout.snakemake("figure_02", *SMOKE)
    assert run.returncode == 2
    assert f"error: {disk}: {fault}: " in run.stderr
    assert "Traceback" not in run.stderr
    assert not (disk / "results").exists()
    tally["faults injected"] += 1


def test_a_run_goes_on_once_the_whole_disk_has_room(
    undisturbed: Undisturbed, tmp_path: Path, mount: Mount, tally: Counter[str]
) -> None:
    checkout, used = checkout_on_a_disk(tmp_path / "disk", mount)
    disk = checkout.folder
    mount(disk, f"size={used + 1_400_000}")
    run_until_there_is_room(checkout, LENETS, lambda: mount(disk, ROOM), FULL)
    assert "paper_figures/smoke/figure_03.csv" not in undisturbed.hold_against(checkout)
    tally["faults injected"] += 1
