"""Which of several GPUs a job takes: the one that the fewest jobs of this user have taken.

A machine's jobs know nothing of each other, and PyTorch gives the first GPU to all. So each job
holds a lock on a file, named after the GPU and a place on it, as long as it lives; the system frees
it however the job ends.
"""

import fcntl
import os
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import IO

_held: list[IO[str]] = []  # closed, and so freed, when the process ends


def choose(gpus: Sequence[str], folder: Path | None = None) -> int:
    """Return the position of the GPU to use, and take a place on it for this process.

    `gpus` are names that tell GPUs apart on this machine. All their first places are given before
    any second one, and so on. Without a folder for locks (the default is one of the system's
    temporary folders) it is the first GPU.
    """
    if len(gpus) < 2:
        return 0
    folder = folder or Path(tempfile.gettempdir(), f"cnn-sensitivity-gpus-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for place in count():
            for position, gpu in enumerate(gpus):
                if _take(folder / f"{gpu}.{place}"):
                    return position
    except OSError:
        pass
    return 0


def _take(path: Path) -> bool:
    """Return whether the place was free; it is now this process's."""
    file = path.open("a", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _held.append(file)
    return True
