"""The project's scripts as modules."""

import importlib.util
import sys
from types import ModuleType

from checkout import ROOT


def script_module(name: str) -> ModuleType:
    """Return scripts/`name`.py, loaded anew."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module
