"""The initial network of a seed, and the seeds of all that is drawn in its training."""

import torch
from torch import nn

from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.settings import further
from cnn_sensitivity.networks import registry
from cnn_sensitivity.networks.initialization import initialize
from cnn_sensitivity.tasks.store import Dataset


def seed_of(settings: TrainingSettings, seed: int, *purpose: str | int) -> int:
    """Return the seed of a generator of one training seed's run, for one purpose."""
    size = "all" if settings.train_size is None else settings.train_size
    others = [str(part) for axis in further(settings.axes).items() for part in axis]
    point = (settings.network.label, settings.noise, size, *others)
    return derive_seed(settings.root_seed, settings.experiment, *point, seed, *purpose)


def output_count(settings: TrainingSettings, dataset: Dataset) -> int:
    """Return the number of the network's outputs: one a class, or one that decides of two."""
    one = not settings.fit.by_recipe or settings.recipe.loss == "hinge"
    return 1 if one else len(dataset.classes)


def input_shape(settings: TrainingSettings, dataset: Dataset) -> tuple[int, int]:
    """Return the channels and the side of what the network is given (`Split.input_shape`)."""
    components = getattr(settings.fit, "components", None)
    return dataset.train.input_shape if components is None else (components, 1)


def build_network(
    settings: TrainingSettings, dataset: Dataset, seed: int, draw: int = 0
) -> nn.Module:
    """Return the initial network of a seed, on the CPU; it leaves torch's generator changed.

    That of `draw` 0 is trained; the others are as it might have been.
    """
    network = settings.network
    in_channels, image_size = input_shape(settings, dataset)
    torch.manual_seed(seed_of(settings, seed, "initial", *([draw] if draw else [])))
    built = registry.build(
        network.name,
        in_channels=in_channels,
        num_classes=output_count(settings, dataset),
        image_size=image_size,
        width=network.width,
        activation=network.activation,
        **network.options,
    )
    initialize(built, settings.recipe.initialization, settings.recipe.smoothing)
    return built
