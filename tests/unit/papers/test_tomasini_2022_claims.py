"""Each claim of the scorecard, on data for which it holds and on data for which it does not."""

from functools import partial

import figure_tables as tables
import numpy as np
import pandas
import pytest
import scipy.stats
from pandas import DataFrame

from cnn_sensitivity import papers, scorecard
from cnn_sensitivity.papers.tomasini_2022 import claims
from cnn_sensitivity.papers.tomasini_2022.claims import correlations
from cnn_sensitivity.scorecard import criteria
from cnn_sensitivity.scorecard.verdict import Measured, judge, number

assess = partial(papers.assess, "tomasini_2022")
CLAIMS = {claim.id: claim for claim in claims.CLAIMS}
HOLDS, FAILS = "reproduced", "contradicted"
UNDECIDED, UNTESTED = "undecided", "not tested at this scale"


SEEDS = (0, 1, 2)
MANY = {f"net{number}": 0.3 * 0.8**number for number in range(12)}


def _row(name: str, **frames: DataFrame) -> dict:
    judged = judge(CLAIMS[name], frames)
    low, high = judged.part.interval()
    return {
        "verdict": judged.verdict, "reason": judged.reason, "measured": judged.part.value,
        "low": low, "high": high,
    }  # fmt: skip


def _swapped(table: DataFrame) -> DataFrame:
    """The same runs with their errors in the opposite order."""
    return table.assign(test_error=0.001 / table["test_error"])


def _twins(ratio: float) -> DataFrame:
    relu = [row for seed in SEEDS for row in tables.run_rows("VGG11", 0.01, seed)]
    tanh = [{**row, "network": "VGG11_tanh", "activation": "tanh"} for row in relu]
    for row in tanh:
        row["G"] *= ratio if row["index"] == tables.LAYERS - 1 else 1
    return DataFrame(relu + tanh)


def _d_worse(table: DataFrame) -> DataFrame:
    """R in disorder while D keeps its order."""
    order = np.argsort(np.argsort(table["test_error"] * 1e3 % 0.7))
    return table.assign(R=np.exp(order / len(table)))


IMAGES = tables.sensitivity((0.0, 1.0), SEEDS)
CLEAN = tables.sensitivity(seeds=SEEDS)
CIFAR = CLEAN.assign(dataset="CIFAR-10")
TWELVE = tables.sensitivity(errors=MANY)
TASK = tables.task_2d(seeds=SEEDS)
INITIAL = CLEAN["state"] == "initial"
NOT_VGG11 = CLEAN["network"] != "VGG11"
FIVE = ("VGG11", "LeNet", "AlexNet", "VGG11bn", "ResNet18")

CASES = {
    "error-R": ({"sensitivity": CIFAR}, {"sensitivity": _swapped(CIFAR)}),
    "noise-R": ({"sensitivity": IMAGES}, {"sensitivity": _swapped(IMAGES)}),
    "noise-D": ({"sensitivity": IMAGES}, {"sensitivity": _swapped(IMAGES)}),
    "noise-G": ({"sensitivity": IMAGES}, {"sensitivity": _swapped(IMAGES)}),
    "R-best": (
        {"sensitivity": TWELVE.assign(D=_d_worse(TWELVE)["R"], G=1 / _d_worse(TWELVE)["R"])},
        {"sensitivity": _d_worse(TWELVE)},
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
        {"spectrum": tables.spectrum(trained_constant=1.6 / 9, networks=FIVE)},
        {"spectrum": tables.spectrum(trained_constant=1.4 / 9, networks=FIVE)},
    ),
    "constant-filters": ({"theory": tables.theory()}, {"theory": tables.theory(g_slope=0.56)}),
    "scaling-D": (
        {"sensitivity": tables.task_1d((2.3, 1.2), seeds=SEEDS)},
        {"sensitivity": tables.task_1d((2.0, 1.4), seeds=SEEDS)},
    ),
    "scaling-G": (
        {"sensitivity": tables.task_1d(exponent_g=0.8, seeds=SEEDS)},
        {"sensitivity": tables.task_1d(exponent_g=0.6, seeds=SEEDS)},
    ),
    "task-correlations": ({"sensitivity": TASK}, {"sensitivity": _swapped(TASK)}),
    "task-depth": ({"sensitivity": TASK}, {"sensitivity": TASK.assign(R=lambda t: 1 / t["R"])}),
    "tanh": ({"sensitivity": _twins(0.19)}, {"sensitivity": _twins(0.21)}),
    "tanh-gain": ({"sensitivity": _twins(0.19)}, {"sensitivity": _twins(0.21)}),
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
    assert len(CLAIMS) == len(claims.CLAIMS) == 17
    assert [claim.id for claim in claims.CLAIMS if claim.ours] == ["tanh-gain"]


@pytest.mark.parametrize("frames", [{}, {"sensitivity": CLEAN.iloc[:0]}])
def test_without_data_nothing_is_tested(frames):
    table = assess(frames)
    assert list(table.columns) == scorecard.COLUMNS
    assert set(table["verdict"]) == {UNTESTED}
    assert table["reason"].str.contains("table").all()
    assert table["measured"].isna().all()


def test_error_r_reports_the_slope_and_the_exact_correlation():
    row = _row("error-R", sensitivity=CIFAR)
    assert row["measured"] == pytest.approx(1) and row["low"] == pytest.approx(1)
    assert "Slope 0.40" in row["reason"] and "within .35-.6" in row["reason"]


def test_error_r_is_tested_on_cifar_10_alone():
    row = _row("error-R", sensitivity=CLEAN)
    assert row["verdict"] == UNTESTED and "this run is on Toy images" in row["reason"]


def test_error_r_goes_by_medians_where_the_run_has_them():
    row = _row("error-R", sensitivity=_swapped(CIFAR), medians=CIFAR)
    assert row["verdict"] == HOLDS and row["measured"] == pytest.approx(1)


def test_a_network_is_one_point_and_families_are_shown():
    row = _row("noise-R", sensitivity=CLEAN)
    assert "4 networks, without one family 1.00 to 1.00" in row["reason"]
    shown = _row("noise-R", sensitivity=CLEAN[CLEAN["network"] != "VGG11"])
    assert shown["verdict"] == UNDECIDED and "3 networks, fewer than 4" in shown["reason"]


def test_a_noise_level_that_fails_decides_and_is_shown():
    bad = _swapped(tables.sensitivity((1.0,), SEEDS))
    row = _row("noise-R", sensitivity=pandas.concat([CLEAN, bad]))
    assert row["verdict"] == FAILS and row["measured"] == pytest.approx(-1)
    assert row["reason"].startswith("noise 1:") and "noise 0:" in row["reason"]


def test_of_equal_intervals_the_weaker_correlation_decides():
    parts = [Measured(value, lambda level: (-1, 1)) for value in (0.9, 0.8)]
    assert [part.value for part in correlations._weakest_first(parts, "R")] == [0.8, 0.9]


def test_a_noise_level_without_enough_runs_leaves_the_claim_untested():
    few = tables.sensitivity((1.0,))
    row = _row("noise-R", sensitivity=pandas.concat([CLEAN, few[few["network"] == "VGG11"]]))
    assert row["verdict"] == UNTESTED and "fewer than 3 networks" in row["reason"]


def _one_seed(error: float) -> DataFrame:
    """VGG11 alone, of one seed, its numbers with this relative error over test images."""
    rows = DataFrame(tables.run_rows("VGG11", 0.05))
    return rows.assign(**{f"{name}_error": error * rows[name] for name in ("D", "G", "R")})


def test_a_network_of_one_training_is_undecided_and_tells_its_error_over_images():
    row = _row("R-depth", sensitivity=_one_seed(0.01))
    assert row["verdict"] == UNDECIDED
    assert "VGG11: -1, one training" in row["reason"]
    wide = _row("R-depth", sensitivity=_one_seed(3.0))
    assert "one training, over images [-1, " in wide["reason"]
    for claim in ("R-init", "both-poolings"):
        assert _row(claim, sensitivity=_one_seed(0.01))["verdict"] == UNDECIDED


@pytest.mark.parametrize(
    ("factors", "verdict"),
    [((0.9, 1, 1.1, 1.2), HOLDS), ((0.9, 0.1, 1.2, 0.2), UNDECIDED), ((0.2, 0.2, 0.22), FAILS)],
)
def test_networks_drawn_afresh_decide_on_r_before_training(factors, verdict):
    one = DataFrame(tables.run_rows("VGG11", 0.05))
    initial = one[one["state"] == "initial"]
    drawn = pandas.concat([initial.assign(draw=n, R=f) for n, f in enumerate(factors)])
    # The sensitivity table alone, a factor of ten away, would say otherwise.
    row = _row("R-init", sensitivity=one.assign(R=10.0), initial=drawn)
    assert row["verdict"] == verdict
    logs = np.log(factors)
    assert row["measured"] == pytest.approx(np.exp(logs.mean()))
    expected = scipy.stats.ttest_1samp(logs, 0).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.exp(expected)))
    outside = np.mean([not 0.3 <= factor <= 3 for factor in factors])
    assert f"{len(factors)} fresh networks, {outside:.0%} outside" in row["reason"]
    assert row == _row("R-init", sensitivity=one, initial=drawn.assign(learned=False))
    # Another network, of which no further ones were drawn, is judged by its own.
    other = DataFrame(tables.run_rows("LeNet")).assign(draw=0, R=9.0)
    both = _row("R-init", sensitivity=pandas.concat([one, other]), initial=drawn)
    assert "LeNet: 9, 1 fresh network" in both["reason"]


def test_shuffles_are_averaged_within_each_training():
    """A hundred shuffles of three trainings say as much as their three means."""
    one = CLEAN[CLEAN["network"] == "VGG11"].assign(draw=0)
    shuffled = one[one["wiring"] == "shuffled"]
    factors = np.exp(np.linspace(-0.5, 0.5, 9))
    draws = [shuffled.assign(draw=n, R=shuffled["R"] * f) for n, f in enumerate(factors)]
    frame = pandas.concat([one[one["wiring"] == "original"], *draws])
    several, single = (_row("both-poolings", sensitivity=rows) for rows in (frame, one))
    assert several["low"] == pytest.approx(single["low"])
    assert "9 shuffles of each" in several["reason"]


def test_networks_that_gain_nothing_with_relu_do_not_test_tanh():
    flat = _twins(0.1).assign(G=1.0)
    row = _row("tanh-gain", sensitivity=flat)
    assert row["verdict"] == UNTESTED and "No ReLU network gains. Without gain" in row["reason"]


def test_runs_that_did_not_learn_are_left_out_and_counted():
    failed = DataFrame(tables.run_rows("ResNet18", 0.9, r_last=1e-6, learned=False))
    row = _row("error-R", sensitivity=pandas.concat([CIFAR, failed.assign(dataset="CIFAR-10")]))
    assert row["verdict"] == HOLDS and "1 run that did not learn" in row["reason"]


def test_tanh_networks_and_noise_are_no_part_of_the_clean_claims():
    other = _swapped(tables.sensitivity((1.0,)))
    tanh = _swapped(CLEAN).assign(activation="tanh", network=CLEAN["network"] + "_tanh")
    frame = pandas.concat([CLEAN, other, tanh]).assign(dataset="CIFAR-10")
    row = _row("error-R", sensitivity=frame)
    assert row["verdict"] == HOLDS


def test_scaling_takes_only_layers_within_the_scale():
    row = _row("scaling-D", sensitivity=tables.task_1d(seeds=SEEDS))
    assert row["measured"] == pytest.approx(2)
    assert "with stride: 1" in row["reason"] and "Fitted over the layers" in row["reason"]
    strided = tables.task_1d(seeds=SEEDS).query("network == 'strided'")
    assert _row("scaling-D", sensitivity=strided)["verdict"] == UNTESTED


def test_low_pass_needs_white_filters_before_training():
    row = _row("low-pass", spectrum=tables.spectrum(initial_constant=1.12 / 9, networks=FIVE))
    assert row["verdict"] == FAILS and row["measured"] == pytest.approx(1.12)


def test_constant_filters_need_both_cases():
    flat = tables.theory().query("stride == 1")
    assert _row("constant-filters", theory=flat)["verdict"] == UNTESTED
    assert _row("constant-filters", theory=tables.theory(doubling=1.1))["verdict"] == FAILS


def test_depth_claims_are_about_the_networks_of_their_figure():
    other = CLEAN[CLEAN["network"] == "LeNet"].assign(architecture="mine:net")
    row = _row("R-depth", sensitivity=other)
    assert row["verdict"] == UNTESTED and "VGG11" in row["reason"]


CHANGES = criteria.changes(papers.criteria("tomasini_2022"))


def test_the_scorecard_as_markdown_and_as_a_page():
    frame = assess({"theory": tables.theory(), "spectrum": tables.spectrum(1.4 / 9, networks=FIVE)})
    frame.loc[0, "reason"] = "a < b | c & d"
    text = scorecard.to_markdown(frame, CHANGES)
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    assert len(rows) == 17 and all(row.replace("\\|", "").count("|") == 7 for row in rows)
    assert text.startswith("16 claims of the paper: 1 reproduced, 1 contradicted, 0 undecided, 14")
    assert "1 of ours: 0 reproduced" in text and "**tanh-gain** (ours) An odd" in text
    changed = [line for line in text.splitlines() if line.startswith("| 2026-")]
    assert len(changed) == len(CHANGES)
    page = scorecard.to_html(frame, CHANGES)
    assert "a &lt; b | c &amp; d" in page
    assert page.count("<tr>") == 17 + 2 + len(CHANGES)
    assert "http" not in page and "<script" not in page


def test_the_scorecard_in_a_terminal_is_narrow_and_names_the_criteria_that_changed():
    text = scorecard.to_text(assess({"theory": tables.theory()}), CHANGES)
    assert max(map(len, text.splitlines())) <= 100
    assert "Criteria that changed: all, error-R, tanh" in text.replace("\n", " ")


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
    assert any("**tanh-gain** (ours)" in line for line in lines)


def test_the_scorecard_is_the_same_each_time():
    frames = {"sensitivity": CLEAN, "theory": tables.theory()}
    pandas.testing.assert_frame_equal(assess(frames), assess(frames))
