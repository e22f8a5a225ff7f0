"""Stochastic gradient descent, of one network or of a stack of seeds at a time."""

from cnn_sensitivity.engines.sgd.job import train

__all__ = ["train"]
