"""Seeds that train as one computation get what each would get alone."""

from pathlib import Path

import pytest
import torch
import training_cases as cases

from cnn_sensitivity import checkpoints, networks
from cnn_sensitivity.engines.sgd import job
from cnn_sensitivity.engines.sgd.ensemble import can_stack
from cnn_sensitivity.engines.sgd.loop import Trainer

CPU = torch.device("cpu")
ADAM = {"optimizer": "adam", "learning_rate": 0.01, "schedule": "constant", "weight_decay": 0.0}
CASES = {
    "LeNet": (cases.settings("LeNet", seeds=(0, 1, 2), noise=0.3), cases.images(size=16)),
    "FullConnL4": (cases.settings("FullConnL4", seeds=(0, 1, 2), **ADAM), cases.images()),
    "SimpleCNN1D": (
        cases.settings(seeds=(0, 1, 2, 3), **cases.ONE_DIMENSIONAL),
        cases.signals(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_stacked_equals_one_by_one(name: str):
    settings, dataset = CASES[name]
    stack = Trainer(settings, dataset, settings.seeds, CPU)
    stack.run(lambda: None, lambda trained: None)
    together = stack.result()
    for position, seed in enumerate(settings.seeds):
        single = Trainer(settings, dataset, [seed], CPU)
        single.run(lambda: None, lambda trained: None)
        alone = single.result()
        ours, theirs = together.records[position], alone.records[0]
        assert (ours.epochs, ours.fitted_epoch) == (theirs.epochs, theirs.fitted_epoch)
        assert ours.rows[-1] == pytest.approx(theirs.rows[-1], rel=1e-3, abs=1e-5)
        for state in ("initial", "last"):
            for key, weights in alone.states[state].items():
                torch.testing.assert_close(
                    together.states[state][key][position], weights[0], rtol=2e-3, atol=2e-5
                )
    if settings.recipe.stop_when_fitted:  # the seeds did stop at different epochs
        assert len({record.epochs for record in together.records}) > 1


def test_a_file_of_seeds_trained_one_by_one_looks_the_same(tmp_path: Path):
    settings = cases.settings(cases.TINY, seeds=(4, 9))
    cases.run(tmp_path, settings, cases.images())
    loaded = checkpoints.load(tmp_path / "checkpoint.safetensors")
    assert loaded.seeds == [4, 9]
    assert loaded.arrays["last/1.num_batches_tracked"].tolist() == [12, 12]
    cases.run(tmp_path / "alone", cases.settings(cases.TINY, seeds=(9,)), cases.images())
    alone = checkpoints.load(tmp_path / "alone/checkpoint.safetensors")
    for name, tensor in alone.network(9, "last").state_dict().items():
        assert torch.equal(loaded.network(9, "last").state_dict()[name], tensor)


@pytest.mark.parametrize(
    ("name", "on_cpu", "on_gpu"),
    [
        ("FullConnL4", True, True),
        ("SimpleCNN1D", True, True),
        ("LeNet", False, True),  # grouped convolutions are slow on a CPU
        ("VGG11", False, True),
        ("VGG11bn", False, False),
        ("AlexNet", False, False),
        ("EfficientNetB0", False, False),
    ],
)
def test_which_networks_are_stacked(name: str, on_cpu: bool, on_gpu: bool):
    options = {"channels": 4, "blocks": 2} if name == "SimpleCNN1D" else {}
    network = networks.build(name, 1, 10, 32, width=1 / 16, **options)
    if name != "SimpleCNN1D":
        network = network.to("meta")
    assert can_stack(network, name, CPU) is on_cpu
    assert can_stack(network, name, torch.device("cuda")) is on_gpu
    assert not can_stack(network, "own:network", CPU)


def test_a_job_makes_one_stack_where_it_can():
    dataset = cases.images()
    stacked, split = cases.settings(seeds=(0, 1)), cases.settings(cases.TINY, seeds=(0, 1))
    assert job.stacks(stacked, dataset, CPU) == [[0, 1]]
    assert job.stacks(split, dataset, CPU) == [[0], [1]]
