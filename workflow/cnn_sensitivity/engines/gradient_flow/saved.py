"""The file of an unfinished flow: written now and then, taken up again."""

import hashlib
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from torch import Tensor

from cnn_sensitivity.base.sealed import write_sealed
from cnn_sensitivity.engines import unfinished
from cnn_sensitivity.engines.gradient_flow.flow import Flow

KIND = "cnn_sensitivity flow state 1"


def fingerprint(flow: Flow, network: str) -> str:
    """Return a text that differs for flows that a state cannot be exchanged between."""
    members = flow.members
    parts = (network, members.alpha, members.loss, flow.settings, sorted(flow.observables))
    digest = hashlib.sha256(repr((parts, version("torch"))).encode())
    tensors: Sequence[Tensor] = (members.theta, members.inputs, members.targets)
    for tensor in tensors:
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


def save(path: Path, mark: str, flow: Flow) -> None:
    """Write the state of a flow, atomically."""
    plain, arrays = flow.snapshot()
    write_sealed(path, KIND, {"fingerprint": mark, **plain}, arrays)


def take_up(path: Path, mark: str, flow: Flow, log: Callable[[str], None]) -> bool:
    """Restore the state that was saved and return True, or False where there is none that fits."""
    left = unfinished.read(path, KIND, mark, "the flow", log)
    if left is None:
        return False
    flow.restore(*left)
    return True
