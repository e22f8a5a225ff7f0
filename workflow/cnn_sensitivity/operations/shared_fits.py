"""Fits that runs share: a folder that keeps each under all that its bytes follow from. No torch.

An entry is one sealed file, `<digest>.safetensors`: the bytes of a fit's checkpoint and table with
their origin, of which the SHA-256 is the name. It is written beside its place and renamed, so that
jobs of several runs, checkouts and machines may look and write at once; of equal fits the last one
stays. Snakemake's own cache does not do: it links to an entry that was cut off without looking into
it, counts no version of a library, and takes no rule with a benchmark (9.27).
"""

import json
import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import cnn_sensitivity
from cnn_sensitivity.base.code_closure import PACKAGE, closure
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.base.sealed import read_sealed, write_sealed
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.fits import Adopted
from cnn_sensitivity.engines import unfinished
from cnn_sensitivity.operations import checksums
from cnn_sensitivity.operations.forecast.training_log import TAKEN

if TYPE_CHECKING:  # it imports torch
    from cnn_sensitivity.tasks.store import Dataset

VARIABLE = "CNN_SENSITIVITY_CACHE"
"""The environment variable that names the folder: jobs have it too, and no result depends on it."""
KIND = "cnn_sensitivity fit 1"
LIBRARIES = ("torch", "torchvision", "numpy", "scikit-learn", "pandas")
"""Whose versions a fit follows from."""


def folder() -> Path | None:
    """Return the folder of shared fits, if there is to be one."""
    named = os.getenv(VARIABLE)
    return Path(named).expanduser() if named else None


def check_folder() -> None:
    """Raise UserError if the folder of shared fits is none, or cannot be written to or made."""
    if not (wanted := folder()):
        return
    there = next(path for path in (wanted, *wanted.absolute().parents) if path.exists())
    if not there.is_dir():
        raise UserError(f"CACHE {wanted}: {there} is no folder; choose another path")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"CACHE {wanted}: {there} cannot be written to; choose another folder")


def can_be_shared(settings: TrainingSettings) -> bool:
    """Return whether an origin tells all of a fit: not of what is in files or code of a user's."""
    return not isinstance(settings.fit, Adopted) and ":" not in settings.network.name


def origin(
    settings: TrainingSettings, dataset: "Dataset", machine: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all that the bytes of a fit follow from, as JSON has it.

    `machine` is what computes: with other instructions or threads sums are rounded differently. The
    names of experiment and network are among the settings, since seeds derive from them.
    """
    code = closure(f"engines.{settings.fit.engine}.job")
    sums = {path.relative_to(PACKAGE).as_posix(): checksums.of_file(path) for path in code}
    whole = {
        "settings": settings.model_dump(mode="json"),
        "dataset": {
            "name": dataset.name,
            "title": dataset.title,
            "classes": dataset.classes,
            "mean": dataset.mean,
            "std": dataset.std,
            "checksum": dataset.checksum,
        },
        "code": checksums.of_text(checksums.as_list(sums)),
        "versions": {
            "python": platform.python_version(),
            "cnn_sensitivity": cnn_sensitivity.__version__,
            **{name: version(name) for name in LIBRARIES},
        },
        "machine": machine,
    }
    return json.loads(json.dumps(whole))


def once(
    folder: Path,
    origin: Mapping[str, Any],
    files: Mapping[str, Path],
    fit: Callable[[], None],
    log: Callable[[str], None],
) -> None:
    """Put the files of a fit in place: the folder's if it has them, else those that `fit` makes.

    `files` are the paths of `checkpoint` and `table`. What `fit` made is kept in the folder. An
    entry that is cut off, damaged or of another origin is refused and replaced; a folder that
    cannot be read or written ends no fit: `log` is told.
    """
    digest = checksums.of_text(json.dumps(origin, sort_keys=True))
    entry = folder / f"{digest}.safetensors"
    if _take(entry, origin, files, log):
        return
    fit()
    contents = {kind: np.fromfile(path, np.uint8) for kind, path in files.items()}
    try:
        write_sealed(entry, KIND, {"origin": origin}, contents)
        log(f"kept for other runs: {entry}")
    except (UserError, OSError) as error:
        log(f"not kept for other runs: {error}")


def _take(
    entry: Path,
    origin: Mapping[str, Any],
    files: Mapping[str, Path],
    log: Callable[[str], None],
) -> bool:
    """Write the files that an entry holds; return whether there is one that can be trusted."""
    try:
        if not entry.exists():
            return False
        description, contents = read_sealed(entry, KIND)
        if description.get("origin") != origin:
            raise ValueError("it is of another fit")
    except (UserError, OSError, ValueError) as error:
        log(f"{entry}: refused, all is fitted anew ({error})")
        return False
    for kind, path in files.items():
        with write_atomically(path) as temporary:
            temporary.write_bytes(contents[kind].tobytes())
    unfinished.path_for(files["checkpoint"]).unlink(missing_ok=True)
    log(f"{TAKEN}{entry}")
    return True
