"""The long table of a run and its views: every digit comes through; what is missing is found."""

import math
import re
from pathlib import Path

import figure_tables as tables
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_views import as_measured, parsed

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tables import files as table_files
from cnn_sensitivity.tables.measurements import long_table, part, view

LAYER = {"experiment": "images", "network": "LeNet", "noise": 0.0, "train_size": 10, "seed": 0}
LAYER |= {"measurement": "m", "state": "trained", "wiring": "original", "draw": 0}
NUMBERS = st.floats(allow_nan=True, allow_infinity=False)


def row(quantity: str, value: float, index: int = 0, **others: object) -> dict[str, object]:
    number = {"quantity": quantity, "value": value, "error": value / 7}
    return {**LAYER, "index": index, "layer": f"layer{index}", **number, **others}


def content(rows: list[dict[str, object]]) -> bytes:
    return long_table(rows).to_csv(index=False).encode()


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=4))
def test_a_view_has_every_digit(layers: list[tuple[float, float, float]]) -> None:
    rows = [
        row(quantity, value, index)
        for index, values in enumerate(layers)
        for quantity, value in zip("DGR", values, strict=True)
    ]
    # Another measurement, and another quantity, stand between them.
    others = [row("D", 1.5, measurement="n"), row("gamma", 2.5, mode=1, filter_size=3)]
    shown = parsed(view("sensitivity", part("", ["m"]), content([*rows, *others])))
    assert shown["index"].tolist() == list(range(len(layers)))
    for place, quantity in enumerate("DGR"):
        for found, values in zip(shown[quantity], layers, strict=True):
            expected = values[place]
            assert found == expected or math.isnan(found) and math.isnan(expected)


def test_a_whole_number_stays_one_where_other_rows_have_none() -> None:
    table = content([row("D", 0.5, cutoff=3, images=500), row("gamma", 0.1, mode=1)]).decode()
    header, first, second = (line.split(",") for line in table.splitlines())
    found = dict(zip(header, first, strict=True))
    assert (found["cutoff"], found["images"], found["mode"]) == ("3", "500", "")
    assert dict(zip(header, second, strict=True))["cutoff"] == ""


def test_what_is_told_once_a_layer_stands_beside_each_mode() -> None:
    rows = [row("gamma", 0.1 * mode, mode=mode) for mode in (1, 2)]
    rows += [row("total_variation", 1.25), row("total_variation_tensor", 1.5)]
    shown = parsed(view("spectrum", part("", ["m"]), content(rows)))
    assert shown["gamma"].tolist() == [0.1, 0.2]
    assert shown["total_variation"].tolist() == [1.25, 1.25]
    assert shown["layer_index"].tolist() == [0, 0]


@pytest.mark.parametrize("quantity", ["gamma", "total_variation"])
def test_a_mode_or_what_is_told_once_may_not_come_twice(quantity: str) -> None:
    rows = [row("gamma", 0.1 * mode, mode=mode) for mode in (1, 2)]
    rows += [row("total_variation", 1.25), row("total_variation_tensor", 1.5)]
    twice = [*rows, next(each for each in rows if each["quantity"] == quantity)]
    with pytest.raises(ValueError, match=f"a layer has {quantity} twice"):
        view("spectrum", part("", ["m"]), content(twice))


def test_parts_come_in_the_order_in_which_they_are_named() -> None:
    rows = [row(name, 1.0, measurement=each) for each in "ab" for name in "DGR"]
    shown = parsed(view("sensitivity", part("", "ba"), content(rows)))
    assert shown["measurement"].tolist() == ["b", "a"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: table.drop(columns="quantity"), "it has no column 'quantity'"),
        (lambda table: table.drop(columns="test_error"), "it has no column 'test_error'"),
        (lambda table: table[table["quantity"] != "G"], "it has no column 'G'"),
        (lambda table: table.drop(index=table.index[1]), "a layer has no G"),
        (lambda table: table.iloc[[0, 1, 1, 2]], "a layer has G twice"),
        (lambda table: table.iloc[[0, 0, 1, 2]], "a layer has D twice"),
        (lambda table: table.assign(measurement="other"), "it has no "),
        (lambda table: table.assign(value="much"), "in its column 'D' is 'much', not a number"),
    ],
)
def test_what_is_missing_or_wrong_is_told(tmp_path: Path, change: object, says: str) -> None:
    path = tmp_path / "measurements.csv"
    table = as_measured("sensitivity", tables.sensitivity()).reset_index(drop=True)
    table_files.write(change(table), path)  # type: ignore[operator]
    with pytest.raises(UserError, match=f"measurements.csv: .*{re.escape(says)}"):
        table_files.read("sensitivity", [part(str(path), ["sensitivity"])])
