"""Each claim of P21's scorecard, on data for which it holds and on data for which it does not."""

import numpy as np
import pandas
import petrini_tables as tables
import pytest
from pandas import DataFrame

from cnn_sensitivity import papers, scorecard
from cnn_sensitivity.papers.petrini_2021 import claims
from cnn_sensitivity.papers.petrini_2021.authors import authors
from cnn_sensitivity.papers.petrini_2021.claims import errors
from cnn_sensitivity.papers.petrini_2021.tables.overhangs import overhang_table
from cnn_sensitivity.papers.petrini_2021.tables.phase_diagram import bounds_table
from cnn_sensitivity.scorecard.verdict import judge

CLAIMS = {claim.id: claim for claim in claims.CLAIMS}
HOLDS, FAILS = "reproduced", "contradicted"
UNTESTED = "not tested at this scale"

NETWORKS = tables.networks()
SIZES = tables.sizes()
SWEEP = tables.sweep()
TRAINED = NETWORKS["state"] == "trained"
FULLY_CONNECTED = NETWORKS["network"].str.startswith("FullConn")
CUTOFFS = pandas.concat([tables.networks(cutoff=cutoff) for cutoff in (3, 5, 15)])
REGION = {
    "overhangs": overhang_table(28, (3, 5), fields=400),
    "phase_diagram": bounds_table(28),
}


def _changed(frame: DataFrame, rows: pandas.Series, **columns: object) -> DataFrame:
    """The same table with other values in some rows."""
    return frame.assign(**{k: frame[k].where(~rows, v) for k, v in columns.items()})


def _cifar(frame: DataFrame, power: float = 0.5) -> DataFrame:
    """Networks on CIFAR-10 whose error is .2 R^power."""
    return frame.assign(dataset="CIFAR-10", test_error=0.2 * frame["R"] ** power)


def _families(frame: DataFrame, gain: float) -> DataFrame:
    """Error follows R but for networks with skip connections, whose error is larger by a factor."""
    skip = frame["architecture"].str.startswith(("ResNet", "EfficientNet"))
    return frame.assign(test_error=0.2 * frame["R"] ** 0.3 * np.where(skip, gain, 1))


def _scattered(frame: DataFrame) -> DataFrame:
    """D in an order that has nothing to do with the error, R as it was."""
    d = 1 + frame["network"].map(len) % 3 + 0.1 * frame["seed"]
    return frame.assign(D=d, G=d / frame["R"])


def _d_best(frame: DataFrame) -> DataFrame:
    """D follows the error, R is in disorder."""
    r = 1 + frame["network"].map(len) % 3 + 0.1 * frame["seed"]
    return frame.assign(D=frame["test_error"], R=r)


def _displaced(frame: DataFrame) -> DataFrame:
    """R falls with the displacement."""
    shift = frame["measurement"].str.extract(r"_d([\d.]+)_")[0].astype(float)
    return frame.assign(R=frame["R"] / shift**4)


MEDIAN_AND_MEAN = pandas.concat([NETWORKS, tables.networks(2.0, average="mean")])
GAUSSIAN = pandas.concat([NETWORKS, tables.networks(1.2, interpolation="gaussian")])
FAR_GAUSSIAN = pandas.concat([NETWORKS, tables.networks(2.0, interpolation="gaussian")])


def _on_cifar(*frames: DataFrame) -> list[DataFrame]:
    return [frame.assign(dataset="CIFAR-10") for frame in frames]


def _twice(frame: DataFrame) -> DataFrame:
    """Each network and a second one close to it: seven do not decide on an order of at least .9."""
    others = frame.assign(R=1.1 * frame["R"], test_error=1.05 * frame["test_error"])
    names = {name: frame[name] + "b" for name in ("network", "architecture")}
    return pandas.concat([frame, others.assign(**names)], ignore_index=True)


def _more(frame: DataFrame) -> DataFrame:
    """As `_twice`, with architectures that have a family."""
    of = {
        "FullConnL2": "FullConnL6",
        "FullConnL4": "VGG13bn",
        "LeNet": "AlexNet",
        "VGG11": "VGG19bn",
        "VGG11bn": "VGG16bn",
        "ResNet18": "ResNet34",
        "EfficientNetB0": "ResNet50",
    }
    others = frame.assign(network=frame["network"].map(of), architecture=frame["network"].map(of))
    return pandas.concat([frame, others.assign(R=1.1 * frame["R"])], ignore_index=True)


SLOPES = pandas.concat(
    [tables.sizes(power, (seed,)) for seed, power in enumerate((-0.95, -1.0, -1.05))]
)

CASES = {
    "init": (NETWORKS, _changed(NETWORKS, ~TRAINED & FULLY_CONNECTED, R=4.0)),
    "sota-drop": (
        _changed(NETWORKS, TRAINED & (NETWORKS["network"] == "ResNet18"), R=0.05),
        _changed(NETWORKS, TRAINED, R=0.2),
    ),
    "simple-stay": (
        _changed(NETWORKS, TRAINED & FULLY_CONNECTED, R=1.2),
        _changed(NETWORKS, TRAINED & FULLY_CONNECTED, R=0.9),
    ),
    "error-R": (_cifar(NETWORKS), _cifar(NETWORKS, power=0.2)),
    "D-weak": (_scattered(NETWORKS), _d_best(NETWORKS)),
    "G-gain": (
        NETWORKS.assign(G=1 / NETWORKS["test_error"]),
        NETWORKS.assign(G=NETWORKS["test_error"]),
    ),
    "D-sign": _on_cifar(NETWORKS, _changed(NETWORKS, TRAINED, D=0.01)),
    "R-falls-with-P": (SIZES, tables.sizes(power=-0.2)),
    "R-slope": (SLOPES, tables.sizes(power=-0.5)),
    "error-R-along-P": (SIZES, SIZES.assign(test_error=0.01 / SIZES["test_error"])),
    "c-order": (
        CUTOFFS,
        pandas.concat([tables.networks(1 / cutoff, cutoff=cutoff) for cutoff in (3, 5, 15)]),
    ),
    "delta-window": _on_cifar(_twice(SWEEP), _displaced(SWEEP)),
    "interpolation": (GAUSSIAN, FAR_GAUSSIAN),
    "mean-median": (
        _twice(MEDIAN_AND_MEAN),
        pandas.concat([NETWORKS, tables.networks(average="mean")]),
    ),
    "families": (_families(_more(NETWORKS), 1.1), _families(_more(NETWORKS), 50.0)),
}


def test_every_claim_has_its_cases_and_there_are_seventeen() -> None:
    assert set(CASES) | {"region", "stripe"} == set(CLAIMS)
    assert len(CLAIMS) == 17  # as section 5 of the facts


@pytest.mark.parametrize("name", CASES)
def test_a_claim_holds_where_the_data_say_so(name: str) -> None:
    judged = judge(CLAIMS[name], {"sensitivity": CASES[name][0]})
    assert judged.verdict == HOLDS, judged.reason


@pytest.mark.parametrize("name", [name for name in CASES if name != "mean-median"])
def test_a_claim_fails_where_the_data_say_so(name: str) -> None:
    judged = judge(CLAIMS[name], {"sensitivity": CASES[name][1]})
    assert judged.verdict == FAILS, judged.reason


def test_means_that_equal_medians_do_not_differ() -> None:
    judged = judge(CLAIMS["mean-median"], {"sensitivity": CASES["mean-median"][1]})
    assert judged.verdict == FAILS
    assert "R by means over R by medians: 1" in judged.reason


@pytest.mark.parametrize("name", CLAIMS)
def test_without_tables_nothing_is_tested(name: str) -> None:
    assert judge(CLAIMS[name], {}).verdict == UNTESTED


@pytest.mark.parametrize("name", ["error-R", "D-sign", "delta-window"])
def test_claims_on_cifar_10_are_tested_on_cifar_10(name: str) -> None:
    judged = judge(CLAIMS[name], {"sensitivity": SWEEP})
    assert judged.verdict == UNTESTED
    assert judged.reason == "The claim is of CIFAR-10; this run is on Fashion-MNIST subset."


def test_where_errors_hardly_scatter_families_are_not_told_apart() -> None:
    narrow = NETWORKS.assign(test_error=NETWORKS["test_error"] ** 0.5)
    judged = judge(CLAIMS["families"], {"sensitivity": narrow})
    assert judged.verdict == UNTESTED and "so narrow a range" in judged.reason


def test_the_order_of_cutoffs_is_asked_of_networks_that_learned_stability() -> None:
    rows = CUTOFFS.assign(R=CUTOFFS["R"].where(CUTOFFS["network"] != "EfficientNetB0", 2.0))
    judged = judge(CLAIMS["c-order"], {"sensitivity": rows})
    assert judged.verdict == HOLDS
    assert "R did not fall by training in EfficientNetB0." in judged.reason


def test_networks_of_two_trainings_leave_a_claim_undecided() -> None:
    two = SIZES[SIZES["seed"] < 2]
    for name in ("R-falls-with-P", "R-slope", "error-R-along-P"):
        judged = judge(CLAIMS[name], {"sensitivity": two})
        assert judged.verdict == "undecided" and "two trainings" in judged.reason


def test_the_bounds_are_where_overhangs_begin() -> None:
    assert judge(CLAIMS["region"], REGION).verdict == HOLDS
    folded = REGION["overhangs"].assign(share_lines=0.9)
    assert judge(CLAIMS["region"], {**REGION, "overhangs": folded}).verdict == FAILS
    shifted = REGION["phase_diagram"].assign(lowest=REGION["phase_diagram"]["one_pixel"])
    assert judge(CLAIMS["region"], {**REGION, "phase_diagram": shifted}).verdict == FAILS


def test_before_training_each_fresh_network_of_a_seed_counts() -> None:
    one = tables.networks(seeds=(0,))
    fresh = one[one["state"] == "initial"]
    drawn = [fresh.assign(draw=draw, R=fresh["R"] * 1.1**draw) for draw in range(1, 5)]
    several = pandas.concat([one.assign(draw=0), *drawn], ignore_index=True)
    judged = judge(CLAIMS["init"], {"sensitivity": several})
    assert judged.verdict == HOLDS and "LeNet: 1.09" in judged.reason
    assert judged.reason.count("5 fresh networks, 0% outside") == len(tables.NETWORKS)
    assert judge(CLAIMS["init"], {"sensitivity": one}).verdict == "undecided"
    # The trained network is compared with the geometric mean of the fresh ones.
    before, after = (
        judge(CLAIMS["sota-drop"], {"sensitivity": rows}).reason for rows in (one, several)
    )
    ratios = [float(each.split("initial: ")[1].split(",")[0]) for each in (before, after)]
    assert ratios[0] / ratios[1] == pytest.approx(1.1**2, rel=0.01)


STRIPE = tables.stripe()


def _stripe(frame: DataFrame) -> tuple[str, str]:
    judged = judge(CLAIMS["stripe"], {"stripe": frame})
    return judged.verdict, judged.reason


def test_the_simple_model_holds_where_lambda_is_large() -> None:
    verdict, reason = _stripe(STRIPE)
    assert verdict == HOLDS, reason
    assert "feature flow, d = 5, slope where λ² > d: -1 [-1, -1], P = 64 to 1024, 3 seeds" in reason
    assert "At t*, which the paper does not use: -2.00 (feature flow, d = 5)." in reason


@pytest.mark.parametrize(
    "wrong", [{"fall": -0.6}, {"fall": -1.5}, {"lazy_fall": -0.3}, {"lazy_level": 0.5}]
)
def test_the_simple_model_fails_where_the_data_say_so(wrong: dict[str, float]) -> None:
    assert _stripe(tables.stripe(**wrong))[0] == FAILS


def test_of_several_steps_the_smallest_counts() -> None:
    larger = STRIPE[STRIPE["quantity"] != "lambda"].assign(step=0.1)
    larger["value"] = larger["value"].where(larger["quantity"] != "R", larger["train_size"] ** -0.5)
    both = pandas.concat([larger, STRIPE], ignore_index=True)
    assert _stripe(both) == _stripe(STRIPE)


def test_the_simple_model_needs_both_regimes_and_lambda() -> None:
    features, machines = STRIPE[STRIPE["alpha"] < 1], STRIPE[STRIPE["alpha"].isna()]
    assert _stripe(features)[0] == _stripe(machines.drop(columns="alpha"))[0] == UNTESTED
    without = STRIPE[STRIPE["quantity"] != "lambda"]
    verdict, reason = _stripe(without)
    assert verdict == UNTESTED and "slope where λ² > d: of fewer than 3 sizes" in reason
    assert _stripe(STRIPE.assign(learned=False))[0] == UNTESTED


def test_the_authors_networks_scatter_around_their_fit() -> None:
    r = np.log(authors(4, "R").set_index("network")["value"])
    error = np.log(authors(4, "test_error").set_index("network")["value"]).reindex(r.index)
    slope, intercept = np.polyfit(r, error, 1)
    assert slope == pytest.approx(0.448, abs=0.002)  # what section 1.4 of the facts says
    expected = np.sqrt(((error - slope * r - intercept) ** 2).sum() / (len(r) - 2))
    assert errors.scatter_of_authors() == pytest.approx(expected)


def test_the_scorecard_has_a_row_for_each_claim() -> None:
    listed = papers.criteria("petrini_2021")
    assessed = scorecard.assess(claims.CLAIMS, {"sensitivity": NETWORKS, **REGION}, listed)
    assert assessed["id"].tolist() == list(CLAIMS)


def test_the_authors_numbers_in_the_claims_are_those_of_their_table() -> None:
    def value(figure: int, quantity: str, **chosen: object) -> float:
        (number,) = authors(figure, quantity, **chosen)["value"]
        return number

    initial = authors(3, "R", state="initial")["value"]
    assert CLAIMS["init"].paper.endswith(f"{initial.min():.2f} to {initial.max():.2f}".lstrip("0"))
    resnet = {"network": "ResNet18", "data": "Fashion-MNIST", "cutoff": 3}
    trained = value(3, "R", state="trained", **resnet)
    assert CLAIMS["sota-drop"].paper.startswith("240-fold")
    assert value(3, "R", state="initial", **resnet) / trained == pytest.approx(240, rel=0.02)
    falls = [
        value(5, "R", network=network, data="Fashion-MNIST", train_images=512)
        / value(5, "R", network=network, data="Fashion-MNIST", train_images=8192)
        for network in ("ResNet18", "EfficientNetB0")
    ]
    assert falls == pytest.approx([3.9, 2.9], abs=0.05)
    assert "3.9-fold (ResNet18), 2.9-fold" in CLAIMS["R-falls-with-P"].paper
    mean = value(5, "R", network="ResNet18", data="Fashion-MNIST", train_images=50000)
    assert mean / trained == pytest.approx(5, rel=0.05)
    assert "factor 5" in CLAIMS["mean-median"].paper
    assert value(4, "prefactor", source="text") == 0.2
