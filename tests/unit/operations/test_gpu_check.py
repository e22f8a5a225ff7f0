"""`make gpu-check`, with the CPU as its device: everything but CUDA. And once with a GPU."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from gpu_check_cases import CPU, ROOT, TINY, plan_of

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.cli import main
from cnn_sensitivity.operations.forecast.timings import read_table
from cnn_sensitivity.operations.gpu_check.cases import cases_of, modes_of
from cnn_sensitivity.operations.gpu_check.checks import Check, all_checks
from cnn_sensitivity.operations.gpu_check.results import Results, file_name, header
from cnn_sensitivity.operations.gpu_check.run import NO_GPU, run
from cnn_sensitivity.plan import Plan


def results_at(folder: Path) -> Results:
    return Results(folder / "cpu.json", header(CPU))


def go(
    checks: list[Check], folder: Path, plans: list[Plan], seconds: float = 1000.0
) -> tuple[Results, list[str]]:
    """Run checks within so many seconds; return the results and the lines."""
    lines: list[str] = []
    results = results_at(folder)
    run(checks, results, plans, folder, time.monotonic() + seconds, lines.append)
    return results, lines


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    """Every check, tiny, on the CPU: the results and their folder."""
    folder, plan = tmp_path_factory.mktemp("timings"), plan_of("smoke")
    checks = all_checks(cases_of([plan]), CPU, TINY)
    assert len({check.name for check in checks}) == len(checks)
    return go(checks, folder, [plan])[0], folder


def test_all_is_right_where_device_and_reference_are_the_same(whole: tuple[Results, Path]) -> None:
    results, _ = whole
    assert results.wrong == results.late == []
    assert len(results.of_kind("right")) >= 30


def test_the_table_has_every_network_and_mode(whole: tuple[Results, Path]) -> None:
    results, folder = whole
    table = read_table(folder / "cpu.csv")
    for case in cases_of([plan_of("smoke")]):
        rows = table["cpu", case.key[0]]
        assert {row.mode for row in rows} == {mode for _, mode in modes_of(case)}
        assert all(row.train_seconds > 0 and row.measure_seconds for row in rows)
    assert sum(map(len, table.values())) == len(results.of_kind("train"))


def test_the_page_has_every_result(whole: tuple[Results, Path]) -> None:
    results, folder = whole
    text = (folder / "cpu.md").read_text()
    assert "All 35 comparisons made came out right" in text
    for name in results.of_kind("right"):
        assert f"| {name} |" in text
    for each in results.of_kind("measure").values():
        assert f"| {each['title']} |" in text


def test_a_second_call_does_nothing_again(whole: tuple[Results, Path]) -> None:
    _, folder = whole
    checks = all_checks(cases_of([plan_of("smoke")]), CPU, TINY)
    begin = {path: path.read_bytes() for path in folder.iterdir()}
    _, lines = go(checks, folder, [plan_of("smoke")])
    assert lines == [f"{len(checks)} results are there already"]
    assert {path: path.read_bytes() for path in folder.iterdir()} == begin


def trivial(name: str, action: Callable[[], dict], seconds: float = 0.0) -> Check:
    return Check(name, "right", seconds, action)


def right() -> dict:
    return {"right": True, "expected": "a", "found": "a"}


def test_each_result_is_on_the_disk_before_the_next_check(tmp_path: Path) -> None:
    def killed() -> dict:
        assert "one" in json.loads((tmp_path / "cpu.json").read_text())["found"]
        assert "| one |" in (tmp_path / "cpu.md").read_text()
        raise KeyboardInterrupt

    checks = [trivial("one", right), trivial("two", killed), trivial("three", right)]
    with pytest.raises(KeyboardInterrupt):
        go(checks, tmp_path, [])
    page = (tmp_path / "cpu.md").read_text()
    assert "2 checks were not done" in page
    checks[1] = trivial("two", right)
    results, _ = go(checks, tmp_path, [])
    assert list(results.found) == ["one", "two", "three"]
    assert "not done" not in (tmp_path / "cpu.md").read_text()


def test_what_does_not_fit_into_the_time_is_listed_and_shorter_ones_are_done(
    tmp_path: Path,
) -> None:
    checks = [trivial("long", right, seconds=1e6), trivial("short", right)]
    results, _ = go(checks, tmp_path, [])
    assert (list(results.found), results.late) == (["short"], ["long"])
    assert "\n- long\n" in (tmp_path / "cpu.md").read_text()


def test_a_check_that_raises_is_a_result_and_the_others_go_on(tmp_path: Path) -> None:
    def full() -> dict:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 3 GiB")

    results, lines = go([trivial("large", full), trivial("small", right)], tmp_path, [])
    assert results.wrong == ["large"]
    assert results.found["small"]["right"]
    assert lines[0].startswith("FAILED (OutOfMemoryError: CUDA out of memory. Tried")
    assert "**1 of 2 checks are wrong or failed:**" in (tmp_path / "cpu.md").read_text()


def test_nothing_runs_on_a_gpu_that_has_lost_its_state(tmp_path: Path) -> None:
    def broken() -> dict:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    checks = [trivial("bad", broken), trivial("next", right)]
    with pytest.raises(UserError, match="bad: the GPU's state is lost .*goes on with the next"):
        go(checks, tmp_path, [])
    assert list(go(checks, tmp_path, [])[0].found) == ["bad", "next"]


@pytest.mark.parametrize("content", ["", "[]", '{"found": []}', "\xff"])
def test_damaged_results_are_found_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "cpu.json").write_text(content, encoding="latin-1")
    assert results_at(tmp_path).found == {}


def test_results_of_other_code_or_another_device_do_not_count(tmp_path: Path) -> None:
    about = header(CPU)
    Results(tmp_path / "a.json", about).add("one", {"kind": "right", **right()})
    assert Results(tmp_path / "a.json", about).found
    for key in ("code", "device", "versions"):
        assert not Results(tmp_path / "a.json", {**about, key: "other"}).found


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
