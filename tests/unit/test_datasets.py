"""Image sets, their subsets, downloads and noise."""

import gzip
import hashlib
import io
import pickle
import shutil
import tarfile
from urllib.error import URLError

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cnn_sensitivity import datasets
from cnn_sensitivity.datasets import cifar10, download, embedded, fashion_mnist, idx
from cnn_sensitivity.datasets.subsets import balanced_order
from cnn_sensitivity.errors import UserError


def sha256(content):
    return hashlib.sha256(content).hexdigest()


# --- subsets


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 5), st.data())
def test_balanced_order(labels, seed, data):
    classes = tuple("abcd")
    labels = np.array(labels)
    whole = balanced_order(labels, classes, None, seed, "training")
    assert sorted(whole.tolist()) == list(range(len(labels)))
    counts = np.bincount(labels, minlength=4)
    size = data.draw(st.integers(1, len(labels) + 2))
    possible = size <= len(labels) and all(
        counts[index] >= size // 4 + (index < size % 4) for index in range(4)
    )
    if not possible:
        with pytest.raises(UserError, match=f"{size} training images"):
            balanced_order(labels, classes, size, seed, "training")
        return
    subset = balanced_order(labels, classes, size, seed, "training")
    assert subset.tolist() == whole[:size].tolist()
    taken = np.bincount(labels[subset], minlength=4)
    assert taken.max() - taken.min() <= 1


@pytest.mark.parametrize("size", [0, -1])
def test_size_must_be_positive(size):
    with pytest.raises(UserError, match="there are 2"):
        balanced_order(np.array([0, 1]), ("a", "b"), size, 0, "test")


def test_seed_decides_the_subset():
    labels = np.arange(100) % 2
    orders = [balanced_order(labels, ("a", "b"), 10, seed, "test").tolist() for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


# --- embedded images


def test_embedded_images():
    dataset = datasets.prepare("embedded")
    assert dataset.train.images.shape == (5000, 1, 28, 28)
    assert dataset.test.images.shape == (2000, 1, 28, 28)
    assert dataset.train.labels.bincount().tolist() == [500] * 10
    assert dataset.test.labels.bincount().tolist() == [200] * 10
    pixels = datasets.normalize(dataset.train.images, dataset.mean, dataset.std)
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
    dataset = datasets.prepare("embedded", train_size=100, test_size=25, seed=3)
    assert dataset.train.labels.bincount().tolist() == [10] * 10
    assert dataset.test.labels.bincount().tolist() == [3] * 5 + [2] * 5
    with pytest.raises(UserError, match="5001 training images were asked for, but there are 5000"):
        datasets.prepare("embedded", train_size=5001)
    with pytest.raises(UserError, match="2001 test images"):
        datasets.prepare("embedded", test_size=2001)


@pytest.fixture
def embedded_copy(tmp_path, monkeypatch):
    shutil.copytree(embedded.FOLDER, tmp_path / "data")
    monkeypatch.setattr(embedded, "FOLDER", tmp_path / "data")
    return tmp_path / "data"


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def alter(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


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


# --- the IDX format


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4)])
def test_idx_round_trip(tmp_path, shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    packed = idx.zip_(idx.serialize(array))
    assert gzip.decompress(packed) == idx.serialize(array)
    assert (idx.parse(idx.unzip(packed, tmp_path), tmp_path) == array).all()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"\0\0\x08\x00",
        b"\0\0\x08\x01\0\0",
        b"\0\0\x08\x01\0\0\0\x02a",
        b"\0\0\x0d\x01\0\0\0\x01a",
        b"\0\0\x08\x03" + b"\xff" * 12,
    ],
)
def test_wrong_idx_is_named(tmp_path, content):
    with pytest.raises(UserError, match=r"some.idx is not an IDX file"):
        idx.parse(content, tmp_path / "some.idx")


@pytest.mark.parametrize("content", [b"", b"text", gzip.compress(b"x" * 100)[:-3]])
def test_wrong_gzip_is_named(tmp_path, content):
    with pytest.raises(UserError, match=r"some.gz is"):
        idx.unzip(content, tmp_path / "some.gz")


def test_gzip_bomb_stops(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "_MAX_BYTES", 1000)
    with pytest.raises(UserError, match="not a whole gzip file"):
        idx.unzip(gzip.compress(b"\0" * 10_000), tmp_path / "bomb.gz")


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


# --- choosing a dataset


def test_unknown_dataset_gives_the_closest_name():
    with pytest.raises(UserError, match="unknown dataset cifar-10: did you mean cifar10"):
        datasets.prepare("cifar-10")
    with pytest.raises(UserError, match="there are embedded, fashion_mnist"):
        datasets.prepare("qqqq")


def test_wrong_options_are_named():
    with pytest.raises(UserError, match=r"dataset embedded: .*trainsize"):
        datasets.prepare("embedded", trainsize=3)
    with pytest.raises(UserError, match=r"dataset image_folder: .*root"):
        datasets.prepare("image_folder")


@pytest.mark.parametrize("name", ["scale_detection_2d", "scale_detection_1d"])
def test_tasks_can_be_chosen(name):
    assert datasets.prepare(name, train_size=8, test_size=4).name == name


# --- noise


@pytest.mark.parametrize("shape", [(400, 3, 8, 8), (400, 1, 50)])
@pytest.mark.parametrize("level", [0.1, 30.0])
def test_noise_has_the_asked_norm(shape, level):
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    noise = datasets.corrupt(images, level, torch.Generator().manual_seed(1)) - images
    size = noise[0].numel()
    squared = noise.flatten(1).square().sum(1) / level**2
    assert abs(float(squared.mean()) - 1) < 4 * (2 / size / len(images)) ** 0.5
    assert abs(float(noise.mean())) < 4 * level / size / len(images) ** 0.5
    assert abs(float(squared.var()) * size / 2 - 1) < 0.4


def test_noise_is_fresh_and_reproducible_and_absent_at_level_0():
    images = torch.zeros(2, 3, 4, 4)
    generator = torch.Generator().manual_seed(0)
    state = generator.get_state()
    assert datasets.corrupt(images, 0, generator) is images
    assert torch.equal(generator.get_state(), state)
    first, second = (datasets.corrupt(images, 1.0, generator) for _ in range(2))
    again = datasets.corrupt(images, 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(first, again) and not torch.equal(first, second)
    assert first.dtype == torch.float32
