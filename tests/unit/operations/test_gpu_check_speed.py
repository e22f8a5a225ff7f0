"""What `make gpu-check` times, in which order, and how."""

from dataclasses import replace
from pathlib import Path

import pytest
from gpu_check_cases import CPU, IMAGES, LENET, ROOT, TINY, plan_of

from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.operations.forecast.timings import Mode
from cnn_sensitivity.operations.gpu_check import speed, together
from cnn_sensitivity.operations.gpu_check.cases import Case, cases_of
from cnn_sensitivity.operations.gpu_check.checks import all_checks
from cnn_sensitivity.operations.gpu_check.synthetic import training_settings


def test_the_networks_that_are_timed_are_the_papers() -> None:
    listed = {case.title: case for case in cases_of([plan_of("paper")])}
    assert len(listed) == 16
    assert listed["VGG11bn"].shape == (3, 32, 32)
    assert (listed["VGG13bn"].shape, listed["VGG13bn"].classes) == ((1, 28, 28), 2)
    stacks = {title: (case.stack, case.largest_stack) for title, case in listed.items()}
    assert stacks["FullConnL4"] == (11, 11)
    assert stacks["VGG11"] == (1, 4)  # could be stacked
    assert stacks["VGG11bn"] == (1, 1)  # batch norm cannot
    line = listed["SimpleCNN1D stride 2, 1000 channels"]
    assert (line.shape, line.settings.recipe.batch_size, line.stack) == ((1, 128), 8, 10)


def test_what_decides_most_is_timed_first() -> None:
    checks = all_checks(cases_of([plan_of("paper")]), CPU, replace(TINY, processes=(4, 2)))
    kinds = [check.kind for check in checks]
    last_right = max(i for i, kind in enumerate(kinds) if kind == "right")
    assert last_right < kinds.index("train")
    trains = [check.name for check in checks if check.kind == "train"]
    assert all("float32, graph" in name for name in trains[:16])
    assert all("bf16, graph" in name for name in trains[16:32])
    names = [check.name for check in checks]
    assert names.index("4 jobs at once, VGG11bn") < names.index(trains[32])
    assert "2 jobs at once, ResNet18" in names


def test_a_mode_is_what_is_timed() -> None:
    case = Case(LENET, (1, 28, 28), 10, 1, 4)
    settings = case.in_mode(Mode("bf16", True, 3))
    assert (settings.recipe.precision, settings.compute.cuda_graph) == ("bf16", True)
    assert settings.seeds == [0, 1, 2]
    assert settings.recipe.batch_size == 8


def test_a_speed_counts_the_images_of_all_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_timed", lambda action, repeats, device: 0.5 * repeats)
    timed = speed.training(LENET, (1, 28, 28), 10, CPU, seconds=0.0)
    assert timed["images_per_second"] == 2 * 8 / 0.5
    alone = sum(p.numel() for p in Trainer(LENET, IMAGES, [0], CPU).ensemble.parameters.values())
    assert timed["parameters"] == alone


def test_measuring_is_held_against_the_bare_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([9.0, 0.3, 9.0, 0.2, 9.0, 0.1])  # the first call of each does not count
    monkeypatch.setattr(speed, "_timed", lambda action, repeats, device: next(times))
    timed = speed.measuring(LENET, (1, 28, 28), 10, CPU, images=10)
    found = [timed[key] for key in ("seconds", "bare_seconds", "bare_seconds_large")]
    assert found == pytest.approx([30.0, 20.0, 10.0])


def test_several_processes_train_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "workflow"))
    settings = training_settings({"name": "FullConnL2"}, batch_size=8)
    timed = together.training(settings, (1, 8, 8), 10, CPU, 0.01, processes=2, limit=120)
    assert timed["images_per_second"] > 0


def test_a_service_for_several_processes_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    cases = cases_of([plan_of("paper")])

    def names() -> set[str]:
        checks = all_checks(cases, CPU, replace(TINY, processes=(4,)))
        return {check.name for check in checks if check.kind == "together"}

    assert "4 jobs at once, LeNet" in names()
    (tmp_path / "control").touch()
    assert "4 jobs at once, MPS, LeNet" in names()


def test_a_process_that_dies_is_told_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "workflow"))
    settings = training_settings({"name": "LeNet"}, batch_size=8)
    with pytest.raises(RuntimeError, match="UserError: LeNet needs images of at least 16 pixels"):
        together.training(settings, (1, 8, 8), 10, CPU, 0.01, processes=1, limit=120)
    with pytest.raises(RuntimeError, match="1 processes were not ready in time"):
        together.training(settings, (1, 8, 8), 10, CPU, 0.01, processes=1, limit=0)
