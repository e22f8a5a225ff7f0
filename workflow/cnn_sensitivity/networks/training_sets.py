"""What a seed of a full-batch engine learns, and how it sees it."""

from torch import nn

from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.fits import FullBatch
from cnn_sensitivity.networks.representation import Representation
from cnn_sensitivity.tasks.points.signed import Signed, training_points
from cnn_sensitivity.tasks.store import Dataset


def training_set(settings: TrainingSettings, dataset: Dataset, seed: int) -> Signed:
    """Return the training set of a seed: its own draw, or the first points of the split.

    All experiments, networks and points of the grid draw the same ones for a seed and a size, so
    that what they learned is compared in pairs; those of different sizes are independent.

    Raises UserError if the split has not so many.
    """
    told = settings.fit
    own = isinstance(told, FullBatch) and told.training_sets == "own"
    identity = (settings.root_seed, "training set", settings.train_size or "all", seed)
    drawn = derive_seed(*identity) if own else None
    return training_points(dataset, settings.train_size, drawn)


def representation(settings: TrainingSettings, dataset: Dataset) -> nn.Module:
    """Return what inputs pass before the network; nothing, unless the engine centres them."""
    told = settings.fit
    if not isinstance(told, FullBatch) or not told.centred:
        return nn.Identity()
    return Representation.of(dataset, told.components)
