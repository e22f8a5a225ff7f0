"""Spectra and smoothness of a network's filters, from its weights alone."""

from torch import Tensor

from cnn_sensitivity.measures import banks
from cnn_sensitivity.measures.base import Measure, Row, Seen


class Filters(Measure):
    """gamma of every mode of every layer with square filters larger than a pixel (T22, eq. 3).

    Modes count from 1 by growing eigenvalue. `total_variation` and `total_variation_tensor`, of
    the layer's filters (R18, section 3.2), follow once a layer.
    """

    def rows(self, seen: Seen) -> list[Row]:
        weights: dict[str, Tensor] = seen.network.state_dict()
        return banks.numbers(
            (name.removesuffix(".weight"), weight.cpu().numpy()) for name, weight in weights.items()
        )


MEASURE = Filters
