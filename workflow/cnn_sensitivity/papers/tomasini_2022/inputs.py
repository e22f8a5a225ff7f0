"""Which tables each figure and the scorecard are made from: what ties them to runs."""

from collections.abc import Callable

from cnn_sensitivity.config import ScaleDetection1d
from cnn_sensitivity.papers.paper import Choice, Tables, measured, of_jobs, of_runs
from cnn_sensitivity.papers.tomasini_2022.experiments import ONE_DIMENSIONAL
from cnn_sensitivity.papers.tomasini_2022.jobs import jobs
from cnn_sensitivity.plan import Plan, Run

FIGURE_03 = Choice("figure_03", "images", ("VGG11", "VGG11bn", "AlexNet", "LeNet"))
FIGURE_04 = Choice("figure_04", "images", ("VGG11", "VGG11bn"))
FIGURE_09 = Choice("figure_09", "scale_detection_2d", ("VGG11", "VGG11bn", "VGG13bn"))


def claims(plan: Plan) -> Tables:
    """Return the tables that the claims are measured from."""
    with_filters = (run for run in plan.runs if _has_clean_filters(run))
    return {
        **(measured("sensitivity", plan.runs) or {}),
        **_medians(plan),
        **(measured("initial", plan.select("images", keep=_is_clean), kind="initial") or {}),
        **(of_runs("spectrum", with_filters) or {"spectrum": []}),
        **(of_jobs(jobs(plan), "theory") or {}),
    }


def _medians(plan: Plan) -> Tables:
    """Return the medians of P21, whose points Figure 1 shows, where the run has them."""
    return measured("median", plan.select("images", keep=_is_clean), kind="medians") or {}


def _is_relu(run: Run) -> bool:
    return run.network.activation == "relu"


def _is_clean(run: Run) -> bool:
    return run.noise == 0 and _is_relu(run)


def _is_one_dimensional(run: Run) -> bool:
    return run.experiment in ONE_DIMENSIONAL


def _has_clean_filters(run: Run) -> bool:
    return _is_clean(run) and run.has_filters


def _figure_01(plan: Plan) -> Tables | None:
    tables = _figure_10(plan)
    pictures = of_jobs(jobs(plan), "pictures")
    return tables and {**tables, **_medians(plan), **(pictures or {})}


def _figure_02(plan: Plan) -> Tables | None:
    return of_jobs(jobs(plan), "pooling")


def _figure_03(plan: Plan) -> Tables | None:
    return measured("sensitivity", plan.select("images", FIGURE_03.of(plan), _is_clean))


def _figure_04(plan: Plan) -> Tables | None:
    return of_runs("spectrum", plan.select("images", FIGURE_04.of(plan), _has_clean_filters))


def _figure_05(_: Plan) -> Tables:
    return {}


def _figure_06(plan: Plan) -> Tables | None:
    return of_jobs(jobs(plan), "activations")


def _figure_07(plan: Plan) -> Tables | None:
    return measured("sensitivity", _one_dimensional(plan))


def _figure_receptive_field(plan: Plan) -> Tables | None:
    wanted = [run for run in _one_dimensional(plan) if _has_measured_fields(plan, run)]
    tables = measured("sensitivity", wanted)
    return tables and {**tables, **(of_runs("receptive_field", wanted) or {})}


def _has_measured_fields(plan: Plan, run: Run) -> bool:
    experiment = plan.config.experiments[run.experiment]
    return isinstance(experiment, ScaleDetection1d) and experiment.receptive_field


def _one_dimensional(plan: Plan) -> list[Run]:
    return [run for run in plan.runs if _is_one_dimensional(run) and _is_clean(run)]


def _figure_08(plan: Plan) -> Tables | None:
    return measured("sensitivity", plan.select("scale_detection_2d", keep=_is_clean))


def _figure_09(plan: Plan) -> Tables | None:
    runs = plan.select("scale_detection_2d", FIGURE_09.of(plan), _is_clean)
    return measured("sensitivity", _with_most_images(runs))


def _figure_10(plan: Plan) -> Tables | None:
    return measured("sensitivity", plan.select("images", keep=_is_relu))


def _figure_11(plan: Plan) -> Tables | None:
    return measured("sensitivity", plan.select("images", keep=_is_clean))


def _figure_12(plan: Plan) -> Tables | None:
    shown = FIGURE_04.of(plan)
    runs = plan.select("images", keep=_has_clean_filters)
    return of_runs("spectrum", [run for run in runs if run.network.label not in shown])


def _figure_13(plan: Plan) -> Tables | None:
    return of_jobs(jobs(plan), "pretrained")


def _figure_14(plan: Plan) -> Tables | None:
    runs = plan.select("scale_detection_2d", keep=_has_clean_filters)
    return of_runs("spectrum", _with_most_images(runs))


def _figure_tanh(plan: Plan) -> Tables | None:
    """Every network that has a twin with the other activation, clean data."""
    runs = [run for run in plan.runs if run.noise == 0]
    twins = [run for run in runs if any(_are_twins(run, other) for other in runs)]
    return measured("sensitivity", twins)


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
    "figure_receptive_field": _figure_receptive_field,
}
