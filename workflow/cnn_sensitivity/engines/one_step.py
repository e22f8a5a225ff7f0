"""Fits without epochs: networks that were found in one step are tested, and written down."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd.batches import Pixels, to_device
from cnn_sensitivity.engines.sgd.ensemble import Single
from cnn_sensitivity.engines.sgd.evaluation import evaluate
from cnn_sensitivity.engines.sgd.loop import Result
from cnn_sensitivity.engines.sgd.records import Record, write_table
from cnn_sensitivity.engines.sgd.saving import save_checkpoint
from cnn_sensitivity.networks.initial import build_network, seed_of
from cnn_sensitivity.tasks.store import Dataset


def tested(
    network: nn.Module, settings: TrainingSettings, dataset: Dataset, device: torch.device
) -> tuple[float, float]:
    """Return the loss and the error of a network on all test images, in float32."""
    recipe = settings.recipe.model_copy(update={"precision": "float32"})
    pixels = Pixels(dataset, settings.noise, lambda *purpose: seed_of(settings, *purpose), device)
    test = to_device(dataset.test, device)
    member = Single(network.to(device))
    losses, errors = evaluate(member, test, pixels, settings.seeds[:1], recipe, "test")
    return losses[0], errors[0]


def save(
    settings: TrainingSettings,
    dataset: Dataset,
    networks: Sequence[nn.Module],
    tests: Sequence[tuple[float, float]],
    *,
    checkpoint: Path,
    table: Path,
) -> None:
    """Write the checkpoint and the table of the networks of the settings' seeds.

    `tests`: loss and error of each. The networks count as the last and the best ones; the initial
    ones are those that a training would start from. The table has the rows of epoch 0 alone.
    """
    results = []
    for seed, network, (loss, error) in zip(settings.seeds, networks, tests, strict=True):
        record = Record(seed)
        record.add_start(loss, error)
        with torch.random.fork_rng(devices=[]):
            initial = Single(build_network(settings, dataset, seed)).state()
        fitted = Single(network.cpu()).state()
        results.append(Result([record], {"initial": initial, "last": fitted, "best": fitted}))
    write_table(Path(table), settings, [record for each in results for record in each.records])
    save_checkpoint(Path(checkpoint), settings, dataset, results)
