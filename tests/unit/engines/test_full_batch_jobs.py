"""Flows and kernels as jobs: what their checkpoints and tables hold, how they stop and go on."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints import checkpoint as checkpoints
from cnn_sensitivity.checkpoints.sealed import STATES
from cnn_sensitivity.config import (
    Diffeomorphism,
    Measurement,
    MeasurementSettings,
    TrainingSettings,
)
from cnn_sensitivity.engines import base
from cnn_sensitivity.engines.gradient_flow import job as flow_job
from cnn_sensitivity.engines.summaries import is_below_chance, without_epochs
from cnn_sensitivity.measures.job import measured
from cnn_sensitivity.networks.representation import Representation
from cnn_sensitivity.networks.training_sets import training_set
from cnn_sensitivity.operations.forecast.checkpoints import checkpoint_bytes
from cnn_sensitivity.tasks.images.embedded import load_images
from cnn_sensitivity.tasks.points import signed
from cnn_sensitivity.tasks.points.components import centred, principal_components
from cnn_sensitivity.tasks.points.labelled import build_stripe
from cnn_sensitivity.tasks.store import Dataset, normalize

FLOW = {"engine": "gradient_flow", "tolerance": 0.1, "shares": [0.5, 0.9], "budget": 2000}


def settings(fit: dict[str, Any], *, seeds: list[int], size: int = 32, **network: Any) -> Any:
    return TrainingSettings.model_validate(
        {
            "experiment": "stripe",
            "network": {"name": "NTKFullConn", "options": {"hidden_units": 20}, **network},
            "recipe": {},
            "compute": {},
            "axes": {"train_size": size, "alpha": 1e-3},
            "seeds": seeds,
            "root_seed": 0,
            "fit": fit,
        }
    )


@pytest.fixture(scope="module")
def stripe() -> Dataset:
    return build_stripe(dimension=3, train_size=100, test_size=200)


@pytest.fixture(scope="module")
def images() -> Dataset:
    return load_images(train_size=60, test_size=40)


def fitted(told: TrainingSettings, data: Dataset, folder: Path) -> tuple[Any, pd.DataFrame]:
    """Return the checkpoint and the table that a job writes."""
    paths = {"checkpoint": folder / "checkpoint.safetensors", "table": folder / "training.csv"}
    base.job(told.fit.engine).fit(told, data, root=folder, device="cpu", **paths)
    return checkpoints.load(paths["checkpoint"]), pd.read_csv(paths["table"])


def test_a_flow_is_kept_at_its_states_with_their_errors(stripe: Dataset, tmp_path: Path) -> None:
    told = settings({**FLOW, "informative": 1}, seeds=[0, 1])
    checkpoint, path = fitted(told, stripe, tmp_path)
    test = signed.test_points(stripe)
    for seed in (0, 1):
        states = checkpoint.states(seed)
        assert set(states) == {*STATES, "t_star", "fitted-0.5", "fitted-0.9"}
        record = checkpoint.record(seed)
        predictor = checkpoint.network(seed, "last").requires_grad_(False)
        assert record["last_test_error"] == signed.error(
            predictor(test.inputs).detach(), test.targets
        )
        learned = training_set(told, stripe, seed)
        margins = predictor(learned.inputs) * learned.targets
        of_seed = path[path["seed"] == seed]
        assert of_seed["share_fitted"].iloc[-1] == float((margins >= 1).double().mean())
        kept = {name for names in of_seed["state"].dropna() for name in names.split()}
        assert kept == {"initial", "t_star", "fitted-0.5", "fitted-0.9", "last"}
        assert of_seed["stopped"].dropna().tolist() == ["fitted"]
        weights = predictor.network.linear1.weight.numpy()
        assert of_seed["weights_informative"].iloc[-1] == pytest.approx(
            np.sqrt((weights[:, 0] ** 2).mean())
        )
    assert not torch.equal(
        training_set(told, stripe, 0).inputs, training_set(told, stripe, 1).inputs
    )


def test_a_stopped_flow_goes_on_to_the_same_bytes(stripe: Dataset, tmp_path: Path) -> None:
    told = settings(FLOW, seeds=[0])
    whole, _ = fitted(told, stripe, tmp_path)
    folder = tmp_path / "stopped"
    folder.mkdir()
    paths = {"checkpoint": folder / "checkpoint.safetensors", "table": folder / "training.csv"}

    def interrupt(message: str) -> None:
        raise AssertionError(message)

    class Interrupted(flow_job.unfinished.Interruption):
        def __enter__(self) -> "Interrupted":
            super().__enter__()
            os.kill(os.getpid(), signal.SIGTERM)
            return self

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(flow_job.unfinished, "Interruption", Interrupted)
        with pytest.raises(SystemExit) as ended:
            flow_job.fit(told, stripe, log=lambda _: None, **paths)
    assert ended.value.code == 128 + signal.SIGTERM
    assert not paths["checkpoint"].exists()
    flow_job.fit(told, stripe, log=interrupt, **paths)
    for name in ("checkpoint.safetensors", "training.csv"):
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    assert whole.seeds == [0]


def test_a_flow_that_the_budget_ends_says_so(
    stripe: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, path = fitted(settings({**FLOW, "budget": 20}, seeds=[3]), stripe, tmp_path)
    assert path["stopped"].dropna().tolist() == ["budget"]
    assert "the budget ended it" in capsys.readouterr().out
    assert "fitted-0.9" not in checkpoint.states(3)  # which it did not come to


@pytest.mark.parametrize("method", ["support_vectors", "ridgeless", "flow"])
def test_a_kernel_is_a_predictor_of_its_checkpoint(
    method: str, stripe: Dataset, tmp_path: Path
) -> None:
    told = settings({"engine": "kernel", "method": method}, seeds=[0, 1])
    checkpoint, table = fitted(told, stripe, tmp_path)
    test = signed.test_points(stripe)
    for seed in (0, 1):
        predictor = checkpoint.network(seed, "last")
        learned = training_set(told, stripe, seed)
        assert signed.error(predictor(learned.inputs), learned.targets) == 0
        wrong = signed.error(predictor(test.inputs), test.targets)
        assert table.loc[table["seed"] == seed, "test_error"].item() == pytest.approx(wrong)
        assert not checkpoint.network(seed, "initial")(test.inputs).any()


def test_all_engines_learn_the_training_set_of_a_seed(stripe: Dataset) -> None:
    """Whatever experiment, network and alpha: so that what they learned is compared in pairs."""
    flow = settings(FLOW, seeds=[0])
    machine = settings({"engine": "kernel"}, seeds=[0], label="other")
    machine = machine.model_copy(update={"experiment": "machine", "axes": {"train_size": 32}})
    learned, again = (training_set(told, stripe, 0) for told in (flow, machine))
    assert torch.equal(learned.inputs, again.inputs)
    smaller = training_set(settings(FLOW, seeds=[0], size=16), stripe, 0)
    assert not torch.equal(learned.inputs[:16], smaller.inputs)


def test_predictors_of_two_experiments_are_measured_on_the_same_centred_images(
    images: Dataset, tmp_path: Path
) -> None:
    """One machine under two names has one D, G and R; so have a flow and a machine their ratio."""
    told = settings({"engine": "kernel", "centred": True}, seeds=[0], size=30)
    asked = MeasurementSettings(
        measurements={
            "sensitivity": Measurement(
                perturbation=Diffeomorphism(), layers="output", images=40, centred=True
            )
        },
        root_seed=0,
    )
    found = []
    for name in ("machine", "other"):
        folder = tmp_path / name
        folder.mkdir()
        checkpoint, _ = fitted(told.model_copy(update={"experiment": name}), images, folder)
        rows = measured(checkpoint, images, asked)
        found.append(rows.set_index(["state", "quantity"])["value"].astype(float))
    assert found[0].loc["trained"].notna().all()
    pd.testing.assert_series_equal(*found)
    assert found[0].loc["initial"].isna().all()  # a machine is zero at first


def test_by_chance_half_of_the_parities_are_wrong(images: Dataset, tmp_path: Path) -> None:
    """Ten classes, two targets: an error of a half is nothing learned."""
    told = settings({**FLOW, "budget": 1, "centred": True}, seeds=[0], size=30)
    checkpoint, _ = fitted(told, images, tmp_path)
    record = checkpoint.record(0)
    assert record["learned"] == is_below_chance(record["last_test_error"], 2, 40)
    assert without_epochs(0, 0.5, 1000, {})["learned"] is False
    assert without_epochs(0, 0.4, 1000, {})["learned"] is True


@pytest.mark.parametrize("components", [None, 5])
def test_images_are_seen_as_the_authors_see_them(images: Dataset, components: int | None) -> None:
    both = np.concatenate([split.images.numpy() for split in (images.train, images.test)])
    expected = centred(both / 255)
    if components:
        expected = principal_components(expected, components)
    shown = normalize(images.test.images, images.mean, images.std)
    got = Representation.of(images, components)(shown)
    np.testing.assert_allclose(got.numpy(), expected[60:], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("engine", ["gradient_flow", "kernel"])
@pytest.mark.parametrize("components", [None, 5])
def test_predictors_of_images_take_images(
    engine: str, components: int | None, images: Dataset, tmp_path: Path
) -> None:
    fit = {"engine": engine, "centred": True} | ({"components": components} if components else {})
    if engine == "gradient_flow":
        fit |= {"tolerance": 0.1, "budget": 300}
    told = settings(fit, seeds=[0], size=30)
    checkpoint, _ = fitted(told, images, tmp_path)
    test = signed.test_points(images)
    with torch.no_grad():
        outputs = checkpoint.network(0, "last")(test.inputs)
    assert checkpoint.record(0)["last_test_error"] == signed.error(outputs, test.targets)


def test_what_cannot_be_fitted_is_one_sentence(stripe: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="^train_size 101 is more than the 100 training points"):
        fitted(settings(FLOW, seeds=[0], size=101), stripe, tmp_path)
    with pytest.raises(UserError, match="^fit.informative 3: the first layer"):
        fitted(settings({**FLOW, "informative": 3}, seeds=[0]), stripe, tmp_path)
    deep = settings({"engine": "kernel"}, seeds=[0], options={"hidden_layers": 2})
    with pytest.raises(UserError, match="analytic kernel is that of NTKFullConn with one hidden"):
        fitted(deep, stripe, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "fit",
    [
        FLOW,
        {**FLOW, "centred": True},
        {**FLOW, "centred": True, "components": 5},
        {"engine": "kernel"},
        {"engine": "kernel", "centred": True, "components": 5},
    ],
    ids=str,
)
@pytest.mark.parametrize("options", [{}, {"hidden_layers": 2, "bias": "none"}], ids=str)
def test_a_checkpoint_is_as_large_as_forecast(
    fit: dict[str, Any], options: dict[str, Any], images: Dataset, tmp_path: Path
) -> None:
    if fit["engine"] == "kernel" and options:
        pytest.skip("the analytic kernel is of one hidden layer")
    network = {"width": 2, "options": {"hidden_units": 50, **options}}
    told = settings(fit, seeds=[0, 1], **network)
    fitted(told, images, tmp_path)
    expected = checkpoint_bytes(told, None, points=32, inputs=images.train.images[0].numel())
    # The file describes itself too, and a state that was the last is not there twice.
    assert (tmp_path / "checkpoint.safetensors").stat().st_size == pytest.approx(expected, rel=0.25)
