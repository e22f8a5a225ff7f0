"""The networks, by name, and the copy of a network whose channels are shuffled."""

from .channel_shuffle import shuffle_channels
from .registry import NAMES, build

__all__ = ["NAMES", "build", "shuffle_channels"]
