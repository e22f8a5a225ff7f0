"""The four verdicts: what a whole interval says, and what several parts of a claim say."""

import math

import hypothesis.strategies as st
import numpy as np
import pandas
import pytest
from hypothesis import given

from cnn_sensitivity.analysis.statistics import sampling_interval
from cnn_sensitivity.scorecard.verdict import (
    CONTRADICTED,
    NEGATIVE,
    NOT_TESTED,
    POSITIVE,
    REPRODUCED,
    UNDECIDED,
    Claim,
    Measured,
    NotTested,
    Outcome,
    Range,
    judge,
)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.35, 0.6, REPRODUCED),
        (0.3, 0.5, UNDECIDED),
        (0.5, 0.7, UNDECIDED),
        (0.1, 0.9, UNDECIDED),
        (0.1, 0.34, CONTRADICTED),
        (0.61, 2.0, CONTRADICTED),
        (math.nan, math.nan, UNDECIDED),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, verdict: str) -> None:
    assert Measured(0.5, low, high, Range(0.35, 0.6)).verdict == verdict


@given(st.floats(-2, 2), st.floats(0, 1), st.floats(0, 1))
def test_a_point_estimate_alone_decides_nothing(value: float, below: float, above: float) -> None:
    part = Measured(value, value - below, value + above, POSITIVE)
    other = Measured(-value, part.low, part.high, POSITIVE)
    assert part.verdict == other.verdict


def test_zero_is_neither_positive_nor_negative() -> None:
    assert 0.0 not in POSITIVE and 0.0 not in NEGATIVE
    assert Measured(0.5, 0.0, 1.0, POSITIVE).verdict == UNDECIDED


def test_what_has_no_randomness_is_judged_by_its_value() -> None:
    assert Measured(-0.96, meets=Range(-1.05, -0.95), exact=True).verdict == REPRODUCED
    assert Measured(-0.9, meets=Range(-1.05, -0.95), exact=True).verdict == CONTRADICTED


def test_what_is_not_defined_is_not_tested() -> None:
    assert Measured(detail="too few").verdict == NOT_TESTED
    assert Measured(math.nan, meets=POSITIVE).verdict == NOT_TESTED


YES = Measured(1, 0.5, 1.5, POSITIVE)
NO = Measured(-1, -1.5, -0.5, POSITIVE)
MAYBE = Measured(0.1, -1, 1, POSITIVE)
NOTHING = Measured(detail="no data")


@pytest.mark.parametrize(
    ("parts", "verdict", "measured"),
    [
        ([YES, YES], REPRODUCED, 1),
        ([YES, NOTHING], NOT_TESTED, math.nan),
        ([YES, MAYBE, NOTHING], UNDECIDED, 0.1),
        ([YES, MAYBE, NO], CONTRADICTED, -1),
    ],
)
def test_the_weakest_part_is_the_claims(
    parts: list[Measured], verdict: str, measured: float
) -> None:
    claim = Claim("x", "it is so", "1", "yes", "above 0", "number", lambda _: Outcome(parts))
    row = judge(claim, {})
    assert row["verdict"] == verdict
    np.testing.assert_equal(row["measured"], measured)


def test_missing_data_are_named() -> None:
    def missing(_: object) -> Outcome:
        raise NotTested("There is no table.")

    row = judge(Claim("x", "it is so", "1", "yes", "above 0", "number", missing), {})
    assert (row["verdict"], row["reason"]) == (NOT_TESTED, "There is no table.")


def test_the_sampling_interval_is_that_of_a_normal_distribution() -> None:
    frame = pandas.DataFrame({"R": [2.0], "R_error": [0.1]})
    low, high = sampling_interval(lambda s: float(np.log(s["R"][0])), frame, {"R": "R_error"})
    assert low == pytest.approx(math.log(2) - 1.96 * 0.05, abs=0.005)
    assert high == pytest.approx(math.log(2) + 1.96 * 0.05, abs=0.005)


@pytest.mark.parametrize("frame", [{"R": [2.0]}, {"R": [2.0], "R_error": [math.nan]}])
def test_without_errors_there_is_no_sampling_interval(frame: dict) -> None:
    interval = sampling_interval(lambda s: 1.0, pandas.DataFrame(frame), {"R": "R_error"})
    assert np.isnan(interval).all()
