"""Jobs that share several GPUs spread over them, and leave their places however they end."""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

from cnn_sensitivity.cli.device import device_of
from cnn_sensitivity.operations import gpu_choice

JOB = """
import sys
from pathlib import Path
from cnn_sensitivity.operations.gpu_choice import choose
print(choose(["gpu-a", "gpu-b"], Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def job(folder: Path) -> tuple[subprocess.Popen, int]:
    """Start a job on a machine of two GPUs; return it and the GPU that it took."""
    process = subprocess.Popen(
        [sys.executable, "-c", JOB, str(folder)],
        env={"PYTHONPATH": str(ROOT / "workflow")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, int(process.stdout.readline())


def end(process: subprocess.Popen, number: signal.Signals) -> None:
    process.send_signal(number)
    process.communicate()


def test_jobs_spread_over_the_gpus_and_a_killed_one_leaves_its_place(tmp_path: Path) -> None:
    jobs = [job(tmp_path) for _ in range(4)]
    try:
        assert [gpu for _, gpu in jobs] == [0, 1, 0, 1]
        end(jobs.pop(1)[0], signal.SIGKILL)  # on the second GPU one is left
        jobs.append(job(tmp_path))
        assert jobs[-1][1] == 1
    finally:
        for process, _ in jobs:
            end(process, signal.SIGTERM)


def test_one_gpu_needs_no_place(tmp_path: Path) -> None:
    assert gpu_choice.choose(["a"], tmp_path / "nowhere") == 0
    assert not (tmp_path / "nowhere").exists()


def test_without_a_folder_it_is_the_first(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert gpu_choice.choose(["a", "b"], tmp_path / "file") == 0


def test_a_job_computes_on_the_gpu_that_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    class Properties:
        def __init__(self, number: int):
            self.uuid = f"gpu-{number}"

    taken: list[int] = []
    monkeypatch.setattr(gpu_choice.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(gpu_choice, "_held", [])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", Properties)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "some card")
    options = argparse.Namespace(gpus=1, threads=1)
    assert [device_of(options) for _ in range(3)] == ["cuda"] * 3
    assert taken == [0, 1, 0]
    assert capsys.readouterr().out == "GPU: some card\n" * 3
