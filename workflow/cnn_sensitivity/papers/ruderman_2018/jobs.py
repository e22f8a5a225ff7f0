"""The jobs of this paper: it has no tables that others have not. No torch."""

from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.papers.pictures import picture_jobs
from cnn_sensitivity.papers.ruderman_2018.experiments import REAL
from cnn_sensitivity.plan import Plan


def jobs(plan: Plan) -> list[Job]:
    """Return all jobs of the paper for a run."""
    return picture_jobs(plan, REAL)
