"""`make gpu-check`, with the CPU as its device: everything but CUDA."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from checkout import ROOT
from forecast_cases import plan_of
from gpu_check_cases import CPU, IMAGES, LENET, TINY

from cnn_sensitivity.cli import main
from cnn_sensitivity.config import read
from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.operations.forecast.timing_tables import file_name, read_table
from cnn_sensitivity.operations.gpu_check import speed
from cnn_sensitivity.operations.gpu_check.cases import MODES, cases_of
from cnn_sensitivity.operations.gpu_check.checks import Check, all_checks
from cnn_sensitivity.operations.gpu_check.outcome import Outcome
from cnn_sensitivity.operations.gpu_check.report import Results, wrong_of
from cnn_sensitivity.operations.gpu_check.run import NO_GPU, run
from cnn_sensitivity.plan import Plan

RIGHT = Outcome(True, "a", "a")


def go(checks: list[Check], folder: Path, seconds: float = 1000.0) -> tuple[Results, str, list]:
    """Run checks within so many seconds; return the results, the page and the lines."""
    lines: list[str] = []
    results = run(checks, "cpu", [], folder, time.monotonic() + seconds, lines.append)
    page = folder / "cpu.md"
    return results, page.read_text() if page.exists() else "", lines


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, str, Path]:
    """Every check, tiny, on the CPU: the results, the page and the table."""
    folder = tmp_path_factory.mktemp("timings")
    checks = all_checks(cases_of([plan_of("smoke")]), CPU, TINY)
    assert len({check.name for check in checks}) == len(checks)
    return *go(checks, folder)[:2], folder / "cpu.csv"


def test_all_is_right_where_device_and_reference_are_the_same(
    whole: tuple[Results, str, Path],
) -> None:
    results, page, _ = whole
    assert wrong_of(results) == {}
    compared = [name for name, each in results.items() if isinstance(each, Outcome)]
    assert f"All {len(compared)} comparisons made came out right" in page
    assert len(compared) >= 25
    assert all(f"| {name} |" in page for name in compared)


def test_the_table_has_every_network_and_mode(whole: tuple[Results, str, Path]) -> None:
    table, cases = read_table(whole[2]), cases_of([plan_of("smoke")])
    for case in cases:
        rows = [row for row in table["cpu", case.key[0]] if row.width == case.key[1]]
        assert [(row.mode.precision, row.mode.cuda_graph) for row in rows] == list(MODES)
        assert all(row.train_seconds > 0 and row.measure_seconds for row in rows)
    assert sum(map(len, table.values())) == len(cases) * len(MODES)


def trivial(name: str, action: Callable[[], Outcome], seconds: float = 0.0) -> Check:
    return Check(name, seconds, action)


def test_the_page_is_on_the_disk_before_the_next_check(tmp_path: Path) -> None:
    def killed() -> Outcome:
        assert "| one |" in (tmp_path / "cpu.md").read_text()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go([trivial("one", lambda: RIGHT), trivial("two", killed)], tmp_path)
    assert "- two\n" in (tmp_path / "cpu.md").read_text()


def test_what_does_not_fit_into_the_time_is_listed_and_shorter_ones_are_done(
    tmp_path: Path,
) -> None:
    checks = [trivial("long", lambda: RIGHT, seconds=1e6), trivial("short", lambda: RIGHT)]
    results, page, _ = go(checks, tmp_path)
    assert list(results) == ["short"]
    assert "## Not done for lack of time\n\n- long\n" in page


def test_a_check_that_raises_is_a_result_and_the_others_go_on(tmp_path: Path) -> None:
    def full() -> Outcome:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 3 GiB")

    results, page, lines = go([trivial("large", full), trivial("small", lambda: RIGHT)], tmp_path)
    assert list(wrong_of(results)) == ["large"]
    assert lines[0].startswith("WRONG, OutOfMemoryError: CUDA out of memory. Tried")
    assert "**1 checks are wrong or failed:**" in page
    assert lines[1].startswith("right, a  small")


def test_the_networks_that_are_timed_are_the_papers() -> None:
    listed = {case.key[0]: case for case in cases_of([plan_of("paper")])}
    assert len(listed) >= 10
    assert listed["VGG11bn"].shape == (3, 32, 32)
    assert (listed["VGG13bn"].shape, listed["VGG13bn"].classes) == ((1, 28, 28), 2)
    assert len(listed["FullConnL4"].settings.seeds) == 11
    line = listed["SimpleCNN1D stride 2"]
    assert (line.shape, line.settings.recipe.batch_size) == ((1, 128), 8)
    settings = line.in_mode("bf16", True)
    assert (settings.recipe.precision, settings.compute.cuda_graph) == ("bf16", True)


def test_what_is_fitted_without_a_recipe_is_not_timed() -> None:
    overlay = ROOT / "workflow/scenarios/petrini_2022/paper.yaml"
    names = {case.key[0] for case in cases_of([Plan(read(ROOT / "config.yaml", overlay))])}
    assert names == {"FullConnL2", "FullConnL4", "FullConnL6"}


def test_what_decides_most_is_timed_first() -> None:
    cases = cases_of([plan_of("paper")])
    names = [check.name for check in all_checks(cases, CPU, TINY)]
    timed = [name for name in names if name.startswith(("train ", "measure "))]
    assert names[-len(timed) :] == timed
    assert all(name.endswith("float32, graph") for name in timed[: len(cases)])
    assert all(name.startswith("measure") for name in timed[len(cases) : 2 * len(cases)])
    assert timed[-1].endswith(": float32")


def test_a_speed_counts_the_images_of_all_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_timed", lambda action, repeats, device: 0.5 * repeats)
    monkeypatch.setattr(speed, "stacks", lambda settings, dataset, device: [[0, 1]])
    timed = speed.training(LENET, (1, 28, 28), 10, CPU, seconds=0.0)
    assert timed["train_seconds"] == pytest.approx(1000 * 0.5 / (2 * 8))
    alone = sum(p.numel() for p in Trainer(LENET, IMAGES, [0], CPU).ensemble.parameters.values())
    assert (timed["seeds"], timed["parameters"]) == (2, alone)


def test_names_of_files() -> None:
    assert file_name("NVIDIA H200") == "nvidia-h200"
    assert file_name("Tesla V100-SXM2-32GB (MIG 1/7)") == "tesla-v100-sxm2-32gb-mig-1-7"


def test_without_a_gpu_it_says_so_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["gpu-check", "--scenario", str(ROOT / "workflow/scenarios/tomasini_2022/paper.yaml")])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"error: {NO_GPU}\n")
    assert list(tmp_path.iterdir()) == []


NO_SNAKEMAKE = """
import sys
for name in ("snakemake", "matplotlib", "seaborn", "scipy", "pygments"):
    sys.modules[name] = None  # importing it raises ImportError
import torch
from cnn_sensitivity.cli import main
torch.cuda.is_available = lambda: False
main(["gpu-check", "--scenario", "workflow/scenarios/tomasini_2022/paper.yaml"])
"""


def test_it_needs_no_snakemake_and_nothing_that_draws() -> None:
    command = [sys.executable, "-c", NO_SNAKEMAKE]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, f"error: {NO_GPU}\n")


def test_a_python_without_the_packages_is_told_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "pydantic.py").write_text("raise ModuleNotFoundError(name='pydantic')")
    path = os.pathsep.join([str(tmp_path), str(ROOT / "workflow")])
    done = subprocess.run(
        [sys.executable, "-m", "cnn_sensitivity", "gpu-check"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: this Python has no package pydantic; make install")
    assert done.stderr.count("\n") == 1
