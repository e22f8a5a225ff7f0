"""The tables that this paper alone has, and the jobs that make them: two searches. No torch."""

from typing import Any

from cnn_sensitivity.papers.geiger_2021.experiments import (
    ALPHA,
    ENSEMBLE,
    KERNEL_CHANGE,
    MAP,
    RESPONSE,
    WIDTH,
)
from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.plan import Plan, Run
from cnn_sensitivity.tables.files import Columns

_RUN = ["experiment", "network"]
_POINT = ["train_size", ALPHA, WIDTH, "seed"]
_MEASURED = ["dataset", *_RUN, "state", "quantity"]
_ENDED = [*_POINT, "share_fitted", "evaluations"]
COLUMNS: dict[str, Columns] = {
    "paths": ([*_RUN, "state", "stopped"], [*_ENDED, "time", "test_error"], []),
    "ensemble": (_MEASURED, [*_POINT, "member", "value"], []),
    "kernel_change": (_MEASURED, [*_POINT, "value", "test_error"], []),
    "response": ([*_MEASURED, "wiring"], [*_POINT, "value", "error"], []),
    "jamming": (["dataset", *_RUN, "stopped"], _ENDED, []),
    "crossover": (["dataset", *_RUN, "stopped"], [*_ENDED, "kernel_change"], []),
}
MEASURED = {ENSEMBLE, KERNEL_CHANGE, RESPONSE}
"""The kinds that are rows of measurements."""
SEEDS = 3
"""Of the networks of a search [code]: the first ones of the map."""
MINUTES = 600
"""Of a search on the authors' scale, which goes on where it was stopped."""
_TABLES = "papers.geiger_2021.tables"


def jobs(plan: Plan) -> list[Job]:
    """Return the two searches in the plane of the map; none without a map."""
    runs = plan.select(MAP)
    return [_jamming(plan, runs), _crossover(plan, runs)] if runs else []


def _jamming(plan: Plan, runs: list[Run]) -> Job:
    widths = _values(runs, WIDTH)
    return Job(
        "jamming",
        "Scan the width at each output scale, for the line at which networks cease to fit (L21).",
        f"{_TABLES}.jamming:jamming_table",
        {"jamming": plan.table("jamming")},
        {
            "settings": _settings(plan, runs[0]),
            "alphas": _values(runs, ALPHA),
            "start": widths[0],
            "widest": widths[-1],
            "kept": _kept(plan, "jamming"),
        },
        MAP,
        minutes=MINUTES,
    )


def _crossover(plan: Plan, runs: list[Run]) -> Job:
    alphas = _values(runs, ALPHA)
    measured = plan.measurement(KERNEL_CHANGE, plan.config.experiments[MAP])
    return Job(
        "crossover",
        "Bisect the output scale at each width, for where the tangent kernel doubles (L21).",
        f"{_TABLES}.crossover:crossover_table",
        {"crossover": plan.table("crossover")},
        {
            "settings": _settings(plan, runs[0]),
            "widths": _values(runs, WIDTH),
            "lowest": alphas[0],
            "highest": alphas[-1],
            "points": measured.images,
            "kept": _kept(plan, "crossover"),
        },
        MAP,
        minutes=MINUTES,
    )


def _values(runs: list[Run], axis: str) -> list[float | int]:
    """Return the values of an axis, from the smallest."""
    return sorted({value for run in runs if (value := run.axes.get(axis)) is not None})


def _settings(plan: Plan, run: Run) -> dict[str, Any]:
    """Return what the networks of the searches are told, but for their point."""
    settings = plan.training_settings(run)
    return settings.model_copy(update={"seeds": settings.seeds[:SEEDS]}).model_dump(mode="json")


def _kept(plan: Plan, name: str) -> str:
    return plan.table(name).replace(f"{name}.csv", f".{name}.unfinished.json")
