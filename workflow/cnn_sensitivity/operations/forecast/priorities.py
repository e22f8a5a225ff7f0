"""Long jobs first, so that no run ends with one core that waits for one job.

A list schedule (R. L. Graham, "Bounds on multiprocessing timing anomalies", 1969): of the jobs that
could start, the one of the longest chain does. A chain is a training and its measuring, which
follows at once: results come early, and the end of a run has short chains to fill the cores with.
"""

from cnn_sensitivity.operations.forecast.estimate import Forecast


class Priorities:
    """Seconds of the chain that a job belongs to, as a number that Snakemake sorts by."""

    def __init__(self, forecast: Forecast):
        known = [cost.seconds for cost in forecast.costs if cost.seconds is not None]
        # What nobody has timed may be the longest of all.
        unknown = max(known, default=0.0)
        self._runs: dict[str, float] = {}
        self._experiments: dict[str, float] = {}
        for cost in forecast.costs:
            seconds = round(unknown if cost.seconds is None else cost.seconds, 2)
            self._runs[cost.run.name] = seconds
            longest = max(seconds, self._experiments.get(cost.run.experiment, 0.0))
            self._experiments[cost.run.experiment] = longest

    def run(self, name: str) -> float:
        """Return that of a run's training, and of its measuring; 0 for one that is left out."""
        return self._runs.get(name, 0.0)

    def dataset(self, experiment: str) -> float:
        """Return that of a data set: of the longest chain that waits for it."""
        return self._experiments.get(experiment, 0.0)
