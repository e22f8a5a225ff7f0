"""How often the authors' own numbers would meet a criterion, in a run of this design.

Where a claim's numbers are known they are drawn with the run's networks, sizes, seeds and data set
and judged by the same rule. What they meet in less than 90 % of simulations is not tested at this
scale: neither agreement nor contradiction would say much. Source: paper.md, section 4.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

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

SIMULATIONS = 100
ENOUGH = 0.9
"""Share of the simulations that must reproduce the claim."""
_VERDICTS = (REPRODUCED, CONTRADICTED, UNDECIDED)
COLUMNS = ["claim", "design", *_VERDICTS]

Draw = Callable[[np.random.Generator], Tables]


@dataclass(frozen=True)
class Authors:
    """The authors' numbers of a room."""

    claims: frozenset[str]
    """The claims whose numbers are known."""
    prepare: Callable[[Tables], Draw]
    """From a run's tables to what draws others like them, with the authors' numbers in them."""
    known: DataFrame
    """Simulations that were made, under COLUMNS: `characteristics.csv` of the room."""


class Simulated:
    """The authors' numbers in the design of one run."""

    def __init__(self, authors: Authors, tables: Tables) -> None:
        self._authors, self._tables = authors, tables

    @cached_property
    def draw(self) -> Draw:
        return self._authors.prepare(self._tables)

    @cached_property
    def design(self) -> str:
        """Twelve digits that tell this design, with its scatter over seeds, from others."""
        digest = hashlib.sha256()
        for kind, table in sorted(self.draw(np.random.default_rng(0)).items()):
            digest.update(f"{kind}\n{table.to_csv(index=False, float_format='%.5g')}".encode())
        return digest.hexdigest()[:12]

    def decides(self, claim: Claim, judged: Judged) -> bool:
        """Return whether what the authors' numbers would meet decides if a claim is tested.

        A claim without an interval stays undecided: it lacks trainings, whatever the authors had.
        """
        known = claim.id in self._authors.claims and judged.verdict != NOT_TESTED
        return known and judged.part.has_interval

    def gate(self, claim: Claim, judged: Judged) -> Judged:
        """Return what was judged, or that it is not tested at this scale, with the shares."""
        if not self.decides(claim, judged):
            return judged
        shares = self.shares(claim)
        if shares[REPRODUCED] >= ENOUGH:
            return judged
        sentence = (
            "The authors' own numbers, drawn with this run's networks, sizes and seeds, would be"
            f" reproduced in {shares[REPRODUCED]:.0%} of runs and contradicted in"
            f" {shares[CONTRADICTED]:.0%}; measured, and not judged:"
        )
        return replace(judged, verdict=NOT_TESTED, reason=f"{sentence} {judged.reason}")

    def shares(self, claim: Claim) -> dict[str, float]:
        """Return the share of simulations with each verdict; those that were made are not again."""
        known = self._authors.known
        made = known[(known["claim"] == claim.id) & (known["design"] == self.design)]
        if len(made):
            return {verdict: float(made.iloc[0][verdict]) for verdict in _VERDICTS}
        return simulate(claim, self.draw)

    def table(self, claims: Iterable[Claim]) -> DataFrame:
        """Return the simulations of the claims that they decide, under COLUMNS."""
        rows = [
            {"claim": claim.id, "design": self.design, **self.shares(claim)}
            for claim in claims
            if self.decides(claim, judge(claim, self._tables))
        ]
        return DataFrame(rows, columns=COLUMNS)


def simulate(claim: Claim, draw: Draw) -> dict[str, float]:
    """Return the share of simulations in which a claim has each verdict.

    What the authors' numbers do not define in this design counts as undecided. The same arguments
    give the same shares.
    """
    generator = np.random.default_rng(0)
    found = Counter(judge(claim, draw(generator)).verdict for _ in range(SIMULATIONS))
    found[UNDECIDED] += found.pop(NOT_TESTED, 0)
    return {verdict: found[verdict] / SIMULATIONS for verdict in _VERDICTS}
