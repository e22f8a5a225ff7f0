"""How much memory images may take while they pass a network."""

import os
import re
from pathlib import Path

import torch

_OF_FREE = 0.5


def budget(gigabytes: float | None, device: torch.device) -> int:
    """Return the bytes that may be used: by default half of what is free on the device."""
    if gigabytes is not None:
        return int(gigabytes * 1e9)
    if device.type == "cuda":
        return int(_OF_FREE * torch.cuda.mem_get_info(device)[0])
    return int(_OF_FREE * _free())


def _free() -> int:
    """Return the bytes that are free here, for this process's group of processes too."""
    found = re.search(r"MemAvailable: +(\d+) kB", _text("/proc/meminfo"))
    if found is None:  # not Linux
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit, used = _text("/sys/fs/cgroup/memory.max"), _text("/sys/fs/cgroup/memory.current")
    free = 1024 * int(found[1])
    return min(free, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else free


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
