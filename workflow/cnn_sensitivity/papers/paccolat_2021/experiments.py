"""Which runs of a plan are flows, in which regime, and which are kernel machines. No torch."""

from cnn_sensitivity.analysis.regimes import LAZY_FROM
from cnn_sensitivity.config import Measurement
from cnn_sensitivity.config.experiments import Points
from cnn_sensitivity.config.fits import GradientFlow
from cnn_sensitivity.plan import Plan, Run
from cnn_sensitivity.tables.measurements import part


def flows(plan: Plan) -> list[Run]:
    """Return the flows on points."""
    return [run for run in _of_points(plan) if isinstance(run.fit, GradientFlow)]


def feature_flows(plan: Plan) -> list[Run]:
    """Return the flows in the feature regime."""
    return [run for run in flows(plan) if float(run.axes["alpha"] or 0) < LAZY_FROM]


def followed(runs: list[Run]) -> list[Run]:
    """Return the flows whose paths tell the sizes of the first layer's weights."""
    return [run for run in runs if getattr(run.fit, "informative", None) is not None]


def machines(plan: Plan) -> list[Run]:
    """Return the machines with the kernel of the infinitely wide lazy network."""
    return [run for run in _of_points(plan) if run.fit.engine == "kernel"]


def parts(plan: Plan, runs: list[Run], *quantities: str) -> list[str]:
    """Return the rows of the measurements of some quantities, of the runs that have them."""
    names = {run.name: _measurements(plan, run, quantities) for run in runs}
    return [part(run.measured, names[run.name]) for run in runs if names[run.name]]


def _measurements(plan: Plan, run: Run, quantities: tuple[str, ...]) -> list[str]:
    known = plan.config.measurements
    asked = {name: known.get(name) or Measurement(quantity=name) for name in run.measurements}
    return [name for name, each in asked.items() if each.quantity in quantities]


def _of_points(plan: Plan) -> list[Run]:
    experiments = plan.config.experiments
    return [run for run in plan.runs if isinstance(experiments[run.experiment], Points)]
