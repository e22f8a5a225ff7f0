"""Which networks of a checkpoint are measured: trained and not, original and shuffled."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from cnn_sensitivity.checkpoints.checkpoint import Checkpoint
from cnn_sensitivity.config import Measurement, MeasurementSettings
from cnn_sensitivity.measures.base import measure_class
from cnn_sensitivity.networks.channel_shuffle import has_convolutions, shuffle_channels
from cnn_sensitivity.networks.ensemble import Ensemble
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.tables.runs import run_columns
from cnn_sensitivity.tasks.store import Dataset

Subject = tuple[dict[str, Any], nn.Module]
"""A network under the columns that describe it."""


def subjects(
    checkpoint: Checkpoint,
    dataset: Dataset,
    settings: MeasurementSettings,
    measurement: Measurement,
) -> Iterator[Subject]:
    """Yield each network that a measurement is made of, under the columns that describe it.

    What is made from the weights alone is made of each seed's network at initialisation and
    trained. What needs images, besides, of fresh networks, of kept epochs and of shuffled channels.
    `draw` counts the fresh networks of a seed, from the one that was trained, 0, and its shuffles,
    which depend on the network's label, the seed and this number. Of kept epochs only the original
    wiring is there, with their own test error. Of an ensemble there is nothing but this.
    """
    if measurement.of_ensemble:
        yield _ensemble(checkpoint, measurement.weights or "last")
        return
    needs_images = bool(measure_class(measurement.quantity).needs)
    weights = measurement.weights or "last"
    description = {"settings": checkpoint.settings.model_dump(), **checkpoint.metadata}
    for seed in checkpoint.seeds:
        trained = {**run_columns(description, seed, weights), "state": "trained"}
        trained |= {"wiring": "original", "draw": 0, "batch_norm": "running"}
        initial = {**trained, "state": "initial", "batch_norm": measurement.batch_norm}
        yield initial, checkpoint.network(seed, "initial")
        if needs_images:
            yield from _fresh(checkpoint, dataset, seed, initial, measurement.initializations)
            for state, error in checkpoint.record(seed).get("kept_test_errors", {}).items():
                kept = {**trained, "test_error": error, "state": state}
                yield kept, checkpoint.network(seed, state)
        network = checkpoint.network(seed, weights)
        yield trained, network
        if needs_images and has_convolutions(network):
            label, experiment = checkpoint.settings.network.label, checkpoint.settings.experiment
            identity = (settings.root_seed, "channel shuffle", experiment, label, seed)
            for draw in range(measurement.shuffles):
                shuffled = shuffle_channels(network, *identity, draw)
                yield {**trained, "wiring": "shuffled", "draw": draw}, shuffled


def _ensemble(checkpoint: Checkpoint, weights: str) -> Subject:
    """Return the mean output of all trained networks; `seed` is the first one's."""
    description = {"settings": checkpoint.settings.model_dump(), **checkpoint.metadata}
    each = [run_columns(description, seed, weights) for seed in checkpoint.seeds]
    columns = {**each[0], "state": "trained", "wiring": "ensemble", "draw": 0}
    columns |= {f"{which}test_error": None for which in ("", "last_", "best_")}  # each has its own
    columns |= {"learned": all(of["learned"] for of in each), "batch_norm": "running"}
    columns |= {"diverged": any(of["diverged"] for of in each)}
    return columns, Ensemble([checkpoint.network(seed, weights) for seed in checkpoint.seeds])


def _fresh(
    checkpoint: Checkpoint, dataset: Dataset, seed: int, columns: dict[str, Any], count: int
) -> Iterator[Subject]:
    """Yield the networks of a seed as they might have begun, but for the one that was trained."""
    for draw in range(1, count):
        with torch.random.fork_rng(devices=[]):
            network = build_network(checkpoint.settings, dataset, seed, draw)
        yield {**columns, "draw": draw}, network
