"""What a training remembers of each seed: its epochs, its stop, and the table that they make."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import inf, isfinite
from pathlib import Path
from typing import Any

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.checkpoints.sealed import epoch_state
from cnn_sensitivity.config import Recipe, TrainingSettings
from cnn_sensitivity.engines.summaries import is_below_chance

COLUMNS = (
    "experiment,network,noise,train_size,seed,epoch,learning_rate,"
    "train_loss,train_error,test_loss,test_error"
)


@dataclass
class Record:
    """One seed's training so far. Losses are means over images, errors are fractions."""

    seed: int
    rows: list[list[float | None]] = field(default_factory=list)
    """Epoch by epoch, from 0, before training: the table's columns from learning_rate on."""
    last_test_error: float = 1.0
    """Of the weights that are kept as the last."""
    best_test_error: float = inf
    best_epoch: int = 0
    fitted_epoch: int | None = None
    """The first epoch after which the training loss was 0."""
    diverged: bool = False

    @property
    def epochs(self) -> int:
        """Number of epochs trained, that of a divergence included."""
        return len(self.rows) - 1

    def add_start(self, test_loss: float, test_error: float) -> None:
        """Note the test set before training."""
        self.rows.append([None, None, None, test_loss, test_error])
        self.last_test_error = test_error

    @property
    def tested_epoch(self) -> int:
        """The last epoch with a test, a divergence apart: its weights are kept as the last."""
        rows = self.rows[: len(self.rows) - self.diverged]
        return max(epoch for epoch, row in enumerate(rows) if row[-1] is not None)

    def add_epoch(
        self, rate: float, loss: float, error: float, test: tuple[float, float] | None
    ) -> bool:
        """Note an epoch; return whether it is the best so far. It may mark a divergence.

        `test`: loss and error on the test set, if the epoch was tested.
        """
        test_loss, test_error = test or (None, None)
        self.rows.append([rate, loss, error, test_loss, test_error])
        self.diverged = not (isfinite(loss) and (test_loss is None or isfinite(test_loss)))
        if self.diverged or test_error is None:
            return False
        self.last_test_error = test_error
        best = test_error < self.best_test_error
        if best:
            self.best_test_error, self.best_epoch = test_error, self.epochs
        return best

    def is_due(self, recipe: Recipe) -> bool:
        """Return whether a fitted seed has trained as long as the recipe asks for."""
        return (
            self.fitted_epoch is not None
            and self.epochs >= recipe.fitted_factor * self.fitted_epoch
        )

    def test_errors_at(self, epochs: Iterable[int]) -> dict[str, float | None]:
        """Return the test error at the states of those epochs that it came through."""
        through = self.epochs - self.diverged
        return {epoch_state(epoch): self.rows[epoch][-1] for epoch in epochs if epoch <= through}

    def summary(
        self, classes: int, test_images: int, keep_epochs: Sequence[int] = ()
    ) -> dict[str, Any]:
        """Return what a checkpoint says of this seed."""
        whole = asdict(self)
        del whole["rows"]
        if self.best_test_error == inf:  # diverged at once: the best weights are the initial ones
            whole["best_test_error"] = self.last_test_error
        learned = not self.diverged and is_below_chance(self.last_test_error, classes, test_images)
        kept = self.test_errors_at(keep_epochs)
        return {**whole, "epochs": self.epochs, "learned": learned, "kept_test_errors": kept}


def write_table(path: Path, settings: TrainingSettings, records: Iterable[Record]) -> None:
    """Write a row per seed and epoch as CSV; it holds no times, so that it can be reproduced."""
    size = "" if settings.train_size is None else settings.train_size
    run = f"{settings.experiment},{settings.network.label},{settings.noise:g},{size}"
    lines = [COLUMNS]
    for record in records:
        for epoch, row in enumerate(record.rows):
            values = ",".join("" if value is None else f"{value:.8g}" for value in row)
            lines.append(f"{run},{record.seed},{epoch},{values}")
    with write_atomically(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
