"""Data sets that are downloaded: whole, checked, and once."""

import hashlib
import io
import pickle
import tarfile
from urllib.error import URLError

import numpy as np
import pytest
from dataset_cases import alter, sha256, truncate

from cnn_sensitivity import datasets
from cnn_sensitivity.datasets import cifar10, download, fashion_mnist, idx
from cnn_sensitivity.errors import UserError

# --- downloads


def serve(monkeypatch, content):
    asked = []

    def urlopen(url, timeout):
        asked.append(url)
        if isinstance(content, Exception):
            raise content
        return io.BytesIO(content[url.rsplit("/", 1)[1]])

    monkeypatch.setattr(download, "urlopen", urlopen)
    return asked


def test_download_arrives_whole_or_not_at_all(tmp_path, monkeypatch):
    serve(monkeypatch, {"file": b"content"})
    download.fetch("https://host/file", tmp_path / "a" / "file", sha256(b"content"), "Toys")
    assert (tmp_path / "a" / "file").read_bytes() == b"content"
    with pytest.raises(UserError, match="wrong SHA-256; put other from https"):
        download.fetch("https://host/file", tmp_path / "other", sha256(b"more"), "Toys")
    assert not list(tmp_path.glob("*other*")) and not list(tmp_path.glob(".*"))


def test_all_downloads_are_over_tls():
    from torchvision.datasets import CIFAR10

    assert fashion_mnist._URL.startswith("https://") and CIFAR10.url.startswith("https://")


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10"])
def test_without_copy_and_network_the_folder_is_named(tmp_path, monkeypatch, name):
    serve(monkeypatch, URLError("no network"))
    with pytest.raises(UserError, match=f"cannot be downloaded .*no network.*{tmp_path}.* by hand"):
        datasets.prepare(name, root=tmp_path)


# --- Fashion-MNIST


@pytest.fixture
def small_fashion(monkeypatch):
    """Return the content of four small files that pass for Fashion-MNIST's."""
    contents = {}
    for split, count in (("train", 40), ("test", 20)):
        images, labels = fashion_mnist.FILES[split]
        pixels = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        contents[images] = idx.serialize(pixels)
        contents[labels] = idx.serialize((np.arange(count) % 10).astype(np.uint8))
    archives = {name: sha256(idx.zip_(content)) for name, content in contents.items()}
    monkeypatch.setattr(fashion_mnist, "_ARCHIVE_SHA256", archives)
    monkeypatch.setattr(
        fashion_mnist, "_CONTENT_SHA256", {name: sha256(c) for name, c in contents.items()}
    )
    return contents


@pytest.mark.parametrize("folder", [".", "FashionMNIST/raw"])
@pytest.mark.parametrize("zipped", [True, False])
def test_fashion_mnist_from_a_copy(tmp_path, small_fashion, folder, zipped):
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for name, content in small_fashion.items():
        path = tmp_path / folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(idx.zip_(content) if zipped else content)
    dataset = datasets.prepare("fashion_mnist", root=tmp_path, train_size=20)
    assert dataset.train.images.shape == (20, 1, 28, 28)
    assert dataset.test.images.shape == (20, 1, 28, 28)
    stored = idx.parse(small_fashion["train-images-idx3-ubyte"], tmp_path)
    for image, label in zip(dataset.train.images, dataset.train.labels.tolist(), strict=True):
        assert any((stored[index] == image[0].numpy()).all() for index in range(label, 40, 10))


def test_fashion_mnist_is_downloaded_once(tmp_path, monkeypatch, small_fashion):
    asked = serve(monkeypatch, {f"{name}.gz": idx.zip_(c) for name, c in small_fashion.items()})
    first = datasets.prepare("fashion_mnist", root=tmp_path)
    second = datasets.prepare("fashion_mnist", root=tmp_path)
    assert len(asked) == 4 and first.checksum == second.checksum


@pytest.mark.parametrize("damage", [truncate, alter])
@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_fashion_mnist_is_named(tmp_path, small_fashion, damage, zipped):
    for name, content in small_fashion.items():
        path = tmp_path / (f"{name}.gz" if zipped else name)
        path.write_bytes(idx.zip_(content) if zipped else content)
    damage(tmp_path / ("t10k-images-idx3-ubyte" + (".gz" if zipped else "")))
    with pytest.raises(UserError, match=r"t10k-images.* is (damaged|not a whole).*delete it"):
        datasets.prepare("fashion_mnist", root=tmp_path)


# --- CIFAR-10


class Runs:
    """A pickle that leaves a mark when it is loaded."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


@pytest.fixture
def small_cifar(monkeypatch):
    """Return a small archive that passes for CIFAR-10's, and its pixels."""
    from torchvision.datasets import CIFAR10

    generator = np.random.default_rng(0)
    files, pixels = {}, {}
    for name in [f"data_batch_{index}" for index in range(1, 6)] + ["test_batch"]:
        pixels[name] = generator.integers(0, 256, (10, 3072), dtype=np.uint8)
        files[name] = pickle.dumps({"data": pixels[name], "labels": list(range(10))})
    files["batches.meta"] = pickle.dumps({"label_names": [f"class{i}" for i in range(10)]})
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{CIFAR10.base_folder}/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    content = archive.getvalue()
    md5 = {name: hashlib.md5(file).hexdigest() for name, file in files.items()}
    train = [[name, md5[name]] for name in files if name.startswith("data")]
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", md5["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5["batches.meta"]})
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(content).hexdigest())
    monkeypatch.setattr(cifar10, "_ARCHIVE_SHA256", sha256(content))
    return content, pixels


def test_cifar10_is_downloaded_once_and_then_read(tmp_path, monkeypatch, small_cifar):
    content, pixels = small_cifar
    asked = serve(monkeypatch, {"cifar-10-python.tar.gz": content})
    dataset = datasets.prepare("cifar10", root=tmp_path)
    assert datasets.prepare("cifar10", root=tmp_path).checksum == dataset.checksum
    assert len(asked) == 1
    assert dataset.classes == tuple(f"class{index}" for index in range(10))
    assert dataset.train.images.shape == (50, 3, 32, 32)
    assert dataset.train.labels.bincount().tolist() == [5] * 10
    for image, label in zip(dataset.test.images, dataset.test.labels.tolist(), strict=True):
        assert (image.flatten().numpy() == pixels["test_batch"][label]).all()
    assert dataset.std == (0.2023, 0.1994, 0.2010)


def test_damaged_cifar10_is_unpacked_again_and_never_unpickled(tmp_path, small_cifar):
    content, _ = small_cifar
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(content)
    expected = datasets.prepare("cifar10", root=tmp_path)
    hostile = pickle.dumps(Runs(tmp_path / "mark"))
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(hostile)
    assert datasets.prepare("cifar10", root=tmp_path).checksum == expected.checksum
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("damage", [truncate, alter])
def test_damaged_cifar10_archive_is_named(tmp_path, small_cifar, damage):
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(small_cifar[0])
    damage(archive)
    with pytest.raises(UserError, match=r"tar.gz is damaged .*delete it and run again"):
        datasets.prepare("cifar10", root=tmp_path)
