"""An interrupted training goes on to the same bytes as one that was left alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import training_cases as cases
from checkout import ROOT

from cnn_sensitivity.config import TrainingSettings, read
from cnn_sensitivity.engines.sgd import recipes, state
from cnn_sensitivity.tasks import store

STEPS = 4  # of an epoch of 50 images in batches of 16
SETTINGS = {
    "one network": cases.settings(cases.TINY, noise=0.2),
    "one by one": cases.settings(cases.TINY, seeds=(0, 1), epochs=2),
    "stack": cases.settings("FullConnL2", seeds=(0, 1), schedule="one_cycle"),
    "adam": cases.settings("FullConnL2", seeds=(0, 1), optimizer="adam", schedule="constant"),
    "channels last": cases.settings("LeNet", compute={"channels_last": True}),
    "channels last, adam": cases.settings(
        "LeNet", optimizer="adam", schedule="constant", compute={"channels_last": True}
    ),
    "no momentum": cases.settings("LeNet", momentum=0.0, initialization="kaiming_normal"),
    "kept epochs": cases.settings("FullConnL2", seeds=(0, 1), keep_epochs=[1, 3]),
    "tests now and then": cases.settings("FullConnL2", seeds=(0, 1), test_every=2),
    "kept epochs, one by one": cases.settings(cases.TINY, seeds=(0, 1), epochs=1, keep_epochs=[1]),
}
SCENARIOS = {
    name: read(ROOT / "config.yaml", *overlays)
    for name, overlays in {
        "quick": [],
        "paper": [ROOT / "workflow/scenarios/tomasini_2022/paper.yaml"],
        "cifar_cpu": [ROOT / "workflow/scenarios/tomasini_2022/cifar_cpu.yaml"],
    }.items()
}
RECIPES = [(scenario, recipe) for scenario, whole in SCENARIOS.items() for recipe in whole.recipes]
RESUME = ".checkpoint.resume.safetensors"


class Killed(Exception):
    """As sudden as a SIGKILL: nothing is saved."""


def interrupt(monkeypatch: pytest.MonkeyPatch, at_step: int, kill: bool = False) -> None:
    """Send SIGTERM, or raise, when the learning rate is asked for the `at_step`-th time."""
    original, count = recipes.learning_rate, 0

    def counting(*arguments: object) -> float:
        nonlocal count
        count += 1
        if count == at_step and kill:
            raise Killed
        if count == at_step:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(*arguments)

    monkeypatch.setattr(recipes, "learning_rate", counting)


def dataset_for(settings: TrainingSettings) -> store.Dataset:
    return cases.images(size=16 if settings.network.name == "LeNet" else 8)


@pytest.mark.parametrize("at_step", [1, 6, STEPS + 1 + STEPS])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_signal_saves_and_the_next_call_goes_on(tmp_path, monkeypatch, name, at_step):
    settings = SETTINGS[name]
    dataset = dataset_for(settings)
    whole = cases.run(tmp_path / "whole", settings, dataset)
    with monkeypatch.context() as patch:
        interrupt(patch, at_step)
        with pytest.raises(SystemExit) as stop:
            cases.run(tmp_path / "cut", settings, dataset)
    assert stop.value.code == 143
    assert [path.name for path in (tmp_path / "cut").iterdir()] == [RESUME]
    messages: list[str] = []
    assert cases.run(tmp_path / "cut", settings, dataset, log=messages.append) == whole
    assert "goes on in epoch" in messages[0]
    assert not (tmp_path / "cut" / RESUME).exists()


@pytest.mark.parametrize(("scenario", "name"), RECIPES)
def test_two_seeds_of_every_recipe_go_on(tmp_path, monkeypatch, scenario, name):
    network, dataset = {
        "convolutional": (cases.TINY, cases.images()),
        "without_batch_norm": (cases.TINY, cases.images()),
        "fully_connected": ("FullConnL2", cases.images()),
        "scale_detection": (cases.ONE_DIMENSIONAL["network"], cases.signals()),
        "one_dimensional": (cases.ONE_DIMENSIONAL["network"], cases.signals()),
    }[name]
    recipe = SCENARIOS[scenario].recipes[name].model_dump() | {"epochs": 2, "batch_size": 16}
    settings = cases.settings(network, seeds=(0, 1), **recipe)
    whole = cases.run(tmp_path / "whole", settings, dataset)
    steps = -(-len(dataset.train.labels) // recipe["batch_size"])
    with monkeypatch.context() as patch:
        interrupt(patch, steps + 1 + 2)  # in the second epoch, after a call for the table
        with pytest.raises(SystemExit):
            cases.run(tmp_path / "cut", settings, dataset)
    messages: list[str] = []
    assert cases.run(tmp_path / "cut", settings, dataset, log=messages.append) == whole
    assert "goes on in epoch 2, step 2" in messages[0]


@pytest.mark.parametrize("name", ["one by one", "stack", "kept epochs"])
def test_killed_again_and_again(tmp_path, monkeypatch, name):
    settings = SETTINGS[name]
    dataset = dataset_for(settings)
    whole = cases.run(tmp_path / "whole", settings, dataset)
    for _ in range(3):
        with monkeypatch.context() as patch:
            interrupt(patch, 5, kill=True)
            with pytest.raises(Killed):
                cases.run(tmp_path / "cut", settings, dataset, save_seconds=0.0)
    assert cases.run(tmp_path / "cut", settings, dataset) == whole


def test_a_stack_that_shrank_resumes(tmp_path, monkeypatch):
    recipe = {**cases.ONE_DIMENSIONAL, "momentum": 0.1, "keep_epochs": [1, 12, 60]}
    settings = cases.settings(seeds=(0, 1, 2, 3), **recipe)
    dataset = cases.signals()
    cut = tmp_path / "cut"
    whole = cases.run(tmp_path / "whole", settings, dataset)
    epochs = [line.split(b",")[4:6] for line in whole[1].splitlines()[1:]]
    lengths = sorted(sum(1 for seed, _ in epochs if seed == b"%d" % s) - 1 for s in range(4))
    assert lengths[0] < lengths[-1]
    steps = 6 * lengths[0]  # five steps and one call for the table in each epoch
    with monkeypatch.context() as patch:
        interrupt(patch, steps + 2)
        with pytest.raises(SystemExit):
            cases.run(cut, settings, dataset)
    assert cases.run(cut, settings, dataset) == whole


def test_a_state_of_other_settings_or_data_is_ignored(tmp_path, monkeypatch):
    settings, dataset = SETTINGS["stack"], cases.images()
    with monkeypatch.context() as patch:
        interrupt(patch, 3)
        with pytest.raises(SystemExit):
            cases.run(tmp_path, settings, dataset)
    kept = (tmp_path / RESUME).read_bytes()
    for other, data in (
        (cases.settings("FullConnL2", seeds=(0, 1)), dataset),
        (settings, cases.images(train=49)),
    ):
        messages: list[str] = []
        (tmp_path / RESUME).write_bytes(kept)
        result = cases.run(tmp_path, other, data, log=messages.append)
        assert "other settings or data" in messages[0]
        assert result == cases.run(tmp_path / "new", other, data)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "foreign"])
def test_a_damaged_state_is_ignored(tmp_path, monkeypatch, damage):
    settings, dataset = SETTINGS["stack"], cases.images()
    whole = cases.run(tmp_path / "whole", settings, dataset)
    with monkeypatch.context() as patch:
        interrupt(patch, 3)
        with pytest.raises(SystemExit):
            cases.run(tmp_path, settings, dataset)
    path = tmp_path / RESUME
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[-3] ^= 1
    changed = {"cut": content[:-100], "flip": content, "empty": b"", "foreign": b"\x80\x04N."}
    path.write_bytes(bytes(changed[damage]))
    messages: list[str] = []
    assert cases.run(tmp_path, settings, dataset, log=messages.append) == whole
    assert "ignored, training starts anew" in messages[0]


def test_the_state_fits_no_other_device_or_seed():
    dataset = cases.images()
    marks = {
        state.fingerprint(cases.settings(), dataset, torch.device("cpu")),
        state.fingerprint(cases.settings(), dataset, torch.device("cuda")),
        state.fingerprint(cases.settings(seeds=(1,)), dataset, torch.device("cpu")),
    }
    assert len(marks) == 3


PROGRAM = """
import sys
from pathlib import Path
import training_cases as cases
from cnn_sensitivity.tasks import store
settings = cases.settings("LeNet", epochs=2000)
cases.run(Path(sys.argv[1]), settings, cases.images(size=16), log=lambda m: print(m, flush=True))
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_process_that_gets_a_signal_leaves_its_state(tmp_path, number, status):
    paths = [str(Path(cases.__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert "epoch 1/2000" in process.stdout.readline()
    time.sleep(0.05)
    process.send_signal(number)
    process.communicate(timeout=300)
    assert process.returncode == status
    assert [path.name for path in tmp_path.iterdir()] == [RESUME]
