"""The networks, by name, and the copy of a network whose channels are shuffled."""

from cnn_sensitivity.networks.channel_shuffle import shuffle_channels
from cnn_sensitivity.networks.registry import NAMES, build

__all__ = ["NAMES", "build", "shuffle_channels"]
