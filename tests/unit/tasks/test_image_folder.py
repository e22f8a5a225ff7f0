"""The rules of an image folder, one by one."""

import os

import numpy as np
import pytest
import torch
from image_folder_cases import fill, folder, refuses, write
from PIL import Image

from cnn_sensitivity.tasks.images import image_files, image_folder

__all__ = ["folder"]  # a fixture


def test_reads_pixels_labels_and_names(folder):
    dataset = image_folder.read(folder)
    assert dataset.classes == ("cat", "dog") and dataset.title == "pets"
    assert dataset.train.images.shape == (8, 3, 6, 6) and dataset.test.images.shape == (4, 3, 6, 6)
    assert dataset.train.images.dtype == torch.uint8 and dataset.train.labels.dtype == torch.int64
    for split, pictures in (("train", dataset.train), ("test", dataset.test)):
        found = {
            (label, image.numpy().tobytes())
            for image, label in zip(pictures.images, pictures.labels.tolist(), strict=True)
        }
        expected = {
            (label, np.asarray(Image.open(file)).transpose(2, 0, 1).tobytes())
            for label, name in enumerate(dataset.classes)
            for file in (folder / split / name).iterdir()
        }
        assert found == expected


def test_title_is_an_option(folder):
    assert image_folder.read(folder, title="My pets").title == "My pets"


def test_classes_are_in_sorted_order(tmp_path):
    assert image_folder.read(fill(tmp_path, ("b", "a", "C"))).classes == ("C", "a", "b")


def test_class_missing_from_test(folder):
    write(folder / "train" / "emu" / "0.png")
    refuses(folder, "test lacks the class emu")


def test_class_missing_from_train(folder):
    write(folder / "test" / "emu" / "0.png")
    refuses(folder, "train lacks the class emu")


@pytest.mark.parametrize("split", ["train", "test"])
def test_missing_split_is_named(folder, split):
    (folder / split).rename(folder / "elsewhere")
    refuses(folder, f"{split} cannot be read.*train/<class>")


def test_missing_folder_is_named(tmp_path):
    refuses(tmp_path / "nowhere", "nowhere.train cannot be read")


def test_one_class_is_not_a_task(tmp_path):
    refuses(fill(tmp_path, ("cat",)), "at least 2 are needed")


def test_empty_class_is_named(folder):
    for file in (folder / "test" / "dog").iterdir():
        file.unlink()
    refuses(folder, "test/dog holds no image")


@pytest.mark.parametrize("name", [".DS_Store", ".hidden.png", "Thumbs.db", "desktop.ini"])
@pytest.mark.parametrize("where", ["train", "train/cat"])
def test_litter_is_ignored(folder, name, where):
    expected = image_folder.read(folder).checksum
    (folder / where / name).write_text("litter")
    assert image_folder.read(folder).checksum == expected


@pytest.mark.parametrize("name", ["README.txt", "cat.gif", "archive.png.zip", "noname"])
def test_other_file_in_a_class_is_refused(folder, name):
    (folder / "train" / "cat" / name).write_text("text")
    refuses(folder, f"{name} is not an image file")


def test_folder_in_a_class_is_refused(folder):
    (folder / "train" / "cat" / "more.png").mkdir()
    refuses(folder, "more.png is not an image file")


def test_pipe_in_a_class_is_refused_and_not_opened(folder):
    os.mkfifo(folder / "train" / "cat" / "pipe.png")
    refuses(folder, "pipe.png is not an image file")


def test_link_to_an_image_is_an_image_and_a_link_to_nothing_is_not(folder):
    images = len(image_folder.read(folder).train.labels)
    write(folder / "elsewhere.png")
    (folder / "train" / "cat" / "link.png").symlink_to(folder / "elsewhere.png")
    assert len(image_folder.read(folder).train.labels) == images + 1
    (folder / "elsewhere.png").unlink()
    refuses(folder, "link.png is not an image file")


def test_loose_file_beside_the_classes_is_refused(folder):
    write(folder / "train" / "lost.png")
    refuses(folder, "lost.png is not a class folder")


def test_other_things_beside_train_and_test_are_ignored(folder):
    (folder / "README.txt").write_text("about")
    (folder / "val").mkdir()
    assert len(image_folder.read(folder).train.labels) == 8


@pytest.mark.parametrize("suffix", image_files.SUFFIXES)
def test_every_known_suffix_is_read(tmp_path, suffix):
    mode = "L" if suffix == ".pgm" else "RGB"
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            write(tmp_path / split / name / f"a{suffix.upper()}", mode)
    assert len(image_folder.read(tmp_path).train.labels) == 2


@pytest.mark.parametrize("kept", [0, 20, 60])
def test_truncated_image_is_named(folder, kept):
    file = folder / "train" / "dog" / "2.png"
    file.write_bytes(file.read_bytes()[:kept])
    refuses(folder, "dog/2.png cannot be decoded")


def test_truncated_jpeg_is_named(folder):
    file = folder / "test" / "cat" / "broken.jpg"
    write(file, size=(6, 6), quality=95)
    file.write_bytes(file.read_bytes()[:-20])
    refuses(folder, r"cat/broken.jpg cannot be decoded \(image file is truncated")


def test_an_image_of_too_many_pixels_is_said_to_be_one(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    refuses(folder, r"cannot be decoded \(Image size \(\d+ pixels\) exceeds limit")


def test_text_named_as_an_image_is_named(folder):
    (folder / "train" / "cat" / "fake.jpg").write_text("no image")
    refuses(folder, "fake.jpg cannot be decoded")


def test_postscript_named_as_an_image_is_never_run(folder):
    (folder / "train" / "cat" / "evil.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%id) run\n")
    refuses(folder, "evil.png cannot be decoded")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (bytes(600), "it is nothing but zeros"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a Git LFS pointer; git lfs pull"),
        (b"\n<!doctype html><html>", "it is a web page"),
        (b"GIF89a", "it is a GIF image"),
        (b"hello", "it is text"),
        (b"\x89PNG\r\n\x1a\nand no more", "it begins as a PNG image and is not whole"),
        (b"\x00\x01\xff", "cannot identify image file"),
    ],
)
def test_what_is_no_image_is_said(folder, content, says):
    (folder / "train" / "cat" / "other.png").write_bytes(content)
    refuses(folder, rf"other.png cannot be decoded \({says}")


def test_wrong_suffix_of_a_good_image_does_not_matter(folder):
    write(folder / "train" / "cat" / "png.jpg", format="PNG")
    assert len(image_folder.read(folder).train.labels) == 9


def test_all_grey_gives_one_channel(tmp_path):
    dataset = image_folder.read(fill(tmp_path, mode="L"))
    assert dataset.train.images.shape == (8, 1, 6, 6) and len(dataset.mean) == 1


def test_grey_among_colour_becomes_rgb(tmp_path):
    fill(tmp_path, mode="L")
    write(tmp_path / "test" / "cat" / "colour.png", "RGB")
    images = image_folder.read(tmp_path).train.images
    assert images.shape == (8, 3, 6, 6)
    assert torch.equal(images[:, 0], images[:, 1]) and torch.equal(images[:, 0], images[:, 2])


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_composed_over_black(tmp_path, mode):
    fill(tmp_path, mode=mode[:-1])
    for file in (tmp_path / "train" / "cat").iterdir():
        pixels = write(file, mode)
    for file in (tmp_path / "train" / "cat").iterdir():
        Image.fromarray(pixels).save(file)
    dataset = image_folder.read(tmp_path)
    image = dataset.train.images[dataset.train.labels == 0][0].permute(1, 2, 0).numpy()
    expected = pixels[..., :-1] * (pixels[..., -1:] / 255)
    assert np.abs(image - expected).max() <= 1


def test_cmyk_image_becomes_rgb(tmp_path):
    fill(tmp_path, mode="L")
    for file in (tmp_path / "train" / "cat").iterdir():
        file.unlink()
    Image.new("CMYK", (6, 6), (0, 255, 255, 0)).save(tmp_path / "train" / "cat" / "print.jpg")
    dataset = image_folder.read(tmp_path)
    red = dataset.train.images[dataset.train.labels == 0][0].float().mean((1, 2))
    assert red[0] > 240 and red[1:].max() < 15


def test_palette_image_becomes_rgb(folder):
    colour = Image.new("RGB", (6, 6), (200, 30, 90))
    for file in (folder / "test" / "dog").iterdir():
        colour.quantize(4).save(file)
    dataset = image_folder.read(folder)
    pixels = dataset.test.images[dataset.test.labels == 1]
    assert pixels.amax((0, 2, 3)).tolist() == [200, 30, 90] == pixels.amin((0, 2, 3)).tolist()


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_the_test_split_may_be_called_otherwise(folder, name):
    expected = image_folder.read(folder).checksum
    (folder / "test").rename(folder / name)
    assert image_folder.read(folder).checksum == expected
    write(folder / "train" / "emu" / "0.png")
    refuses(folder, f"{name} lacks the class emu: train and {name} must")


def test_where_there_is_a_test_folder_val_is_left_aside(folder):
    expected = image_folder.read(folder).checksum
    write(folder / "val" / "cat" / "0.png")
    assert image_folder.read(folder).checksum == expected


def test_unequal_classes(folder):
    for index in range(5):
        write(folder / "train" / "cat" / f"more{index}.png")
    assert image_folder.read(folder).train.labels.bincount().tolist() == [9, 4]
    subset = image_folder.read(folder, train_size=8).train
    assert subset.labels.tolist() == [0, 1] * 4
    refuses(folder, "10 training images .*5 of class dog, but there are 4", train_size=10)
    refuses(folder, "14 training images were asked for, but there are 13", train_size=14)


def test_only_images_that_are_taken_are_decoded(folder):
    dataset = image_folder.read(folder, train_size=2, test_size=2)
    taken = {image.numpy().tobytes() for image in dataset.train.images}
    for file in (folder / "train").glob("*/*"):
        if np.asarray(Image.open(file)).transpose(2, 0, 1).tobytes() not in taken:
            file.write_bytes(b"")
    again = image_folder.read(folder, train_size=2, test_size=2)
    assert again.checksum == dataset.checksum


def test_decoded_images_are_stacked_channels_first(tmp_path):
    grey, colour = (write(tmp_path / f"{mode}.png", mode) for mode in ("L", "RGB"))
    decoded = [image_folder.decode(tmp_path / f"{mode}.png", None) for mode in ("L", "RGB")]
    assert [image.shape for image in decoded] == [(6, 6), (6, 6, 3)]
    stacked = image_folder.stack(decoded, 3).numpy()
    np.testing.assert_array_equal(stacked, [[grey] * 3, colour.transpose(2, 0, 1)])
    np.testing.assert_array_equal(image_folder.stack(decoded[:1], 1).numpy(), [[grey]])
    assert image_folder.decode(tmp_path / "RGB.png", 4).shape == (4, 4, 3)
