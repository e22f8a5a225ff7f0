"""Which of the processor's instructions are used: with others sums are rounded differently."""

import torch

AVX512 = "AVX512"
NO_MORE_THAN_AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # convolutions
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",  # matrix products, on Intel's processors
}
"""The environment of a process that computes as on a processor without AVX-512."""


def instruction_set() -> str:
    """Return what PyTorch's own kernels use: AVX2, AVX512, or DEFAULT where it knows none."""
    return torch.backends.cpu.get_cpu_capability()
