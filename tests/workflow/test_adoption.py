"""A network that was trained elsewhere, in the workflow: from its file to its table."""

import numpy as np
import pandas as pd
import yaml
from checkout import SMOKE, Checkout, measuring
from safetensors.numpy import load_file, save_file

WEIGHTS = "lenet.safetensors"
RUN = "results/smoke/images/LeNet/noise-0_train-all/seeds-0"
TABLES = [f"{RUN}/training.csv", f"{RUN}/sensitivity.csv"]


def adopting(checkout: Checkout, weights: object = WEIGHTS) -> tuple[str, ...]:
    """Return the smoke scenario's files of configuration, and one whose LeNet has weights."""
    networks = [
        {"name": "LeNet", "weights": weights},
        {"name": "VGG11bn", "width": 0.0625, "noise": [0]},
    ]
    text = yaml.safe_dump({"experiments": {"images": {"networks": networks}}})
    (checkout.folder / "adopting.yaml").write_text(text)
    return (*SMOKE, "adopting.yaml")


def export(smoke: Checkout, checkout: Checkout) -> None:
    """Write the last weights of a trained LeNet as another program would."""
    arrays = load_file(smoke.folder / RUN / "checkpoint.safetensors")
    last = {key.removeprefix("last/"): v for key, v in arrays.items() if key.startswith("last/")}
    assert last
    save_file({key: np.squeeze(v, 0) for key, v in last.items()}, checkout.folder / WEIGHTS)


def test_a_network_with_weights_is_adopted_and_the_others_are_trained(checkout: Checkout) -> None:
    (checkout.folder / WEIGHTS).touch()
    vgg = "results/smoke/images/VGG11bn/noise-0_train-all/seeds-0/sensitivity.csv"
    jobs = checkout.planned(*TABLES, vgg, *adopting(checkout))
    assert (jobs.pop("adopt"), jobs.pop("train"), measuring(jobs)) == (1, 1, 2)
    assert jobs["dataset"] == 1


def test_a_file_of_weights_that_is_not_there_is_said_before_any_job(checkout: Checkout) -> None:
    run = checkout.snakemake("--dry-run", *adopting(checkout))
    assert run.returncode == 2
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert line == (f"error: experiments.images.networks.LeNet.weights: there is no file {WEIGHTS}")


def test_a_download_that_cannot_be_had_is_reported_and_left_out(checkout: Checkout) -> None:
    # The port of a server that is not there: it refuses at once.
    weights = {"url": "https://localhost:9/lenet.pt", "sha256": "0123abcd"}
    run = checkout.snakemake("--dry-run", *adopting(checkout, weights))
    assert run.returncode == 0, run.stdout + run.stderr
    said = run.stdout + run.stderr
    assert "LeNet is left out: data/checkpoints/lenet-0123abcd.pt is not there" in said
    assert "rule adopt" not in said
    assert "images/VGG11bn/noise-0_train-all" in said
    assert "images/LeNet/" not in said


def test_an_adopted_network_is_measured_as_the_trained_one(
    smoke: Checkout, checkout: Checkout
) -> None:
    export(smoke, checkout)
    run = checkout.snakemake(*TABLES, *adopting(checkout), "--cores", "1")
    assert run.returncode == 0, run.stdout + run.stderr
    adopted, trained = (pd.read_csv(c.folder / TABLES[1]) for c in (checkout, smoke))
    differing = [name for name in trained if not adopted[name].equals(trained[name])]
    assert differing == ["epochs"]
    assert set(adopted["epochs"]) == {0}
    assert {"D", "G", "R"} <= set(trained)

    (checkout.folder / WEIGHTS).write_bytes((checkout.folder / WEIGHTS).read_bytes())
    again = (*TABLES, *adopting(checkout))
    assert checkout.planned(*again) == {}
    shifted = {k: v + np.float32(0.5) for k, v in load_file(checkout.folder / WEIGHTS).items()}
    save_file(shifted, checkout.folder / WEIGHTS)
    jobs = checkout.planned(*again)
    assert (jobs["adopt"], measuring(jobs)) == (1, 1)
    assert "train" not in jobs
