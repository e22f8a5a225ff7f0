"""Start the command line: `python -m cnn_sensitivity`."""

import sys

try:
    from cnn_sensitivity.cli import main
except ModuleNotFoundError as error:  # as where `make gpu-check` runs without `make install`
    print(
        f"error: this Python has no package {error.name}; make install brings it, and docs/gpu.md"
        " says what make gpu-check needs",
        file=sys.stderr,
    )
    raise SystemExit(2) from None

main()
