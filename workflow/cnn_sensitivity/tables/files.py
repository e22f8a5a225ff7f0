"""Tables on disk: CSV files, and the columns of each kind."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import unreadable, write_atomically
from cnn_sensitivity.tables import measurements

if TYPE_CHECKING:
    from pandas import DataFrame, Series

REMEDY = "delete it and run again to remake it"

_TEXTS = ["experiment", "dataset", "network", "architecture", "activation", "options"]
_NUMBERS = ["width", "epochs", "noise", "train_size", "seed", "test_error"]
_TRUTHS = ["learned", "diverged"]
Columns = tuple[list[str], list[str], list[str]]
"""The columns that figures and claims read in a kind of table: texts, numbers, truth values."""
# Of the tables that several papers have, by kind; a paper's room knows those of its own.
COLUMNS: dict[str, Columns] = {
    "sensitivity": (
        [*_TEXTS, "state", "wiring", "layer", "kind"],
        [*_NUMBERS, "input_size", "scale", "index", "depth", "D", "G", "R"],
        [*_TRUTHS, "flagged"],
    ),
    "cosine_distance": (
        [*_TEXTS, "measurement", "state", "wiring", "layer", "kind"],
        [*_NUMBERS, "index", "depth", "distance"],
        [*_TRUTHS, "flagged"],
    ),
    "training": (
        ["experiment", "network"],
        ["noise", "train_size", "seed", "epoch", "train_error", "test_error"],
        [],
    ),
    "spectrum": (
        [*_TEXTS, "state", "layer"],
        [*_NUMBERS, "layer_index", "filter_size", "mode", "eigenvalue", "gamma"],
        _TRUTHS,
    ),
    "receptive_field": ([*_TEXTS, "state", "layer"], [*_NUMBERS, "k", "measured_A"], _TRUTHS),
    "pictures": (["picture"], ["row", "column", "channel", "value", "dx", "dy"], []),
    "claims": (
        ["id", "whose", "statement", "figure", "paper", "criterion", "since", "number"]
        + ["verdict", "reason"],
        ["measured", "low", "high"],
        [],
    ),
}
COLUMNS["medians"] = COLUMNS["initial"] = COLUMNS["sensitivity"]
COLUMNS["measurements"] = (
    [*_TEXTS, "measurement", "state", "wiring", "layer", "quantity"],
    [*_NUMBERS, "index", "value", "error"],
    _TRUTHS,
)
_MAY_BE_EMPTY = ("spectrum",)  # a network without filters has none


def write(table: "DataFrame", path: str | Path) -> None:
    """Write a table.

    Raises:
        UserError: there is no room, or no right to write there.
    """
    with write_atomically(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def check(path: str | Path) -> bytes:
    """Return the content of a table, of whatever kind.

    Raises:
        UserError: it is missing, empty or cut off, or it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: there is no such table; run again to make it")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    if not content:
        raise UserError(f"{path}: not a whole table (it is empty); {REMEDY}")
    if not content.endswith(b"\n"):
        raise UserError(f"{path}: not a whole table (its last line is cut off); {REMEDY}")
    return content


def read(
    kind: str, sources: Sequence[str | Path], columns: Mapping[str, Columns] = COLUMNS
) -> "DataFrame":
    """Return the rows of tables of one kind, one after the other.

    `columns`: those of each kind that there is.

    Sources of views, and of rows of single measurements, are parts: see `measurements`.

    Raises:
        UserError: one of them is missing, damaged, or has not the columns of its kind.
    """
    import pandas

    return pandas.concat(
        [_read(kind, str(source), columns[kind]) for source in sources], ignore_index=True
    )


def _read(kind: str, source: str, columns: Columns) -> "DataFrame":
    import pandas

    texts, numbers, truths = columns
    path = measurements.path_of(source)
    content = check(path)
    try:
        if kind in measurements.VIEWS or path != source:
            content = measurements.view(kind, source, content)
        table = pandas.read_csv(io.BytesIO(content), keep_default_na=False, na_values=["", "nan"])
        if missing := [name for name in (*texts, *numbers, *truths) if name not in table]:
            raise ValueError(f"it has no column {missing[0]!r}")
        if table.empty and kind not in _MAY_BE_EMPTY:
            raise ValueError("it has no rows")
        for name in (*numbers, *truths):
            _check_values(table[name], name in truths)
    except ValueError as error:  # pandas' own errors of reading are ValueErrors too
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not a whole table ({reason}); {REMEDY}") from error
    return table


def _check_values(column: "Series", is_truth: bool) -> None:
    """Raise ValueError for a text among numbers, or for what is neither true nor false."""
    import pandas

    if is_truth:
        wrong = ~column.astype(str).str.lower().isin(["true", "false"])
    else:
        wrong = pandas.to_numeric(column, errors="coerce").isna() & column.notna()
    if wrong.any():
        expected = "true or false" if is_truth else "a number"
        raise ValueError(
            f"in its column {column.name!r} is {column[wrong].iloc[0]!r}, not {expected}"
        )
