"""Sensitivity of convolutional networks to deformations and noise: the science of the workflow."""

import os

__version__ = "0.1.0"

# Read by torch at its first allocation: large tensors lie on huge pages (Linux). A pass of all
# images at once otherwise takes 1.6 times as long as batches of 8, for page faults alone.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
