"""Trained weights of any origin: read without running anything of theirs, loaded whole or not."""

import io
import pickle
import re
import warnings
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import unreadable

_WITHIN = ("state_dict", "model")
_PARALLEL = "module."  # what torch.nn.DataParallel puts before each name
_COUNTER = "num_batches_tracked"  # not used with a fixed momentum; PyTorch before 0.4.1 had none


def read(path: str | Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors or PyTorch file by name, on the CPU.

    A PyTorch file holds a state dict, or a dict with one under `state_dict` or `model` (what else
    such a dict holds is left aside), and is read with `weights_only`: nothing in it is executed.
    `module.` before all names is dropped. Raises UserError for a file that is missing, empty or
    cut off, something else, or a pickle of more than tensors and plain data.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: there is no such file of weights")
    if not path.is_file():
        raise UserError(f"{path}: it is not a plain file, but weights are wanted")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    read_content = _read_safetensors if content[8:9] == b"{" else _read_pytorch
    return _without_prefix(_state_dict(read_content(content, path), path))


def _read_safetensors(content: bytes, path: Path) -> Any:
    try:
        return load_safetensors(content)
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); get it anew") from error


def _read_pytorch(content: bytes, path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the errors say it all
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle ends with whatever its bytes happen to ask for
        refused = re.search(r"GLOBAL (\S+)|nsupported class (\S+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and refused:
            what = refused[1] or refused[2]
            raise UserError(
                f"{path}: it holds more than tensors ({what}) and is not loaded;"
                " torch.save(network.state_dict(), ...) writes a file of tensors alone"
            ) from error
        raise UserError(
            f"{path}: neither a whole safetensors file nor a whole PyTorch one; get it anew"
        ) from error


def _state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    for key in _WITHIN:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise UserError(f"{path}: it holds a {type(content).__name__}, not a dict of tensors")
    for name, value in content.items():
        if not (isinstance(name, str) and isinstance(value, Tensor)):
            kind = type(value).__name__
            raise UserError(f"{path}: {name!r:.60} in it is a {kind}, not a tensor with a name")
        if value.layout != torch.strided or value.is_quantized:
            raise UserError(
                f"{path}: {name} in it is sparse or quantised; plain numbers are wanted"
            )
    if not content:
        raise UserError(f"{path}: there is no tensor in it")
    return dict(content)


def _without_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    if not all(name.startswith(_PARALLEL) for name in tensors):
        return tensors
    return {name.removeprefix(_PARALLEL): tensor for name, tensor in tensors.items()}


def load(network: nn.Module, tensors: Mapping[str, Tensor], origin: str) -> dict[str, str]:
    """Load a state dict into a network; return which layers were found under which other name.

    Tensors are matched by their names. A layer whose name only one side has is matched where no
    other could be meant: where one layer alone on each side has its tensors and shapes, such as
    `fc` and `linear`. BatchNorm's `num_batches_tracked` may be missing. `origin` is what errors
    call the state dict. Raises UserError for tensors that are missing, not wanted, or of another
    shape or type; the network is then as it was.
    """
    expected = network.state_dict()
    renamed = _renamed(expected, tensors)
    sources = {name: _as_given(name, renamed) for name in expected}
    found = {name: tensors[source] for name, source in sources.items() if source in tensors}
    _refuse_others(expected, tensors, found, set(tensors) - set(sources.values()), origin)
    for name, tensor in found.items():
        wanted = expected[name]
        if tensor.shape != wanted.shape:
            raise UserError(
                f"{origin}: {sources[name]} has the shape {list(tensor.shape)}, and the network"
                f" needs {list(wanted.shape)}"
            )
        if tensor.is_floating_point() != wanted.is_floating_point():
            raise UserError(
                f"{origin}: {sources[name]} is of {tensor.dtype}, and the network needs"
                f" {wanted.dtype}"
            )
    network.load_state_dict({**expected, **found})
    return renamed


def _as_given(name: str, renamed: Mapping[str, str]) -> str:
    layer, dot, part = name.rpartition(".")
    return f"{renamed.get(layer, layer)}{dot}{part}"


def _renamed(expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """Return the name in `tensors` of what is expected under another, if only one can be meant."""
    alike: dict[frozenset[Any], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, (these, others) in enumerate(((expected, tensors), (tensors, expected))):
        known = {name.rpartition(".")[0] for name in others}
        layers: dict[str, set[Any]] = defaultdict(set)
        for name, tensor in these.items():
            layer, _, part = name.rpartition(".")
            if layer not in known and part != _COUNTER:
                layers[layer].add((part, tuple(tensor.shape)))
        for layer, parts in layers.items():
            alike[frozenset(parts)][side].append(layer)
    return {
        wanted[0]: given[0]
        for wanted, given in alike.values()
        if len(wanted) == 1 and len(given) == 1
    }


def _refuse_others(
    expected: Mapping[str, Tensor],
    tensors: Mapping[str, Tensor],
    found: Mapping[str, Tensor],
    extra: set[str],
    origin: str,
) -> None:
    """Raise UserError if tensors are missing, or there are others than the network's."""
    missing = [name for name in expected if name not in found and not name.endswith(_COUNTER)]
    problems = []
    if missing:
        first = f"{missing[0]} {list(expected[missing[0]].shape)}"
        problems.append(f"lacks {len(missing)} of the network's {len(expected)} tensors ({first})")
    if extra:
        name = next(name for name in tensors if name in extra)
        first = f"{name} {list(tensors[name].shape)}"
        problems.append(f"has {len(extra)} that the network has not ({first})")
    if problems:
        raise UserError(f"{origin}: it {' and '.join(problems)}")
