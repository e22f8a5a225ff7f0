"""The command line: the only place that reads arguments and writes results."""

import argparse
import io
import sys
from collections.abc import Sequence

from cnn_sensitivity.base.allocation import keep_memory
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.cli import jobs, maintenance, people
from cnn_sensitivity.cli.verbs import Verbs

INPUT_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb; end with status 2 and one sentence on input that cannot be used."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # what a locale has no sign for is said otherwise
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    keep_memory()
    try:
        options.run(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(INPUT_ERROR) from None


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    whole = argparse.ArgumentParser(
        prog="cnn-sensitivity",
        description="Steps of the replication, one verb each; Snakemake calls them in order.",
    )
    verbs = Verbs(whole)
    for group in (people, jobs, maintenance):
        group.add_to(verbs)
    return whole
