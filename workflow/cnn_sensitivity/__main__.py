"""Start the command line: `python -m cnn_sensitivity`."""

from cnn_sensitivity.cli import main

main()
