"""Images of a folder that differ in size or shape, and their normalisation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from image_folder_cases import GENERATOR, fill, folder, refuses, write
from PIL import Image
from torchvision.transforms import v2

from cnn_sensitivity.tasks.images import image_folder
from cnn_sensitivity.tasks.store import normalize

__all__ = ["folder"]  # a fixture


def test_normalised_training_images_have_mean_0_and_std_1(folder):
    dataset = image_folder.read(folder)
    pixels = normalize(dataset.train.images, dataset.mean, dataset.std).double()
    torch.testing.assert_close(pixels.mean((0, 2, 3)), torch.zeros(3).double(), atol=1e-6, rtol=0)
    deviation = pixels.std((0, 2, 3), correction=0)
    torch.testing.assert_close(deviation, torch.ones(3).double(), atol=1e-6, rtol=0)


def test_given_mean_and_std_are_kept(folder):
    dataset = image_folder.read(folder, mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 3.0))
    assert dataset.mean == (0.1, 0.2, 0.3) and dataset.std == (1.0, 2.0, 3.0)


def test_mean_and_std_must_fit_the_channels(folder):
    refuses(folder, "mean has 1 values, but the images have 3 channels", mean=(0.5,))
    refuses(folder, "std has 2 values", std=(0.5, 0.5))
    refuses(folder, "std must be positive", std=(0.5, 0.0, 0.5))
    refuses(folder, "std must be positive", std=(0.5, float("nan"), 0.5))


@pytest.mark.parametrize(
    ("mode", "colour", "says"),
    [
        ("L", 0, "every pixel of the images is black: give images with something in them"),
        ("RGB", (0, 0, 0), "every pixel of the images is black"),
        ("L", 7, "every pixel of the images is 7: give"),
        ("RGB", (7, 0, 255), "every pixel of the images is 7, 0, 255: give"),
    ],
)
def test_constant_images_are_refused_with_what_they_are(tmp_path, mode, colour, says):
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            Image.new(mode, (4, 4), colour).save(tmp_path / split / name / "0.png")
    refuses(tmp_path, says)


@pytest.mark.parametrize(("channel", "colour"), [(0, "red"), (1, "green"), (2, "blue")])
def test_a_constant_channel_is_named_and_may_be_given_a_std(tmp_path, channel, colour):
    fill(tmp_path)
    for file in tmp_path.rglob("*.png"):
        pixels = np.array(Image.open(file))
        pixels[..., channel] = 9
        Image.fromarray(pixels).save(file)
    refuses(tmp_path, f"the {colour} channel of the images is 9 in every pixel: make grey images")
    given = image_folder.read(tmp_path, mean=(0.5,) * 3, std=(0.2,) * 3)
    assert bool((given.train.images[:, channel] == 9).all())


def test_other_size_is_named(folder):
    write(folder / "test" / "dog" / "big.png", size=(8, 8))
    refuses(folder, "dog/big.png has 8 pixels a side, but .*png has 6")


def test_size_resizes_all(folder):
    write(folder / "test" / "dog" / "big.png", size=(8, 8))
    dataset = image_folder.read(folder, size=5)
    assert dataset.train.images.shape == (8, 3, 5, 5) and dataset.test.images.shape == (5, 3, 5, 5)


def test_size_must_be_positive(folder):
    refuses(folder, "0 pixels a side", size=0)


def test_not_square_is_refused_with_the_remedy(folder):
    write(folder / "train" / "cat" / "wide.png", size=(8, 6))
    refuses(folder, "wide.png is 8x6, but images must be square: give a size, to which they are")
    assert image_folder.read(folder, size=6).train.images.shape == (9, 3, 6, 6)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@given(width=st.integers(1, 40), height=st.integers(1, 40), size=st.integers(1, 30))
@settings(max_examples=40)
def test_a_size_is_torchvisions_resize_and_centre_crop(tmp_path_factory, mode, width, height, size):
    file = tmp_path_factory.getbasetemp() / "framed.png"
    write(file, mode, (width, height))
    image = Image.open(file)
    as_torchvision = v2.Compose([v2.Resize(size), v2.CenterCrop(size)])(image)
    np.testing.assert_array_equal(image_folder.decode(file, size), np.asarray(as_torchvision))
    squashed = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(image_folder.decode(file, size, "squash"), squashed)


def test_moments_are_those_of_all_pixels():
    pixels = GENERATOR.integers(0, 256, (5, 3, 7, 7), dtype=np.uint8)
    mean, std = image_folder.moments(torch.from_numpy(pixels))
    exact = pixels.astype(np.float64) / 255
    assert mean == pytest.approx(exact.mean((0, 2, 3)), rel=1e-12)
    assert std == pytest.approx(exact.std((0, 2, 3)), rel=1e-12)
