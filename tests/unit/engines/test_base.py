"""Every engine has what planning and its rule ask of it, and a configuration names it rightly."""

import inspect
from typing import Any

import pytest
import training_cases as cases
import yaml
from checkout import ROOT

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import parse
from cnn_sensitivity.config.fits import FITS, Adopted
from cnn_sensitivity.engines import base
from cnn_sensitivity.plan import Plan


@pytest.mark.parametrize("name", FITS)
def test_an_engine_has_its_rule_its_cost_and_its_job(name: str) -> None:
    rule = (ROOT / f"workflow/rules/engines/{name}.smk").read_text()
    assert f"\nrule {FITS[name].rule}:\n" in rule
    assert f'name=fitted_by("{name}")' in rule
    given = inspect.signature(base.job(name).fit).parameters
    asked = inspect.signature(base.Job.fit).parameters.keys() - {"self"}
    assert asked <= given.keys()
    settings = cases.settings().model_copy(update={"fit": FITS[name].model_construct()})
    assert (base.passes(settings, 100, 50) is not None) == FITS[name].by_recipe


def test_what_a_fit_costs_is_counted_in_images() -> None:
    settings = cases.settings(seeds=(0, 1), train_size=30, epochs=4, test_every=2)
    # Two seeds, four epochs on 30 images, and two tests on 60, forwards only.
    assert base.passes(settings, 100, 60) == pytest.approx(2 * (4 * 30 + 2 * 60 / 3))
    adopted = settings.model_copy(update={"fit": Adopted(weights="mine.pt")})
    assert base.passes(adopted, 100, 60) == pytest.approx(60 / 3)


def with_images(**keys: Any) -> Plan:
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    raw["experiments"]["images"] |= keys
    return Plan(parse(raw))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (
            {"fit": {"engine": "sdg"}},
            "experiments.images.fit.engine: unknown engine 'sdg'; did you",
        ),
        ({"fit": {}}, "experiments.images.fit: needs an engine"),
        ({"fit": {"engine": "sgd", "alpha": 1}}, "experiments.images.fit.alpha: unknown key"),
        (
            {"fit": {"engine": "adopted", "weights": "mine.pt"}},
            "experiments.images.fit: weights are those of one network; give them in networks",
        ),
        ({"axes": {"noise": [1]}}, "axes: noise is an axis of every run; it has a key of its own"),
        ({"axes": {"alpha": []}}, "experiments.images.axes.alpha: "),
        ({"axes": {"alpha": [1, 1]}}, "value of alpha 1 is given twice"),
        ({"axes": {"alpha": ["much"]}}, "experiments.images.axes.alpha.0"),
        ({"axes": {"a/b": [1]}}, "experiments.images.axes.a/b"),
    ],
)
def test_a_wrong_engine_or_axis_is_refused_in_one_sentence(keys: dict, says: str) -> None:
    with pytest.raises(UserError) as refused:
        with_images(**keys)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_network_with_weights_is_fitted_by_another_engine_at_one_point() -> None:
    networks = [{"name": "LeNet", "noise": [0]}, {"name": "ResNet20", "weights": "mine.pt"}]
    runs = with_images(networks=networks, axes={"alpha": [1, 2]}, seeds=[0]).select("images")
    fitted = [(run.network.label, run.fit.engine, run.axes.get("alpha")) for run in runs]
    assert fitted == [("LeNet", "sgd", 1), ("LeNet", "sgd", 2), ("ResNet20", "adopted", None)]
