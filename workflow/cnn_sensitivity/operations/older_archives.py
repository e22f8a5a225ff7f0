"""Archives packed when a run had a table a measurement: their tables become its one table."""

import io
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_sensitivity.plan import MEASUREMENTS, Plan
from cnn_sensitivity.tables import files as table_files
from cnn_sensitivity.tables.measurements import NUMBER, VIEWS, View, in_order

if TYPE_CHECKING:
    from pandas import DataFrame

# The kind of table that held what is measured now under these names.
_KINDS = {"filters": "spectrum", "receptive_field": "receptive_field"}
# One dimension had its own noise whatever this key said, which then could not be left out.
_ANY_NOISE, _DEFAULT = "    noise_norm: per_image\n", "    noise_norm: null\n"


def is_one(files: Iterable[str]) -> bool:
    """Return whether these files of an archive are of before."""
    return not any(name.endswith(f"/{MEASUREMENTS}") for name in files)


def update_configuration(path: Path) -> None:
    """Take away what a configuration had to say; one that cannot be read stays as it is."""
    with suppress(OSError, UnicodeDecodeError):
        path.write_text(path.read_text().replace(_ANY_NOISE, _DEFAULT))


def convert(plan: Plan, folder: Path) -> None:
    """Replace the tables of an extracted archive; every number keeps its digits.

    Raises UserError for a table that cannot be read.
    """
    from pandas import concat

    for run in plan.runs:
        parts = []
        for name, measurement in plan.measurement_settings(run).measurements.items():
            old = folder / run.path(f"{_KINDS.get(name, name)}.csv")
            if old.is_file():
                view = VIEWS[_KINDS.get(name, measurement.quantity)]
                parts.append(lengthened(_read(old), name, view))
                old.unlink()
        if parts:
            table_files.write(in_order(concat(parts)), folder / run.measured)
    for table in folder.glob(f"{plan.results}/tables/identity-*.csv"):
        table_files.write(_with_parameters(_read(table)), table)


def _read(path: Path) -> "DataFrame":
    """Return a table as texts, so that no number is written in another way."""
    import pandas

    content = io.BytesIO(table_files.check(path))
    return _with_parameters(pandas.read_csv(content, dtype=str, keep_default_na=False))


def _with_parameters(table: "DataFrame") -> "DataFrame":
    """Return a table with columns in place of the JSON that described a perturbation."""
    if "perturbation" not in table or not table["perturbation"].str.startswith("{").any():
        return table
    described = {text: json.loads(text) for text in table["perturbation"].unique()}
    kinds = [described[text] for text in table["perturbation"]]
    names = sorted({name for each in described.values() for name in each} - {"kind"})
    columns = {
        name: ["" if each.get(name) is None else each[name] for each in kinds] for name in names
    }
    return table.assign(perturbation=[each["kind"] for each in kinds], **columns)


def lengthened(table: "DataFrame", measurement: str, view: View) -> "DataFrame":
    """Return the rows of a table that had a row a layer (or a mode) and a column a quantity."""
    from pandas import concat

    table = table.rename(columns={new: old for old, new in view.names.items()})
    whole = {"measurement": measurement, "wiring": "original", "draw": "0"}
    table = table.assign(**{name: text for name, text in whole.items() if name not in table})
    gone = {
        column
        for name in view.quantities
        for column in (name, f"{name}_error", f"{name}_numerator", *NUMBER)
    }
    kept = table.drop(columns=[name for name in table if name in gone])
    parts = []
    for name in (each for each in view.quantities if each in table):
        part = kept.assign(quantity=name, value=table[name])
        for new, old in {
            "error": f"{name}_error",
            "numerator": f"{name}_numerator",
            "denominator": "denominator",
        }.items():
            if name != "R" or new == "error":
                part = part.assign(**{new: table.get(old, table.get(new, ""))})
        if name.startswith("total_variation"):  # once a layer, not once a mode
            part = part[table["mode"] == "1"].assign(mode="", eigenvalue="")
        parts.append(part)
    return concat(parts).sort_index(kind="stable")
