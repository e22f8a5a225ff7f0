"""The one table of what was measured of a run: a row a number; and the views that figures take.

    run columns | state, wiring, draw, batch_norm | measurement, its parameters | index, layer, ...
    | quantity, value, error, numerator, denominator, images, flagged

A view has a row a layer and a column a quantity. In a list of tables it is named by the path of the
run's table and the measurements that it is of, `.../measurements.csv#sensitivity`.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

NUMBER = ("quantity", "value", "error", "numerator", "denominator")
_LAST = ("index", "layer", "kind", "depth", *NUMBER, "images", "flagged")
# What tells a layer of a table from all others.
_LAYER = ["experiment", "network", "noise", "train_size", "seed", "measurement"]
_LAYER += ["state", "wiring", "draw", "index", "layer"]
_MODE = "mode"  # of a spectrum, whose first quantity has a row a mode


@dataclass(frozen=True)
class View:
    """The quantities that are columns of a view, and its names for columns of the long table."""

    quantities: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)


_SENSITIVITY = View(("D", "G", "R"))
VIEWS = {
    "sensitivity": _SENSITIVITY,
    "medians": _SENSITIVITY,
    "initial": _SENSITIVITY,
    "cosine_distance": View(("distance",)),
    "spectrum": View(
        ("gamma", "total_variation", "total_variation_tensor"), {"index": "layer_index"}
    ),
    "receptive_field": View(("measured_A",), {"index": "k"}),
}


def part(path: str, measurements: Iterable[str]) -> str:
    """Return the name of the rows of some measurements of a run's table."""
    return f"{path}#{','.join(measurements)}"


def path_of(source: str) -> str:
    """Return the path of the table that a part is of, or of a whole table."""
    return source.partition("#")[0]


def long_table(rows: Sequence[Mapping[str, Any]]) -> "DataFrame":
    """Return rows as a table of measurements."""
    from pandas import DataFrame

    # As objects, so that a whole number stays one where other rows have none.
    return in_order(DataFrame(rows, dtype=object))


def in_order(table: "DataFrame") -> "DataFrame":
    """Return a table with the columns first that say of what a number is, then the number's."""
    first = [name for name in table if name not in _LAST]
    return table.reindex(columns=[*first, *_LAST])


def view(kind: str, source: str, content: bytes) -> bytes:
    """Return a part of the content of a run's table as CSV, with the digits of that table.

    Of a kind that is no view its rows as they are.

    Raises:
        ValueError: it is no table of measurements, or a layer lacks a quantity or has it twice.
    """
    from pandas import concat, read_csv

    table = read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    if missing := {*_LAYER, *NUMBER} - {*table}:
        raise ValueError(f"it has no column {min(missing)!r}")
    names = source.partition("#")[2].split(",")
    chosen = concat([table[table["measurement"] == name] for name in names])
    shown = _wide(chosen, VIEWS[kind]) if kind in VIEWS else chosen
    return shown.to_csv(index=False).encode()


def _wide(table: "DataFrame", shown: View) -> "DataFrame":
    first, *others = shown.quantities
    rows = table[table["quantity"] == first]
    _check_once(rows, first, [*_LAYER, _MODE] if _MODE in table else _LAYER)
    wide = rows.drop(columns=[*NUMBER]).assign(
        **{first: rows["value"], f"{first}_error": rows["error"]}
    )
    for name in others:
        rows = table.loc[table["quantity"] == name, [*_LAYER, "value", "error"]]
        if len(rows):  # older runs have no total variation
            rows = rows.rename(columns={"value": name, "error": f"{name}_error"})
            _check_once(rows, name, _LAYER)
            wide = wide.merge(rows, "left", _LAYER)
            if wide[name].isna().any():
                raise ValueError(f"a layer has no {name}")
    return wide.rename(columns=shown.names)


def _check_once(rows: "DataFrame", quantity: str, key: list[str]) -> None:
    if rows.duplicated(key).any():
        raise ValueError(f"a layer has {quantity} twice")
