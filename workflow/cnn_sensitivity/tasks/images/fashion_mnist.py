"""Fashion-MNIST as published: 60,000 training and 10,000 test images, 28x28, one channel."""

from pathlib import Path

import numpy as np
import torch

from cnn_sensitivity.base.download import fetch
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.images import idx
from cnn_sensitivity.tasks.images.subsets import balanced_order
from cnn_sensitivity.tasks.store import Dataset, Split, assemble

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
MEAN, STD = (0.2860,), (0.3530,)  # of all training pixels
TITLE = "Fashion-MNIST"
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}

# The repository of the set's authors; the address that torchvision uses has no TLS.
_URL = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
# SHA-256 of the file as downloaded, and of what it holds: copies are compressed differently.
_ARCHIVE_SHA256 = {
    "train-images-idx3-ubyte": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
_CONTENT_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def load_images(
    root: str | Path,
    train_size: int | None = None,
    test_size: int | None = None,
    seed: int = 0,
    title: str = TITLE,
) -> Dataset:
    """Return Fashion-MNIST, or class-balanced subsets of it, from a copy or a download.

    A copy is looked for in `root` and where torchvision puts one, `root/FashionMNIST/raw`, whole
    or gzipped (the Debian package dataset-fashion-mnist is one); the download goes to the latter.
    Raises UserError if the files are damaged or cannot be had, or for sizes above 60,000 and
    10,000.
    """
    folder = _folder(Path(root))
    splits = {}
    for name, size in (("train", train_size), ("test", test_size)):
        images, labels = (_array(folder, file) for file in FILES[name])
        splits[name] = take(images, labels, size, seed, "training" if name == "train" else name)
    return assemble("fashion_mnist", title, CLASSES, MEAN, STD, splits["train"], splits["test"])


def take(images: np.ndarray, labels: np.ndarray, size: int | None, seed: int, what: str) -> Split:
    """Return the class-balanced subset of images `[N, 28, 28]` as a split `[size, 1, 28, 28]`."""
    order = balanced_order(labels, CLASSES, size, seed, what)
    chosen = torch.from_numpy(images[order]).unsqueeze(1)
    return Split(chosen, torch.from_numpy(labels[order].astype(np.int64)))


def _folder(root: Path) -> Path:
    name = FILES["train"][0]
    here = (root / name).exists() or (root / f"{name}.gz").exists()
    return root if here else root / "FashionMNIST" / "raw"


def _array(folder: Path, name: str) -> np.ndarray:
    path = folder / name
    if path.exists():
        content = _read(path)
    else:
        path = folder / f"{name}.gz"
        if not path.exists():
            fetch(f"{_URL}{name}.gz", path, _ARCHIVE_SHA256[name], TITLE)
        content = idx.unzip(_read(path), path)
    if idx.sha256(content) != _CONTENT_SHA256[name]:
        raise UserError(f"{path} is damaged (wrong SHA-256); delete it and run again")
    return idx.parse(content, path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
