"""Each claim of the scorecard, on data for which it holds and on data for which it does not."""

from functools import partial

import figure_tables as tables
import numpy as np
import pandas
import pytest
from pandas import DataFrame

from cnn_sensitivity import papers, scorecard
from cnn_sensitivity.papers.tomasini_2022 import claims
from cnn_sensitivity.papers.tomasini_2022.claims import correlations
from cnn_sensitivity.scorecard.verdict import Measured, judge, number

assess = partial(papers.assess, "tomasini_2022")
CLAIMS = {claim.id: claim for claim in claims.CLAIMS}
HOLDS, FAILS = "reproduced", "contradicted"
UNDECIDED, UNTESTED = "undecided", "not tested at this scale"


def _row(name: str, **frames: DataFrame) -> dict:
    return judge(CLAIMS[name], frames)


def _swapped(table: DataFrame) -> DataFrame:
    """The same runs with their errors in the opposite order."""
    return table.assign(test_error=0.001 / table["test_error"])


def _twins(ratio: float) -> DataFrame:
    relu = [row for seed in (0, 1) for row in tables.run_rows("VGG11", 0.01, seed)]
    tanh = [{**row, "network": "VGG11_tanh", "activation": "tanh"} for row in relu]
    for row in tanh:
        row["G"] *= ratio if row["index"] == tables.LAYERS - 1 else 1
    return DataFrame(relu + tanh)


def _d_worse(table: DataFrame) -> DataFrame:
    """R in disorder while D keeps its order."""
    order = np.argsort(np.argsort(table["test_error"] * 1e3 % 0.7))
    return table.assign(R=np.exp(order / len(table)))


IMAGES = tables.sensitivity((0.0, 1.0))
CLEAN = tables.sensitivity()
BOTH = pandas.concat([CLEAN, tables.task_2d()], ignore_index=True)
INITIAL = CLEAN["state"] == "initial"
NOT_VGG11 = CLEAN["network"] != "VGG11"

CASES = {
    "error-R": ({"sensitivity": CLEAN}, {"sensitivity": _swapped(CLEAN)}),
    "noise-R": ({"sensitivity": IMAGES}, {"sensitivity": _swapped(IMAGES)}),
    "noise-D": ({"sensitivity": IMAGES}, {"sensitivity": _swapped(IMAGES)}),
    "noise-G": ({"sensitivity": IMAGES}, {"sensitivity": _swapped(IMAGES)}),
    "R-best": (
        {"sensitivity": CLEAN.assign(D=_d_worse(CLEAN)["R"], G=1 / _d_worse(CLEAN)["R"])},
        {"sensitivity": _d_worse(CLEAN)},
    ),
    "R-depth": (
        {"sensitivity": CLEAN},
        {"sensitivity": CLEAN.assign(R=CLEAN["R"].where(NOT_VGG11, 1 - CLEAN["R"]))},
    ),
    "R-init": (
        {"sensitivity": CLEAN},
        {"sensitivity": CLEAN.assign(R=np.where(INITIAL, 3.1, CLEAN["R"]))},
    ),
    "both-poolings": (
        {"sensitivity": CLEAN},
        {"sensitivity": CLEAN.assign(
            R=np.where(CLEAN["wiring"] == "shuffled", CLEAN["R"] ** 4, CLEAN["R"]))},
    ),
    "low-pass": (
        {"spectrum": tables.spectrum(trained_constant=1.6 / 9)},
        {"spectrum": tables.spectrum(trained_constant=1.4 / 9)},
    ),
    "constant-filters": ({"theory": tables.theory()}, {"theory": tables.theory(g_slope=0.56)}),
    "scaling-D": (
        {"sensitivity": tables.task_1d((2.3, 1.2))}, {"sensitivity": tables.task_1d((2.0, 1.4))},
    ),
    "scaling-G": (
        {"sensitivity": tables.task_1d(exponent_g=0.8)},
        {"sensitivity": tables.task_1d(exponent_g=0.6)},
    ),
    "task-correlations": (
        {"sensitivity": tables.task_2d()}, {"sensitivity": _swapped(tables.task_2d())},
    ),
    "task-depth": (
        {"sensitivity": tables.task_2d()},
        {"sensitivity": tables.task_2d().assign(R=lambda t: 1 / t["R"])},
    ),
    "tanh": ({"sensitivity": _twins(0.19)}, {"sensitivity": _twins(0.21)}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_follows_the_data(name):
    good, bad = CASES[name]
    assert _row(name, **good)["verdict"] == HOLDS
    row = _row(name, **bad)
    assert row["verdict"] == FAILS
    assert np.isfinite(row["measured"]) and row["reason"]


def test_ranking_of_networks():
    networks = [f"net{number}" for number in range(8)]

    def runs(order):
        return DataFrame(
            [
                row
                for experiment, errors in (
                    ("images", range(1, 9)),
                    ("scale_detection_2d", order),
                )
                for network, error in zip(networks, errors, strict=True)
                for row in tables.run_rows(network, error / 20, experiment=experiment)
            ]
        )

    good = _row("task-ranking", sensitivity=runs(range(1, 9)))
    assert good["verdict"] == HOLDS and good["measured"] == pytest.approx(1)
    mixed = _row("task-ranking", sensitivity=runs([4, 8, 1, 6, 2, 7, 3, 5]))
    assert mixed["verdict"] == UNDECIDED
    assert _row("task-ranking", sensitivity=runs(range(8, 0, -1)))["verdict"] == FAILS
    few = runs(range(1, 9))
    few = few[few["network"].isin(networks[:2])]
    assert _row("task-ranking", sensitivity=few)["verdict"] == UNTESTED


def test_every_claim_has_a_case_both_ways():
    assert set(CASES) | {"task-ranking"} == set(CLAIMS)
    assert len(CLAIMS) == len(claims.CLAIMS) == 16


@pytest.mark.parametrize("frames", [{}, {"sensitivity": CLEAN.iloc[:0]}])
def test_without_data_nothing_is_tested(frames):
    table = assess(frames)
    assert list(table.columns) == scorecard.COLUMNS
    assert set(table["verdict"]) == {UNTESTED}
    assert table["reason"].str.contains("table").all()
    assert table["measured"].isna().all()


def test_error_r_reports_the_slope_and_the_exact_correlation():
    row = _row("error-R", sensitivity=CLEAN)
    assert row["measured"] == pytest.approx(1) and row["low"] == pytest.approx(1)
    assert "slope 0.40" in row["reason"] and "within .35-.6" in row["reason"]


def test_error_r_goes_by_medians_where_the_run_has_them():
    row = _row("error-R", sensitivity=_swapped(CLEAN), medians=CLEAN)
    assert row["verdict"] == HOLDS and row["measured"] == pytest.approx(1)


def test_a_noise_level_that_fails_decides_and_is_shown():
    bad = _swapped(tables.sensitivity((1.0,)))
    row = _row("noise-R", sensitivity=pandas.concat([CLEAN, bad]))
    assert row["verdict"] == FAILS and row["measured"] == pytest.approx(-1)
    assert row["reason"].startswith("noise 1:") and "noise 0:" in row["reason"]


def test_of_equal_intervals_the_weaker_correlation_decides():
    parts = [Measured(value, -1, 1, False, label=str(value)) for value in (0.9, 0.8)]
    assert [part.value for part in correlations._weakest_first(parts, "R")] == [0.8, 0.9]


def test_a_noise_level_without_enough_runs_leaves_the_claim_untested():
    few = tables.sensitivity((1.0,))
    row = _row("noise-R", sensitivity=pandas.concat([CLEAN, few[few["network"] == "VGG11"]]))
    assert row["verdict"] == UNTESTED and "fewer than 3 points" in row["reason"]


def _one_seed(error: float) -> DataFrame:
    """VGG11 alone, of one seed, its numbers with this relative error over test images."""
    rows = DataFrame(tables.run_rows("VGG11", 0.05))
    return rows.assign(**{f"{name}_error": error * rows[name] for name in ("D", "G", "R")})


@pytest.mark.parametrize(("error", "verdict"), [(0.01, HOLDS), (3.0, UNDECIDED)])
def test_a_network_of_one_seed_is_judged_by_the_error_of_its_measurement(error, verdict):
    assert _row("R-depth", sensitivity=_one_seed(error))["verdict"] == verdict
    assert _row("R-init", sensitivity=_one_seed(error))["verdict"] == verdict


@pytest.mark.parametrize(
    ("factors", "verdict"),
    [((0.9, 1, 1.1, 1.2), HOLDS), ((0.9, 0.1, 1.2, 0.2), UNDECIDED), ((0.1, 0.2, 0.25), FAILS)],
)
def test_networks_drawn_afresh_decide_on_r_before_training(factors, verdict):
    one = DataFrame(tables.run_rows("VGG11", 0.05))
    initial = one[one["state"] == "initial"]
    drawn = pandas.concat([initial.assign(draw=n, R=f) for n, f in enumerate(factors)])
    # The sensitivity table alone, a factor of ten away, would say otherwise.
    row = _row("R-init", sensitivity=one.assign(R=10.0), initial=drawn)
    assert row["verdict"] == verdict
    mean = np.exp(np.mean(np.log(factors)))
    assert row["measured"] == pytest.approx(mean)
    assert row["low"] < mean < row["high"]
    assert row == _row("R-init", sensitivity=one, initial=drawn.assign(learned=False))
    # Another network, of which no further ones were drawn, is judged by its own.
    other = DataFrame(tables.run_rows("LeNet")).assign(draw=0, R=9.0)
    both = _row("R-init", sensitivity=pandas.concat([one, other]), initial=drawn)
    assert "LeNet: 9" in both["reason"]
    assert f"VGG11: {mean:.3g} [" in both["reason"]


def test_a_network_of_one_seed_without_errors_is_undecided():
    one = DataFrame(tables.run_rows("VGG11", 0.05))
    for claim in ("R-depth", "R-init", "both-poolings"):
        assert _row(claim, sensitivity=one)["verdict"] == UNDECIDED


@pytest.mark.parametrize(("factors", "verdict"), [((0.9, 1, 1.1), HOLDS), ((1e-4, 1), UNDECIDED)])
def test_several_shuffles_decide_on_a_network_of_one_seed(factors, verdict):
    one = DataFrame(tables.run_rows("VGG11", 0.05)).assign(draw=0)
    shuffled = one[one["wiring"] == "shuffled"]
    draws = [shuffled.assign(draw=n, R=shuffled["R"] * f) for n, f in enumerate(factors)]
    frame = pandas.concat([one[one["wiring"] == "original"], *draws])
    assert _row("both-poolings", sensitivity=frame)["verdict"] == verdict


def test_networks_that_gain_nothing_with_relu_do_not_test_tanh():
    flat = _twins(0.1).assign(G=1.0)
    row = _row("tanh", sensitivity=flat)
    assert row["verdict"] == UNTESTED and "No ReLU network gains. Without gain" in row["reason"]


def test_runs_that_did_not_learn_are_left_out_and_counted():
    failed = DataFrame(tables.run_rows("ResNet18", 0.9, r_last=1e-6, learned=False))
    row = _row("error-R", sensitivity=pandas.concat([CLEAN, failed]))
    assert row["verdict"] == HOLDS and "1 run that did not learn" in row["reason"]


def test_tanh_networks_and_noise_are_no_part_of_the_clean_claims():
    other = _swapped(tables.sensitivity((1.0,)))
    tanh = _swapped(CLEAN).assign(activation="tanh", network=CLEAN["network"] + "_tanh")
    row = _row("error-R", sensitivity=pandas.concat([CLEAN, other, tanh]))
    assert row["verdict"] == HOLDS


def test_scaling_takes_only_layers_within_the_scale():
    row = _row("scaling-D", sensitivity=tables.task_1d())
    assert row["measured"] == pytest.approx(2)
    assert "with stride: 1" in row["reason"] and "Fitted over the layers" in row["reason"]
    strided = tables.task_1d().query("network == 'strided'")
    assert _row("scaling-D", sensitivity=strided)["verdict"] == UNTESTED


def test_low_pass_needs_white_filters_before_training():
    row = _row("low-pass", spectrum=tables.spectrum(initial_constant=1.12 / 9))
    assert row["verdict"] == FAILS and row["measured"] == pytest.approx(1.12)


def test_constant_filters_need_both_cases():
    flat = tables.theory().query("stride == 1")
    assert _row("constant-filters", theory=flat)["verdict"] == UNTESTED
    assert _row("constant-filters", theory=tables.theory(doubling=1.1))["verdict"] == FAILS


def test_depth_claims_are_about_the_networks_of_their_figure():
    other = CLEAN[CLEAN["network"] == "LeNet"].assign(architecture="mine:net")
    row = _row("R-depth", sensitivity=other)
    assert row["verdict"] == UNTESTED and "VGG11" in row["reason"]


def test_the_scorecard_as_markdown_and_as_a_page():
    frame = assess({"theory": tables.theory(), "spectrum": tables.spectrum(1.4 / 9)})
    frame.loc[0, "reason"] = "a < b | c & d"
    text = scorecard.to_markdown(frame)
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    assert len(rows) == 16 and all(row.replace("\\|", "").count("|") == 7 for row in rows)
    assert text.startswith("16 claims: 1 reproduced, 1 contradicted, 0 undecided, 14 not")
    page = scorecard.to_html(frame)
    assert "a &lt; b | c &amp; d" in page and page.count("<tr>") == 17
    assert "http" not in page and "<script" not in page


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(1.2, 2.0, "1.65 [1.2, 2]"), (1.65, 1.65, "1.65"), (float("nan"), float("nan"), "1.65")],
)
def test_an_interval_is_shown_if_it_is_wider_than_a_point(low, high, text):
    assert number(1.65, low, high) == text


def test_scorecards_of_two_runs_side_by_side():
    one = assess({"theory": tables.theory()})
    other = assess({"theory": tables.theory(doubling=1.1)}).iloc[::-1]
    lines = scorecard.to_comparison({"one": one, "other": other}).splitlines()
    assert lines[0] == "| claim | figure | the paper | number | `one` | `other` |"
    assert [line.split("**")[1] for line in lines[2:]] == list(one["id"])
    (row,) = [line for line in lines if "constant-filters" in line]
    assert [cell.strip()[0] for cell in row.split("|")[5:7]] == ["✓", "✗"]


def test_the_scorecard_is_the_same_each_time():
    frames = {"sensitivity": CLEAN, "theory": tables.theory()}
    pandas.testing.assert_frame_equal(assess(frames), assess(frames))
