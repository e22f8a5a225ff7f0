"""A training is done once: another run, in another checkout, takes it from the folder of both."""

from pathlib import Path

from checkout import SMOKE, Checkout, copy_checkout

from cnn_sensitivity.operations.forecast.training_log import TAKEN
from cnn_sensitivity.operations.shared_fits import VARIABLE

RUN = "images/FullConnL2/noise-0_train-all/seeds-0-1"


def trained(folder: Path, name: str, cache: Path) -> tuple[list[bytes], str]:
    """Train in a fresh checkout, as a run of a name; return the files' bytes and the log."""
    folder.mkdir()
    made = folder / "results" / name / RUN
    call = (f"results/{name}/{RUN}/training.csv", *SMOKE, "--config", f"run={name}")
    run = copy_checkout(folder).snakemake(*call, "--cores", "1", **{VARIABLE: str(cache)})
    assert run.returncode == 0, run.stdout + run.stderr
    files = ("checkpoint.safetensors", "training.csv")
    assert not any((made / file).is_symlink() for file in files)
    return [(made / file).read_bytes() for file in files], (made / "training.log").read_text()


def test_another_checkout_takes_what_one_has_trained(tmp_path: Path) -> None:
    cache = tmp_path / "fits"
    first, said = trained(tmp_path / "one", "one", cache)
    assert "epoch 1/1" in said
    (entry,) = cache.iterdir()
    second, said = trained(tmp_path / "other", "other", cache)
    assert said == f"{TAKEN}{entry}\n"
    assert first == second


def test_what_is_no_folder_is_refused_before_anything_runs(checkout: Checkout) -> None:
    run = checkout.snakemake("figure_02", *SMOKE, **{VARIABLE: "config.yaml"})
    assert run.returncode == 2
    error = "error: CACHE config.yaml: config.yaml is no folder; choose another path"
    assert run.stderr.splitlines()[-1] == error
    assert not (checkout.folder / "results").exists()
