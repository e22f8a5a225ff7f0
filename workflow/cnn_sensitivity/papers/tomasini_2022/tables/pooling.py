"""The two kinds of pooling at work on the smallest example (Figure 2). NumPy, no torch."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, concat

Image = NDArray[np.float64]

# An edge detector and its quarter turn; the pattern that the first one responds to.
VERTICAL = np.array([[-1.0, 2.0, -1.0]] * 3)
HORIZONTAL = VERTICAL.T
BAR = np.array([[0.0, 1.0, 0.0]] * 3)


def pooling_table() -> DataFrame:
    """Return one row a pixel: panel (spatial, channel), picture, row, column, value.

    Spatial: a 3 x 3 representation with one active pixel, the same shifted by a pixel, and both
    after average pooling over 2 x 2 with stride 1. Channel: a bar and its quarter turn, the two
    filters, what each filter answers to each pattern (rectified), and the average of the two
    channels, which is the same for both patterns.
    """
    active = np.zeros((3, 3))
    active[1, 1] = 1.0
    shifted = np.roll(active, 1, axis=1)
    tables = [
        _pixels("spatial", "input", active),
        _pixels("spatial", "shifted", shifted),
        _pixels("spatial", "pooled_input", average_pool(active)),
        _pixels("spatial", "pooled_shifted", average_pool(shifted)),
        _pixels("channel", "filter_1", VERTICAL),
        _pixels("channel", "filter_2", HORIZONTAL),
    ]
    for pose, pattern in (("upright", BAR), ("rotated", BAR.T)):
        responses = [respond(pattern, filter_) for filter_ in (VERTICAL, HORIZONTAL)]
        tables.append(_pixels("channel", f"input_{pose}", pattern))
        tables += [
            _pixels("channel", f"response_{number}_{pose}", response)
            for number, response in enumerate(responses, start=1)
        ]
        tables.append(_pixels("channel", f"average_{pose}", np.mean(responses, axis=0)))
    return concat(tables, ignore_index=True)


def average_pool(image: Image) -> Image:
    """Return the averages over 2 x 2 windows with stride 1: [n, n] to [n-1, n-1]."""
    return (image[:-1, :-1] + image[1:, :-1] + image[:-1, 1:] + image[1:, 1:]) / 4


def respond(pattern: Image, filter_: Image) -> Image:
    """Return the rectified response of a filter centred on its pattern: [n, n] twice to [1, 1]."""
    return np.maximum(np.sum(pattern * filter_, keepdims=True), 0.0)


def _pixels(panel: str, picture: str, values: Image) -> DataFrame:
    rows, columns = np.indices(values.shape)
    return DataFrame(
        {
            "panel": panel,
            "picture": picture,
            "row": rows.ravel(),
            "column": columns.ravel(),
            "value": values.ravel(),
        }
    )
