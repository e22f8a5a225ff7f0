"""Tables of what networks need for an image on a device: their columns, and what a row says."""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from math import log
from pathlib import Path

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import unreadable
from cnn_sensitivity.config import Architecture, TrainingSettings

COLUMNS = (
    "device",  # cpu: one core; else the GPU's name
    "network",
    "width",
    "image_size",
    "precision",  # of the matrix products of training
    "cuda_graph",  # 1: each step is one graph, 0: it is not
    "seeds",  # that train as one computation
    "parameters",
    "train_seconds",  # for 1000 images, forward, backward and step
    "measure_seconds",  # for 1000 images, each passed as it is, deformed and noisy; may be empty
)
CPU = "cpu"
GPU_TABLES = Path("timings")


def key_and_width(network: Architecture) -> tuple[str, float]:
    """Return what names a network in the table, and the width that it is looked up by."""
    if network.name != "SimpleCNN1D":
        return network.name, network.width
    channels = network.number("channels", 1000)
    return f"SimpleCNN1D stride {network.options.get('stride', 2)}", channels * network.width


@dataclass(frozen=True)
class Mode:
    """How the steps of a training are computed: it changes their time, not what they are for."""

    precision: str = "float32"
    cuda_graph: bool = False
    seeds: int = 1
    """That train as one computation."""

    @classmethod
    def of(cls, settings: TrainingSettings) -> "Mode":
        """Return how a job's steps are computed, if all its seeds can be stacked."""
        graph = settings.compute.cuda_graph
        return cls(settings.recipe.precision, graph, len(settings.seeds))


ONE_BY_ONE = Mode()
"""Float32, step after step, one seed: how a CPU computes."""


@dataclass(frozen=True)
class Speed:
    """One network of one width on one device."""

    width: float
    image_size: int
    mode: Mode
    parameters: float
    train_seconds: float
    measure_seconds: float | None

    def distance(self, size: int | None, mode: Mode) -> tuple[float, ...]:
        """Return how far this is from what is asked: what counts most comes first."""
        return (
            self.mode.precision != mode.precision,
            self.mode.cuda_graph != mode.cuda_graph,
            abs(self.image_size - size) if size else 0,
            abs(log(self.mode.seeds / mode.seeds)),
        )


def gpu_tables(folder: Path = GPU_TABLES) -> list[Path]:
    """Return the tables of GPUs that have been timed, in alphabetical order."""
    return sorted(folder.glob("*.csv"))


def file_name(device: str) -> str:
    """Return the name of a device as it stands in the names of files."""
    return re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")


def read_table(path: Path) -> dict[tuple[str, str], list[Speed]]:
    """Return the speeds of a table by device and network.

    Raises:
        UserError: it cannot be read, lacks a column, or a cell is no number.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is no text; make gpu-check writes such a table") from None
    found = defaultdict(list)
    for number, row in enumerate(csv.DictReader(lines), start=2):
        try:
            found[row["device"], row["network"]].append(_speed(row))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{path}: line {number} is no timing ({type(error).__name__}: {error});"
                f" a table has the columns {', '.join(COLUMNS)}"
            ) from None
    return dict(found)


def check_gpu_tables() -> None:
    """Raise UserError if a table in `timings/` cannot be used."""
    for path in gpu_tables():
        read_table(path)


def _speed(row: dict[str, str]) -> Speed:
    return Speed(
        float(row["width"]),
        int(row["image_size"]),
        Mode(row["precision"], bool(int(row["cuda_graph"])), int(row["seeds"])),
        float(row["parameters"]),
        float(row["train_seconds"]),
        float(row["measure_seconds"]) if row["measure_seconds"] else None,
    )
