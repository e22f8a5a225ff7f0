"""Networks that were trained elsewhere, in the workflow: made from a file, or left out."""

import hashlib
import shutil
from pathlib import Path

import pandas
import pytest
import torch
import yaml
from checkout import SMOKE, Checkout
from https_server import TRUSTED, make_certificate, sends, serving

from cnn_sensitivity import networks

NETWORKS = """
run: adopted
experiments:
  images:
    networks:
      - {name: LeNet, noise: [0]}
      - {name: LeNet, label: mine, weights: weights/mine.pt}
      - name: ResNet20
        weights: {url: "https://nowhere.invalid/resnet20.th", sha256: "01234567"}
  scale_detection_2d: null
  scale_detection_1d_task1: null
  scale_detection_1d_task2: null
figures:
  figure_03: [LeNet, mine, ResNet20]
"""
CALL = (*SMOKE, "adopted.yaml")
FOLDER = "results/adopted/images"


def save_weights(checkout: Checkout, seed: int) -> None:
    torch.manual_seed(seed)
    network = networks.build("LeNet", in_channels=1, image_size=28)
    path = checkout.folder / "weights/mine.pt"
    path.parent.mkdir(exist_ok=True)
    torch.save(network.state_dict(), path)


@pytest.fixture
def adopting(checkout: Checkout) -> Checkout:
    """A checkout with a network of one's own, and one that nobody can download."""
    (checkout.folder / "adopted.yaml").write_text(NETWORKS)
    save_weights(checkout, 0)
    return checkout


def test_what_cannot_be_had_is_named_and_left_out(adopting: Checkout) -> None:
    run = adopting.snakemake("figure_03", *CALL, "--dry-run", "--quiet", "rules")
    assert run.returncode == 0, run.stderr
    (sentence,) = [line for line in run.stdout.splitlines() if "left out" in line]
    assert sentence.startswith("ResNet20 is left out: data/checkpoints/resnet20-01234567.th is not")
    assert adopting.planned("figure_03", *CALL) == {
        "dataset": 1,
        "train": 1,
        "adopt": 1,
        "measure": 2,
        "figure_03": 1,
    }


def test_a_file_that_was_put_there_by_hand_is_taken(adopting: Checkout) -> None:
    path = adopting.folder / "data/checkpoints/resnet20-01234567.th"
    path.parent.mkdir(parents=True)
    path.touch()
    assert adopting.planned("figure_03", *CALL)["adopt"] == 2


def test_a_missing_file_of_weights_stops_the_run(adopting: Checkout) -> None:
    (adopting.folder / "weights/mine.pt").unlink()
    run = adopting.snakemake("figure_03", *CALL)
    assert run.returncode == 2
    expected = "error: experiments.images.networks.mine.weights: there is no file weights/mine.pt"
    assert expected in run.stderr.splitlines()


def test_a_network_is_adopted_and_another_file_adopts_it_anew(adopting: Checkout) -> None:
    run = adopting.snakemake("figure_03", *CALL, "--cores", "2")
    assert run.returncode == 0, run.stdout + run.stderr
    mine = Path(adopting.folder, FOLDER, "mine/noise-0_train-all/seeds-0")
    table = pandas.read_csv(mine / "measurements.csv")
    assert (mine / "checkpoint.safetensors").is_file()
    assert not list(mine.glob("*.benchmark.tsv.tmp")) + list(mine.glob("training.benchmark.tsv"))
    assert set(table["state"]) == {"initial", "trained"}
    assert table["epochs"].eq(0).all()
    said = (mine / "adoption.log").read_text()
    assert f"wrong on {100 * table['test_error'].iloc[0]:.2f} % of 200 test images" in said
    assert "figure_03" not in adopting.planned("figure_03", *CALL)
    save_weights(adopting, 1)
    jobs = adopting.planned("figure_03", *CALL)
    assert jobs == {"adopt": 1, "measure": 1, "figure_03": 1}


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes a certificate")
def test_a_download_that_breaks_off_fails_its_own_job_alone(
    adopting: Checkout, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = (adopting.folder / "weights/mine.pt").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    certificate = make_certificate(tmp_path_factory.mktemp("certificate"))
    answers = {"/whole.pt": sends(content), "/half.pt": sends(content[:9999], len(content))}
    with serving(answers, certificate) as (server, asked):
        networks = [
            {
                "name": "LeNet",
                "label": label,
                "weights": {"url": f"{server}/{label}.pt", "sha256": digest[:8]},
            }
            for label in ("whole", "half")
        ]
        text = yaml.safe_dump({"experiments": {"images": {"networks": networks}}, "figures": None})
        (adopting.folder / "downloads.yaml").write_text(text)
        runs = {label: f"{FOLDER}/{label}/noise-0_train-all/seeds-0" for label in ("whole", "half")}
        checkpoints = [f"{folder}/checkpoint.safetensors" for folder in runs.values()]
        environment = {TRUSTED: str(certificate[0]), "NO_PROXY": "localhost"}
        call = (*checkpoints, *CALL, "downloads.yaml", "--cores", "1", "--keep-going")
        run = adopting.snakemake(*call, **environment)
    assert run.returncode == 1, run.stdout + run.stderr
    assert [(adopting.folder / path).exists() for path in checkpoints] == [True, False]
    # Each is asked for twice: can it be had, and then the download itself.
    assert sorted(asked) == ["/half.pt"] * 2 + ["/whole.pt"] * 2
    said = (adopting.folder / runs["half"] / "adoption.log").read_text()
    name = f"half-{digest[:8]}.pt"
    assert said.startswith(f"error: {name}: the download of {server}/half.pt broke off after 9999")
    assert len(said.splitlines()) == 1
    left = [path.name for path in (adopting.folder / "data/checkpoints").iterdir()]
    assert left == [f"whole-{digest[:8]}.pt"]
