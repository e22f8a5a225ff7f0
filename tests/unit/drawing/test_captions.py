"""What captions say of the networks that a figure shows."""

import pytest
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import scale


@pytest.mark.parametrize(
    ("epochs", "says"),
    [
        ({"LeNet": 1, "VGG11": 1}, "50,000 training images; 1 epoch; width"),
        ({"LeNet": 12, "VGG11": 20}, "50,000 training images; 12 to 20 epochs; width"),
        (
            {"LeNet": 12, "mine": 0, "other": 0},
            "images; 12 epochs; trained elsewhere: mine and other; width",
        ),
        ({"mine": 0}, "images; trained elsewhere: mine; width"),
    ],
)
def test_networks_trained_elsewhere_have_no_epochs(epochs: dict[str, int], says: str) -> None:
    rows = DataFrame({"network": list(epochs), "epochs": list(epochs.values())})
    same = {"dataset": "CIFAR-10", "train_size": 50_000, "width": 1.0, "seed": 0}
    assert says in scale(rows.assign(**same))
