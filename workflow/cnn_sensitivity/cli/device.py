"""Which device a job computes on, and what of the machine its last digits depend on."""

import argparse
import platform


def device_of(options: argparse.Namespace) -> str:
    """Return the device of a job that was given so many GPUs, and bound its CPU threads."""
    import torch

    from cnn_sensitivity.operations.gpu_choice import choose

    torch.set_num_threads(options.threads)
    if options.gpus and torch.cuda.is_available():
        gpus = range(torch.cuda.device_count())
        names = [str(torch.cuda.get_device_properties(gpu).uuid) for gpu in gpus]
        torch.cuda.set_device(choose(names))
        print(f"GPU: {torch.cuda.get_device_name()}", flush=True)  # `make plan` reads this
        return "cuda"
    if options.gpus:
        print("no GPU here: using the CPU", flush=True)
    return "cpu"


def machine_of(device: str) -> dict[str, str | int | None]:
    """Return what decides how sums are rounded on a device, once `device_of` has chosen it."""
    import torch

    from cnn_sensitivity.base.processor import instruction_set

    return {
        "processor": platform.machine(),
        "instructions": instruction_set(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if device == "cuda" else None,
    }
