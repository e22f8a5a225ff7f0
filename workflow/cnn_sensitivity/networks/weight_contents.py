"""What a file of weights holds: all its tensors, read without running anything of the file's."""

import argparse
import datetime
import io
import pickle
import re
import types
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import torch
from numpy._core.multiarray import _reconstruct, scalar
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import kind_of, unreadable
from cnn_sensitivity.networks import stand_ins

_MODULES_OF_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")
# A pickle begins with the first of these; that of torch.save before its zip files goes on so.
_PICKLE, _OF_TORCH = b"\x80", b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
_MODULES_OF_PATHS = ("pathlib", "pathlib._local")
# What checkpoints hold beside tensors, and what may be made of it: it is all data.
_PLAIN: list[Any] = [
    argparse.Namespace,
    types.SimpleNamespace,
    datetime.date,
    datetime.datetime,
    datetime.timedelta,
    datetime.timezone,
    np.dtype,
    *{type(np.dtype(each)) for each in np.sctypeDict.values()},
    np.ndarray,
    *((scalar, f"{module}.scalar") for module in _MODULES_OF_NUMPY),
    *((_reconstruct, f"{module}._reconstruct") for module in _MODULES_OF_NUMPY),
    *((PurePosixPath, f"{module}.{name}PosixPath")
      for module in _MODULES_OF_PATHS for name in ("", "Pure")),
    *((PureWindowsPath, f"{module}.{name}WindowsPath")
      for module in _MODULES_OF_PATHS for name in ("", "Pure")),
]  # fmt: skip


@dataclass
class Contents:
    """The mappings of a file that hold tensors, by the keys that lead to each, joined by dots.

    "" is the file's own mapping. `versions` are those of modules, by their path behind these keys:
    PyTorch notes them as `_metadata` of a state dict, for modules that convert older ones.
    """

    mappings: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    versions: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def flat(self) -> dict[str, Tensor]:
        """Return all tensors, each name behind the keys that lead to its mapping."""
        return {
            joined(key, name): tensor
            for key, tensors in self.mappings.items()
            for name, tensor in tensors.items()
        }


def joined(*parts: str) -> str:
    """Return the parts of a name that are not empty, joined by dots."""
    return ".".join(part for part in parts if part)


def check_plain(tensors: Mapping[str, Tensor], origin: str) -> None:
    """Raise UserError for tensors that are not kept as one number each."""
    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
            raise UserError(
                f"{origin}: {name} in it is sparse, quantised or without numbers; plain numbers are"
                " wanted"
            )


def contents(path: str | Path) -> Contents:
    """Return the tensors of a safetensors or PyTorch file, on the CPU.

    A PyTorch file holds a state dict, or dicts, lists and tuples with such in them at any depth.
    It may also hold a whole network. It is read with `weights_only`: nothing in it is executed, and
    other objects beside the tensors are left out (`stand_ins`). Raises UserError for a file that is
    missing or cut off, something else, without a tensor, or a pickle that calls functions.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: there is no such file of weights")
    if not path.is_file():
        raise UserError(f"{path}: it is not a plain file, but weights are wanted")
    try:
        content = path.read_bytes()
        if kind := kind_of(path):
            raise UserError(f"{path}: weights are wanted, and it is {kind}")
    except OSError as error:
        raise unreadable(path, error) from error
    read_content = _read_safetensors if content[8:9] == b"{" else _read_pytorch
    found = _tensors_within(read_content(content, path))
    if not found.mappings:
        raise UserError(f"{path}: there is no tensor with a name in it")
    return found


def _read_safetensors(content: bytes, path: Path) -> Any:
    try:
        return load_safetensors(content)
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); get it anew") from error


def _read_pytorch(content: bytes, path: Path) -> Any:
    met = stand_ins.StandIns()
    while True:
        try:
            allowed = [*_PLAIN, *met.allowed()]
            with warnings.catch_warnings(), torch.serialization.safe_globals(allowed):
                warnings.simplefilter("ignore")  # the errors say it all
                return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged pickle ends with whatever its bytes ask for
            refused = isinstance(error, pickle.UnpicklingError)
            if not (refused and met.take(str(error))):
                raise _not_loaded(content, path, error, met.last()) from error


def _not_loaded(content: bytes, path: Path, error: Exception, met: str) -> UserError:
    """Return what to say of a file that PyTorch refuses: `met` is the object that it met last."""
    refused = re.search(r"GLOBAL (\S+)|nsupported class (\S+)", str(error))
    what = (refused[1] or refused[2]) if refused else met
    if isinstance(error, pickle.UnpicklingError) and what:
        return UserError(
            f"{path}: it holds more than tensors ({what}) and is not loaded;"
            " torch.save(network.state_dict(), ...) writes a file of tensors alone"
        )
    what = "neither a whole safetensors file nor a whole PyTorch one; get it anew"
    if content[:1] == _PICKLE and not _OF_TORCH.startswith(content[2:14]):
        what = "a pickle that torch.save did not write, which is not loaded; write it so"
    return UserError(f"{path}: {what}")


def _tensors_within(content: Any) -> Contents:
    """Return the tensors of all mappings in `content`, in the file's order."""
    found = Contents()
    waiting, seen = [("", content)], set()
    while waiting:
        key, each = waiting.pop()
        if id(each) in seen:  # a pickle may hold itself
            continue
        seen.add(id(each))
        if (network := stand_ins.state_dict(each)) is not None:
            each = network
        if isinstance(each, list | tuple):
            each = {str(place): value for place, value in enumerate(each)}
            each = {place: value for place, value in each.items() if not isinstance(value, Tensor)}
        if not isinstance(each, Mapping):
            continue
        tensors = {name: value for name, value in each.items() if isinstance(value, Tensor)}
        if tensors:
            found.mappings[key] = {str(name): tensor for name, tensor in tensors.items()}
        for module, version in getattr(each, "_metadata", {}).items():
            found.versions[joined(key, module)] = version
        others = [(joined(key, str(name)), value) for name, value in each.items()]
        waiting.extend(reversed([item for item in others if not isinstance(item[1], Tensor)]))
    return found
