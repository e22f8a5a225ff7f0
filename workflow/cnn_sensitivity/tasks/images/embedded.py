"""The images inside the package: 5,000 training and 2,000 test images of Fashion-MNIST.

`scripts/make_embedded_images.py` made them; licence and checksums lie beside them in `data/`.
"""

from pathlib import Path

import numpy as np

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.images import fashion_mnist, idx
from cnn_sensitivity.tasks.store import Dataset, assemble

FOLDER = Path(__file__).parent / "data"
TITLE = "Fashion-MNIST subset"


def load_images(
    train_size: int | None = None,
    test_size: int | None = None,
    seed: int = 0,
    title: str = TITLE,
) -> Dataset:
    """Return the embedded images, or class-balanced subsets of them.

    Raises UserError if a file is missing or altered, or for sizes above 5,000 and 2,000.
    """
    checksums = _checksums()
    splits = {}
    for name, size in (("train", train_size), ("test", test_size)):
        images, labels = (_array(f"{file}.gz", checksums) for file in fashion_mnist.FILES[name])
        what = "training" if name == "train" else name
        splits[name] = fashion_mnist.take(images, labels, size, seed, what)
    return assemble(
        "embedded",
        title,
        fashion_mnist.CLASSES,
        fashion_mnist.MEAN,
        fashion_mnist.STD,
        splits["train"],
        splits["test"],
    )


def _checksums() -> dict[str, str]:
    lines = _read(FOLDER / "SHA256SUMS").decode(errors="replace").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if " " in line)
    return {name: digest for digest, name in pairs}


def _array(name: str, checksums: dict[str, str]) -> np.ndarray:
    path = FOLDER / name
    content = _read(path)
    if idx.sha256(content) != checksums.get(name):
        raise UserError(f"{path} is damaged (wrong SHA-256): {_remedy(path)}")
    return idx.parse(idx.unzip(content, path), path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): {_remedy(path)}") from error


def _remedy(path: Path) -> str:
    return f"restore it with `git checkout -- {path}` or with scripts/make_embedded_images.py"
