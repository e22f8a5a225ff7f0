"""The forecast as text: a table by network for `make plan`, a few lines at the start of a run."""

import os
import shutil
from collections import defaultdict
from collections.abc import Sequence

from cnn_sensitivity.operations.forecast.estimate import Cost, Forecast
from cnn_sensitivity.papers import figure_inputs

HEADINGS = ("trainings", "jobs", "trained", "measured")


def as_text(forecast: Forecast, cores: int | None = None) -> str:
    """Return everything a person wants to know before a run starts."""
    groups = defaultdict(list)
    for cost in forecast.costs:
        groups[cost.run.experiment, cost.run.network.label].append(cost)
    rows: list[Sequence[str]] = [("experiment", "network", *HEADINGS, _unit(forecast))]
    rows += [_row(*names, costs) for names, costs in groups.items()]
    rows.append(_row("total", "", forecast.costs))
    return "\n".join([_title(forecast), "", *_columns(rows), "", *_sentences([forecast], cores)])


def of_all(forecasts: Sequence[Forecast], cores: int | None = None) -> str:
    """Return what several runs take, one after the other: a line a run, and the total."""
    units = " or ".join(dict.fromkeys(map(_unit, forecasts)))
    rows: list[Sequence[str]] = [("run", "paper", *HEADINGS, units)]
    for one in forecasts:
        rows.append(_row(one.plan.config.run, one.plan.config.paper, one.costs))
    rows.append(_row("total", "", [cost for one in forecasts for cost in one.costs]))
    return "\n".join([*_columns(rows), "", *_sentences(forecasts, cores)])


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
    return "\n".join([_title(forecast), *lines, *_sentences([forecast], cores)])


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


def _sentences(forecasts: Sequence[Forecast], cores: int | None) -> list[str]:
    costs = [cost for one in forecasts for cost in one.costs]
    waiting = [
        sum(not cost.trained for cost in costs),
        sum(not cost.measured for cost in costs),
        sum(one.others_left for one in forecasts),
    ]
    lines = [
        f"To make: {waiting[0]} training, {waiting[1]} measuring and"
        f" {_count(waiting[2], 'lighter job')}. Files that exist count as made."
    ]
    if not any(waiting):
        return ["Every file is there. Those whose code, settings or inputs changed are made again."]
    cores = cores or len(os.sched_getaffinity(0))
    for on_gpu in (False, True):
        alike = [one for one in forecasts if one.on_gpu == on_gpu]
        lines += _time(alike, cores) if alike else []
    return [*lines, *_space(forecasts)]


def _time(forecasts: Sequence[Forecast], cores: int) -> list[str]:
    """Return the time of runs, one after the other, whose hours are those of one kind of device."""
    first, lines = forecasts[0], []
    costs = [cost for one in forecasts for cost in one.costs]
    left = sum(one.seconds_left for one in forecasts)
    most, about = "", "about"
    if any(cost.left is None for cost in costs):
        most, about = "at least ", "at least"
    elif any(cost.at_most and not cost.trained for cost in costs):
        most, about = "at most ", "at most"
    if first.on_gpu:
        lines.append(f"Time: {most}{duration(left)} of one GPU.")
    else:
        clock = sum(max(one.seconds_left / cores, one.longest) for one in forecasts)
        lines.append(
            f"Time: {most}{duration(left)} of one core;"
            f" here, on {cores}, {about} {duration(clock)}."
        )
        if any(one.plan.gpus_per_job for one in forecasts):
            lines.append(
                "  The jobs ask for a GPU, but no GPU has been timed: `make gpu-check` does that in"
                " ten minutes, on the machine that has one. The times here are a CPU's."
            )
    own = sorted({cost.run.network.label for cost in costs if cost.own})
    source = first.gpu or "a reference machine"
    if first.machine.by:
        source += f", times {first.machine.factor:.2g} by {first.machine.by}"
    lines.append(
        f"  Speed: {source}, but for {', '.join(own)}, timed here."
        if own
        else f"  Speed: that of {source}; yours replaces it as trainings finish."
    )
    if untimed := sorted({label for one in forecasts for label in one.untimed}):
        lines.append(f"  Not counted, for nobody has timed them: {', '.join(untimed)}.")
    return lines


def _space(forecasts: Sequence[Forecast]) -> list[str]:
    taken, free = sum(one.bytes for one in forecasts), shutil.disk_usage(".").free
    lines = [f"Disk: about {_bytes(taken)} in all; {_bytes(free)} are free."]
    if taken > free:
        lines.append("  That is more than there is.")
    downloads = {what: size for one in forecasts for what, size in one.downloads.items()}
    if downloads:
        total = sum(downloads.values())
        lines.append(f"Download: about {_bytes(total)}: {', '.join(downloads)}.")
    return lines


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def _bytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 1):.0f} MB"
