"""The training job: what it learns, stops, flags and writes."""

import csv
import io
from pathlib import Path

import pytest
import torch
import training_cases as cases

from cnn_sensitivity import checkpoints
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Recipe
from cnn_sensitivity.engines import sgd
from cnn_sensitivity.engines.sgd import recipes
from cnn_sensitivity.engines.sgd.records import COLUMNS, Record
from cnn_sensitivity.engines.summaries import is_below_chance
from cnn_sensitivity.networks.initial import build_network

CPU = torch.device("cpu")


def rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode())))


def test_it_is_plain_gradient_descent(tmp_path: Path):
    """Against a loop of plain torch with the same batches, for a network with batch norm."""
    settings = cases.settings(cases.TINY, epochs=2, crop_padding=0, flip=False, batch_size=50)
    dataset = cases.images()
    cases.run(tmp_path, settings, dataset)
    loaded = checkpoints.load(tmp_path / "checkpoint.safetensors")

    network = loaded.network(0, "initial").train()
    decay = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() == 1]
    groups = [{"params": decay, "weight_decay": 5e-4}, {"params": others}]
    optimizer = torch.optim.SGD(groups, lr=0, momentum=0.9)
    trainer = sgd.loop.Trainer(settings, dataset, [0], CPU)
    for epoch in range(2):
        trainer.batches.begin(epoch + 1, [0])
        images, labels = trainer.batches.batch(0)
        for group in optimizer.param_groups:
            group["lr"] = recipes.learning_rate(settings.recipe, epoch, 1)
        torch.manual_seed(trainer._seed_of(0, "network", epoch + 1, 0))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images[0]), labels[0]).backward()
        optimizer.step()
    for name, tensor in loaded.network(0, "last").state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], tensor)


def test_the_table_tells_every_epoch(tmp_path: Path):
    settings = cases.settings("LeNet", seeds=(3, 5), train_size=30, noise=0.1, epochs=4)
    _, table = cases.run(tmp_path, settings, cases.images(size=16))
    assert table.decode().splitlines()[0] == COLUMNS
    told = rows(table)
    assert [(row["seed"], row["epoch"]) for row in told] == [
        (seed, str(epoch)) for seed in "35" for epoch in range(5)
    ]
    assert {(r["experiment"], r["network"], r["noise"], r["train_size"]) for r in told} == {
        ("images", "LeNet", "0.1", "30")
    }
    start, one = told[0], told[1]
    assert start["learning_rate"] == start["train_loss"] == ""
    assert float(one["learning_rate"]) == 0.05
    assert float(one["test_loss"]) > 0


def test_it_learns_and_keeps_what_it_says(tmp_path: Path):
    settings = cases.settings("LeNet", seeds=(1,), epochs=30, schedule="one_cycle", flip=False)
    dataset = cases.images(size=16, train=60, test=90)
    _, table = cases.run(tmp_path, settings, dataset)
    loaded = checkpoints.load(tmp_path / "checkpoint.safetensors")
    record = loaded.record(1)
    errors = [float(row["test_error"]) for row in rows(table)]
    assert record["learned"]
    assert not record["diverged"]
    assert record["epochs"] == 30
    assert record["last_test_error"] == pytest.approx(errors[-1])
    assert record["best_test_error"] == pytest.approx(min(errors[1:]))
    assert record["best_epoch"] == 1 + errors[1:].index(min(errors[1:]))
    inputs = (dataset.test.images.float() / 255 - 0.4) / 0.3
    for state, expected in (("last", errors[-1]), ("best", min(errors)), ("initial", errors[0])):
        wrong = loaded.network(1, state)(inputs).argmax(1) != dataset.test.labels
        assert wrong.float().mean().item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("network", ["FullConnL2", cases.TINY], ids=["stacked", "one by one"])
def test_the_same_settings_give_the_same_bytes(tmp_path: Path, network: object):
    settings = cases.settings(network, seeds=(0, 1), noise=0.5)
    first = cases.run(tmp_path / "a", settings, cases.images())
    torch.rand(5)  # the global generator plays no part
    assert cases.run(tmp_path / "b", settings, cases.images()) == first


def test_it_leaves_the_global_state_of_torch_alone(tmp_path: Path):
    before = torch.get_rng_state()
    cases.run(tmp_path, cases.settings(cases.TINY), cases.images())
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.are_deterministic_algorithms_enabled()


def test_seeds_noise_and_size_change_the_initial_weights():
    dataset = cases.images()
    variants = [
        cases.settings(),
        cases.settings(noise=1.0),
        cases.settings(train_size=9),
    ]
    weights = [build_network(s, dataset, 0).state_dict()["linear1.weight"] for s in variants]
    weights.append(build_network(variants[0], dataset, 1).state_dict()["linear1.weight"])
    assert len({w.numpy().tobytes() for w in weights}) == 4


def test_a_diverged_seed_is_flagged_and_keeps_its_last_finite_weights(tmp_path: Path):
    messages: list[str] = []
    settings = cases.settings(
        "LeNet", seeds=(0,), epochs=5, learning_rate=1e30, schedule="constant"
    )
    _, table = cases.run(tmp_path, settings, cases.images(size=16), log=messages.append)
    loaded = checkpoints.load(tmp_path / "checkpoint.safetensors")
    record = loaded.record(0)
    assert record["diverged"]
    assert not record["learned"]
    assert len([m for m in messages if "diverged in epoch 1" in m]) == 1
    assert len(rows(table)) == record["epochs"] + 1 == 2
    for state in ("initial", "last", "best"):
        weights = loaded.network(0, state).state_dict().values()
        assert all(tensor.isfinite().all() for tensor in weights)


def test_a_diverged_seed_of_a_stack_does_not_touch_the_others(tmp_path: Path, monkeypatch):
    dataset = cases.images()
    settings = cases.settings(seeds=(0, 1, 2), epochs=3)
    cases.run(tmp_path / "sound", settings, dataset)
    original = sgd.loop.build_network

    def poisoned(chosen, data, seed):
        network = original(chosen, data, seed)
        if seed == 1:
            network.linear1.weight.data[0, 0] = float("inf")
        return network

    monkeypatch.setattr(sgd.loop, "build_network", poisoned)
    cases.run(tmp_path / "poisoned", settings, dataset)
    sound, ill = (
        checkpoints.load(tmp_path / name / "checkpoint.safetensors")
        for name in ("sound", "poisoned")
    )
    assert [record["diverged"] for record in ill.metadata["seeds"]] == [False, True, False]
    assert [record["epochs"] for record in ill.metadata["seeds"]] == [3, 1, 3]
    for seed in (0, 2):
        ours, theirs = (c.network(seed, "last").state_dict() for c in (ill, sound))
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_fitted_network_stops(tmp_path: Path):
    one = cases.settings(**cases.ONE_DIMENSIONAL)
    _, table = cases.run(tmp_path / "one", one, cases.signals())
    record = checkpoints.load(tmp_path / "one/checkpoint.safetensors").record(0)
    assert record["epochs"] == record["fitted_epoch"] < 60
    assert len(rows(table)) == record["epochs"] + 1
    dataset = cases.signals()
    network = checkpoints.load(tmp_path / "one/checkpoint.safetensors").network(0, "last")
    inputs = dataset.train.images.float() / 255 / dataset.std[0]
    signs = 2 * dataset.train.labels - 1
    assert torch.relu(1 - signs * network(inputs).squeeze(1)).max() < 1e-5


def test_the_fitted_factor_prolongs_until_the_validation_error_is_zero():
    record = Record(0, rows=[[None] * 5] * 6, fitted_epoch=2)  # 5 epochs
    assert record.is_due(Recipe(stop_when_fitted=True))
    assert record.is_due(Recipe(stop_when_fitted=True, fitted_factor=2.5))
    assert not record.is_due(Recipe(stop_when_fitted=True, fitted_factor=2.6))
    assert not Record(0, rows=[[None] * 5] * 6).is_due(Recipe(stop_when_fitted=True))


def test_a_fitted_seed_goes_on_until_the_validation_error_is_zero_too():
    chosen = {**cases.ONE_DIMENSIONAL, "fitted_factor": 1.5, "epochs": 300}
    dataset = cases.signals(train=70)
    trainer = sgd.loop.Trainer(cases.settings(**chosen), dataset, [0], CPU)
    trainer.run(lambda: None, lambda trained: None)
    record = trainer.records[0]
    assert record.fitted_epoch
    assert 1.5 * record.fitted_epoch <= record.epochs < 300
    assert dataset.validation
    images = dataset.validation.images.float() / 255 / dataset.std[0]
    outputs = trainer.ensemble(images.unsqueeze(0))[0, :, 0]
    assert torch.equal(outputs > 0, dataset.validation.labels == 1)


def test_learned_means_below_chance_beyond_the_statistical_error():
    assert is_below_chance(0.5, classes=10, images=2000)
    assert not is_below_chance(0.9, classes=10, images=2000)
    assert not is_below_chance(0.4, classes=2, images=100)
    assert is_below_chance(0.3, classes=2, images=100)


def test_reduced_precision_and_channels_last_train_too(tmp_path: Path):
    # No dropout: the same random numbers fall on other pixels in another memory layout.
    compute = {"channels_last": True, "cuda_graph": True}
    dataset = cases.images(size=16, channels=3)
    settings = cases.settings("LeNet", compute=compute, precision="bf16")
    cases.run(tmp_path / "fast", settings, dataset)
    cases.run(tmp_path / "exact", cases.settings("LeNet"), dataset)
    fast, exact = (
        checkpoints.load(tmp_path / name / "checkpoint.safetensors").network(0, "last").state_dict()
        for name in ("fast", "exact")
    )
    weight = "features.3.weight"
    assert not torch.equal(fast[weight], exact[weight])
    torch.testing.assert_close(fast[weight], exact[weight], rtol=0, atol=0.01)


def test_impossible_combinations_are_refused(tmp_path: Path):
    with pytest.raises(UserError, match="train_size 51 is more than the 50"):
        cases.run(tmp_path, cases.settings(train_size=51), cases.images())
    with pytest.raises(UserError, match="hinge needs a data set of two classes"):
        cases.run(tmp_path, cases.settings(loss="hinge"), cases.images())


def test_a_line_for_an_epoch_names_the_run_and_how_it_goes(tmp_path: Path):
    messages: list[str] = []
    settings = cases.settings(seeds=(0, 4), noise=0.25, train_size=40)
    cases.run(tmp_path, settings, cases.images(), log=messages.append)
    assert messages[0].startswith("images/FullConnL2 (40 images, noise 0.25, seed 0,4): epoch 1/3,")
    assert "images/s" in messages[0]
    assert messages[-1].endswith("ended")


@pytest.mark.parametrize("network", ["FullConnL2", "LeNet"], ids=["stacked", "one by one"])
def test_fewer_tests_change_nothing_but_what_is_known_of_the_epochs_between(
    tmp_path: Path, network: str
):
    dataset, shared = cases.images(size=16), {"seeds": (0, 3), "epochs": 7, "keep_epochs": [2]}
    loaded, tables = [], []
    for folder, every in (("each", 1), ("third", 3)):
        settings = cases.settings(network, test_every=every, **shared)
        _, table = cases.run(tmp_path / folder, settings, dataset)
        loaded.append(checkpoints.load(tmp_path / folder / "checkpoint.safetensors"))
        tables.append(rows(table))
    each, third = loaded
    tested = {0, 2, 3, 6, 7}  # before training, one to keep, every third, the last
    for all_of_it, row in zip(*tables, strict=True):
        unknown = {} if int(row["epoch"]) in tested else {"test_loss": "", "test_error": ""}
        assert row == {**all_of_it, **unknown}
    for seed in (0, 3):
        for state in ("initial", "last", "epoch-2"):
            ours, theirs = (x.network(seed, state).state_dict() for x in (third, each))
            assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
        ours, theirs = third.record(seed), each.record(seed)
        of_seed = [row for row in tables[1] if row["seed"] == str(seed) and row["test_error"]]
        assert ours["last_test_error"] == theirs["last_test_error"]
        assert ours["kept_test_errors"] == theirs["kept_test_errors"]
        best = min(of_seed[1:], key=lambda row: float(row["test_error"]))
        assert ours["best_epoch"] == int(best["epoch"])


def test_a_seed_that_diverges_between_two_tests_keeps_the_weights_of_the_last(tmp_path: Path):
    messages: list[str] = []
    recipe = {"seeds": (0,), "epochs": 9, "schedule": "constant", "learning_rate": 1e30}
    settings = cases.settings("LeNet", test_every=4, **recipe)
    _, table = cases.run(tmp_path, settings, cases.images(size=16), log=messages.append)
    loaded = checkpoints.load(tmp_path / "checkpoint.safetensors")
    record, (start, *_) = loaded.record(0), rows(table)
    assert record["diverged"]
    assert record["epochs"] < 4
    assert any("weights of epoch 0 are kept" in message for message in messages)
    assert record["last_test_error"] == pytest.approx(float(start["test_error"]))
    for name, tensor in loaded.network(0, "initial").state_dict().items():
        assert torch.equal(loaded.network(0, "last").state_dict()[name], tensor)


def test_a_line_says_of_which_epoch_the_test_is(tmp_path: Path):
    messages: list[str] = []
    settings = cases.settings("LeNet", epochs=3, test_every=2)
    cases.run(tmp_path, settings, cases.images(size=16), log=messages.append)
    first, *_, last = [message for message in messages if "test error" in message]
    assert "epoch 1/3" in first
    assert "(epoch 0), " in first
    assert "epoch 3/3" in last
    assert "(epoch" not in last


def test_where_any_epoch_may_be_the_last_each_is_tested():
    assert Recipe(epochs=25, test_every=10, stop_when_fitted=True).tests == 25
    assert Recipe(epochs=25, test_every=10, keep_epochs=[3, 10]).tests == 4  # 3, 10, 20, 25
