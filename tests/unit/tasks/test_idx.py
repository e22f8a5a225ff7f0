"""The format of the MNIST family."""

import gzip

import numpy as np
import pytest

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.images import idx


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


CUT = gzip.compress(b"x" * 100, mtime=0)[:-3]  # a time would make its name differ in each process


@pytest.mark.parametrize("content", [b"", b"text", CUT])
def test_wrong_gzip_is_named(tmp_path, content):
    with pytest.raises(UserError, match=r"some.gz is"):
        idx.unzip(content, tmp_path / "some.gz")


def test_gzip_bomb_stops(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "_MAX_BYTES", 1000)
    with pytest.raises(UserError, match="not a whole gzip file"):
        idx.unzip(gzip.compress(b"\0" * 10_000), tmp_path / "bomb.gz")
