"""What is checked before any job starts, besides the configuration itself."""

import errno
import os
import shutil
from pathlib import Path

from cnn_sensitivity.config import Images
from cnn_sensitivity.errors import UserError
from cnn_sensitivity.files import REMEDIES
from cnn_sensitivity.image_files import list_images
from cnn_sensitivity.plan import Plan

_LEAST_ROOM = 2**20  # bytes: Snakemake's own notes need some


def check_workplace(folder: str | Path) -> None:
    """Raise UserError if a run cannot begin in a folder: no right to write there, or no room."""
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: cannot be written to: {REMEDIES[errno.EACCES]}")
    if shutil.disk_usage(folder).free < _LEAST_ROOM:
        raise UserError(f"{folder}: the disk is full: {REMEDIES[errno.ENOSPC]}")


def check_images(plan: Plan) -> None:
    """Raise UserError if a folder of images that is yet to be read lacks what the run needs.

    Once it was read, or where a packed run's tables came instead, it may be gone.
    """
    for name, experiment in plan.config.grid().items():
        if not isinstance(experiment, Images) or experiment.source.name != "image_folder":
            continue
        tables = (run.path("sensitivity.csv") for run in plan.select(name))
        if any(Path(path).exists() for path in (plan.dataset(name), *tables)):
            continue
        root, needed = str(experiment.source.root), plan.config.measurement.images
        there_are = len(list_images(root).images("test")[0])
        if there_are < needed:
            raise UserError(f"measurement.images {needed}: {root} has {there_are} test images")
