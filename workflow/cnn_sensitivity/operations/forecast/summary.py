"""The forecast as text: a table by network for `make plan`, a few lines at the start of a run."""

import os
import shutil
from collections import defaultdict
from collections.abc import Sequence

from cnn_sensitivity.operations.forecast.estimate import Cost, Forecast
from cnn_sensitivity.papers import figure_inputs

HEADINGS = ("experiment", "network", "trainings", "jobs", "trained", "measured")


def as_text(forecast: Forecast, cores: int | None = None) -> str:
    """Return everything a person wants to know before a run starts."""
    groups = defaultdict(list)
    for cost in forecast.costs:
        groups[cost.run.experiment, cost.run.network.label].append(cost)
    rows: list[Sequence[str]] = [(*HEADINGS, _unit(forecast))]
    rows += [_row(*names, costs) for names, costs in groups.items()]
    rows.append(_row("total", "", forecast.costs))
    return "\n".join([_title(forecast), "", *_columns(rows), "", *_sentences(forecast, cores)])


def in_short(forecast: Forecast, cores: int | None = None) -> str:
    """Return the same, a line an experiment."""
    groups = defaultdict(list)
    for cost in forecast.costs:
        groups[cost.run.experiment].append(cost)
    lines = [
        f"  {name}: {_count(sum(len(cost.run.seeds) for cost in costs), 'training')}"
        f" in {_count(len(costs), 'job')},"
        f" {sum(cost.trained for cost in costs)} trained, {sum(c.measured for c in costs)} measured"
        for name, costs in groups.items()
    ]
    return "\n".join([_title(forecast), *lines, *_sentences(forecast, cores)])


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 10 else f"{hours:,.0f} h"


def _title(forecast: Forecast) -> str:
    plan = forecast.plan
    return (
        f"The whole run {plan.config.run!r}: {len(figure_inputs(plan))} figures and the scorecard\n"
        f"in {plan.figures_folder}/, all else in {plan.results}/."
    )


def _unit(forecast: Forecast) -> str:
    return "of one GPU" if forecast.on_gpu else "of one core"


def _row(experiment: str, label: str, costs: Sequence[Cost]) -> tuple[str, ...]:
    known = [cost.seconds for cost in costs if cost.seconds is not None]
    hours = duration(sum(known)) if known else "?"
    if any(cost.at_most for cost in costs) and known:
        hours = f"at most {hours}"
    return (
        experiment,
        label,
        str(sum(len(cost.run.seeds) for cost in costs)),
        str(len(costs)),
        str(sum(cost.trained for cost in costs)),
        str(sum(cost.measured for cost in costs)),
        hours,
    )


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        names = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        numbers = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join(names + numbers).rstrip())
    rule = "-" * max(map(len, lines))
    return [lines[0], rule, *lines[1:-1], rule, lines[-1]]


def _sentences(forecast: Forecast, cores: int | None) -> list[str]:
    waiting = [
        sum(not cost.trained for cost in forecast.costs),
        sum(not cost.measured for cost in forecast.costs),
        forecast.others_left,
    ]
    lines = [
        f"To make: {waiting[0]} training, {waiting[1]} measuring and"
        f" {_count(waiting[2], 'lighter job')}. Files that exist count as made."
    ]
    if not any(waiting):
        return ["Every file is there. Those whose code, settings or inputs changed are made again."]
    return [*lines, *_time(forecast, cores or len(os.sched_getaffinity(0))), *_space(forecast)]


def _time(forecast: Forecast, cores: int) -> list[str]:
    left, lines = forecast.seconds_left, []
    most, about = "", "about"
    if any(cost.left is None for cost in forecast.costs):
        most, about = "at least ", "at least"
    elif any(cost.at_most and not cost.trained for cost in forecast.costs):
        most, about = "at most ", "at most"
    if forecast.on_gpu:
        lines.append(f"Time: {most}{duration(left)} of one GPU.")
    else:
        clock = max(left / cores, forecast.longest)
        lines.append(
            f"Time: {most}{duration(left)} of one core;"
            f" here, on {cores}, {about} {duration(clock)}."
        )
        if forecast.plan.gpus_per_job:
            lines.append(
                "  The jobs ask for a GPU, but no GPU has been timed: `make gpu-check` does that in"
                " ten minutes, on the machine that has one. The times here are a CPU's."
            )
    own = sorted({cost.run.network.label for cost in forecast.costs if cost.own})
    source = forecast.gpu or "a reference machine"
    if forecast.machine.by:
        source += f", times {forecast.machine.factor:.2g} by {forecast.machine.by}"
    lines.append(
        f"  Speed: {source}, but for {', '.join(own)}, timed here."
        if own
        else f"  Speed: that of {source}; yours replaces it as trainings finish."
    )
    if forecast.untimed:
        lines.append(f"  Not counted, for nobody has timed them: {', '.join(forecast.untimed)}.")
    return lines


def _space(forecast: Forecast) -> list[str]:
    free = shutil.disk_usage(".").free
    lines = [f"Disk: about {_bytes(forecast.bytes)} in all; {_bytes(free)} are free."]
    if forecast.bytes > free:
        lines.append("  That is more than there is.")
    if forecast.downloads:
        total = sum(forecast.downloads.values())
        lines.append(f"Download: about {_bytes(total)}: {', '.join(forecast.downloads)}.")
    return lines


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def _bytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 1):.0f} MB"
