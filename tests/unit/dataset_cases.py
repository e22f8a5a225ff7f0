"""Damage to the files of data sets, their checksums, and a network that serves them."""

import hashlib
import io
from email.message import Message
from urllib.response import addinfourl

from cnn_sensitivity.base import download


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def alter(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def serve(monkeypatch, content):
    """Answer downloads with the content of a file's name, or an error; return what is asked."""
    asked = []

    def urlopen(url, timeout):
        asked.append(url)
        if isinstance(content, Exception):
            raise content
        return addinfourl(io.BytesIO(content[url.rsplit("/", 1)[1]]), Message(), url)

    monkeypatch.setattr(download, "urlopen", urlopen)
    return asked
