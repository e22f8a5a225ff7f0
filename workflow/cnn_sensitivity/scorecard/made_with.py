"""What a finished run was made with and how long it took, as the files of its folder say."""

import csv
from dataclasses import dataclass
from pathlib import Path

from cnn_sensitivity.base import software
from cnn_sensitivity.base.errors import UserError

_UNKNOWN = "not noted"


@dataclass(frozen=True)
class MadeWith:
    """The facts of one run."""

    instructions: str
    """The processor's that were used: AVX2, AVX512."""
    torch: str
    minutes: float
    """Of all jobs that train and measure, one core each; of a job that was taken up again those of
    its last part, of one that another run has done those of the copy."""


def made_with(folder: str | Path) -> MadeWith:
    """Return the facts of the run in results/<run>/.

    Raises:
        UserError: a job's benchmark is not what Snakemake writes.
    """
    folder = Path(folder)
    noted = software.noted(folder / "software.txt")
    seconds = sum(map(_seconds, sorted(folder.rglob("*.benchmark.tsv"))))
    return MadeWith(
        noted.get(software.INSTRUCTIONS, _UNKNOWN), noted.get("torch", _UNKNOWN), seconds / 60
    )


def _seconds(benchmark: Path) -> float:
    """Return the seconds that a job took by the clock."""
    try:
        with benchmark.open(encoding="utf-8") as file:
            return sum(float(row["s"]) for row in csv.DictReader(file, delimiter="\t"))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{benchmark}: cannot be read ({error!r}): delete it, the minutes then lack this job"
        ) from error
