"""Texts are UTF-8, whatever the locale says, and names of files need not be."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from checkout import ROOT
from PIL import Image

from cnn_sensitivity.base.files import shown
from cnn_sensitivity.networks import build
from cnn_sensitivity.tasks.images import image_folder

PACKAGE = ROOT / "workflow" / "cnn_sensitivity"
NO_UTF8 = os.fsdecode(b"caf\xe9 \xc3\xa9")
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONPATH": PACKAGE.parent}


def of_text(call: ast.Call) -> bool:
    """Return whether a call reads or writes text: read_text, write_text, open, a subprocess."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    owner = getattr(getattr(call.func, "value", None), "id", "")
    modes = [each.value for each in call.args if isinstance(each, ast.Constant)]
    opens = name == "open" and owner not in ("Image", "tarfile")
    binary = any("b" in str(mode) for mode in modes)
    in_text = "text" in {each.arg for each in call.keywords}
    return name in ("read_text", "write_text") or in_text or (opens and not binary)


def test_no_text_is_read_or_written_in_the_encoding_of_the_locale() -> None:
    calls = [
        (file.name, node)
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Call) and of_text(node)
    ]
    assert len(calls) > 20
    without = [
        f"{name}, line {call.lineno}"
        for name, call in calls
        if "encoding" not in {each.arg for each in call.keywords}
    ]
    assert without == []


def folder_of_images(folder: Path) -> Path:
    draw = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in (NO_UTF8, "é"):
            (folder / split / name).mkdir(parents=True)
            for number in range(3):
                pixels = draw.integers(0, 256, (28, 28), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / split / name / f"{number} {NO_UTF8}.png")
    return folder


def test_names_that_are_no_utf8_are_read_and_shown(tmp_path: Path) -> None:
    dataset = image_folder.read(folder_of_images(tmp_path / NO_UTF8))
    assert dataset.title == r"caf\xe9 é" and set(dataset.classes) == {r"caf\xe9 é", "é"}
    assert shown("é") == "é" and shown(os.fsdecode("é".encode())) == "é"


def test_a_probe_writes_utf8_in_a_locale_that_has_none(tmp_path: Path) -> None:
    folder_of_images(tmp_path / NO_UTF8)
    torch.save(build("LeNet", 1, 2, 28).state_dict(), tmp_path / "w.pt")
    command = [sys.executable, "-m", "cnn_sensitivity", "probe", "lenet", "--weights", "w.pt"]
    command += ["--images", NO_UTF8, "--only", "trained", "--output", f"{NO_UTF8}/made"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **ASCII}, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"images of caf\\xe9" in done.stdout and b"\\xb1" in done.stdout
    caption = (tmp_path / NO_UTF8 / "made.txt").read_text(encoding="utf-8")
    assert r"images of caf\xe9 é" in caption
    command[command.index(NO_UTF8)] = f"{NO_UTF8}-"
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **ASCII}, capture_output=True)
    assert done.returncode == 2 and b"no such folder" in done.stderr
