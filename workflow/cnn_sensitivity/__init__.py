"""Sensitivity of convolutional networks to deformations and noise: the science of the workflow."""

__version__ = "0.1.0"
