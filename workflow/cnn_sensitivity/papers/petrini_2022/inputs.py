"""Which tables each figure and the scorecard are made from: what ties them to runs."""

from collections.abc import Callable

from cnn_sensitivity.papers.paper import Tables, measured, of_jobs
from cnn_sensitivity.papers.petrini_2022.experiments import (
    FEATURE,
    LAZY,
    PARTICIPATION,
    PLAIN,
    REGIMES,
    SENSITIVITY,
    TRAINED,
    part_of,
)
from cnn_sensitivity.papers.petrini_2022.jobs import jobs
from cnn_sensitivity.plan import Plan, Run


def claims(plan: Plan) -> Tables:
    """Return the tables that the claims are measured from."""
    return {
        **(_responses(plan, FEATURE, *LAZY) or {}),
        **(_participation(plan) or {}),
        **(_sphere(plan) or {}),
    }


def _of(plan: Plan, *parts: str) -> list[Run]:
    return [run for run in plan.runs if part_of(run.experiment) in parts]


def _responses(plan: Plan, *parts: str) -> Tables | None:
    return measured(SENSITIVITY, _of(plan, *parts))


def _participation(plan: Plan) -> Tables | None:
    return measured(PARTICIPATION, _of(plan, FEATURE), "measurements")


def _sphere(plan: Plan, random: bool | None = None) -> Tables | None:
    """Return the tables of the constant target, of the random ones, or of all."""
    chosen = [
        job
        for job in jobs(plan)
        if "sphere" in job.outputs and random in (None, "exponent" in job.parameters["told"])
    ]
    return of_jobs(chosen, "sphere")


def _figure_06(plan: Plan) -> Tables | None:
    tables = _responses(plan, FEATURE, *LAZY)
    return tables and {**tables, **(_sphere(plan, random=False) or {})}


def _figure_ours(plan: Plan) -> Tables | None:
    """Return them where there are several regimes; the feature flow is one of these."""
    there = _responses(plan, REGIMES) and _responses(plan, REGIMES, FEATURE, *LAZY)
    beside = measured(PLAIN, _of(plan, TRAINED)) or {"sensitivity": []}
    return there and {"sensitivity": [*there["sensitivity"], *beside["sensitivity"]]}


FIGURES: dict[str, Callable[[Plan], Tables | None]] = {
    "figure_01": lambda plan: _responses(plan, FEATURE, *LAZY),
    "figure_02": lambda plan: of_jobs(jobs(plan), "samples"),
    "figure_03": lambda plan: of_jobs(jobs(plan), "circle"),
    "figure_04": lambda plan: _sphere(plan, random=False),
    "figure_06": _figure_06,
    "figure_g1": lambda plan: _sphere(plan, random=True),
    "figure_sparse": _participation,
    "figure_ours": _figure_ours,
}
"""Figure 5 is unknown: no code of the authors refers to it."""
