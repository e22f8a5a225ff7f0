"""How often each claim of T22 would be decided by a configuration, before anything is trained.

Trainings are drawn from those of a run that was made, and judged by the claims' own rules:

    python scripts/power_of_a_design.py paper_figures/reference/quick --configfile config.yaml \\
        [--output power.csv]

A network's true curves are the means, over its trainings, of ln D, ln G and ln error. A drawn
training lies off them as one of the run's trainings lies off the mean of its own network, with the
layers of one curve together; a network with a single training has the scatter of the others. Its
shuffles and fresh networks are drawn from those that were measured. What was never measured cannot
be drawn: a network that the run has not, or not at that noise, is left out and named.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pandas import DataFrame, concat

from cnn_sensitivity import papers
from cnn_sensitivity.config import read
from cnn_sensitivity.operations import archive
from cnn_sensitivity.plan import Plan, Run
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import CONTRADICTED, REPRODUCED, UNDECIDED, judge

SIMULATIONS = 200
TRAINING = ["experiment", "network", "noise", "train_size", "seed"]
QUANTITIES = ["D", "G"]


@dataclass(frozen=True)
class Deviation:
    """How a training lies off the mean of its network: ln D and ln G over depth, ln error."""

    depth: np.ndarray
    curves: np.ndarray
    error: float


@dataclass(frozen=True)
class Trainings:
    """The trainings of one network of a run that was made, at one noise and training size."""

    tables: dict[int, Tables]
    """What was measured of each, by seed."""
    curves: DataFrame
    """ln D and ln G of the trained networks, means over trainings, by layer."""
    error: float
    """The mean of ln error."""


def trained(rows: DataFrame) -> DataFrame:
    """Return the curves of trained networks with their own wiring, by layer."""
    chosen = rows[(rows["state"] == "trained") & (rows["wiring"] == "original")]
    return chosen.sort_values("index")


def logarithms(rows: DataFrame) -> DataFrame:
    """Return ln D and ln G by layer."""
    return np.log(rows.set_index("index")[QUANTITIES].astype(float))


def measured(tables: Tables) -> dict[tuple, Trainings]:
    """Return the trainings of a run by experiment, network, noise and training size."""
    found = {}
    for key, rows in tables["sensitivity"].groupby(TRAINING[:-1], dropna=False):
        seeds = sorted(rows["seed"].unique())
        own = {seed: _of(tables, dict(zip(TRAINING, (*key, seed), strict=True))) for seed in seeds}
        each = [logarithms(trained(own[seed]["sensitivity"])) for seed in seeds]
        errors = rows.groupby("seed")["test_error"].first()
        mean = sum(each) / len(each)
        found[key] = Trainings(own, mean, float(np.log(errors.clip(lower=1e-4)).mean()))
    return found


def _of(tables: Tables, wanted: dict) -> Tables:
    """Return the rows of one training in each table that has such rows."""
    chosen = {}
    for kind, table in tables.items():
        if set(TRAINING) <= set(table.columns):
            same = np.logical_and.reduce([table[column] == wanted[column] for column in TRAINING])
            chosen[kind] = table[same]
    return chosen


def deviations(known: dict[tuple, Trainings]) -> dict[str, list[Deviation]]:
    """Return how trainings lie off the means of their networks, by experiment.

    They are stretched by sqrt(n/(n - 1)): n trainings lie closer to their own mean than to the
    true one.
    """
    found: dict[str, list[Deviation]] = {}
    for (experiment, *_), trainings in known.items():
        count = len(trainings.tables)
        for own in trainings.tables.values() if count > 1 else ():
            rows = trained(own["sensitivity"])
            off = (logarithms(rows) - trainings.curves).to_numpy()
            error = np.log(max(rows["test_error"].iloc[0], 1e-4)) - trainings.error
            stretch = np.sqrt(count / (count - 1))
            depth = rows["depth"].to_numpy()
            deviation = Deviation(depth, stretch * off, float(stretch * error))
            found.setdefault(experiment, []).append(deviation)
    return found


def like(known: dict[tuple, Trainings], run: Run) -> Trainings | None:
    """Return the trainings of a planned run's network, noise and size; None if there were none."""
    for (experiment, network, noise, size), trainings in known.items():
        same = (experiment, network, noise) == (run.experiment, run.network.label, run.noise)
        if same and run.train_size in (None, size):
            return trainings
    return None


def drawn(
    run: Run,
    seed: int,
    trainings: Trainings,
    deviation: Deviation,
    shuffles: int,
    generator: np.random.Generator,
) -> Tables:
    """Return the tables of one training that was not made."""
    model = trainings.tables[generator.choice(list(trainings.tables))]
    rows = _more_shuffles(model["sensitivity"], shuffles, generator)
    is_trained = (rows["state"] == "trained").to_numpy()
    curves = trainings.curves.reindex(rows["index"]).to_numpy()
    own = logarithms(trained(model["sensitivity"])).reindex(rows["index"]).to_numpy()
    off = np.column_stack(
        [np.interp(rows["depth"], deviation.depth, each) for each in deviation.curves.T]
    )
    # Shuffled curves keep their place beside that of the training that they were measured in.
    logs = np.log(rows[QUANTITIES].astype(float).to_numpy()) - own + curves + off
    values = np.where(is_trained[:, None], np.exp(logs), rows[QUANTITIES].to_numpy())
    error = float(np.clip(np.exp(trainings.error + deviation.error), 0, 1))
    told = {"seed": seed, "noise": run.noise}
    changed = rows.assign(D=values[:, 0], G=values[:, 1], test_error=error, **told)
    changed["R"] = changed["D"] / changed["G"]
    others = {kind: rows.assign(**told) for kind, rows in model.items() if kind != "sensitivity"}
    return {"sensitivity": changed, **others}


def _more_shuffles(rows: DataFrame, count: int, generator: np.random.Generator) -> DataFrame:
    """Return rows with so many shuffles, drawn from those that were measured."""
    shuffled = rows["wiring"] == "shuffled"
    if not shuffled.any():
        return rows
    by_draw = [each for _, each in rows[shuffled].groupby("draw")]
    chosen = generator.integers(len(by_draw), size=count)
    more = [by_draw[place].assign(draw=number) for number, place in enumerate(chosen)]
    return concat([rows[~shuffled], *more], ignore_index=True)


def joined(made: Sequence[Tables]) -> Tables:
    """Return the tables of all trainings, by kind."""
    kinds = {kind for each in made for kind in each}
    return {
        kind: concat([each[kind] for each in made if kind in each], ignore_index=True)
        for kind in sorted(kinds)
    }


def power(tables: Tables, plan: Plan, simulations: int = SIMULATIONS) -> DataFrame:
    """Return how often each claim has each verdict, in runs of the plan that were not made."""
    known = measured(tables)
    scatter = deviations(known)
    fixed = {kind: table for kind, table in tables.items() if "seed" not in table.columns}
    shuffles = plan.config.measurements["sensitivity"].shuffles
    planned = [(run, like(known, run)) for run in plan.runs]
    for run, trainings in planned:
        if trainings is None:
            print(f"left out: {run.name}", file=sys.stderr)
    claims = papers.claims(plan.config.paper)
    found: dict[str, Counter[str]] = {claim.id: Counter() for claim in claims}
    generator = np.random.default_rng(0)
    for _ in range(simulations):
        made = []
        for run, trainings in planned:
            of_all = scatter.get(run.experiment, scatter["images"])
            for seed in run.seeds if trainings else ():
                deviation = of_all[generator.integers(len(of_all))]
                made.append(drawn(run, seed, trainings, deviation, shuffles, generator))
        simulated = joined(made)
        for claim in claims:
            found[claim.id][judge(claim, {**fixed, **simulated}).verdict] += 1
    verdicts = (REPRODUCED, CONTRADICTED, UNDECIDED)
    return DataFrame(
        [
            {"claim": claim, **{verdict: counts[verdict] / simulations for verdict in verdicts}}
            for claim, counts in found.items()
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="the folder of a run with tables.tar.gz")
    parser.add_argument("--configfile", nargs="+", default=["config.yaml"])
    parser.add_argument("--simulations", type=int, default=SIMULATIONS)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(arguments)
    _, tables = archive.read_tables(options.run / "tables.tar.gz")
    plan = Plan(read(*options.configfile))
    table = power(tables, plan, options.simulations)
    print(table.to_string(index=False))
    if options.output:
        table.to_csv(options.output, index=False)


if __name__ == "__main__":
    main()
