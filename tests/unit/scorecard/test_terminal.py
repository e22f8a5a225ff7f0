"""The scorecard as text: whole statements in any width, and colours in a terminal only."""

import re
import sys

import pytest
from checkout import ROOT
from pandas import DataFrame

from cnn_sensitivity import papers, scorecard
from cnn_sensitivity.scorecard import criteria
from cnn_sensitivity.tables import files as table_files

CLAIMS = table_files.read("claims", [ROOT / "paper_figures/reference/quick/claims.csv"])
CHANGES = criteria.changes(papers.criteria("tomasini_2022"))
SAID = "16 of 17 verdicts as in the reference run of commit 3bd1696, AVX512. Not the same: tanh."
COLOUR = re.compile(r"\x1b\[\d+m")


def words(text: str) -> list[str]:
    return COLOUR.sub("", text).split()


@pytest.mark.parametrize("width", [64, 80, 100, 200])
def test_every_statement_is_whole_and_no_line_too_wide(width: int) -> None:
    text = scorecard.to_text(CLAIMS, CHANGES, SAID, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for statement in CLAIMS["statement"]:
        first, *_, last = statement.split()
        begins = [line for line in text.splitlines() if first in line]
        assert begins and last in words(text), statement
    assert " ".join(text.split()).endswith(SAID)


def test_a_wide_line_holds_a_whole_statement() -> None:
    text = scorecard.to_text(CLAIMS, CHANGES, width=160)
    table = text.partition("\n\n")[0].splitlines()[2:]
    assert len(table) == len(CLAIMS)
    for line, statement in zip(table, CLAIMS["statement"], strict=True):
        assert statement in line


def test_in_a_narrow_window_a_statement_stands_below_its_claim() -> None:
    first, second, *_ = scorecard.to_text(CLAIMS, CHANGES, width=64).splitlines()
    assert words(first) == ["–", "not", "tested", "error-R", "–"]
    assert second == "    Test error and relative sensitivity of the output correlate"


def test_colours_are_of_the_verdicts_and_change_nothing_else() -> None:
    plain = scorecard.to_text(CLAIMS, CHANGES, SAID)
    coloured = scorecard.to_text(CLAIMS, CHANGES, SAID, colours=True)
    assert COLOUR.sub("", coloured) == plain
    assert coloured.count("\x1b[32m✓ reproduced\x1b[0m") == sum(CLAIMS["verdict"] == "reproduced")
    assert len(COLOUR.findall(coloured)) == 2 * len(CLAIMS)


def test_a_scorecard_without_claims_has_a_heading_and_counts() -> None:
    text = scorecard.to_text(CLAIMS[:0], DataFrame({"claim": []}))
    assert text.startswith("Verdict") and "0 claims of the paper" in text


class Terminal:
    """Standard output as a window."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None: ...

    def flush(self) -> None: ...


def test_what_is_no_terminal_gets_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert scorecard.terminal() == (100, False)


@pytest.mark.parametrize(
    ("variable", "value", "colours"), [("TERM", "xterm", True), ("TERM", "dumb", False)]
)
def test_a_terminal_says_its_width_and_whether_it_has_colours(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, colours: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "132")
    monkeypatch.setenv(variable, value)
    assert scorecard.terminal() == (132, colours)
    monkeypatch.setenv("NO_COLOR", "1")
    assert scorecard.terminal() == (132, False)
