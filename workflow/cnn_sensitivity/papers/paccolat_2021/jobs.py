"""The tables that this paper alone has, and the jobs that make them. No torch."""

from cnn_sensitivity.config.experiments import Stripe
from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.papers.paccolat_2021.experiments import feature_flows
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tables.files import Columns

_FIT = ["experiment", "dataset", "network", "options"]
COLUMNS: dict[str, Columns] = {
    "paths": (
        [*_FIT, "state", "stopped"],
        ["dimension", "train_size", "alpha", "seed", "time", "loss", "share_fitted", "test_error"]
        + ["weights_informative", "weights_uninformative"],
        [],
    ),
    "machines": (_FIT, ["dimension", "train_size", "seed", "test_error"], []),
    "infinite_data": (
        [],
        ["dimension", "time", "weights_informative", "weights_uninformative"],
        [],
    ),
}
"""Of flows, of kernel machines (what their engines write), and of a flow on infinitely many
points; time is that of a network of one hidden unit, of h units it is h times as long."""


def jobs(plan: Plan) -> list[Job]:
    """Return the job that makes the flow on infinitely many points, in each dimension."""
    kinds = {run.experiment: plan.config.experiments[run.experiment] for run in feature_flows(plan)}
    stripes = [kind for kind in kinds.values() if isinstance(kind, Stripe)]
    dimensions = sorted({stripe.dimension for stripe in stripes})
    if not dimensions:
        return []
    return [
        Job(
            "infinite_data",
            "Follow the weights of a network that learns the stripe from infinitely many points.",
            "papers.paccolat_2021.tables.infinite_data:infinite_data_table",
            {"infinite_data": plan.table("infinite_data")},
            {"dimensions": dimensions, "seed": plan.config.seed},
        )
    ]
