"""Networks that were trained elsewhere: a file of weights becomes the checkpoint of a run."""

from cnn_sensitivity.engines.adopted.adoption import adopt

__all__ = ["adopt"]
