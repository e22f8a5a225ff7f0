"""The file of a training's weights, read and written without torch.

The spectrum of the filters needs the weights only as arrays, and a job that loads no torch starts
four times faster.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save_file

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import unreadable, write_atomically
from cnn_sensitivity.config import run_name

CHECKPOINT = "cnn_sensitivity checkpoint 1"
STATES = ("initial", "last", "best")
"""What every checkpoint holds of its networks; `keep_epochs` of a recipe adds `epoch_state`."""
_ENTRY = "description"

Arrays = dict[str, np.ndarray]


def epoch_state(epoch: int) -> str:
    """Return the name of the state of the weights after an epoch that a recipe keeps."""
    return f"epoch-{epoch}"


def write_sealed(
    path: str | Path, kind: str, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write arrays and their description with a checksum of both; equal content, equal bytes."""
    tensors = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps({"kind": kind, **description}, sort_keys=True)
    # One metadata entry only: safetensors writes several in an order that changes.
    seal = json.dumps({"text": text, "sha256": _checksum(text, tensors)})
    with write_atomically(path) as temporary:
        save_file(tensors, temporary, metadata={_ENTRY: seal})


def read_sealed(path: str | Path, kind: str) -> tuple[dict[str, Any], Arrays]:
    """Return the description and the arrays of a file that `write_sealed` wrote.

    Raises:
        ValueError: the file is missing, cut short, altered, or of another kind.
        UserError: the disk or a missing right is in the way.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is not a plain file")
        content = path.read_bytes()
        arrays = load(content)
        length = int.from_bytes(content[:8], "little")
        seal = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][_ENTRY])
        text = seal["text"]
        if _checksum(text, arrays) != seal["sha256"]:
            raise ValueError("its checksum is wrong")
        description = json.loads(text)
        if description["kind"] != kind:
            raise ValueError(f"it is a {description['kind']!r}, not a {kind!r}")
    except FileNotFoundError:
        raise ValueError("there is no such file") from None
    except OSError as error:
        raise unreadable(path, error) from None
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None
    return description, arrays


def read_checkpoint(path: str | Path, run: str | None = None) -> tuple[dict[str, Any], Arrays]:
    """Return a checkpoint's description and its arrays "<state>/<name>", one row per seed.

    `run`: the name of the run that it must be of, as `run_name` makes it.

    Raises:
        UserError: the file is missing, damaged, not a checkpoint, or of another run.
    """
    try:
        description, arrays = read_sealed(path, CHECKPOINT)
    except ValueError as error:
        raise UserError(
            f"{path}: not a whole checkpoint ({error}); delete it and run again to train anew"
        ) from None
    if run is not None and (holds := _run_of(description["settings"])) != run:
        raise UserError(
            f"{path}: it holds the networks of {holds}, not of {run};"
            " delete it and run again to train anew"
        )
    return description, arrays


def _run_of(settings: Mapping[str, Any]) -> str:
    label, axes = settings["network"]["label"], settings["axes"]
    return run_name(settings["experiment"], label, axes, settings["seeds"])


def _checksum(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
