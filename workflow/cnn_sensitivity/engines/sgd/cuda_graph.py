"""A training step's forward and backward pass as one CUDA graph."""

from collections.abc import Callable

import torch

from cnn_sensitivity.engines.sgd.ensemble import Ensemble
from cnn_sensitivity.engines.sgd.optimizer import Optimizer

WARM_UP_STEPS = 3


class GraphedStep:
    """Replays `compute(images, labels)`, which sets gradients, for batches of one shape.

    The graph writes into gradients of its own memory: while it is in use they must not be set to
    None. The optimiser's step stays outside, so that the learning rate may change from step to
    step. Dropout draws from torch's generator as it is seeded before the replay.
    """

    def __init__(
        self,
        compute: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        optimizer: Optimizer,
        ensemble: Ensemble,
        images: torch.Tensor,
        labels: torch.Tensor,
    ):
        self._images, self._labels = images.clone(), labels.clone()
        generator = torch.cuda.get_rng_state(images.device)
        before = {name: tensor.clone() for name, tensor in ensemble.state().items()}
        stream = torch.cuda.Stream(images.device)
        stream.wait_stream(torch.cuda.current_stream(images.device))
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_STEPS):
                optimizer.zero_grad(set_to_none=True)
                compute(self._images, self._labels)
        torch.cuda.current_stream(images.device).wait_stream(stream)
        optimizer.zero_grad(set_to_none=True)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._sums = compute(self._images, self._labels)
        # The warm-up moved batch norm's statistics and drew random numbers.
        ensemble.load(before)
        torch.cuda.set_rng_state(generator, images.device)

    def __call__(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Set the gradients for a batch; return what `compute` returned, until the next call."""
        self._images.copy_(images)
        self._labels.copy_(labels)
        self._graph.replay()
        return self._sums
