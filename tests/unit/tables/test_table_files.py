"""Tables on disk: damage and strange columns are found before anything is drawn from them."""

import os
from functools import partial
from pathlib import Path

import figure_tables as tables
import pandas
import pytest
import ruderman_2018_tables as ruderman
from measured_views import as_measured, parsed
from pandas import DataFrame
from pandas.testing import assert_frame_equal

from cnn_sensitivity import cli, papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.papers.tomasini_2022.tables.pooling import pooling_table
from cnn_sensitivity.tables import files as table_files
from cnn_sensitivity.tables.measurements import VIEWS, part

COLUMNS = {
    **table_files.COLUMNS,
    **{kind: each for name in papers.NAMES for kind, each in papers.paper(name).columns.items()},
}
"""Of all kinds of tables, those of a single paper too."""


def of_two_rows(kind: str) -> DataFrame:
    texts, numbers, truths = COLUMNS[kind]
    row = {**dict.fromkeys(texts, "a"), **dict.fromkeys(numbers, 1.5)}
    row |= dict.fromkeys(truths, True)
    return DataFrame([row, row])


WHOLE = {
    **{kind: partial(of_two_rows, kind) for kind in COLUMNS},
    "sensitivity": tables.sensitivity,
    "medians": tables.sensitivity,
    "initial": tables.sensitivity,
    "cosine_distance": lambda: ruderman.cosine_distance().head(30),
    "training": lambda: ruderman.training().head(30),
    "spectrum": tables.spectrum,
    "receptive_field": tables.receptive_field,
    "theory": tables.theory,
    "activations": tables.activations,
    "pooling": pooling_table,
    "pictures": tables.pictures,
    "pretrained": lambda: DataFrame([{"network": "alexnet", "reason": "no weights"}]),
    "measurements": lambda: parsed(
        as_measured("sensitivity", tables.sensitivity()).to_csv(index=False).encode()
    ),
    "claims": lambda: papers.assess("tomasini_2022", {"theory": tables.theory()}),
}
CASES = [
    (kind, column, is_number)
    for kind, (texts, numbers, truths) in COLUMNS.items()
    if kind not in VIEWS  # see test_measurements.py
    for column, is_number in [
        *((name, False) for name in texts),
        *((name, True) for name in (*numbers, *truths)),
    ]
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A table of pooling examples, as the workflow writes it."""
    path = tmp_path / "pooling.csv"
    table_files.write(pooling_table(), path)
    return path


def write(path: Path, kind: str, table: DataFrame) -> str:
    """Write a table, of a view the long one that it is of; return where it is."""
    if kind not in VIEWS:
        table_files.write(table, path)
        return str(path)
    name = table["measurement"].iloc[0] if "measurement" in table and len(table) else "sensitivity"
    table_files.write(as_measured(kind, table, name), path)
    return part(str(path), [name])


@pytest.mark.parametrize("kind", COLUMNS)
def test_what_is_written_is_read(tmp_path: Path, kind: str) -> None:
    sources = [write(tmp_path / name, kind, WHOLE[kind]()) for name in ("one.csv", "two.csv")]
    read = table_files.read(kind, sources, COLUMNS)
    written = pandas.concat([WHOLE[kind]()] * 2, ignore_index=True)
    assert_frame_equal(read[[*written]], written, check_dtype=False)


def test_a_missing_an_empty_and_no_file_are_refused(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"")
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name, problem in {
        "pooling.csv": "it is empty",
        "folder.csv": "no such table",
        "pipe.csv": "no such table",
        "none.csv": "no such table",
    }.items():
        with pytest.raises(UserError, match=f"{name}: .*{problem}"):
            table_files.read("pooling", [tmp_path / name], COLUMNS)


@pytest.mark.parametrize(("kind", "column", "is_number"), CASES)
def test_every_column_must_be_there_and_hold_what_it_should(
    tmp_path: Path, kind: str, column: str, is_number: bool
) -> None:
    path, table = tmp_path / f"{kind}.csv", WHOLE[kind]()
    table_files.write(table.drop(columns=column), path)
    with pytest.raises(UserError, match=f"{kind}.csv: .*it has no column '{column}'"):
        table_files.read(kind, [path], COLUMNS)
    if is_number:
        table_files.write(table.assign(**{column: ["much", *table[column][1:]]}), path)
        with pytest.raises(UserError, match=f"in its column '{column}' is 'much', not"):
            table_files.read(kind, [path], COLUMNS)


@pytest.mark.parametrize("kind", sorted(COLUMNS.keys() - VIEWS))
def test_a_header_alone_is_no_table(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "table.csv"
    table_files.write(WHOLE[kind]().head(0), path)
    with pytest.raises(UserError, match="it has no rows"):
        table_files.read(kind, [path], COLUMNS)


@pytest.mark.parametrize("content", [b"a,b\n1,2,3\n4", b'a\n"', b"\xff\xfe\x00", b"\n\n"])
def test_what_is_no_csv_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a whole table"):
        table_files.read("pooling", [path], COLUMNS)


def test_a_figure_is_not_drawn_from_a_damaged_table(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(path.read_bytes()[:-20])
    figure = path.with_name("figure_02")
    with pytest.raises(SystemExit) as stop:
        arguments = ["figure_02", "--paper", "tomasini_2022", "--output", str(figure)]
        arguments += ["--table", "pooling", str(path)]
        cli.main(["figure", *arguments])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(path.parent.glob("figure_02*"))
