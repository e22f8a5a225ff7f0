"""Tables on disk: damage and strange columns are found before anything is drawn from them."""

import hashlib
import os
from functools import partial
from pathlib import Path

import figure_tables as tables
import pandas
import pytest
import ruderman_2018_tables as ruderman
from pandas import DataFrame
from pandas.testing import assert_frame_equal

from cnn_sensitivity import cli, papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.papers.tomasini_2022.tables.pooling import pooling_table
from cnn_sensitivity.tables import files as table_files

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
    **{
        kind: partial(of_two_rows, kind)
        for kind in ("phase_diagram", "overhangs", "deformed_examples", "sphere", "identity")
    },
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
    "claims": lambda: papers.assess("tomasini_2022", {"theory": tables.theory()}),
}
CASES = [
    (kind, column, is_number)
    for kind, (texts, numbers, truths) in COLUMNS.items()
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


def edit(path: Path, table: DataFrame) -> None:
    """Write a table that has no checksum, as somebody's own script does."""
    table.to_csv(path, index=False)


@pytest.mark.parametrize("kind", COLUMNS)
def test_what_is_written_is_read(tmp_path: Path, kind: str) -> None:
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for path in paths:
        table_files.write(WHOLE[kind](), path)
    read = table_files.read(kind, paths, COLUMNS)
    written = pandas.concat([WHOLE[kind]()] * 2, ignore_index=True)
    assert_frame_equal(read, written, check_dtype=False)


def test_the_checksum_is_that_of_sha256sum(path: Path) -> None:
    digest, name = path.with_name(".pooling.csv.sha256").read_text().split()
    assert (digest, name) == (hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


@pytest.mark.parametrize("lines", [1, 2, 30, 68])
def test_a_table_cut_off_at_the_end_of_a_line_is_refused(path: Path, lines: int) -> None:
    whole = path.read_text().splitlines(keepends=True)
    path.write_text("".join(whole[:lines]))
    with pytest.raises(UserError, match="its checksum is wrong.*delete it and run again"):
        table_files.read("pooling", [path], COLUMNS)


def test_a_changed_digit_is_refused_unless_it_is_meant(path: Path) -> None:
    path.write_text(path.read_text().replace("0.25", "0.26"))
    with pytest.raises(UserError, match=r"delete \.pooling\.csv\.sha256 .* if the change is meant"):
        table_files.read("pooling", [path], COLUMNS)
    path.with_name(".pooling.csv.sha256").unlink()
    assert 0.26 in table_files.read("pooling", [path], COLUMNS)["value"].to_numpy()


def test_no_table_has_the_checksum_of_another_when_writing_fails(path: Path) -> None:
    def cut_off() -> None:
        with table_files.sealed(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        cut_off()
    assert table_files.check(path) == before
    with table_files.sealed(path) as temporary:
        temporary.write_text("another")
    assert table_files.check(path) == b"another"


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
    edit(path, table.drop(columns=column))
    with pytest.raises(UserError, match=f"{kind}.csv: .*it has no column '{column}'"):
        table_files.read(kind, [path], COLUMNS)
    if is_number:
        edit(path, table.assign(**{column: ["much", *table[column][1:]]}))
        with pytest.raises(UserError, match=f"in its column '{column}' is 'much', not"):
            table_files.read(kind, [path], COLUMNS)


@pytest.mark.parametrize("kind", [kind for kind in COLUMNS if kind != "spectrum"])
def test_a_header_alone_is_no_table(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "table.csv"
    edit(path, WHOLE[kind]().head(0))
    with pytest.raises(UserError, match="it has no rows"):
        table_files.read(kind, [path], COLUMNS)


@pytest.mark.parametrize("content", [b"a,b\n1,2,3\n4", b'a\n"', b"\xff\xfe\x00", b"\n\n"])
def test_what_is_no_csv_is_refused(path: Path, content: bytes) -> None:
    path.with_name(".pooling.csv.sha256").unlink()
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
