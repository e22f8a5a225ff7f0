"""Fits that runs share: the next run has the bytes of the first, and nothing that is damaged."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from training_cases import TINY, images, settings

from cnn_sensitivity import cli
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines import base, unfinished
from cnn_sensitivity.operations import shared_fits
from cnn_sensitivity.operations.forecast.training_log import TAKEN
from cnn_sensitivity.tasks import store
from cnn_sensitivity.tasks.points.labelled import build_stripe
from cnn_sensitivity.tasks.store import Dataset

MACHINE = {"instructions": "AVX2", "threads": 1}
FILES = ("checkpoint.safetensors", "training.csv")
Fit = Callable[[TrainingSettings, Dataset], tuple[list[bytes], str]]


def full_batch(**fit: Any) -> TrainingSettings:
    return TrainingSettings.model_validate(
        {
            "experiment": "stripe",
            "network": {"name": "NTKFullConn", "options": {"hidden_units": 5}},
            "recipe": {},
            "compute": {},
            "axes": {"train_size": 16, "alpha": 1e-3},
            "seeds": [0, 1],
            "root_seed": 0,
            "fit": fit,
        }
    )


CASES = {
    "sgd": (settings(seeds=(0, 3)), images()),
    "gradient_flow": (full_batch(engine="gradient_flow", budget=100), build_stripe(3, 40, 50)),
    "kernel": (full_batch(engine="kernel"), build_stripe(3, 40, 50)),
}


@pytest.fixture
def fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fit:
    """The verb, each time in another folder: returns the bytes of its files, and its log."""
    numbers = count()

    def call(told: TrainingSettings, data: Dataset) -> tuple[list[bytes], str]:
        folder = tmp_path / f"run {next(numbers)}"
        store.save(data, folder / "data.safetensors", told.experiment)
        unfinished.path_for(folder / FILES[0]).write_text("what a killed job left")
        options = {
            "settings": told.to_json(),
            "dataset": folder / "data.safetensors",
            **dict(zip(("checkpoint", "table"), (folder / name for name in FILES), strict=True)),
            "gpus": 0,
        }
        cli.main(["fit", *(word for key in options for word in (f"--{key}", str(options[key])))])
        said = capsys.readouterr().out
        if TAKEN in said:
            assert {path.name for path in folder.iterdir()} == {*FILES, "data.safetensors"}
        return [(folder / name).read_bytes() for name in FILES], said

    return call


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "of all" / "fits"
    monkeypatch.setenv(shared_fits.VARIABLE, str(folder))
    return folder


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("fitted again")


@pytest.mark.parametrize("engine", CASES)
def test_the_second_run_has_the_bytes_of_the_first_and_fits_nothing(
    engine: str, fit: Fit, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.delenv(shared_fits.VARIABLE)
        alone, said = fit(*CASES[engine])
    assert "other runs" not in said
    first, said = fit(*CASES[engine])
    (entry,) = cache.iterdir()
    assert f"kept for other runs: {entry}\n" in said
    monkeypatch.setattr(base.job(engine), "fit", refuse)
    second, said = fit(*CASES[engine])
    assert said == f"{TAKEN}{entry}\n"
    assert alone == first == second


def test_what_others_wrote_or_train_is_not_shared(fit: Fit, cache: Path) -> None:
    fit(settings(TINY), images())
    assert not cache.exists()
    adopted = {"engine": "adopted", "weights": "mine.pt"}
    told = TrainingSettings.model_validate({**settings().model_dump(), "fit": adopted})
    assert not shared_fits.can_be_shared(told)


def test_all_that_changes_a_fit_changes_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, data = settings(), images()
    variants = [
        (settings(seeds=(1,)), data, MACHINE),
        (settings(seeds=(0, 1)), data, MACHINE),
        (settings(learning_rate=0.06), data, MACHINE),
        (settings(noise=1.0), data, MACHINE),
        (settings({"name": "FullConnL2", "label": "another"}), data, MACHINE),
        (told.model_copy(update={"experiment": "others"}), data, MACHINE),
        (told.model_copy(update={"root_seed": 8}), data, MACHINE),
        (told, images(train=51), MACHINE),
        (told, replace(data, mean=(0.5,)), MACHINE),
        (told, replace(data, title="other images"), MACHINE),
        (told, data, {**MACHINE, "instructions": "AVX512"}),
        (told, data, {**MACHINE, "threads": 2}),
    ]
    origins = [shared_fits.origin(*each) for each in [(told, data, MACHINE), *variants]]
    for text in ("1", "2"):
        (tmp_path / "a.py").write_text(text)
        with monkeypatch.context() as patch:
            patch.setattr(shared_fits, "closure", lambda _: [tmp_path / "a.py"])
            patch.setattr(shared_fits, "PACKAGE", tmp_path)
            origins.append(shared_fits.origin(told, data, MACHINE))
    with monkeypatch.context() as patch:
        patch.setattr(shared_fits, "version", lambda library: f"{library} of tomorrow")
        origins.append(shared_fits.origin(told, data, MACHINE))
    assert len(origins) == len({str(each) for each in origins}) == 16
    assert shared_fits.origin(told, images(), dict(MACHINE)) == origins[0]


class Shared:
    """A fit of two small files, that says how often it was made."""

    def __init__(self, folder: Path, cache: Path, origin: str = "an origin") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.files = {"checkpoint": folder / "weights", "table": folder / "table"}
        self.cache, self.origin, self.made = cache, {"of": origin}, 0
        self.log: list[str] = []

    def __call__(self) -> list[bytes]:
        shared_fits.once(self.cache, self.origin, self.files, self._fit, self.log.append)
        return [path.read_bytes() for path in self.files.values()]

    def _fit(self) -> None:
        self.made += 1
        self.files["checkpoint"].write_bytes(bytes(range(256)) * 20)
        self.files["table"].write_text(f"of\n{self.origin['of']}\n")


def cut(content: bytes, other: bytes) -> list[bytes]:
    return [content[:length] for length in (0, 5, len(content) // 2, len(content) - 1)]


def altered(content: bytes, other: bytes) -> list[bytes]:
    places = (0, 20, len(content) // 3, len(content) - 1)
    return [content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in places]


def exchanged(content: bytes, other: bytes) -> list[bytes]:
    return [other, b"something else", content + b"\0"]


@pytest.mark.parametrize("harm", [cut, altered, exchanged])
def test_an_entry_that_is_not_whole_or_of_another_fit_is_refused_and_replaced(
    harm: Callable[[bytes, bytes], list[bytes]], tmp_path: Path
) -> None:
    fit, cache = Shared(tmp_path / "run", tmp_path / "fits"), tmp_path / "fits"
    whole = fit()
    (entry,) = cache.iterdir()
    content = entry.read_bytes()
    Shared(tmp_path / "another", cache, "another origin")()
    (other,) = set(cache.iterdir()) - {entry}
    for harmed in harm(content, other.read_bytes()):
        entry.write_bytes(harmed)
        fit = Shared(tmp_path / "next", cache)
        assert fit() == whole
        assert fit.made == 1
        assert fit.log[0].startswith(f"{entry}: refused, all is fitted anew (")
        assert "\n" not in fit.log[0]
        assert entry.read_bytes() == content
        assert fit() == whole
        assert fit.made == 1


def test_a_folder_that_cannot_be_used_costs_no_fit(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    fit = Shared(tmp_path / "run", tmp_path / "a file")
    fit()
    assert fit.made == 1
    (said,) = fit.log
    assert said.startswith("not kept for other runs: ")
    fit = Shared(tmp_path / "run", tmp_path / "fits")
    fit()
    (entry,) = (tmp_path / "fits").iterdir()
    entry.unlink()
    entry.mkdir()
    fit()
    assert fit.made == 2
    assert [line.partition(":")[0] for line in fit.log[1:]] == [
        str(entry),
        "not kept for other runs",
    ]


def again_and_again(folder: Path, cache: Path) -> None:
    """Take an entry or make it, and spoil it now and then, until this is killed."""
    for number in count():
        Shared(folder, cache)()
        if number % 7 == 0:
            for entry in cache.glob("[0-9a-f]*"):
                entry.unlink(missing_ok=True)


def test_jobs_that_write_at_once_and_are_killed_leave_whole_entries(tmp_path: Path) -> None:
    cache, fork = tmp_path / "fits", get_context("fork")
    whole = Shared(tmp_path / "alone", tmp_path / "own")()
    for round in range(3):
        folders = [tmp_path / f"{round}-{number}" for number in range(3)]
        jobs = [fork.Process(target=again_and_again, args=(folder, cache)) for folder in folders]
        for job in jobs:
            job.start()
        reader = Shared(tmp_path / f"reader {round}", cache)
        assert all(reader() == whole for _ in range(30))
        for job in jobs:
            os.kill(job.pid or 0, signal.SIGKILL)
            job.join()
            assert job.exitcode == -signal.SIGKILL
        assert not [line for line in reader.log if "checksum" in line or "Error" in line]
        assert reader() == whole


def test_a_folder_is_made_when_it_is_needed_and_refused_where_that_cannot_be(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_fits.check_folder()
    assert not cache.exists()
    with monkeypatch.context() as patch, pytest.raises(UserError, match="cannot be written to"):
        patch.setattr(shared_fits.os, "access", lambda *_: False)
        shared_fits.check_folder()
    (tmp_path / "a file").touch()
    monkeypatch.setenv(shared_fits.VARIABLE, str(tmp_path / "a file/fits"))
    with pytest.raises(UserError, match="a file is no folder"):
        shared_fits.check_folder()
    monkeypatch.setenv(shared_fits.VARIABLE, "~/fits")
    assert shared_fits.folder() == Path.home() / "fits"
    monkeypatch.setenv(shared_fits.VARIABLE, "")
    assert shared_fits.folder() is None
    shared_fits.check_folder()
