"""What is written by hand of a paper's claims, a file a room: `why.md`. No torch.

It opens with three lines: what holds, what does not, what is open, each with the ids of its claims
as code. Under `# Runs` stands what each committed run is, under each further heading the claims of
one group and, where it is not plain, why one came out as it did.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnn_sensitivity.scorecard.verdict import Claim

GROUPS = ("Test error", "Training", "Filters and weights", "Scaling", "Method")
"""What claims of all papers are about: the columns of the overview."""

REST = "Other"
"""The group of claims that a room's text does not name."""

_RUNS = "Runs"


@dataclass(frozen=True)
class Texts:
    """What a room says of its claims; all of it is empty in a room that has no such file yet."""

    summary: str
    runs: dict[str, str]
    groups: dict[str, dict[str, str]]
    """Of each group the claims by id, with what is said of each."""

    @property
    def why(self) -> dict[str, str]:
        """What is said of each claim."""
        return {claim: text for group in self.groups.values() for claim, text in group.items()}


def read(name: str) -> Texts:
    """Return what the room of a paper says of its claims."""
    file = Path(__file__).with_name(name) / "why.md"
    summary, sections = _split(file.read_text(encoding="utf-8") if file.exists() else "", "# ")
    parts = {heading: _split(text, "## ")[1] for heading, text in sections.items()}
    return Texts(summary, parts.pop(_RUNS, {}), parts)


def grouped(claims: "tuple[Claim, ...]", texts: Texts) -> "dict[str, list[Claim]]":
    """Return a paper's claims by group, in the order of GROUPS; those without one come last."""
    group_of = {claim: group for group, found in texts.groups.items() for claim in found}
    groups = {
        group: [claim for claim in claims if group_of.get(claim.id, REST) == group]
        for group in (*GROUPS, REST)
    }
    return {group: found for group, found in groups.items() if found}


def _split(text: str, mark: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the headings of one level, and the text below each of them."""
    opening, *rest = re.split(rf"^{mark}(.+)$", text, flags=re.MULTILINE)
    return opening.strip(), {
        heading.strip(): below.strip() for heading, below in zip(rest[::2], rest[1::2], strict=True)
    }
