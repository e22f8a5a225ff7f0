"""The verdicts of several runs of one configuration: which hold in all, which turn round."""

from collections.abc import Callable, Mapping

from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import listing, plural
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.scorecard.made_with import MadeWith
from cnn_sensitivity.scorecard.render import mark, measured, records
from cnn_sensitivity.scorecard.verdict import CONTRADICTED, REPRODUCED

COLUMNS = ["run", "claim", "value", "low", "high", "verdict"]
_NAMES = {"id": "claim", "measured": "value"}  # of the scorecard's columns

_PAGE = """# The same claims, run after run

`make stability` makes this page and the CSV file beside it: the scorecards of one configuration,
run again with other root seeds and with fewer of the processor's instructions. The root seed draws
all that is random: initial weights, the order of the images, subsets of them, deformations, noise.
A run whose name ends with `avx2` was computed as on a processor without AVX-512, where sums are
rounded differently; beside the run of the same seed it shows what rounding alone does.

{summary}

✓ reproduced, ✗ contradicted, ? undecided, – not tested at this scale; the number is that of the
part of the claim which decides, with its 95 % interval.

{table}
"""
_RUNS = """
## The runs

Minutes are those of all trainings and measurements, of one core each.

{table}
"""


def side_by_side(scorecards: Mapping[str, DataFrame]) -> DataFrame:
    """Return one row a run and claim, under COLUMNS, of scorecards by the name of their run.

    Raises:
        UserError: there is one run only, or the runs were not held against the same claims.
    """
    if len(scorecards) < 2:
        raise UserError("one scorecard only: verdicts are compared over two runs or more")
    (first, expected), *others = scorecards.items()
    for run, frame in others:
        if different := set(expected["id"]) ^ set(frame["id"]):
            raise UserError(
                f"the runs {first!r} and {run!r} do not have the same claims (one lacks"
                f" {min(different)!r}): take runs of one paper and remake their scorecards"
            )
    rows = concat(frame.assign(run=run) for run, frame in scorecards.items())
    return rows.rename(columns=_NAMES)[COLUMNS].reset_index(drop=True)


def turned_round(table: DataFrame) -> list[str]:
    """Return the claims that one run reproduces and another contradicts."""
    return [claim for claim, found in _verdicts(table).items() if _turns_round(found)]


def with_several_verdicts(table: DataFrame) -> list[str]:
    """Return the claims that have not the same verdict in all runs."""
    return [claim for claim, found in _verdicts(table).items() if len(found) > 1]


def always_reproduced(table: DataFrame) -> list[str]:
    """Return the claims that all runs reproduce."""
    return [claim for claim, found in _verdicts(table).items() if found == {REPRODUCED}]


def to_text(table: DataFrame) -> str:
    """Return the verdicts for a terminal, with their numbers, above the summary."""
    return f"{_by_claim(table, str, _short)}\n\n{_summary(table)}"


def to_page(table: DataFrame) -> str:
    """Return the summary and the table of verdicts as a page of Markdown."""
    by_claim = _by_claim(table, "`{}`".format, measured)
    return _PAGE.format(summary=_summary(table), table=by_claim)


def to_runs(made_with: Mapping[str, MadeWith]) -> str:
    """Return the end of the page: what each run was made with and how long it took."""
    rows = [["run", "instructions", "PyTorch", "minutes"]]
    rows += [
        [f"`{run}`", made.instructions, made.torch, f"{made.minutes:.1f}"]
        for run, made in made_with.items()
    ]
    return _RUNS.format(table=_aligned(rows))


def _verdicts(table: DataFrame) -> dict[str, set[str]]:
    groups = table.groupby("claim", sort=False)["verdict"]
    return {str(claim): set(verdicts) for claim, verdicts in groups}


def _turns_round(verdicts: set[str]) -> bool:
    return {REPRODUCED, CONTRADICTED} <= verdicts


def _summary(table: DataFrame) -> str:
    """Return three sentences, a line each, which are a list in Markdown too."""
    claims, runs = table["claim"].nunique(), table["run"].nunique()
    several = with_several_verdicts(table)
    return "\n".join(
        (
            f"- Reproduced in one run, contradicted in another: {_named(turned_round(table))}.",
            f"- One verdict in all {runs} runs: {claims - len(several)} of"
            f" {plural(claims, 'claim')}; more than one: {_named(several)}.",
            f"- Reproduced in all {runs} runs: {_named(always_reproduced(table))}.",
        )
    )


def _named(claims: list[str]) -> str:
    return f"{len(claims)} ({listing(claims)})" if claims else "none"


def _by_claim(
    table: DataFrame, heading: Callable[[str], str], value: Callable[[Mapping[str, object]], str]
) -> str:
    """Return a row for each claim, a column for each run, and what all runs say together."""
    runs = list(table["run"].unique())
    rows = [["claim", *map(heading, runs), "all runs"]]
    verdicts = _verdicts(table)
    for claim, group in table.rename(columns={"value": "measured"}).groupby("claim", sort=False):
        by_run = {row["run"]: row for row in records(group)}
        cells = [f"{mark(by_run[run])} {value(by_run[run])}" for run in runs]
        found = verdicts[str(claim)]
        together = "turns round" if _turns_round(found) else "varies"
        rows.append([str(claim), *cells, next(iter(found)) if len(found) == 1 else together])
    return _aligned(rows)


def _short(row: Mapping[str, object]) -> str:
    return measured({**row, "low": "nan", "high": "nan"})


def _aligned(rows: list[list[str]]) -> str:
    """Return a Markdown table whose columns are as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows]
    return "\n".join([lines[0], f"|{'|'.join('-' * (width + 2) for width in widths)}|", *lines[1:]])
