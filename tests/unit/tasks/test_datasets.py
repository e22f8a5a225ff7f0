"""Choosing a data set by name."""

import pytest

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.prepare import prepare


def test_unknown_dataset_gives_the_closest_name():
    with pytest.raises(UserError, match="unknown dataset cifar-10: did you mean cifar10"):
        prepare("cifar-10")
    with pytest.raises(UserError, match="there are embedded, fashion_mnist"):
        prepare("qqqq")


def test_wrong_options_are_named():
    with pytest.raises(UserError, match=r"dataset embedded: .*trainsize"):
        prepare("embedded", trainsize=3)
    with pytest.raises(UserError, match=r"dataset image_folder: .*root"):
        prepare("image_folder")


@pytest.mark.parametrize("name", ["scale_detection_2d", "scale_detection_1d"])
def test_tasks_can_be_chosen(name):
    assert prepare(name, train_size=8, test_size=4).name == name
