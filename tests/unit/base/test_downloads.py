"""Data sets that are downloaded: whole, checked, and once."""

import hashlib
import io
import pickle
import tarfile
from urllib.error import URLError

import numpy as np
import pytest
from dataset_cases import alter, serve, sha256, truncate

from cnn_sensitivity.base import download
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks import store
from cnn_sensitivity.tasks.images import cifar10, cifar10_binary, fashion_mnist, idx
from cnn_sensitivity.tasks.prepare import prepare

# --- downloads


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
        prepare(name, root=tmp_path)


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
    dataset = prepare("fashion_mnist", root=tmp_path, train_size=20)
    assert dataset.train.images.shape == (20, 1, 28, 28)
    assert dataset.test.images.shape == (20, 1, 28, 28)
    stored = idx.parse(small_fashion["train-images-idx3-ubyte"], tmp_path)
    for image, label in zip(dataset.train.images, dataset.train.labels.tolist(), strict=True):
        assert any((stored[index] == image[0].numpy()).all() for index in range(label, 40, 10))


def test_fashion_mnist_is_downloaded_once(tmp_path, monkeypatch, small_fashion):
    asked = serve(monkeypatch, {f"{name}.gz": idx.zip_(c) for name, c in small_fashion.items()})
    first = prepare("fashion_mnist", root=tmp_path)
    second = prepare("fashion_mnist", root=tmp_path)
    assert len(asked) == 4 and first.checksum == second.checksum


@pytest.mark.parametrize("damage", [truncate, alter])
@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_fashion_mnist_is_named(tmp_path, small_fashion, damage, zipped):
    for name, content in small_fashion.items():
        path = tmp_path / (f"{name}.gz" if zipped else name)
        path.write_bytes(idx.zip_(content) if zipped else content)
    damage(tmp_path / ("t10k-images-idx3-ubyte" + (".gz" if zipped else "")))
    with pytest.raises(UserError, match=r"t10k-images.* is (damaged|not a whole).*delete it"):
        prepare("fashion_mnist", root=tmp_path)


# --- CIFAR-10


class Runs:
    """A pickle that leaves a mark when it is loaded."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


def packed(folder, files):
    """Return the bytes of an archive of a folder with these files."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def small_cifar(monkeypatch):
    """Return a small archive that passes for CIFAR-10's, and its pixels."""
    from torchvision.datasets import CIFAR10

    generator = np.random.default_rng(0)
    files, pixels = {}, {}
    for name in [f"data_batch_{index}" for index in range(1, 6)] + ["test_batch"]:
        pixels[name] = generator.integers(0, 256, (10, 3072), dtype=np.uint8)
        files[name] = pickle.dumps({"data": pixels[name], "labels": list(range(10))})
    files["batches.meta"] = pickle.dumps({"label_names": list(cifar10_binary.CLASSES)})
    content = packed(CIFAR10.base_folder, files)
    train = [[name, md5(files[name])] for name in files if name.startswith("data")]
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", md5(files["test_batch"])]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5(files["batches.meta"])})
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(content))
    monkeypatch.setattr(cifar10, "_ARCHIVE_SHA256", sha256(content))
    return content, pixels


@pytest.fixture
def small_binary(monkeypatch, small_cifar):
    """Return the files of the same images in the binary version."""
    labels = np.arange(10, dtype=np.uint8)[:, None]
    files = {
        f"{name}.bin": np.concatenate([labels, pixels], axis=1).tobytes()
        for name, pixels in small_cifar[1].items()
    }
    assert set(files) == set(cifar10_binary.MD5)
    monkeypatch.setattr(cifar10_binary, "MD5", {name: md5(files[name]) for name in files})
    return files


def test_cifar10_is_downloaded_once_and_then_read(tmp_path, monkeypatch, small_cifar):
    content, pixels = small_cifar
    asked = serve(monkeypatch, {"cifar-10-python.tar.gz": content})
    dataset = prepare("cifar10", root=tmp_path)
    assert prepare("cifar10", root=tmp_path).checksum == dataset.checksum
    assert len(asked) == 1
    assert dataset.classes == cifar10_binary.CLASSES
    assert dataset.train.images.shape == (50, 3, 32, 32)
    assert dataset.train.labels.bincount().tolist() == [5] * 10
    for image, label in zip(dataset.test.images, dataset.test.labels.tolist(), strict=True):
        assert (image.flatten().numpy() == pixels["test_batch"][label]).all()
    assert dataset.std == (0.2023, 0.1994, 0.2010)


def test_damaged_cifar10_is_unpacked_again_and_never_unpickled(tmp_path, small_cifar):
    content, _ = small_cifar
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(content)
    expected = prepare("cifar10", root=tmp_path)
    hostile = pickle.dumps(Runs(tmp_path / "mark"))
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(hostile)
    assert prepare("cifar10", root=tmp_path).checksum == expected.checksum
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("damage", [truncate, alter])
def test_damaged_cifar10_archive_is_named(tmp_path, small_cifar, damage):
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(small_cifar[0])
    damage(archive)
    with pytest.raises(UserError, match=r"tar.gz is damaged .*delete it and run again"):
        prepare("cifar10", root=tmp_path)


def put_binary(root, files, form):
    """Put the binary version into a folder; return its path."""
    if form == "archive":
        path = root / cifar10_binary.ARCHIVE
        path.write_bytes(packed(cifar10_binary.FOLDER, {**files, "batches.meta.txt": b"airplane"}))
        return path
    path = root / cifar10_binary.FOLDER
    path.mkdir()
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("form", ["archive", "folder"])
@pytest.mark.parametrize("sizes", [{}, {"train_size": 20, "test_size": 10, "seed": 3}])
def test_both_versions_of_cifar10_give_the_same_bytes(
    tmp_path, monkeypatch, small_cifar, small_binary, form, sizes
):
    asked = serve(monkeypatch, URLError("no network"))
    for name in ("python", "binary"):
        (tmp_path / name).mkdir()
    put_binary(tmp_path / "binary", small_binary, form)
    (tmp_path / "python" / "cifar-10-python.tar.gz").write_bytes(small_cifar[0])
    for name in ("python", "binary"):
        dataset = prepare("cifar10", root=tmp_path / name, **sizes)
        store.save(dataset, tmp_path / f"{name}.safetensors", "images")
    one, other = (tmp_path / f"{name}.safetensors" for name in ("python", "binary"))
    assert one.read_bytes() == other.read_bytes()
    assert not asked
    assert not (tmp_path / "binary" / "cifar-10-batches-py").exists()


def test_of_two_versions_of_cifar10_torchvisions_is_read(tmp_path, small_cifar, small_binary):
    put_binary(tmp_path, dict.fromkeys(small_binary, b""), "folder")
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(small_cifar[0])
    assert len(prepare("cifar10", root=tmp_path).train.labels) == 50


def halve(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [halve, alter])
@pytest.mark.parametrize("form", ["archive", "folder"])
def test_a_damaged_binary_version_is_named(tmp_path, small_cifar, small_binary, form, damage):
    path = put_binary(tmp_path, small_binary, form)
    damage(path if form == "archive" else path / "test_batch.bin")
    with pytest.raises(UserError, match=rf"{path}\S* is damaged \(.*put a whole copy there"):
        prepare("cifar10", root=tmp_path)


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_a_binary_version_without_one_of_its_files_is_named(tmp_path, small_binary, form):
    del small_binary["data_batch_3.bin"]
    path = put_binary(tmp_path, small_binary, form)
    with pytest.raises(UserError, match=rf"{path}.* (cannot be read|damaged).*") as raised:
        prepare("cifar10", root=tmp_path)
    assert "data_batch_3.bin" in str(raised.value)
