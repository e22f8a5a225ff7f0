"""Make several runs one after the other, then show them in one table; one that fails holds up none.

The first is that of the configuration, the others lay a scenario over it:

    python scripts/several_runs.py --configfile config.yaml --scenario first.yaml second.yaml \\
        -- snakemake --cores 2
"""

import argparse
import sys
from collections.abc import Sequence

from cnn_sensitivity import cli
from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import read
from cnn_sensitivity.operations.calling import call


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the runs; end with status 1 where one is not finished."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configfile", nargs="+", required=True, metavar="YAML")
    parser.add_argument("--scenario", nargs="+", required=True, metavar="YAML")
    parser.add_argument("snakemake", nargs="+", help="the command, after --")
    options = parser.parse_args(arguments)
    layers = [[], *([scenario] for scenario in options.scenario)]
    try:
        names = [read(*options.configfile, *overlay).run for overlay in layers]
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(cli.INPUT_ERROR) from None
    failed = []
    for number, (name, overlay) in enumerate(zip(names, layers, strict=True), start=1):
        print(f"Run {number} of {len(names)}: {name}", flush=True)
        configured = ["--configfile", *overlay] if overlay else []
        ended = call([*options.snakemake, *configured], {})
        if ended.stopped:
            raise SystemExit(ended.status or 1)
        failed += [name] if ended.status else []
    given = ("--configfile", *options.configfile, "--scenario", *options.scenario)
    cli.main(["scorecard", *given])
    if failed:
        end = "the same command goes on where they were"
        print(f"error: not finished: {listing(failed)}; {end}", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
