"""The tables that this paper alone has, and the jobs that make them. No torch."""

from cnn_sensitivity.config import Images
from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tables.files import Columns

COLUMNS: dict[str, Columns] = {
    "phase_diagram": ([], ["size", "cutoff", "lowest", "one_pixel", "highest"], []),
    "overhangs": (
        [],
        ["size", "cutoff", "temperature", "relative_temperature", "fields", "share", "share_lines"],
        [],
    ),
    "deformed_examples": (
        ["picture"],
        ["row", "column", "channel", "value", "cutoff", "displacement", "temperature"],
        [],
    ),
    "sphere": (["picture"], ["row", "column", "channel", "value", "distance"], []),
    "identity": (["experiment", "perturbation", "average"], ["input_size", "D", "G", "R"], []),
    # All that was measured of networks on the stripe, a row a number.
    "stripe": (
        ["experiment", "dataset", "network", "options", "state", "quantity"],
        ["noise", "train_size", "seed", "input_size", "value"],
        ["learned", "diverged"],
    ),
}
CUTOFFS = [3, 5, 15]
"""Of the deformations whose overhangs are counted."""
_TABLES = "papers.petrini_2021.tables"


def jobs(plan: Plan) -> list[Job]:
    """Return all jobs of the paper for a run: on the first experiment with images, and on each."""
    experiments = plan.config.experiments.items()
    images = [name for name, experiment in experiments if isinstance(experiment, Images)]
    return [
        *(_deformations(plan, experiment) for experiment in images[:1]),
        *(_identity(plan, experiment) for experiment in images),
    ]


def _deformations(plan: Plan, experiment: str) -> Job:
    kinds = ("phase_diagram", "overhangs", "deformed_examples", "sphere")
    return Job(
        "deformations",
        "Say which deformations of a data set's images are diffeomorphisms, and show some (P21).",
        f"{_TABLES}.deformations:deformation_tables",
        {kind: plan.table(f"{kind}-{experiment}") for kind in kinds},
        {"cutoffs": CUTOFFS, "root_seed": plan.config.seed},
        experiment,
    )


def _identity(plan: Plan, experiment: str) -> Job:
    """Return the job that measures the images on which the experiment's networks are measured."""
    measurements = plan.config.experiments[experiment].measurements
    settings = plan.settings_of(experiment, measurements)
    return Job(
        f"identity_{experiment}",
        "Measure the images themselves: how far each perturbation moves them (P21).",
        f"{_TABLES}.identity:identity_table",
        {"identity": plan.table(f"identity-{experiment}")},
        {
            "experiment": experiment,
            "settings": settings.model_dump(mode="json", exclude_none=True),
        },
        experiment,
    )
