"""Folders of images that are drawn, for the tests of how such are read."""

import numpy as np
import pytest
from PIL import Image

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.images import image_folder

GENERATOR = np.random.default_rng(0)


def write(path, mode="RGB", size=(6, 6), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = GENERATOR.integers(0, 256, (size[1], size[0], *channels), dtype=np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return pixels


def fill(root, classes=("cat", "dog"), train=4, test=2, mode="RGB"):
    for split, count in (("train", train), ("test", test)):
        for name in classes:
            for index in range(count):
                write(root / split / name / f"{index}.png", mode)
    return root


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "pets")


def refuses(root, message, **options):
    with pytest.raises(UserError, match=message):
        image_folder.read(root, **options)
