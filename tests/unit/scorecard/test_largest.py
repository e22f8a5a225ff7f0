"""The verdict of a claim is that of the last run that tests it."""

import pytest
from pandas import DataFrame

from cnn_sensitivity.scorecard import largest
from cnn_sensitivity.scorecard.verdict import (
    CONTRADICTED,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
    Claim,
    NotTested,
    Outcome,
)


def nothing(tables: dict[str, DataFrame]) -> Outcome:
    raise NotTested("nothing")


CLAIM = Claim("falls", "It falls", "1", "falls", "slope", nothing)


@pytest.mark.parametrize(
    ("verdicts", "run", "verdict"),
    [
        ((REPRODUCED, UNDECIDED), 1, UNDECIDED),
        ((CONTRADICTED, NOT_TESTED), 0, CONTRADICTED),
        ((REPRODUCED, CONTRADICTED, NOT_TESTED), 1, CONTRADICTED),
        ((NOT_TESTED, NOT_TESTED), 1, NOT_TESTED),
    ],
)
def test_the_last_run_that_tests_a_claim_decides(
    verdicts: tuple[str, ...], run: int, verdict: str
) -> None:
    cards = {
        f"run-{number}": DataFrame({"id": ["other", "falls"], "verdict": [REPRODUCED, each]})
        for number, each in enumerate(verdicts)
    }
    found = largest.at_largest(CLAIM, cards)
    assert found
    assert (found.run, found.verdict) == (f"run-{run}", verdict)


def test_without_a_run_there_is_no_verdict() -> None:
    assert largest.at_largest(CLAIM, {}) is None
    older = {"run": DataFrame({"id": ["other"], "verdict": [REPRODUCED]})}
    assert largest.at_largest(CLAIM, older) is None
