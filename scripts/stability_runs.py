"""Make the runs that `make stability` compares, one after the other, and compare them.

Each is the configured run with another root seed, or with no more of the processor's instructions
than AVX2, or both. Its results have a folder of their own, so that the same command goes on where
an earlier one was stopped. Of each run only the scorecard is made, without figures:

    python scripts/stability_runs.py --configfile config.yaml --seeds 0 1 2 --avx2-seeds 0 1 \\
        -- snakemake --cores 2
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cnn_sensitivity import cli
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.processor import AVX512, NO_MORE_THAN_AVX2, instruction_set
from cnn_sensitivity.config import Config, parse, read
from cnn_sensitivity.operations.calling import call

DOCUMENTED = "quick"  # the run whose page lies in docs/


@dataclass(frozen=True)
class Run:
    """One run: its name, root seed and what it adds to the environment."""

    name: str
    seed: int
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def scorecard(self) -> str:
        return f"results/{self.name}/claims.csv"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the runs that are not there yet, and write the table and the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configfile", nargs="+", required=True, metavar="YAML")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="root seeds")
    parser.add_argument(
        "--avx2-seeds",
        type=int,
        nargs="*",
        default=[0, 1],
        help="root seeds of runs without AVX-512; those of --seeds show what rounding alone does",
    )
    parser.add_argument("--output", metavar="STEM", help="of the table .csv and the page .md")
    parser.add_argument("snakemake", nargs="+", help="the command, after --")
    options = parser.parse_args(arguments)
    try:
        config = read(*options.configfile)
        runs = planned(config, options.seeds, distinct(options.avx2_seeds, instruction_set()))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(cli.INPUT_ERROR) from None
    for number, run in enumerate(runs, start=1):
        limit = " under AVX2" if run.environment else ""
        print(f"Run {number} of {len(runs)}: {run.name}, seed {run.seed}{limit}", flush=True)
        make(run, config, options.snakemake)
    folder = "docs" if config.run == DOCUMENTED else f"results/{config.run}"
    output = options.output or f"{folder}/stability"
    cli.main(["stability", "--output", output, *(run.scorecard for run in runs)])


def distinct(avx2_seeds: list[int], instructions: str) -> list[int]:
    """Return the seeds of runs under AVX2: none where the processor has no more anyway."""
    if instructions == AVX512 or not avx2_seeds:
        return avx2_seeds
    print(
        f"This processor computes with {instructions}, without AVX-512: runs under AVX2 are left"
        " out, they would be no others. --seeds 0 1 2 3 4 makes five runs.",
        flush=True,
    )
    return []


def planned(config: Config, seeds: Iterable[int], avx2_seeds: Iterable[int]) -> list[Run]:
    """Return the runs; that of the configured seed with all instructions is the configured run.

    Raises:
        UserError: a seed or a name is not what the configuration takes, or there is but one run.
    """
    runs = [Run(_name(config, seed), seed) for seed in dict.fromkeys(seeds)]
    runs += [
        Run(f"{_name(config, seed)}_avx2", seed, NO_MORE_THAN_AVX2)
        for seed in dict.fromkeys(avx2_seeds)
    ]
    for run in runs:
        parse({**config.model_dump(), "run": run.name, "seed": run.seed})
    if len(runs) < 2:
        raise UserError("one run only: give --seeds or --avx2-seeds two or more")
    return runs


def _name(config: Config, seed: int) -> str:
    return config.run if seed == config.seed else f"{config.run}_seed-{seed}"


def make(run: Run, config: Config, snakemake: Sequence[str]) -> None:
    """Run Snakemake up to the scorecard; end as it ended where it failed or was stopped."""
    overlay = ["--config", f"run={run.name}", f"seed={run.seed}"] if run.name != config.run else []
    command = [*snakemake, *overlay, "--", "claims", "software"]
    code, _ = call(command, {"BRIEF": "1", **run.environment})
    if code:
        print(
            f"error: the run {run.name!r} is not finished; the same command goes on where it was",
            file=sys.stderr,
        )
        raise SystemExit(code)


if __name__ == "__main__":
    main()
