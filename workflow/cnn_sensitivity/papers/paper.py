"""What a replicated paper is: its facts, and which tables its figures and claims need. No torch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import suggestion
from cnn_sensitivity.config.base import Model
from cnn_sensitivity.config.sentences import describe
from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.plan import Plan, Run
from cnn_sensitivity.tables.files import Columns
from cnn_sensitivity.tables.measurements import part, path_of

Tables = dict[str, list[str]]
"""Paths of tables by kind: training, or the name of a table of the whole run; of views of what was
measured (sensitivity, cosine_distance, spectrum, receptive_field) parts of tables."""

Told = TypeVar("Told", bound=Model)

EXTENSIONS = ("pdf", "svg", "png", "csv", "txt")
"""The files of each figure: pictures, the numbers that they plot, the caption."""


@dataclass(frozen=True)
class Choice:
    """The networks that a figure with a panel for each shows, where `figures:` lists no others."""

    figure: str
    experiment: str
    networks: tuple[str, ...]

    def of(self, plan: Plan) -> list[str]:
        """Return the labels to show: the configured ones, else the paper's that the run has.

        Where the run has none of these, all of its networks are shown.

        Raises:
            UserError: a configured label is no network of the run.
        """
        experiment = plan.config.experiments.get(self.experiment)
        labels = [network.label for network in experiment.networks] if experiment else []
        chosen = plan.config.figures.get(self.figure)
        if chosen is None or experiment is None:
            return [label for label in self.networks if label in labels] or labels
        for label in chosen:
            if label not in labels:
                raise UserError(
                    f"configuration: figures.{self.figure}: no network of"
                    f" experiments.{self.experiment} is labelled {label!r}"
                    f"{suggestion(label, labels)}"
                )
        return chosen


@dataclass(frozen=True)
class Paper:
    """A paper's facts, and what its room needs of a run."""

    title: str
    authors: str
    arxiv: str
    figures: Mapping[str, Callable[[Plan], Tables | None]]
    """By name, in the order of the paper: the tables that a figure needs; None without data."""
    claims: Callable[[Plan], Tables]
    """The tables that the claims are measured from."""
    choices: tuple[Choice, ...] = ()
    jobs: Callable[[Plan], list[Job]] = lambda plan: []
    """What makes the tables that belong to no network; none of them need be asked for."""
    key_figure: str = ""
    """What a report opens with, if the run has it; else the first that it has."""
    columns: Mapping[str, Columns] = field(default_factory=dict)
    """Of the tables that this paper alone has, by kind."""
    runs: tuple[str, ...] = ()
    """The committed runs, by growing scale: the last one that tests a claim decides on it."""
    settings: type[Model] | None = None
    """What `tables:` says of these tables; None where nothing can be said of them."""

    def check(self, plan: Plan) -> None:
        """Raise UserError if `figures:` names no figure whose networks can be chosen, or `tables:`
        says what the paper does not take.
        """
        if self.settings:
            settings_of(plan, self.settings)
        elif plan.config.tables:
            raise UserError(f"configuration: tables: {plan.config.paper} takes none; leave it out")
        known = {choice.figure: choice for choice in self.choices}
        for figure in plan.config.figures:
            if figure not in known:
                raise UserError(
                    f"configuration: figures.{figure}: not a figure of {plan.config.paper} whose"
                    f" networks can be chosen{suggestion(figure, known)}"
                )
            known[figure].of(plan)


def settings_of(plan: Plan, settings: type[Told]) -> Told:
    """Return what `tables:` says.

    Raises:
        UserError: naming the first key at fault and what would be right.
    """
    try:
        return settings.model_validate(plan.config.tables)
    except ValidationError as error:
        raise UserError(f"configuration: tables.{describe(error, settings)}") from None


def measured(measurement: str, runs: Iterable[Run], kind: str = "sensitivity") -> Tables | None:
    """Return the rows of a measurement of the runs on which it was made; None without such runs."""
    parts = [part(run.measured, [measurement]) for run in runs if measurement in run.measurements]
    return {kind: parts} if parts else None


def of_jobs(jobs: Sequence[Job], *kinds: str) -> Tables | None:
    """Return the tables of these kinds that jobs make; None where they make none of a kind."""
    tables = {kind: [job.outputs[kind] for job in jobs if kind in job.outputs] for kind in kinds}
    return tables if all(tables.values()) else None


def of_runs(kind: str, runs: Iterable[Run]) -> Tables | None:
    """Return what is made of each of these runs: its training, spectrum or receptive fields."""
    if kind in _OF_WEIGHTS:
        sources = [part(run.measured, [_OF_WEIGHTS[kind]]) for run in runs]
    else:
        sources = [run.path(f"{kind}.csv") for run in runs]
    return {kind: sources} if sources else None


_OF_WEIGHTS = {"spectrum": "filters", "receptive_field": "receptive_field"}


def files_of(tables: Tables) -> list[str]:
    """Return the paths of the tables, each once."""
    return list(dict.fromkeys(path_of(source) for group in tables.values() for source in group))
