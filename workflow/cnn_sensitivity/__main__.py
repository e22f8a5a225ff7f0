"""Start the command line: `python -m cnn_sensitivity`."""

import sys

try:
    from cnn_sensitivity.cli import main
except ModuleNotFoundError as error:  # as where `make gpu-check` runs without `make install`
    sys.exit(f"error: this Python has no package {error.name}: docs/gpu.md says what is needed")

main()
