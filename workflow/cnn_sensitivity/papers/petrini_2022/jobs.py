"""The tables that no other paper has, and the jobs that make them. No torch."""

from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.papers.paper import settings_of
from cnn_sensitivity.papers.petrini_2022.settings import Settings, Sphere
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tables.files import Columns

COLUMNS: dict[str, Columns] = {
    "sphere": (
        ["regime"],
        ["dimension", "exponent", "train_points", "seed", "test_error", "atoms", "rotation"],
        [],
    ),
    "circle": (["kind"], ["angle", "feature", "lazy"], []),
    "samples": ([], ["exponent", "row", "column", "value"], []),
}
_TABLES = "papers.petrini_2022.tables"


def jobs(plan: Plan) -> list[Job]:
    """Return all jobs of the paper for a run: of each sphere one, and that of the pictures."""
    spheres = settings_of(plan, Settings).sphere
    return [*(_sphere(plan, each) for each in spheres), _pictures(plan)]


def _sphere(plan: Plan, told: Sphere) -> Job:
    name = told.name.replace("-", "_").replace(".", "_")
    return Job(
        f"sphere_{name}",
        f"Learn a {'constant' if told.exponent is None else 'Gaussian random'} function on the"
        f" sphere in {told.dimension} dimensions, with features and lazily (S22).",
        f"{_TABLES}.sphere:sphere_table",
        {"sphere": plan.table(f"sphere-{told.name}")},
        {"told": told.model_dump(mode="json", exclude_none=True), "root_seed": plan.config.seed},
    )


def _pictures(plan: Plan) -> Job:
    return Job(
        "sphere_pictures",
        "Draw Gaussian random functions on the sphere, and learn a constant on the circle (S22).",
        f"{_TABLES}.pictures:picture_tables",
        {kind: plan.table(kind) for kind in ("circle", "samples")},
        {"root_seed": plan.config.seed},
    )
