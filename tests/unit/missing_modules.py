"""A command line in a process where some modules cannot be loaded."""

import sys

_SCRIPT = """
import sys


class Nowhere:
    def find_spec(self, name, *_):
        if name in {names}:
            raise ImportError(name)


sys.meta_path.insert(0, Nowhere())
from cnn_sensitivity.cli import main
main(sys.argv[1:])
"""


def command_without(*names: str) -> list[str]:
    """Return the beginning of a call of `cnn-sensitivity` that loads none of these modules."""
    return [sys.executable, "-c", _SCRIPT.format(names=names)]
