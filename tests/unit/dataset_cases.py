"""Damage to the files of data sets, and their checksums."""

import hashlib


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def alter(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
