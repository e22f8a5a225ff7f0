"""The points of a search that are finished, kept in a file until the search ends."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.tasks.store import Dataset

Rows = list[dict[str, Any]]


class Kept:
    """Rows by point: a search that is killed goes on from there, and loses one point at most.

    A file of other settings, data or parameters, or a damaged one, counts as none.
    """

    def __init__(self, path: str | Path, settings: TrainingSettings, dataset: Dataset):
        identity = f"{settings.to_json()}\n{dataset.checksum}"
        self._path = Path(path)
        self._mark = hashlib.sha256(identity.encode()).hexdigest()
        self._points: dict[str, Rows] = {}
        try:
            read = json.loads(self._path.read_text(encoding="utf-8"))
            if read["mark"] == self._mark:
                self._points = read["points"]
        except (OSError, ValueError, KeyError, TypeError):
            pass

    def rows(self, *point: float, make: Callable[[], Rows]) -> Rows:
        """Return the rows of a point, made now unless they are kept."""
        key = " ".join(f"{each:.15g}" for each in point)
        if key not in self._points:
            self._points[key] = make()
            with write_atomically(self._path) as temporary:
                content = json.dumps({"mark": self._mark, "points": self._points})
                temporary.write_text(content, encoding="utf-8")
        return self._points[key]

    def finished(self) -> None:
        """Remove the file: the table is made."""
        self._path.unlink(missing_ok=True)
