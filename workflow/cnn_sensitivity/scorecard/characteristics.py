"""How often the authors' own numbers would meet a criterion, in a run of this design.

Where a claim's numbers are known they are drawn with the run's networks, sizes, seeds and data set
and judged by the same rule. What they meet in less than 90 % of simulations is not tested at this
scale: neither agreement nor contradiction would say much. Source: paper.md, section 4.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import (
    CONTRADICTED,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
    Claim,
    Judged,
    judge,
)

SIMULATIONS = 200
ENOUGH = 0.9
"""Share of the simulations that must reproduce the claim."""
COLUMNS = ["claim", "design", "simulations", REPRODUCED, CONTRADICTED, UNDECIDED]

Draw = Callable[[np.random.Generator], Tables]


@dataclass(frozen=True)
class Authors:
    """The authors' numbers of a room: those of which claims are known, and how they are drawn."""

    claims: frozenset[str]
    prepare: Callable[[Tables], Draw]
    """From a run's tables to what draws others like them, with the authors' numbers in them."""
    known: DataFrame = field(default_factory=lambda: DataFrame(columns=COLUMNS))
    """Simulations that were made, under COLUMNS: `characteristics.csv` of the room."""

    def gate(self, claim: Claim, judged: Judged, tables: Tables) -> Judged:
        """Return what was judged, or that it is not tested by so many of so few networks.

        A claim without an interval stays undecided: it lacks trainings, whatever the authors had.
        """
        if claim.id not in self.claims or judged.verdict == NOT_TESTED:
            return judged
        if not judged.part.has_interval:
            return judged
        shares = self.shares(claim, tables)
        if shares[REPRODUCED] >= ENOUGH:
            return judged
        sentence = (
            f"The authors' own numbers, drawn with this run's networks, sizes and seeds, would be"
            f" reproduced in {shares[REPRODUCED]:.0%} of runs and contradicted in"
            f" {shares[CONTRADICTED]:.0%}: {judged.verdict} says little here."
        )
        return replace(judged, verdict=NOT_TESTED, reason=f"{sentence} {judged.reason}")

    def shares(self, claim: Claim, tables: Tables) -> dict[str, float]:
        """Return the share of simulations with each verdict; those that were made are not again."""
        key = (self.known["claim"] == claim.id) & (self.known["design"] == design(tables))
        if key.any():
            row = self.known[key].iloc[0]
            return {verdict: float(row[verdict]) for verdict in COLUMNS[3:]}
        return simulate(claim, self.prepare(tables))

    def table(self, claims: Iterable[Claim], tables: Tables) -> DataFrame:
        """Return the simulations of all claims whose numbers are known, under COLUMNS."""
        draw = self.prepare(tables)
        rows = [
            {"claim": claim.id, "design": design(tables), "simulations": SIMULATIONS}
            | simulate(claim, draw)
            for claim in claims
            if claim.id in self.claims
        ]
        return DataFrame(rows, columns=COLUMNS)


def simulate(claim: Claim, draw: Draw, simulations: int = SIMULATIONS) -> dict[str, float]:
    """Return the share of simulations in which a claim has each verdict.

    What the authors' numbers do not define in this design counts as undecided. The same arguments
    give the same shares.
    """
    generator = np.random.default_rng(0)
    found = Counter(judge(claim, draw(generator)).verdict for _ in range(simulations))
    found[UNDECIDED] += found.pop(NOT_TESTED, 0)
    return {verdict: found[verdict] / simulations for verdict in COLUMNS[3:]}


def design(tables: Tables) -> str:
    """Return twelve digits that tell the tables of a run from those of others."""
    digest = hashlib.sha256()
    for kind in sorted(tables):
        digest.update(kind.encode())
        digest.update(tables[kind].to_csv(index=False, float_format="%.6g").encode())
    return digest.hexdigest()[:12]
