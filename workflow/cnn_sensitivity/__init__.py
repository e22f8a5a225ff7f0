"""Sensitivity of convolutional networks to deformations and noise: the science of the workflow."""

import os
from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

# Read by torch at its first allocation: large tensors lie on huge pages (Linux). A pass of all
# images at once otherwise takes 1.6 times as long as batches of 8, for page faults alone.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

_PUBLIC = {"sensitivity": "measures.sensitivity", "cosine_distance": "measures.cosine_distance"}
"""Modules of rooms that have a short name here: `from cnn_sensitivity import sensitivity`."""


def __getattr__(name: str) -> ModuleType:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{_PUBLIC[name]}")
