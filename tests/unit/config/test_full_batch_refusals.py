"""Experiments that full-batch engines fit: what is refused, and in which words."""

import copy
from typing import Any

import pytest
from config_cases import QUICK

from cnn_sensitivity import config
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.plan import Plan

STRIPE: dict[str, Any] = {
    "kind": "stripe",
    "dimension": 5,
    "train_points": 100,
    "train_sizes": [10, 100],
    "seeds": [0],
    "fit": {"engine": "gradient_flow"},
    "axes": {"alpha": [1e-6]},
    "networks": ["NTKFullConn"],
    "measurements": ["compression"],
}


def parsed(**changes: Any) -> config.Config:
    """Return the default configuration with a stripe, some of its keys changed; None leaves out."""
    raw = copy.deepcopy(QUICK)
    stripe = {**STRIPE, **changes}
    raw["experiments"]["a_stripe"] = {k: v for k, v in stripe.items() if v is not None}
    raw["measurements"]["compression"] = {"quantity": "compression", "images": 50}
    return config.parse(raw)


def test_a_stripe_is_accepted() -> None:
    experiment = parsed().experiments["a_stripe"]
    assert experiment.fit.engine == "gradient_flow"
    assert [point["alpha"] for point in experiment.points(experiment.networks[0])] == [1e-6, 1e-6]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"axes": None}, "axes: gradient_flow needs alpha, a list of scales"),
        ({"axes": {"alpha": [1, 0]}}, "axes.alpha 0: must be positive"),
        ({"axes": {"alpha": [-1e-6]}}, "axes.alpha -1e-06: must be positive"),
        ({"axes": {"alpha": []}}, "axes.alpha: "),
        ({"axes": {"alpha": [1, 1.0]}}, "given twice"),
        ({"fit": None}, "points take the engine gradient_flow or kernel"),
        ({"fit": {"engine": "sgd"}}, "points take the engine gradient_flow or kernel"),
        ({"fit": {"engine": "gradient_flwo"}}, "did you mean 'gradient_flow'?"),
        ({"fit": {"engine": "gradient_flow", "lose": "hinge"}}, "did you mean 'loss'?"),
        ({"fit": {"engine": "gradient_flow", "loss": "hinges"}}, "fit.loss: "),
        ({"fit": {"engine": "gradient_flow", "stop": 1.5}}, "fit.stop: "),
        ({"fit": {"engine": "gradient_flow", "stop": 0}}, "fit.stop: "),
        ({"fit": {"engine": "gradient_flow", "budget": 0}}, "fit.budget: "),
        ({"fit": {"engine": "gradient_flow", "tolerance": 1}}, "fit.tolerance: "),
        ({"fit": {"engine": "gradient_flow", "shares": [0.9, 0.9]}}, "fit: shares: each once"),
        ({"fit": {"engine": "gradient_flow", "shares": [95]}}, "fit.shares.0: "),
        ({"fit": {"engine": "gradient_flow", "components": 3}}, "fit: components: they are those"),
        ({"fit": {"engine": "kernel", "method": "svm"}}, "fit.method: "),
        ({"recipe": "convolutional"}, "recipe: gradient_flow takes none; leave it out"),
        (
            {"networks": [{"name": "NTKFullConn", "override": {"epochs": 2}}]},
            "override: gradient_flow takes none; leave it out",
        ),
        ({"networks": ["LeNet"]}, "LeNet takes images, and those here are points"),
        (
            {"networks": [{"name": "NTKFullConn", "options": {"shape": "gelu"}}]},
            "option shape of NTKFullConn must be relu or softplus or swish, not 'gelu'",
        ),
        (
            {"networks": [{"name": "NTKFullConn", "options": {"hidden": 10}}]},
            "no option 'hidden'",
        ),
        (
            {"networks": [{"name": "NTKFullConn", "activation": "tanh"}]},
            "NTKFullConn has its own activation (option shape): leave out activation 'tanh'",
        ),
        ({"train_sizes": [101]}, "train_sizes 101: there are 100 train_points"),
        ({"dimension": 1}, "dimension: "),
        ({"kind": "cylinder", "informative": 6}, "informative 6: dimension is 5"),
        ({"measurements": ["compresion"]}, "did you mean 'compression'?"),
    ],
)
def test_what_is_wrong_is_one_sentence(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as refusal:
        parsed(**changes)
    sentence = str(refusal.value)
    assert says in sentence
    assert sentence.startswith("configuration: experiments.a_stripe")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("perturbation", "says"),
    [
        ({"kind": "diffeomorphism"}, "diffeomorphism moves pixels, and points have none; give"),
        ({"kind": "uninformative_steps", "informative": 5}, "informative 5: all coordinates are"),
        ({"kind": "uninformative_steps", "step": 0}, "perturbation.step: "),
    ],
)
def test_points_take_steps_along_some_coordinates(perturbation: dict, says: str) -> None:
    raw = copy.deepcopy(QUICK)
    raw["experiments"]["a_stripe"] = {**STRIPE, "measurements": ["steps"]}
    raw["measurements"]["steps"] = {"images": 50, "perturbation": perturbation}
    with pytest.raises(UserError) as refusal:
        config.parse(raw)
    assert says in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(("kind", "informative"), [("stripe", 1), ("cylinder", 3)])
def test_left_out_points_step_along_what_is_not_informative(kind: str, informative: int) -> None:
    more = {"informative": 3} if kind == "cylinder" else {}
    plan = Plan(parsed(kind=kind, measurements=["compression", "sensitivity"], **more))
    run = next(run for run in plan.runs if run.experiment == "a_stripe")
    told = plan.measurement_settings(run).measurements["sensitivity"]
    assert told.perturbation == config.UninformativeSteps(informative=informative)
    assert told.noise_norm == "per_image"


def test_an_engine_that_goes_by_a_recipe_needs_one() -> None:
    raw = copy.deepcopy(QUICK)
    del raw["experiments"]["images"]["recipe"]
    # The first network that names none of its own.
    with pytest.raises(UserError, match="networks.VGG11bn: recipe: missing"):
        config.parse(raw)
