"""The job that several papers have: pictures of one test image, deformed and under noise."""

from cnn_sensitivity.config import Diffeomorphism, PictureSettings, ThinPlate
from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.plan import Plan


def picture_jobs(plan: Plan, experiment: str) -> list[Job]:
    """Return the job that shows one of an experiment's images; none without the experiment."""
    images = plan.config.experiments.get(experiment)
    if images is None:
        return []
    first = plan.measurement(images.measurements[0], images).perturbation
    assert isinstance(first, Diffeomorphism | ThinPlate)  # images are allowed nothing else
    settings = PictureSettings(
        deformation=first, noise=sorted(images.noise), root_seed=plan.config.seed
    )
    return [
        Job(
            "pictures",
            "Deform one test image and add noise to it.",
            "tasks.images.pictures:picture_table",
            {"pictures": plan.table(f"pictures-{experiment}")},
            {"settings": settings.model_dump(mode="json", exclude_none=True)},
            experiment,
        )
    ]
