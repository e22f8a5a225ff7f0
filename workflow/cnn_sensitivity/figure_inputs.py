"""Which tables each figure is drawn from: the one place that ties figures to runs."""

from collections.abc import Callable, Iterable

from cnn_sensitivity.plan import Plan, Run

Tables = dict[str, list[str]]
"""Paths of tables by kind: sensitivity, spectrum, or the name of a table of the whole run."""

EXTENSIONS = ("pdf", "svg", "png", "csv", "txt")
"""The files of each figure: pictures, the numbers that they plot, the caption."""


def figure_inputs(plan: Plan) -> dict[str, Tables]:
    """Return, for every figure that the plan's experiments allow, the tables that it needs."""
    return {name: tables for name, needs in FIGURES.items() if (tables := needs(plan)) is not None}


def claim_inputs(plan: Plan) -> Tables:
    """Return the tables that the claims are measured from."""
    with_filters = (run for run in plan.runs if _has_clean_filters(run))
    return {
        "sensitivity": [run.path("sensitivity.csv") for run in plan.runs],
        "spectrum": [run.path("spectrum.csv") for run in with_filters],
        "theory": [plan.table("theory")],
    }


def all_inputs(plan: Plan) -> set[str]:
    """Return the paths of all tables that the figures and the scorecard are made from."""
    needs = [*figure_inputs(plan).values(), claim_inputs(plan)]
    return {path for tables in needs for paths in tables.values() for path in paths}


def _of_runs(kind: str, runs: Iterable[Run]) -> Tables | None:
    paths = [run.path(f"{kind}.csv") for run in runs]
    return {kind: paths} if paths else None


def _is_relu(run: Run) -> bool:
    return run.network.activation == "relu"


def _is_clean(run: Run) -> bool:
    return run.noise == 0 and _is_relu(run)


def _is_one_dimensional(run: Run) -> bool:
    return run.experiment.startswith("scale_detection_1d")


def _has_clean_filters(run: Run) -> bool:
    return _is_clean(run) and run.has_filters


def _figure_01(plan: Plan) -> Tables | None:
    tables = _figure_10(plan)
    return tables and {**tables, "pictures": [plan.table("pictures")]}


def _figure_02(plan: Plan) -> Tables:
    return {"pooling": [plan.table("pooling")]}


def _figure_03(plan: Plan) -> Tables | None:
    return _of_runs("sensitivity", plan.select("images", plan.config.figures.figure_03, _is_clean))


def _figure_04(plan: Plan) -> Tables | None:
    return _of_runs(
        "spectrum", plan.select("images", plan.config.figures.figure_04, _has_clean_filters)
    )


def _figure_05(_: Plan) -> Tables:
    return {}


def _figure_06(plan: Plan) -> Tables:
    return {"activations": [plan.table("activations")]}


def _figure_07(plan: Plan) -> Tables | None:
    runs = [run for run in plan.runs if _is_one_dimensional(run) and _is_clean(run)]
    return _of_runs("sensitivity", runs)


def _figure_08(plan: Plan) -> Tables | None:
    return _of_runs("sensitivity", plan.select("scale_detection_2d", keep=_is_clean))


def _figure_09(plan: Plan) -> Tables | None:
    runs = plan.select("scale_detection_2d", plan.config.figures.figure_09, _is_clean)
    return _of_runs("sensitivity", _with_most_images(runs))


def _figure_10(plan: Plan) -> Tables | None:
    return _of_runs("sensitivity", plan.select("images", keep=_is_relu))


def _figure_11(plan: Plan) -> Tables | None:
    return _of_runs("sensitivity", plan.select("images", keep=_is_clean))


def _figure_12(plan: Plan) -> Tables | None:
    shown = plan.config.figures.figure_04
    runs = plan.select("images", keep=_has_clean_filters)
    return _of_runs("spectrum", [run for run in runs if run.network.label not in shown])


def _figure_13(plan: Plan) -> Tables | None:
    paths = plan.pretrained_spectra()
    return {"pretrained": paths} if paths else None


def _figure_14(plan: Plan) -> Tables | None:
    runs = plan.select("scale_detection_2d", keep=_has_clean_filters)
    return _of_runs("spectrum", _with_most_images(runs))


def _figure_tanh(plan: Plan) -> Tables | None:
    """Every network that has a twin with the other activation, clean data."""
    runs = [run for run in plan.runs if run.noise == 0]
    twins = [run for run in runs if any(_are_twins(run, other) for other in runs)]
    return _of_runs("sensitivity", twins)


def _are_twins(run: Run, other: Run) -> bool:
    def architecture(run: Run) -> tuple:
        return run.experiment, run.network.name, run.network.width, run.network.options

    different = run.network.activation != other.network.activation
    return different and architecture(run) == architecture(other)


def _with_most_images(runs: list[Run]) -> list[Run]:
    most = max((run.train_size or 0 for run in runs), default=0)
    return [run for run in runs if (run.train_size or 0) == most]


FIGURES: dict[str, Callable[[Plan], Tables | None]] = {
    "figure_01": _figure_01,
    "figure_02": _figure_02,
    "figure_03": _figure_03,
    "figure_04": _figure_04,
    "figure_05": _figure_05,
    "figure_06": _figure_06,
    "figure_07": _figure_07,
    "figure_08": _figure_08,
    "figure_09": _figure_09,
    "figure_10": _figure_10,
    "figure_11": _figure_11,
    "figure_12": _figure_12,
    "figure_13": _figure_13,
    "figure_14": _figure_14,
    "figure_tanh": _figure_tanh,
}
