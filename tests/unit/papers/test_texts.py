"""What a room says of its claims agrees with the committed scorecards, and leaves nothing out."""

import re

import pytest
from checkout import ROOT

from cnn_sensitivity import papers
from cnn_sensitivity.papers import texts
from cnn_sensitivity.plan import REFERENCES
from cnn_sensitivity.scorecard import largest
from cnn_sensitivity.scorecard.render import measured, records
from cnn_sensitivity.scorecard.verdict import CONTRADICTED, NOT_TESTED, REPRODUCED, UNDECIDED

NAMES = [name for name in papers.NAMES if papers.paper(name).runs]
HOLDS, DOES_NOT, OPEN = "Holds", "Does not", "Open"
HEADINGS = {REPRODUCED: HOLDS, CONTRADICTED: DOES_NOT, UNDECIDED: OPEN, NOT_TESTED: OPEN}
INTERVAL = re.compile(r"-?[\d.]+\s\[-?[\d.]+,\s-?[\d.]+\]")


def cards_of(name: str) -> largest.Scorecards:
    return largest.scorecards(ROOT / REFERENCES, papers.paper(name).runs)


def verdicts(name: str) -> dict[str, str]:
    """Return the verdict of each claim at the largest scale."""
    cards = cards_of(name)
    found = {claim.id: largest.at_largest(claim, cards) for claim in papers.claims(name)}
    return {claim: each.verdict if each else NOT_TESTED for claim, each in found.items()}


@pytest.mark.parametrize("name", NAMES)
def test_each_claim_stands_in_one_known_group(name: str) -> None:
    said = texts.read(name)
    assert set(said.groups) <= set(texts.GROUPS)
    listed = [claim for group in said.groups.values() for claim in group]
    assert sorted(listed) == sorted(claim.id for claim in papers.claims(name))
    assert texts.REST not in texts.grouped(papers.claims(name), said)


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_puts_each_claim_where_its_verdict_is(name: str) -> None:
    summary = texts.read(name).summary
    parts = re.split(rf"^- \*\*({HOLDS}|{DOES_NOT}|{OPEN})\*\*: ", summary, flags=re.MULTILINE)
    assert parts[1::2] == [HOLDS, DOES_NOT, OPEN]
    said = {
        heading: re.findall(r"`([^`]+)`", text)
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    for claim, verdict in verdicts(name).items():
        where = [heading for heading, claims in said.items() if claim in claims]
        assert where == [HEADINGS[verdict]], claim


@pytest.mark.parametrize("name", NAMES)
def test_what_is_contradicted_or_undecided_is_explained(name: str) -> None:
    why = texts.read(name).why
    for claim, verdict in verdicts(name).items():
        if verdict in (CONTRADICTED, UNDECIDED):
            assert len(why[claim]) > 60, claim


@pytest.mark.parametrize("name", NAMES)
def test_every_committed_run_is_described(name: str) -> None:
    said = texts.read(name).runs
    assert set(said) == set(papers.paper(name).runs)
    assert all(said.values())


@pytest.mark.parametrize("name", NAMES)
def test_intervals_that_are_written_by_hand_are_in_a_committed_scorecard(name: str) -> None:
    rows = [row for card in cards_of(name).values() for row in records(card)]
    committed = " ".join(f"{measured(row)} {row['reason']}" for row in rows)
    said = texts.read(name)
    for text in (said.summary, *said.runs.values(), *said.why.values()):
        for interval in INTERVAL.findall(text):
            assert " ".join(interval.split()) in committed, interval


def test_a_room_without_a_text_has_an_empty_one() -> None:
    said = texts.read("nobody_1999")
    assert said == texts.Texts("", {}, {})
    claims = papers.claims(papers.NAMES[0])
    assert texts.grouped(claims, said) == {texts.REST: list(claims)}
