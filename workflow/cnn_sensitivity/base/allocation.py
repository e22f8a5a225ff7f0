"""How much free memory a process keeps for its next arrays."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
# In bytes; glibc takes no larger arrays.
_KEPT, _LARGEST = 2**28, 2**25


def keep_memory() -> None:
    """Let glibc keep up to a quarter of a gigabyte that is free, and put arrays to 32 MB into it.

    By default the temporary arrays of each step are mapped, filled with zeros and given back anew:
    a gradient of 640 points and 1,000 units takes five times as long then. Other C libraries are
    left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_THRESHOLD, _LARGEST)
