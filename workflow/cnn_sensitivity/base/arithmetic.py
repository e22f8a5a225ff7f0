"""How products are computed while a job trains or measures: repeatable, and as precise as asked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def arithmetic(precision: str, device: torch.device) -> Iterator[None]:
    """Choose deterministic algorithms, and TF32 or not; put all back in the end.

    `precision` is a recipe's. Unless told not to, PyTorch uses TF32 in convolutions on a GPU.
    """
    # cuBLAS is deterministic only with a workspace of fixed size, set before it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    mode = torch.get_deterministic_debug_mode()
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    before = torch.get_float32_matmul_precision()
    tf32 = precision == "tf32"
    # Warn only: a user's own network may need an operation that has no deterministic form. The
    # better known `use_deterministic_algorithms` loads PyTorch's compiler.
    torch.set_deterministic_debug_mode("warn")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    cuda = device.type == "cuda"
    if cuda:
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
    try:
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=tf32
        ):
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
        if cuda:
            torch.set_float32_matmul_precision(before)
