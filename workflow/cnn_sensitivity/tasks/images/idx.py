"""The IDX format, in which the MNIST family of image sets is published."""

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np

from cnn_sensitivity.base.errors import UserError

_MAX_BYTES = 1 << 28  # no file of the family is larger; a gzip bomb stops here


def unzip(content: bytes, path: Path) -> bytes:
    """Return what the gzip file `path` of this content holds; UserError if it is damaged."""
    decoder = zlib.decompressobj(wbits=31)
    try:
        result = decoder.decompress(content, _MAX_BYTES)
    except zlib.error as error:
        raise UserError(f"{path} is damaged ({error}); delete it and run again") from error
    if not decoder.eof:
        raise UserError(f"{path} is not a whole gzip file; delete it and run again")
    return result


def zip_(content: bytes) -> bytes:
    """Return the content compressed with gzip, without a time stamp."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def parse(content: bytes, path: Path) -> np.ndarray:
    """Return the uint8 array of an IDX file's content; `path` is what an error names."""
    rank = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    start = 4 + 4 * rank
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    if rank == 0 or len(content) - start != math.prod(shape):
        raise UserError(f"{path} is not an IDX file of bytes; delete it and run again")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape).copy()


def serialize(array: np.ndarray) -> bytes:
    """Return the content of the IDX file of a uint8 array."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def sha256(content: bytes) -> str:
    """Return the hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()
