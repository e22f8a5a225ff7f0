"""What is checked before any job starts, besides the configuration itself."""

import errno
import importlib.util
import os
import shutil
import sys
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import REMEDIES
from cnn_sensitivity.config import Images
from cnn_sensitivity.operations.availability import is_made
from cnn_sensitivity.papers import jobs
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tasks.images.image_files import list_images
from cnn_sensitivity.tasks.images.subsets import lacking_class

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
    for name, experiment in plan.config.experiments.items():
        if not experiment.image_folder():
            continue
        assert isinstance(experiment, Images)
        tables = (run.measured for run in plan.select(name))
        if any(Path(path).exists() for path in (plan.dataset(name), *tables)):
            continue
        source, key = experiment.source, f"experiments.{name}"
        listed = list_images(str(source.root))
        deformed = source.test_size if source.templates else None
        there_are = deformed or len(listed.images("test")[0])
        for measurement in experiment.all_measurements():
            measured = plan.config.measurements[measurement]
            if "images" in measured.takes and there_are < measured.images:
                raise UserError(
                    f"measurements.{measurement}.images {measured.images}: {source.root} has"
                    f" {there_are} test images"
                )
        most = max((size or 0 for size in experiment.sizes()), default=0)
        training = source.train_images() or len(listed.images("train")[0])
        if training < most:
            raise UserError(
                f"{key}.train_sizes {most}: {source.root} has {training} training images"
            )
        if source.templates:
            count, key = source.templates.count, f"{key}.source.templates.count"
            _check_subset(key, count, listed.train)
            _check_subset(key, count, listed.test)
        else:
            _check_subset(f"{key}.source.train_size", source.train_size, listed.train)
            _check_subset(f"{key}.source.test_size", source.test_size, listed.test)
        for network in experiment.networks:
            if plan.config.recipe(network, experiment).loss == "hinge" and len(listed.classes) != 2:
                raise UserError(
                    f"{key}.networks.{network.label}: loss hinge needs two classes,"
                    f" and {source.root} has {len(listed.classes)}; use cross_entropy"
                )


def check_networks(plan: Plan) -> None:
    """Raise UserError if the module of a network of one's own, yet to be trained, is not there.

    It is not imported: it may need torch, and what it does when it is imported is for the jobs.
    """
    for run in plan.runs:
        module, colon, _ = run.network.name.partition(":")
        if not colon or is_made(run):
            continue
        if not _is_found(module):
            raise UserError(
                f"experiments.{run.experiment}.networks.{run.network.label}: there is no module"
                f" {module!r} in the folder where the run is started, nor among what is installed"
            )


def check_weights(plan: Plan) -> None:
    """Raise UserError if a file of weights on this disk that is yet to be read is not there."""
    files = {
        f"experiments.{run.experiment}.networks.{run.network.label}.weights": weights.path
        for run in plan.runs
        if not is_made(run) and (weights := run.network.weights) and weights.path
    }
    for job in jobs(plan):
        if not all(Path(table).exists() for table in job.outputs.values()):
            files |= job.files
    for key, file in files.items():
        if not Path(file).is_file():
            raise UserError(f"{key}: there is no file {file}")


def _check_subset(key: str, size: int | None, classes: list[list[Path]]) -> None:
    """Raise UserError if a subset with equal classes needs more images of one than there are."""
    if lacking := lacking_class(map(len, classes), size or 0):
        index, needed = lacking
        files = classes[index]
        raise UserError(
            f"{key} {size}: equal classes need {needed} images in"
            f" {files[0].parent}, and there are {len(files)}"
        )


def _is_found(module: str) -> bool:
    """Return whether a module can be found as the jobs would: they look in the working folder."""
    first, *others = module.split(".")
    spec = PathFinder.find_spec(first, [os.getcwd(), *sys.path])
    with suppress(ValueError):  # of __main__
        spec = spec or importlib.util.find_spec(first)  # also what is installed as editable
    for part in others:
        folders = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(part, list(folders)) if folders else None
    return spec is not None
