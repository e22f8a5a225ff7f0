"""What has been found so far: one file, written anew after each check, so that nothing is lost."""

import hashlib
import json
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import cnn_sensitivity
from cnn_sensitivity.base.files import write_atomically

PACKAGE = Path(cnn_sensitivity.__file__).parent


def header(device: torch.device) -> dict[str, Any]:
    """Return what results are of; they are taken up again only where all of it is the same."""
    return {
        "device": name_of(device),
        "memory_bytes": torch.cuda.get_device_properties(device).total_memory
        if device.type == "cuda"
        else None,
        "versions": {
            "Python": platform.python_version(),
            "torch": version("torch"),
            "torchvision": version("torchvision"),
            "CUDA": torch.version.cuda,
            "cuDNN": torch.backends.cudnn.version(),
            "cnn-sensitivity": cnn_sensitivity.__version__,
        },
        "code": _code(),
    }


def name_of(device: torch.device) -> str:
    """Return the name of a GPU as its driver gives it, or cpu."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def file_name(device_name: str) -> str:
    """Return the name of a device as it stands in the names of files."""
    return re.sub(r"[^a-z0-9]+", "-", device_name.lower()).strip("-")


class Results:
    """Results by name, in the order in which they came; a dictionary each.

    `late` are the names of checks for which no time was left.
    """

    def __init__(self, path: Path, about: dict[str, Any]):
        self._path, self.about = path, about
        self.found: dict[str, dict[str, Any]] = {}
        self.late: list[str] = []
        before = _read(path)
        if before and before.get("about") == about:
            self.found = before["found"]

    def add(self, name: str, result: dict[str, Any]) -> None:
        """Keep a result, on the disk too."""
        self.found[name] = result
        with write_atomically(self._path) as temporary:
            temporary.write_text(
                json.dumps({"about": self.about, "found": self.found}, indent=1), encoding="utf-8"
            )

    def of_kind(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the results of a kind of check: right, train, measure or together."""
        return {name: each for name, each in self.found.items() if each["kind"] == kind}

    @property
    def wrong(self) -> list[str]:
        """Names of what is not right, or failed."""
        return [
            name
            for name, each in self.found.items()
            if "error" in each or not each.get("right", True)
        ]


def _read(path: Path) -> dict[str, Any]:
    """Return what a file holds; nothing where it is missing or damaged: all is then done anew."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("found"), dict) else {}


def _code() -> str:
    """Return a checksum of the package: other code may be right or wrong, fast or slow."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
