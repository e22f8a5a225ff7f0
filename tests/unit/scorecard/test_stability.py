"""Verdicts of several runs against each other: what is counted, shown, written and refused."""

import math
import os
from pathlib import Path

import pandas
import pytest
from checkout import ROOT

from cnn_sensitivity import cli, scorecard
from cnn_sensitivity.base import software
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.scorecard import stability
from cnn_sensitivity.scorecard.verdict import (
    CONTRADICTED,
    NOT_TESTED,
    POSITIVE,
    REPRODUCED,
    UNDECIDED,
    Claim,
    Measured,
    NotTested,
    Outcome,
)
from cnn_sensitivity.tables import files as table_files

# What meets "above 0", wholly, not at all, in part.
INTERVALS = {REPRODUCED: (0.5, 1.5), CONTRADICTED: (-1.5, -0.5), UNDECIDED: (-1.0, 1.25)}
# A letter a run: the verdicts of each claim.
VERDICTS = {"always": "rrr", "turns": "ruc", "varies": "ruu", "never": "ccc", "missing": "nnn"}
LETTERS = {"r": REPRODUCED, "c": CONTRADICTED, "u": UNDECIDED, "n": NOT_TESTED}
RUNS = ("quick", "quick_seed-1", "quick_avx2")
BENCHMARK = "s\th:m:s\tcpu_time\n{}\t0:00:01\t0.5\n"


def claim(name: str, verdict: str) -> Claim:
    """Return a claim that has this verdict."""

    def measure(_: object) -> Outcome:
        if verdict == NOT_TESTED:
            raise NotTested("There is no table.")
        low, high = INTERVALS[verdict]
        return Outcome([Measured((low + high) / 2, lambda level: (low, high), POSITIVE)])

    return Claim(name, f"it is {name}", "1", "above 0", "number", measure)


def scorecards(verdicts: dict[str, str] = VERDICTS) -> dict[str, pandas.DataFrame]:
    """Return the scorecards of the runs, as the package assesses them."""
    criteria = pandas.DataFrame(
        {"claim": list(verdicts), "criterion": "above 0", "date": "", "why": ""}
    )
    return {
        run: scorecard.assess(
            [claim(name, LETTERS[letters[number]]) for name, letters in verdicts.items()],
            {},
            criteria,
        )
        for number, run in enumerate(RUNS)
    }


def write(folder: Path) -> list[str]:
    """Write the scorecards as the rule `claims` does, and return their paths."""
    paths = [f"{folder}/{run}/claims.csv" for run in RUNS]
    for path, frame in zip(paths, scorecards().values(), strict=True):
        table_files.write(frame, path)
    return paths


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_run_and_claim_has_its_number_and_verdict() -> None:
    table = stability.side_by_side(scorecards())
    assert list(table) == ["run", "claim", "value", "low", "high", "verdict"]
    rows = {(row.run, row.claim): (row.value, row.low, row.verdict) for row in table.itertuples()}
    assert len(table) == len(rows) == len(RUNS) * len(VERDICTS)
    assert rows["quick", "turns"] == (1.0, 0.5, REPRODUCED)
    assert rows["quick_seed-1", "turns"] == (0.125, -1.0, UNDECIDED)
    assert rows["quick_avx2", "turns"] == (-1.0, -1.5, CONTRADICTED)
    assert math.isnan(rows["quick", "missing"][0])


def test_what_turns_round_varies_and_holds_is_told_apart() -> None:
    table = stability.side_by_side(scorecards())
    assert stability.turned_round(table) == ["turns"]
    assert stability.with_several_verdicts(table) == ["turns", "varies"]
    assert stability.always_reproduced(table) == ["always"]


def test_undecided_in_between_turns_nothing_round() -> None:
    for letters in ("ruu", "cuu", "rrn", "uuc"):
        table = stability.side_by_side(scorecards({"x": letters}))
        assert stability.turned_round(table) == []
        assert stability.with_several_verdicts(table) == ["x"]


def test_the_summary_counts_and_names() -> None:
    text = stability.to_text(stability.side_by_side(scorecards()))
    assert text.splitlines()[-3:] == [
        "- Reproduced in one run, contradicted in another: 1 (turns).",
        "- One verdict in all 3 runs: 3 of 5 claims; more than one: 2 (turns and varies).",
        "- Reproduced in all 3 runs: 1 (always).",
    ]
    steady = stability.to_text(stability.side_by_side(scorecards({"x": "rrr"})))
    assert steady.splitlines()[-3:-1] == [
        "- Reproduced in one run, contradicted in another: none.",
        "- One verdict in all 3 runs: 1 of 1 claim; more than one: none.",
    ]


def test_the_tables_show_a_row_a_claim_and_a_column_a_run() -> None:
    table = stability.side_by_side(scorecards())
    shown = [cells(line) for line in stability.to_text(table).splitlines() if line[0:1] == "|"]
    assert shown[0] == ["claim", *RUNS, "all runs"]
    assert shown[2:] == [
        ["always", "✓ 1", "✓ 1", "✓ 1", "reproduced"],
        ["turns", "✓ 1", "? 0.125", "✗ -1", "turns round"],
        ["varies", "✓ 1", "? 0.125", "? 0.125", "varies"],
        ["never", "✗ -1", "✗ -1", "✗ -1", "contradicted"],
        ["missing", "– –", "– –", "– –", "not tested at this scale"],
    ]
    page = [cells(line) for line in stability.to_page(table).splitlines() if line[0:1] == "|"]
    assert page[0] == ["claim", *(f"`{run}`" for run in RUNS), "all runs"]
    assert page[3][1:4] == ["✓ 1 [0.5, 1.5]", "? 0.125 [-1, 1.2]", "✗ -1 [-1.5, -0.5]"]


def test_scorecards_in_another_order_of_claims_are_the_same() -> None:
    given = scorecards()
    turned = {**given, "quick_avx2": given["quick_avx2"].iloc[::-1]}
    one, other = (stability.to_text(stability.side_by_side(each)) for each in (given, turned))
    assert one == other


def test_the_verb_writes_the_table_and_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = write(tmp_path / "results")
    first = Path(paths[0]).parent
    software.note(first / "software.txt", "AVX512")
    for name, seconds in (("training", 90.0), ("sensitivity", 30.0)):
        file = first / f"images/LeNet/noise-0_train-all/seeds-0/{name}.benchmark.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(BENCHMARK.format(seconds))
    cli.main(["stability", "--output", f"{tmp_path}/docs/stability", *paths])

    expected = stability.side_by_side(scorecards())
    written = pandas.read_csv(tmp_path / "docs/stability.csv")
    pandas.testing.assert_frame_equal(written, expected)
    page = (tmp_path / "docs/stability.md").read_text()
    assert page.startswith(stability.to_page(written))
    rows = [cells(line) for line in page.partition("## The runs")[2].splitlines() if "|" in line]
    assert rows[0] == ["run", "instructions", "PyTorch", "minutes"]
    assert rows[2:] == [
        ["`quick`", "AVX512", software.versions()["torch"], "2.0"],
        *([f"`{run}`", "not noted", "not noted", "0.0"] for run in RUNS[1:]),
    ]
    assert stability.to_text(expected) in capsys.readouterr().out


def test_the_committed_page_is_that_of_the_committed_table() -> None:
    page = ROOT / "docs/stability.md"
    if not page.exists():
        pytest.skip("no run of `make stability` is committed yet")
    table = pandas.read_csv(page.with_suffix(".csv"))
    assert page.read_text().startswith(stability.to_page(table))


def refused(capsys: pytest.CaptureFixture[str], folder: Path, *paths: str) -> str:
    """Return the one sentence with which the verb refuses scorecards and writes nothing."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["stability", "--output", f"{folder}/made", *paths])
    assert ended.value.code == 2
    assert not list(folder.glob("made*"))
    (sentence,) = capsys.readouterr().err.splitlines()
    return sentence.removeprefix("error: ")


def test_what_cannot_be_compared_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = write(tmp_path)
    assert refused(capsys, tmp_path, first).startswith("one scorecard only")
    absent = f"{tmp_path}/absent/claims.csv"
    assert refused(capsys, tmp_path, first, absent).startswith(f"{absent}: there is no such table")
    assert f"two scorecards of a run {RUNS[0]!r}" in refused(capsys, tmp_path, first, first)

    table_files.write(table_files.read("claims", [second]).iloc[1:], second)
    sentence = refused(capsys, tmp_path, first, second)
    assert sentence.startswith("the runs 'quick' and 'quick_seed-1' do not have the same claims")
    assert "'always'" in sentence

    frame = table_files.read("claims", [third]).assign(verdict="confirmed")
    table_files.write(frame, third)
    assert refused(capsys, tmp_path, first, third).startswith(
        f"{third}: unknown verdict 'confirmed'"
    )


@pytest.mark.parametrize("text", ["", "s\n", "s\tx\n", "s\nlong\n", "minutes\n3\n"])
def test_a_benchmark_is_read_or_named(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = write(tmp_path)
    file = tmp_path / "quick/images/LeNet/noise-0_train-all/seeds-0/training.benchmark.tsv"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    if text.count("\n") < 2:  # Snakemake was killed before it wrote a row
        cli.main(["stability", "--output", f"{tmp_path}/made", *paths])
    else:
        assert refused(capsys, tmp_path, *paths).startswith(f"{file}: cannot be read")


def test_a_scorecard_goes_by_its_folder_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path / "quick")
    there = os.path.join("..", RUNS[1], "claims.csv")
    assert list(scorecard.read(["claims.csv", there])) == ["quick", RUNS[1]]


def test_one_run_is_no_comparison() -> None:
    with pytest.raises(UserError, match="two runs or more"):
        stability.side_by_side({"quick": scorecards()["quick"]})
