"""CIFAR-10's binary version: records of a label and 3 x 32 x 32 pixels, without pickles."""

import hashlib
import tarfile
import zlib
from pathlib import Path

import numpy as np

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import unreadable

FOLDER, ARCHIVE = "cifar-10-batches-bin", "cifar-10-binary.tar.gz"
CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
# Of the authors' files.
MD5 = {
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
}
_RECORD = 1 + 3 * 32 * 32  # bytes


def is_there(root: Path) -> bool:
    """Return whether `root` holds the folder or the archive of the binary version."""
    return (root / FOLDER).exists() or (root / ARCHIVE).exists()


def read(root: Path, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels [N, 3, 32, 32], uint8, and labels [N], int64, of the training or test images.

    Each file of the folder, or else of the archive, must have its MD5. Raises UserError if one is
    damaged, missing or cannot be read.
    """
    names = [name for name in MD5 if name.startswith("test") != train]
    files = _from_folder(root / FOLDER, names) or _from_archive(root / ARCHIVE, names)
    records = np.frombuffer(b"".join(files), dtype=np.uint8).reshape(-1, _RECORD)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64)


def _from_folder(folder: Path, names: list[str]) -> list[bytes]:
    """Return the files' contents, or nothing where there is no such folder."""
    if not folder.exists():
        return []
    contents = []
    for name in names:
        path = folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror})") from error
        if not _is_whole(content, name):
            raise UserError(f"{path} is damaged (wrong MD5); put a whole copy there")
        contents.append(content)
    return contents


def _from_archive(path: Path, names: list[str]) -> list[bytes]:
    found = {}
    try:
        with tarfile.open(path, "r|gz") as archive:  # in one pass, and never onto the disk
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in names and (file := archive.extractfile(member)):
                    found[name] = file.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise unreadable(path, error) from error
        raise UserError(f"{path} is damaged ({error}); put a whole copy there") from error
    for name in names:
        if not _is_whole(found.get(name, b""), name):
            raise UserError(
                f"{path} is damaged (no {name}, or a wrong MD5); put a whole copy there"
            )
    return [found[name] for name in names]


def _is_whole(content: bytes, name: str) -> bool:
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == MD5[name]
