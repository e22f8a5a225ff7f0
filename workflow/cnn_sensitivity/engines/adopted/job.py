"""A network that was trained elsewhere: from its file of weights to the checkpoint of a run."""

import math
from collections.abc import Callable
from pathlib import Path

import torch

from cnn_sensitivity.base.arithmetic import arithmetic
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.fits import Adopted
from cnn_sensitivity.engines import one_step
from cnn_sensitivity.engines.base import print_at_once
from cnn_sensitivity.engines.sgd.job import check
from cnn_sensitivity.networks import (
    independence,
    state_dicts,
    weight_contents,
    weight_files,
    weight_names,
)
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.tasks.store import Dataset, normalize, seen_by

TOLERANCE = 0.5
"""By how many per cent of the test images a measured error may differ from a published one."""


def fit(
    settings: TrainingSettings,
    dataset: Dataset,
    *,
    checkpoint: Path,
    table: Path,
    root: str | Path,
    device: str | torch.device = "cpu",
    log: Callable[[str], None] = print_at_once,
) -> None:
    """Write the checkpoint and the table that a training would have, with the settings' weights.

    The loaded weights count as the last and the best ones, the initial ones are those that a
    training would start from. The table has the row of epoch 0 alone: the test error of the loaded
    weights, in float32 and under the network's own normalisation. The checkpoint's settings hold
    the whole digest of the file. `root` is the folder of downloads.

    Raises:
        UserError: the file cannot be had or read or does not fit the network, the network does not
            fit the data, mixes the images of a batch or is random in evaluation, or the error is
            not finite or not the published one. Nothing is written.
    """
    adopted = settings.fit
    assert isinstance(adopted, Adopted)
    file = weight_files.find(adopted.weights, root)
    found = weight_contents.contents(file)
    device = torch.device(device)
    cuda = [torch.cuda.current_device()] if device.type == "cuda" else []
    dataset = seen_by(dataset, settings.network)
    (seed,) = settings.seeds
    with torch.random.fork_rng(devices=cuda), arithmetic("float32", device):
        check(settings, dataset)
        network = build_network(settings, dataset, seed)
        key = adopted.weights.key
        tensors, notes = weight_names.fitting(found, network.state_dict(), str(file), key)
        for note in notes + state_dicts.load(network, tensors, str(file)).notes(str(file)):
            log(note)
        shown = normalize(dataset.test.images[: independence.IMAGES], dataset.mean, dataset.std)
        independence.check(network, shown, f"{file}: {settings.network.label}")
        test = one_step.tested(network, settings, dataset, device)
    log(_judged(settings, adopted.published_error, dataset, file, *test))
    whole = adopted.weights.model_copy(update={"sha256": weight_files.digest(file)})
    settings = settings.model_copy(update={"fit": adopted.model_copy(update={"weights": whole})})
    one_step.save(settings, dataset, [network], [test], checkpoint=checkpoint, table=table)


def _judged(
    settings: TrainingSettings,
    published: float | None,
    dataset: Dataset,
    file: Path,
    loss: float,
    error: float,
) -> str:
    """Return what to say of a test error; raise UserError if it cannot be that of the weights."""
    label = settings.network.label
    if not math.isfinite(loss):
        raise UserError(f"{file}: {label} with these weights has a test loss that is not finite")
    images = f"{len(dataset.test.labels)} test images of {dataset.title}"
    measured = f"{label} is wrong on {100 * error:.2f} % of {images}"
    if published is not None and abs(100 * error - published) > TOLERANCE:
        raise UserError(
            f"{file}: {measured}, and {published:g} % was published: look after mean and std,"
            " options, and the images"
        )
    return measured
