"""The four verdicts: what a whole interval says, and what several parts of a claim say."""

import math

import hypothesis.strategies as st
import numpy as np
import pandas
import pytest
from hypothesis import given

from cnn_sensitivity.analysis.intervals import exactly, student
from cnn_sensitivity.analysis.sampling import sampling_interval
from cnn_sensitivity.scorecard.verdict import (
    CONTRADICTED,
    NEGATIVE,
    NOT_TESTED,
    POSITIVE,
    REPRODUCED,
    UNDECIDED,
    Claim,
    Compatible,
    Measured,
    NotTested,
    Outcome,
    Range,
    judge,
    verdicts,
)


def part(low: float, high: float, meets: object = POSITIVE, value: float = 0.5) -> Measured:
    """Return a number whose interval is the same at every level."""
    return Measured(value, lambda level: (low, high), meets)  # type: ignore[arg-type]


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
    assert verdicts([part(low, high, Range(0.35, 0.6))]) == [verdict]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-1.2, -0.7, REPRODUCED),
        (-1.6, -0.9, UNDECIDED),
        (-2, 0, UNDECIDED),
        (-0.9, -0.8, CONTRADICTED),
        (-3, -1.1, CONTRADICTED),
    ],
)
def test_compatible_is_what_contains_the_value_and_is_narrow(low, high, verdict) -> None:
    assert verdicts([part(low, high, Compatible(-1, 0.3))]) == [verdict]


@given(st.floats(-2, 2), st.floats(0, 1), st.floats(0, 1))
def test_a_point_estimate_alone_decides_nothing(value: float, below: float, above: float) -> None:
    low, high = value - below, value + above
    assert verdicts([part(low, high, value=value)]) == verdicts([part(low, high, value=-value)])


def test_zero_is_neither_positive_nor_negative() -> None:
    assert 0.0 not in POSITIVE and 0.0 not in NEGATIVE
    assert verdicts([part(0.0, 1.0)]) == [UNDECIDED]


def test_what_has_no_randomness_is_judged_by_its_value() -> None:
    meets = Range(-1.05, -0.95)
    parts = [Measured(value, exactly(value), meets) for value in (-0.96, -0.9)]
    assert [verdicts([each]) for each in parts] == [[REPRODUCED], [CONTRADICTED]]


def test_what_is_not_defined_is_not_tested() -> None:
    assert verdicts([Measured(detail="too few")]) == [NOT_TESTED]
    assert verdicts([Measured(math.nan, meets=POSITIVE)]) == [NOT_TESTED]


YES = part(0.5, 1.5, value=1)
NO = part(-1.5, -0.5, value=-1)
MAYBE = part(-1, 1, value=0.1)
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
    judged = judge(Claim("x", "it is so", "1", "yes", "number", lambda _: Outcome(parts)), {})
    assert judged.verdict == verdict
    np.testing.assert_equal(judged.part.value, measured)


def test_missing_data_are_named() -> None:
    def missing(_: object) -> Outcome:
        raise NotTested("There is no table.")

    judged = judge(Claim("x", "it is so", "1", "yes", "number", missing), {})
    assert (judged.verdict, judged.reason) == (NOT_TESTED, "There is no table.")


def _with_p(p: float) -> Measured:
    """A number whose interval of level 1 - p ends at 0, below it: it fails POSITIVE with this p."""
    return Measured(-1, lambda level: (-2, 0.5 if level > 1 - p else -0.5), POSITIVE)


@pytest.mark.parametrize(
    ("p", "contradicted"),
    [
        ([0.04], 1),
        ([0.04, 0.04], 0),  # .05 / 2 is less than either
        ([0.02, 0.04], 2),  # the first falls, and the second is then alone
        ([0.013, 0.02, 0.04, 0.5], 0),
        ([0.012, 0.016, 0.03, 0.5], 2),
    ],
)
def test_to_contradict_takes_holms_correction(p: list[float], contradicted: int) -> None:
    found = verdicts([_with_p(each) for each in p])
    assert found.count(CONTRADICTED) == contradicted
    assert set(found) <= {CONTRADICTED, UNDECIDED}


def test_a_claim_of_eight_parts_on_the_limit_is_rarely_contradicted() -> None:
    """Without a correction it would be in a third of the runs, and with three seeds each."""
    generator = np.random.default_rng(0)
    runs = [
        verdicts(
            [Measured(0, student(generator.standard_normal(3)), Range(low=0)) for _ in range(8)]
        )
        for _ in range(400)
    ]
    assert np.mean([CONTRADICTED in run for run in runs]) <= 0.05


def test_the_sampling_interval_is_that_of_a_normal_distribution() -> None:
    frame = pandas.DataFrame({"R": [2.0], "R_error": [0.1]})
    low, high = sampling_interval(
        lambda s: float(np.log(s["R"][0])), frame, {"R": "R_error"}, samples=4000
    )
    assert low == pytest.approx(math.log(2) - 1.96 * 0.05, abs=0.005)
    assert high == pytest.approx(math.log(2) + 1.96 * 0.05, abs=0.005)


@pytest.mark.parametrize("frame", [{"R": [2.0]}, {"R": [2.0], "R_error": [math.nan]}])
def test_without_errors_there_is_no_sampling_interval(frame: dict) -> None:
    interval = sampling_interval(lambda s: 1.0, pandas.DataFrame(frame), {"R": "R_error"})
    assert np.isnan(interval).all()
