"""Run the checks until the time is over; keep what is found, the table and the page at once."""

import gc
import time
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.operations.gpu_check.checks import Check, Result
from cnn_sensitivity.operations.gpu_check.page import page
from cnn_sensitivity.operations.gpu_check.results import Results, file_name
from cnn_sensitivity.operations.gpu_check.table import write_table
from cnn_sensitivity.plan import Plan

PAGE_SECONDS = 10.0
NO_GPU = (
    "gpu-check needs an NVIDIA GPU that PyTorch can use, and there is none here:"
    " nothing was checked or written"
)


def the_gpu() -> torch.device:
    """Return the first GPU; raise UserError where there is none."""
    if not torch.cuda.is_available():
        raise UserError(NO_GPU)
    return torch.device("cuda", 0)


def run(
    checks: Sequence[Check],
    results: Results,
    plans: Sequence[Plan],
    folder: Path,
    end: float,
    log: Callable[[str], None],
) -> None:
    """Run the checks whose results are not there; none begins that may end after `end`.

    `end` is a time of time.monotonic(). After each check `folder` holds all results and the table
    of timings, so that a killed process has lost one check at most; the page, which takes longer to
    make, may be some seconds older.
    """
    stem = file_name(results.about["device"])
    waiting = [check for check in checks if check.name not in results.found]
    if len(waiting) < len(checks):
        log(f"{len(checks) - len(waiting)} results are there already")
    results.late = [check.name for check in waiting]
    page_made = -inf
    for check in waiting:
        if time.monotonic() + check.seconds > end:
            continue
        begin = time.monotonic()
        result, lost = _result(check)
        results.late.remove(check.name)
        results.add(check.name, {"kind": check.kind, **result})
        write_table(results, folder / f"{stem}.csv")
        if time.monotonic() - page_made > PAGE_SECONDS:
            _write_page(results, plans, folder / stem)
            page_made = time.monotonic()
        log(f"{_verdict(result)}  {check.name} ({time.monotonic() - begin:.1f} s)")
        if lost:
            _write_page(results, plans, folder / stem)
            raise UserError(
                f"{check.name}: the GPU's state is lost ({result['error']});"
                " the same command goes on with the next check"
            )
    _write_page(results, plans, folder / stem)


def _result(check: Check) -> tuple[Result, bool]:
    """Return what a check found, or its error; and whether no other can run in this process."""
    try:
        return check.run(), False
    except Exception as error:  # whatever a driver or a kernel raises is a result, too
        text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return {"error": text}, "CUDA error" in text
    finally:
        gc.collect()  # trainers, with their memory on the GPU, refer to themselves


def _verdict(result: Result) -> str:
    if "error" in result:
        return f"FAILED ({result['error']})"
    if "right" in result:
        return f"{'right' if result['right'] else 'WRONG'}, {result['found']}"
    if "images_per_second" in result:
        return f"{result['images_per_second']:,.0f} images/s"
    return f"{result['seconds']:.2f} s for 1000 images"


def _write_page(results: Results, plans: Sequence[Plan], stem: Path) -> None:
    with write_atomically(stem.with_name(f"{stem.name}.md")) as temporary:
        temporary.write_text(
            page(results, plans, stem.with_name(f"{stem.name}.csv")), encoding="utf-8"
        )
