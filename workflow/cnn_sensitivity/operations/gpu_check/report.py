"""The two files of what was found: the table for `make plan`, and the page for a person."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pandas import DataFrame

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.operations.forecast import forecast
from cnn_sensitivity.operations.forecast.summary import duration
from cnn_sensitivity.operations.forecast.timing_tables import COLUMNS, key_and_width, read_table
from cnn_sensitivity.operations.gpu_check.cases import PRECISIONS
from cnn_sensitivity.operations.gpu_check.checks import Row
from cnn_sensitivity.operations.gpu_check.outcome import Outcome
from cnn_sensitivity.plan import Plan

Results = Mapping[str, Outcome | Row]
"""What was found, by the name of the check."""


def wrong_of(results: Results) -> dict[str, Outcome]:
    """Return what is not right, or failed."""
    found = results.items()
    return {name: each for name, each in found if isinstance(each, Outcome) and not each.right}


def write_table(device: str, results: Results, path: Path) -> None:
    """Write a row for each network and mode that was timed; nothing where none was."""
    rows = [each for each in results.values() if not isinstance(each, Outcome)]
    trained = DataFrame([row for row in rows if "train_seconds" in row])
    measured = [row for row in rows if "measure_seconds" in row]
    if trained.empty:
        return
    columns = ["network", "width", "measure_seconds"]
    table = trained.merge(DataFrame(measured, columns=columns), "left", columns[:2])
    with write_atomically(path) as temporary:
        table = table.assign(device=device)[list(COLUMNS)]
        table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")


def page(
    title: str, results: Results, late: Sequence[str], plans: Sequence[Plan], table: Path
) -> str:
    """Return the page as Markdown.

    `late`: names of checks that were not done; `table`: the table made from the same results.
    """
    wrong = wrong_of(results)
    compared = {name: each for name, each in results.items() if isinstance(each, Outcome)}
    lines = [f"# {title}", ""]
    if wrong:
        lines += [f"**{len(wrong)} checks are wrong or failed:**", ""]
        lines += [f"- {name}: {each.found}, not {each.expected}" for name, each in wrong.items()]
    else:
        lines.append(f"All {len(compared)} comparisons made came out right.")
    if table.exists():
        lines += ["", "## Hours of this GPU: one job at a time, with CUDA graphs", ""]
        lines += _heading("run", *PRECISIONS)
        for plan in plans:
            hours = (hours_of(plan, table, precision) for precision in PRECISIONS)
            lines.append(_row(f"`{plan.config.run}`", *hours))
    lines += ["", "## What was compared", "", *_heading("check", "expected", "found", "")]
    for name, each in compared.items():
        lines.append(_row(name, each.expected, each.found, "right" if each.right else "**wrong**"))
    if late:
        lines += ["", "## Not done for lack of time", "", *(f"- {name}" for name in late)]
    return "\n".join([*lines, ""])


def hours_of(plan: Plan, table: Path, precision: str) -> str:
    """Return what a plan takes in a precision, with graphs, if all its networks were timed so."""
    config = plan.config
    recipes = {
        name: recipe.model_copy(update={"precision": precision})
        for name, recipe in config.recipes.items()
    }
    compute = config.compute.model_copy(update={"cuda_graph": True})
    changed = {"recipes": recipes, "compute": compute, "device": "gpu"}
    costs = forecast(Plan(config.model_copy(update=changed)), None, table).costs
    timed = {
        (network, speed.width)
        for (_, network), speeds in read_table(table).items()
        for speed in speeds
        if speed.mode.precision == precision and speed.mode.cuda_graph
    }
    if not timed.issuperset(key_and_width(cost.run.network) for cost in costs):
        return "not timed"
    most = "at most " * any(cost.at_most for cost in costs)
    return most + duration(sum(cost.seconds or 0 for cost in costs))


def _heading(*cells: str) -> list[str]:
    return [_row(*cells), _row(*("---" for _ in cells))]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
