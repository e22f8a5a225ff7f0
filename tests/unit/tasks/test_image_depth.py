"""Images of more than 8 bits a channel: refused before a decoder takes their lower bits.

The files are written here byte by byte, since Pillow itself writes no deep colour.
"""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.images import image_folder

SIDE = 4


def png(kind, bits):
    """A PNG of zeros of a colour type: 0 grey, 2 colour, 4 grey and alpha, 6 colour and alpha."""

    def chunk(name, data):
        checked = name + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    rows = bytes(1 + -(-SIDE * channels * bits // 8)) * SIDE  # each begins with its filter, 0
    header = struct.pack(">IIBBBBB", SIDE, SIDE, bits, kind, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(6)) if kind == 3 else b""
    signature = b"\x89PNG\r\n\x1a\n"
    data = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return signature + chunk(b"IHDR", header) + palette + data


def tiff(channels, bits, order, planar=1):
    """A TIFF of zeros: `order` is < or >, `planar` 2 keeps each channel by itself."""
    photometric = 1 if channels < 3 else 2
    size = SIDE * SIDE * channels * bits // 8
    entries = [
        (256, 4, [SIDE]), (257, 4, [SIDE]), (258, 3, [bits] * channels), (259, 3, [1]),
        (262, 3, [photometric]), (273, 4, [8]), (277, 3, [channels]), (278, 4, [SIDE]),
        (279, 4, [size]), (284, 3, [planar]),
    ]  # fmt: skip
    if channels in (2, 4):
        entries.append((338, 3, [2]))
    if planar == 2:
        each = size // channels
        starts = [8 + each * channel for channel in range(channels)]
        entries = [(tag, kind, starts if tag == 273 else values) for tag, kind, values in entries]
        entries = [
            (tag, kind, [each] * channels if tag == 279 else values)
            for tag, kind, values in entries
        ]
    start = 8 + size
    after = start + 2 + 12 * len(entries) + 4
    directory, further = struct.pack(f"{order}H", len(entries)), b""
    for tag, kind, values in entries:
        data = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(data) > 4:
            data, further = struct.pack(f"{order}I", after + len(further)), further + data
        directory += struct.pack(f"{order}HHI", tag, kind, len(values)) + data.ljust(4, b"\0")
    mark = {"<": b"II", ">": b"MM"}[order]
    header = mark + struct.pack(f"{order}HI", 42, start)
    return header + bytes(size) + directory + bytes(4) + further


def big_tiff(bits):
    """A BigTIFF of zeros in three colours, whose places are of eight bytes."""
    size = SIDE * SIDE * 3 * bits // 8
    entries = [
        (256, 3, [SIDE]), (257, 3, [SIDE]), (258, 3, [bits] * 3), (259, 3, [1]), (262, 3, [2]),
        (273, 3, [16]), (277, 3, [3]), (278, 3, [SIDE]), (279, 3, [size]),
    ]  # fmt: skip
    directory = struct.pack("<Q", len(entries))
    for tag, kind, values in entries:
        data = struct.pack(f"<{len(values)}H", *values).ljust(8, b"\0")
        directory += struct.pack("<HHQ", tag, kind, len(values)) + data
    header = b"II" + struct.pack("<HHHQ", 43, 8, 0, 16 + size)
    return header + bytes(size) + directory + bytes(8)


def pnm(kind, most, comment=""):
    """A netpbm file of zeros: P2 and P3 in words, P5 and P6 in bytes, grey and colour."""
    numbers = SIDE * SIDE * (3 if kind in ("P3", "P6") else 1)
    plain = kind in ("P2", "P3")
    data = b"0 " * numbers if plain else bytes(numbers * (1 if most < 256 else 2))
    return f"{kind}\n{comment}{SIDE} {SIDE}\n{most}\n".encode() + data


DEEP = {
    **{f"png {kind}": png(kind, 16) for kind in (0, 2, 4, 6)},
    **{
        f"tiff {channels} {order}": tiff(channels, 16, order)
        for channels in (1, 2, 3, 4)
        for order in "<>"
    },
    "tiff in planes": tiff(3, 16, "<", planar=2),
    "tiff of 32 bits": tiff(3, 32, "<"),
    "big tiff": big_tiff(16),
    "tiff with its version turned round": b"II\0*" + tiff(3, 16, "<")[4:],
    **{f"{kind} {most}": pnm(kind, most) for kind in ("P2", "P3", "P5", "P6")
       for most in (65535, 1023, 256)},
    "a comment": pnm("P6", 65535, "# 4 4 255\n"),
}  # fmt: skip

SHALLOW = {
    **{f"png {kind} {bits}": png(kind, bits) for kind, bits in
       ((0, 1), (0, 2), (0, 4), (0, 8), (2, 8), (3, 1), (3, 4), (3, 8), (4, 8), (6, 8))},
    **{f"tiff {channels}": tiff(channels, 8, "<") for channels in (1, 2, 3, 4)},
    "big tiff": big_tiff(8),
    **{f"{kind} {most}": pnm(kind, most) for kind in ("P2", "P3", "P5", "P6")
       for most in (255, 100, 1)},
    "a comment": pnm("P6", 255, "# 4 4 65535\n"),
    "a bitmap": b"P4\n8 8\n" + bytes(8),
}  # fmt: skip


@pytest.mark.parametrize("name", DEEP)
def test_deep_images_are_refused(tmp_path, name):
    file = tmp_path / "deep.img"
    file.write_bytes(DEEP[name])
    with pytest.raises(UserError, match=r"deep.img has \d+ bits a channel: convert it to 8$"):
        image_folder.decode(file, None)


@pytest.mark.parametrize("name", SHALLOW)
def test_others_are_read(tmp_path, name):
    """Of zeros, whatever their bits: black ones."""
    file = tmp_path / "shallow.img"
    file.write_bytes(SHALLOW[name])
    pixels = image_folder.decode(file, None)
    assert pixels.dtype == np.uint8 and pixels.min() == pixels.max()


@given(st.binary(max_size=60), st.sampled_from([*DEEP.values(), *SHALLOW.values()]), st.data())
def test_damage_is_one_sentence(tmp_path_factory, noise, content, data):
    start = data.draw(st.integers(0, len(content)))
    file = tmp_path_factory.getbasetemp() / "damaged.img"
    file.write_bytes(content[:start] + noise + content[start + len(noise) :])
    try:
        image_folder.decode(file, None)
    except UserError as error:
        assert str(error).startswith(f"{file} ")
