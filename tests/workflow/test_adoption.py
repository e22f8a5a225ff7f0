"""Networks that were trained elsewhere, in the workflow: made from a file, or left out."""

from pathlib import Path

import pandas
import pytest
import torch
from checkout import SMOKE, Checkout

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
        "sensitivity": 2,
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
    table = pandas.read_csv(mine / "sensitivity.csv")
    assert (mine / "checkpoint.safetensors").is_file()
    assert not list(mine.glob("*.benchmark.tsv.tmp")) + list(mine.glob("training.benchmark.tsv"))
    assert set(table["state"]) == {"initial", "trained"}
    assert table["epochs"].eq(0).all()
    said = (mine / "adoption.log").read_text()
    assert f"wrong on {100 * table['test_error'].iloc[0]:.2f} % of 200 test images" in said
    assert "figure_03" not in adopting.planned("figure_03", *CALL)
    save_weights(adopting, 1)
    jobs = adopting.planned("figure_03", *CALL)
    assert jobs == {"adopt": 1, "sensitivity": 1, "figure_03": 1}
