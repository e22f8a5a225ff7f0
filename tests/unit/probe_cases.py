"""The verb `probe`, and folders of images for it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_sensitivity.cli import main


def pictures(folder: Path, count: int, side: int = 16, colour: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(len(str(folder)))
    for number in range(count):
        shape = (side, side, 3) if colour else (side, side)
        Image.fromarray(draw.integers(0, 256, shape, dtype=np.uint8)).save(folder / f"{number}.png")


def probe(*arguments: object) -> None:
    main(["probe", *map(str, arguments)])


def module_of_a_user(name: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a module into the folder and go there; return the folder."""
    (folder / f"{name}.py").write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    sys.modules.pop(name, None)
    return folder
