"""The state of an unfinished training: saved now and then and on a signal, taken up again."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from cnn_sensitivity.base.sealed import write_sealed
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines import unfinished
from cnn_sensitivity.engines.sgd.ensemble import State
from cnn_sensitivity.engines.sgd.loop import Result, Trainer
from cnn_sensitivity.engines.sgd.records import Record
from cnn_sensitivity.tasks.store import Dataset

KIND = "cnn_sensitivity training state 2"


@dataclass(frozen=True)
class Saved:
    """The results of the stacks that have ended, and a snapshot of the one that trains."""

    finished: list[Result]
    plain: dict[str, Any]
    tensors: State


def fingerprint(settings: TrainingSettings, dataset: Dataset, device: torch.device) -> str:
    """Return a text that differs for trainings that a state cannot be exchanged between."""
    parts = (settings.to_json(), dataset.checksum, device.type, version("torch"))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def save(path: Path, mark: str, finished: Sequence[Result], trainer: Trainer) -> None:
    """Write the state of a training, atomically."""
    plain, tensors = trainer.snapshot()
    arrays = {f"live/{name}": tensor.numpy() for name, tensor in tensors.items()}
    for index, result in enumerate(finished):
        for kind, state in result.states.items():
            arrays.update({f"{index}/{kind}/{name}": x.numpy() for name, x in state.items()})
    records = [[asdict(record) for record in result.records] for result in finished]
    names = list(trainer.ensemble.state())  # in the order of the layers, which files do not keep
    description = {
        "fingerprint": mark,
        "finished": records,
        "states": list(finished[0].states) if finished else [],
        "live": plain,
        "names": names,
    }
    write_sealed(path, KIND, description, arrays)


def load(path: Path, mark: str, log: Callable[[str], None]) -> Saved | None:
    """Return the state that was saved, or None where there is none that fits."""
    left = unfinished.read(path, KIND, mark, "training", log)
    if left is None:
        return None
    description, arrays = left
    tensors: dict[str, State] = {}
    for full_name, array in arrays.items():
        part, _, name = full_name.partition("/")
        tensors.setdefault(part, {})[name] = torch.from_numpy(array.copy())
    finished = [
        Result(
            [Record(**record) for record in records],
            {
                kind: {name: tensors[str(index)][f"{kind}/{name}"] for name in description["names"]}
                for kind in description["states"]
            },
        )
        for index, records in enumerate(description["finished"])
    ]
    return Saved(finished, description["live"], tensors["live"])
