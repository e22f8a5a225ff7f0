"""One line per epoch: where a training is, how it goes, how long it will take."""

import time
from collections.abc import Callable, Sequence
from math import isfinite
from statistics import fmean

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd.records import Record

SPARSE_SECONDS = 2.0  # lines of quick epochs come no closer than this


class Progress:
    """Writes the lines of one stack of seeds; speed and time left are those of this process."""

    def __init__(
        self, settings: TrainingSettings, seeds: Sequence[int], log: Callable[[str], None]
    ):
        self._epochs = settings.recipe.epochs
        self._log = log
        label, noise, size = settings.network.label, settings.noise, settings.train_size
        details = [f"seed {','.join(map(str, seeds))}"]
        if noise:
            details.insert(0, f"noise {noise:g}")
        if size is not None:
            details.insert(0, f"{size} images")
        self._run = f"{settings.experiment}/{label} ({', '.join(details)})"
        self._begin = self._written = time.monotonic()
        self._images = self._done = 0

    def note(self, message: str) -> None:
        """Write a line about the run that belongs to no epoch."""
        self._log(f"{self._run}: {message}")

    def epoch(self, records: Sequence[Record], images: int, ended: bool) -> None:
        """Write the line of an epoch, means over the seeds that trained in it."""
        for record in records:
            if record.diverged:
                self.note(
                    f"seed {record.seed} diverged in epoch {record.epochs}: its loss is not finite."
                    f" The weights of epoch {record.tested_epoch} are kept and figures leave the"
                    " seed out. A smaller learning_rate may help"
                )
        self._images += images * len(records)
        self._done += 1
        sound = [record for record in records if not record.diverged]
        now = time.monotonic()
        quiet = now - self._written < SPARSE_SECONDS and self._done > 1 and not ended
        if quiet or not sound:
            return
        self._written = now
        epoch, seconds = sound[0].epochs, max(now - self._begin, 1e-9)
        loss, error = (fmean(r.rows[-1][column] or 0 for r in sound) for column in (1, 2))
        test_error = fmean(record.last_test_error for record in sound)
        tested = sound[0].tested_epoch
        tested_at = "" if tested == epoch else f" (epoch {tested})"
        speed = f"{self._images / seconds:,.0f} images/s"
        left = "ended" if ended else f"{_duration((self._epochs - epoch) * seconds / self._done)}"
        self.note(
            f"epoch {epoch}/{self._epochs}, loss {loss:.4g}, train error {error:.4f},"
            f" test error {test_error:.4f}{tested_at}, {speed}, {left}"
        )


def _duration(seconds: float) -> str:
    if not isfinite(seconds):
        return "time left unknown"
    if seconds < 90:
        return f"{seconds:.0f} s left"
    minutes = round(seconds / 60)
    return f"{minutes} min left" if minutes < 90 else f"{minutes / 60:.1f} h left"
