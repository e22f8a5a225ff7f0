"""Flows of a few networks at one point of the plane, for the searches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from cnn_sensitivity.base.arithmetic import arithmetic
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.fits import GradientFlow
from cnn_sensitivity.config.limits import at_point
from cnn_sensitivity.engines import gradient_flow
from cnn_sensitivity.engines.gradient_flow.asked import flows
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.networks.training_sets import representation, training_set
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, WIDTH
from cnn_sensitivity.tasks.points.signed import Signed, seen, test_points
from cnn_sensitivity.tasks.store import Dataset

Row = dict[str, Any]
Observe = Callable[[gradient_flow.ScaledChange, Signed], dict[str, float]]
"""What else is noted of a fitted network, on the test points as it sees them."""


@dataclass(frozen=True)
class Plane:
    """A data set as the networks of an experiment see it, and how they learn it."""

    settings: TrainingSettings
    dataset: Dataset
    sets: list[Signed]
    test: Signed

    @classmethod
    def of(cls, settings: TrainingSettings, dataset: Dataset) -> "Plane":
        """Return the plane that the points of an experiment lie in; settings of any of them."""
        before = representation(settings, dataset)
        sets = [seen(before, training_set(settings, dataset, seed)) for seed in settings.seeds]
        return cls(settings, dataset, sets, seen(before, test_points(dataset)))

    def rows(
        self,
        alpha: float,
        width: int,
        observe: Observe | None = None,
        initial_at: float | None = None,
    ) -> list[Row]:
        """Return how the flow of each seed's network ends at a point, a row a seed.

        The networks begin as those that the experiment has at this point, where it has it, or at
        the alpha `initial_at`.
        """
        drawn_at = alpha if initial_at is None else initial_at
        axes = {**self.settings.axes, ALPHA: drawn_at, WIDTH: width}
        network = at_point(self.settings.network, axes)
        settings = self.settings.model_copy(update={"axes": axes, "network": network})
        told = settings.fit
        assert isinstance(told, GradientFlow)
        with torch.random.fork_rng(devices=[]), arithmetic("float32", torch.device("cpu")):
            networks = [build_network(settings, self.dataset, seed) for seed in settings.seeds]
            fits = flows(told, networks, self.sets, alpha)
        rows = []
        for seed, fit in zip(settings.seeds, fits, strict=True):
            end = fit.path.iloc[-1]
            row: Row = {"experiment": settings.experiment, "dataset": self.dataset.title}
            row |= {"network": network.label, "train_size": len(self.sets[0].targets)}
            row |= {ALPHA: alpha, WIDTH: width, "seed": seed, "stopped": fit.stopped_because}
            row |= {"share_fitted": float(end["share_fitted"])}
            row |= {"evaluations": int(end["evaluations"])}
            rows.append({**row, **(observe(fit.predictor(), self.test) if observe else {})})
        return rows
