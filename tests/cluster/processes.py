"""The processes of this machine: which there are, what they say of themselves, and their end.

What has just ended is no error: it has no command line, no environment and no files.
"""

import os
from contextlib import suppress
from pathlib import Path

import psutil


def kill(process: psutil.Process) -> None:
    """End a process at once, if it runs."""
    with suppress(psutil.NoSuchProcess):
        process.kill()


def alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def titled(title: str) -> list[psutil.Process]:
    """Return the processes whose command line begins so."""
    return [process for process in psutil.process_iter() if command(process).startswith(title)]


def below(ancestors: list[psutil.Process]) -> list[psutil.Process]:
    """Return the children of processes, their children, and so on."""
    found = []
    for process in ancestors:
        with suppress(psutil.NoSuchProcess):
            found += process.children(recursive=True)
    return found


def command(process: psutil.Process) -> str:
    """Return the command line, nothing if the process has ended."""
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def environment(process: psutil.Process) -> dict[str, str]:
    """Return the environment variables with which a process began, none if it has ended."""
    with suppress(psutil.Error):
        return process.environ()
    return {}


def open_files(process: psutil.Process) -> list[str]:
    """Return the paths of all that a process has open, also of what is deleted already."""
    try:
        return [os.readlink(link) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    except OSError:
        return []
