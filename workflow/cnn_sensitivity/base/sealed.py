"""Arrays with a description, in one file that tells whether it is whole: safetensors, no torch."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save_file

from cnn_sensitivity.base.files import unreadable, write_atomically

_ENTRY = "description"

Arrays = dict[str, np.ndarray]


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


def _checksum(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
