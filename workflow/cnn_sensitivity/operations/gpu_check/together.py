"""Several trainings at once on one device, each a process of its own, as several jobs would be.

The processes and the one that starts them meet by files in a folder: `N.ready` of each once it is
warm, `go` when all are, `N.json` of each with what it timed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.operations.gpu_check import speed

PAUSE = 0.01  # seconds between two looks for a file


def training(
    settings: TrainingSettings,
    shape: Sequence[int],
    classes: int,
    device: torch.device,
    seconds: float,
    processes: int,
    limit: float,
) -> dict:
    """Train in so many processes at once; return the images a second of all of them.

    Raises:
        RuntimeError: a process failed, or they took longer than `limit` seconds.
    """
    end = time.monotonic() + limit
    with TemporaryDirectory() as name:
        folder = Path(name)
        task = (settings.to_json(), json.dumps(shape), str(classes), str(device), str(seconds))
        started = []
        try:
            for number in range(processes):
                with Path(folder, f"{number}.err").open("w", encoding="utf-8") as errors:
                    command = [sys.executable, "-m", __name__, str(folder), str(number), *task]
                    started.append(subprocess.Popen(command, stderr=errors))
            _wait(folder, "ready", started, end)
            Path(folder, "go").touch()
            _wait(folder, "json", started, end)
            rates = [
                json.loads(Path(folder, f"{number}.json").read_bytes())["images_per_second"]
                for number in range(processes)
            ]
        finally:
            for process in started:
                process.kill()
                process.wait()
    return {"images_per_second": sum(rates)}


def mps_runs() -> bool:
    """Return whether NVIDIA's Multi-Process Service runs: else processes take turns on a GPU.

    Its control daemon has a pipe in CUDA_MPS_PIPE_DIRECTORY (NVIDIA's documentation of MPS).
    """
    return Path(os.getenv("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps"), "control").exists()


def _wait(folder: Path, kind: str, started: Sequence[subprocess.Popen], end: float) -> None:
    """Return once each process has written its file of a kind."""
    missing = list(range(len(started)))
    while missing:
        missing = [number for number in missing if not Path(folder, f"{number}.{kind}").exists()]
        for number in missing:
            if started[number].poll():
                said = Path(folder, f"{number}.err").read_text(encoding="utf-8", errors="replace")
                lines = said.strip().splitlines()
                raise RuntimeError(lines[-1] if lines else "a process died without a word")
        if time.monotonic() > end:
            raise RuntimeError(f"{len(started)} processes were not ready in time")
        time.sleep(PAUSE)


def main(arguments: Sequence[str]) -> None:
    """Be one of the processes."""
    folder, number, settings, shape, classes, device, seconds = arguments
    torch.set_num_threads(1)
    timed = speed.training(
        TrainingSettings.model_validate_json(settings),
        json.loads(shape),
        int(classes),
        torch.device(device),
        float(seconds),
        ready=_meet(Path(folder), number),
    )
    temporary = Path(folder, f"{number}.part")
    temporary.write_text(json.dumps(timed), encoding="utf-8")
    temporary.rename(Path(folder, f"{number}.json"))


def _meet(folder: Path, number: str) -> Callable[[], None]:
    def meet() -> None:
        Path(folder, f"{number}.ready").touch()
        while not Path(folder, "go").exists():
            time.sleep(PAUSE)

    return meet


if __name__ == "__main__":
    main(sys.argv[1:])
