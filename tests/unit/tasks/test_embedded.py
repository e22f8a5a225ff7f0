"""The images that come with the package."""

import shutil

import pytest
import torch
from dataset_cases import alter, truncate

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks import store
from cnn_sensitivity.tasks.images import embedded, fashion_mnist
from cnn_sensitivity.tasks.prepare import prepare


def test_embedded_images():
    dataset = prepare("embedded")
    assert dataset.train.images.shape == (5000, 1, 28, 28)
    assert dataset.test.images.shape == (2000, 1, 28, 28)
    assert dataset.train.labels.bincount().tolist() == [500] * 10
    assert dataset.test.labels.bincount().tolist() == [200] * 10
    pixels = store.normalize(dataset.train.images, dataset.mean, dataset.std)
    assert abs(float(pixels.mean())) < 0.02 and abs(float(pixels.std()) - 1) < 0.02
    distinct = torch.cat([dataset.train.images, dataset.test.images]).flatten(1).unique(dim=0)
    assert len(distinct) == 7000


def test_embedded_images_are_small_and_licensed():
    files = list(embedded.FOLDER.iterdir())
    assert sum(file.stat().st_size for file in files) < 5_000_000
    assert "MIT" in (embedded.FOLDER / "LICENSE").read_text()
    assert {file.name for file in files} == {
        "LICENSE",
        "SHA256SUMS",
        *(f"{name}.gz" for names in fashion_mnist.FILES.values() for name in names),
    }


def test_embedded_subset_is_balanced_and_too_large_a_one_is_refused():
    dataset = prepare("embedded", train_size=100, test_size=25, seed=3)
    assert dataset.train.labels.bincount().tolist() == [10] * 10
    assert dataset.test.labels.bincount().tolist() == [3] * 5 + [2] * 5
    with pytest.raises(UserError, match="5001 training images were asked for, but there are 5000"):
        prepare("embedded", train_size=5001)
    with pytest.raises(UserError, match="2001 test images"):
        prepare("embedded", test_size=2001)


@pytest.fixture
def embedded_copy(tmp_path, monkeypatch):
    shutil.copytree(embedded.FOLDER, tmp_path / "data")
    monkeypatch.setattr(embedded, "FOLDER", tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.parametrize("damage", [truncate, alter, lambda path: path.unlink()])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_damaged_embedded_file_is_named(embedded_copy, damage, name):
    damage(embedded_copy / name)
    with pytest.raises(UserError, match=f"{name} (is damaged|cannot be read).*git checkout"):
        embedded.load_images()


def test_missing_or_empty_checksums_are_named(embedded_copy):
    (embedded_copy / "SHA256SUMS").write_text("")
    with pytest.raises(UserError, match="is damaged"):
        embedded.load_images()
    (embedded_copy / "SHA256SUMS").unlink()
    with pytest.raises(UserError, match="SHA256SUMS cannot be read"):
        embedded.load_images()
