"""Trainings that are drawn scatter as those that were made, and are judged as a run's are."""

import numpy as np
import pytest
from checkout import ROOT
from figure_tables import run_rows
from pandas import DataFrame, concat
from script_modules import script_module

from cnn_sensitivity.config import load, parse
from cnn_sensitivity.plan import Plan

script = script_module("power_of_a_design")

SCATTER = 0.3  # of ln D between trainings


@pytest.fixture(scope="module")
def tables() -> dict[str, DataFrame]:
    """LeNet and AlexNet, twenty trainings each, whose ln D scatter as a whole curve."""
    generator = np.random.default_rng(1)
    made = []
    for network, error in (("LeNet", 0.2), ("AlexNet", 0.1)):
        for seed in range(20):
            rows = DataFrame(run_rows(network, error, seed)).assign(draw=0)
            factor = np.exp(SCATTER * generator.standard_normal())
            trained = rows["state"] == "trained"
            rows.loc[trained, "D"] *= factor
            made.append(rows.assign(test_error=error * factor))
    return {"sensitivity": concat(made, ignore_index=True)}


def test_drawn_trainings_have_the_means_and_the_scatter_of_those_that_were_made(tables) -> None:
    known = script.measured(tables)
    of_all = script.deviations(known)["images"]
    assert len(of_all) == 40
    plan = plan_of(["LeNet"], seeds=[0])
    generator = np.random.default_rng(2)
    (run,) = plan.runs
    like = script.like(known, run)
    draws = []
    for seed in range(400):
        deviation = of_all[generator.integers(len(of_all))]
        rows = script.drawn(run, seed, like, deviation, 3, generator)["sensitivity"]
        assert set(rows["seed"]) == {seed}
        last = script.trained(rows).iloc[-1]
        draws.append([np.log(last["D"]), np.log(last["G"]), np.log(last["test_error"])])
        assert last["R"] == pytest.approx(last["D"] / last["G"])
    means, scatter = np.mean(draws, axis=0), np.std(draws, axis=0)
    assert means[0] == pytest.approx(like.curves["D"].iloc[-1], abs=0.06)
    assert means[2] == pytest.approx(like.error, abs=0.06)
    assert scatter[0] == pytest.approx(SCATTER, rel=0.25)
    assert scatter[1] == pytest.approx(0, abs=1e-9)
    # D and error of a training lie off together, as they were made.
    assert np.corrcoef(np.transpose(draws)[[0, 2]])[0, 1] == pytest.approx(1)


def test_a_training_has_as_many_shuffles_as_the_design(tables) -> None:
    known = script.measured(tables)
    (run,) = plan_of(["LeNet"], seeds=[0]).runs
    deviation = script.deviations(known)["images"][0]
    generator = np.random.default_rng(0)
    made = script.drawn(run, 0, script.like(known, run), deviation, 7, generator)["sensitivity"]
    shuffled = made[made["wiring"] == "shuffled"]
    assert set(shuffled["draw"]) == set(range(7))
    assert (made["wiring"] == "original").sum() == len(run_rows("LeNet")) / 2


def test_more_trainings_decide_more_and_what_was_never_measured_is_named(tables, capsys) -> None:
    chances = {}
    for seeds in ([0], [0, 1, 2, 3]):
        plan = plan_of(["LeNet", "AlexNet", "VGG11"], seeds)
        found = script.power(tables, plan, simulations=5).set_index("claim")
        chances[len(seeds)] = found.loc["R-depth", "reproduced"]
        assert "left out: images/VGG11" in capsys.readouterr().err
    assert chances == {1: 0, 4: 1}


def plan_of(networks: list[str], seeds: list[int]) -> Plan:
    """Return the default run's plan with these networks on clean images, and nothing else."""
    told = load(ROOT / "config.yaml")
    told["experiments"] = {"images": {**told["experiments"]["images"], "noise": [0]}}
    named = [{"name": name} for name in networks]
    told["experiments"]["images"] |= {"seeds": seeds, "networks": named}
    return Plan(parse(told))
