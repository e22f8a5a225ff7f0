"""Run the checks until the time is over; write the table and the page after each."""

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from cnn_sensitivity.base.errors import UserError, in_one_line
from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.operations.forecast.timing_tables import file_name
from cnn_sensitivity.operations.gpu_check.checks import Check, Row
from cnn_sensitivity.operations.gpu_check.outcome import Outcome
from cnn_sensitivity.operations.gpu_check.report import Results, page, write_table
from cnn_sensitivity.plan import Plan

NO_GPU = (
    "gpu-check needs an NVIDIA GPU that PyTorch can use, and there is none here:"
    " nothing was checked or written"
)


def the_gpu() -> torch.device:
    """Return the first GPU; raise UserError where there is none."""
    if not torch.cuda.is_available():
        raise UserError(NO_GPU)
    return torch.device("cuda", 0)


def name_of(device: torch.device) -> str:
    """Return the name of a GPU as its driver gives it, or cpu."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def run(
    checks: Sequence[Check],
    device: str,
    plans: Sequence[Plan],
    folder: Path,
    end: float,
    log: Callable[[str], None],
) -> Results:
    """Run the checks, and return what was found; none begins that may end after `end`.

    `end` is a time of time.monotonic(). After each check `folder` holds the page and the table.
    """
    table, written = (folder / f"{file_name(device)}.{kind}" for kind in ("csv", "md"))
    table.unlink(missing_ok=True)
    title = f"{device}, PyTorch {torch.__version__}"
    results: dict[str, Outcome | Row] = {}
    for check in checks:
        begin = time.monotonic()
        if begin + check.seconds > end:
            continue
        found = results[check.name] = _found(check)
        write_table(device, results, table)
        late = [each.name for each in checks if each.name not in results]
        with write_atomically(written) as temporary:
            temporary.write_text(page(title, results, late, plans, table), encoding="utf-8")
        log(f"{_in_short(found)}  {check.name} ({time.monotonic() - begin:.1f} s)")
    return results


def _found(check: Check) -> Outcome | Row:
    """Return what a check found, or its error."""
    try:
        return check.run()
    except Exception as error:  # whatever a driver or a kernel raises is a result, too
        text = in_one_line(error)[:300]
        return Outcome(False, "without error", text)
    finally:
        gc.collect()  # trainers, with their memory on the GPU, refer to themselves


def _in_short(found: Outcome | Row) -> str:
    if isinstance(found, Outcome):
        return f"{'right' if found.right else 'WRONG'}, {found.found}"
    if "train_seconds" in found:
        return f"{1000 / found['train_seconds']:,.0f} images/s"
    return f"{found['measure_seconds']:.2f} s for 1000 images"
