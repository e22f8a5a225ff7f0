"""Configurations that nobody would think of: each is accepted, or refused in one sentence."""

import copy
import json
import math
import re
from collections.abc import Iterator
from typing import Any

from config_cases import QUICK
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnn_sensitivity import config
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Config
from cnn_sensitivity.papers import claim_inputs, figure_inputs, jobs
from cnn_sensitivity.plan import Plan

Location = tuple[str | int, ...]

HOSTILE = ["$(touch X)", "; touch X", "`touch X`", "'", '"', "a\nb", "\x1b[2J", "{braces}", ".."]
ODD = [None, True, False, -1, 0, -0.0, 1e-320, 1e307, 2**31, 10**400, "", "%s", "x" * 5000]
ODD += [math.nan, math.inf, -math.inf, [], {}, [[]], {1: 2}, {None: []}, [1, 1], b"\xff", "\ud800"]


def locations(raw: Any, here: Location = ()) -> Iterator[Location]:
    """Yield where a value of the configuration stands, for every value at any depth."""
    if isinstance(raw, dict | list):
        for key, value in raw.items() if isinstance(raw, dict) else enumerate(raw):
            yield (*here, key)
            yield from locations(value, (*here, key))


scalars = st.one_of(
    st.sampled_from(ODD),
    st.sampled_from(HOSTILE),
    st.integers(-3, 40),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
)
keys = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=10), st.integers(), st.none())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


def put(place: Any, key: Any, value: Any) -> None:
    place[key] = value


def put_beside(place: Any, key: Any, value: Any) -> None:
    """Add a value under a key, or at an end, that was not there."""
    if isinstance(place, list):
        place.append(value)
    else:
        place[value if isinstance(value, str | int) else str(value)] = place[key]


def remove(place: Any, key: Any, _: Any) -> None:
    del place[key]


def wrap(place: Any, key: Any, value: Any) -> None:
    place[key] = [place[key]] if isinstance(value, list) else {str(value): place[key]}


def bury(place: Any, key: Any, _: Any) -> None:
    """Wrap a value in more lists than Python's recursion limit allows to print."""
    for _ in range(3000):
        place[key] = [place[key]]


def mutated(location: Location, change: Any, value: Any) -> dict[str, Any]:
    raw = copy.deepcopy(QUICK)
    place = raw
    for part in location[:-1]:
        place = place[part]
    change(place, location[-1], value)
    return raw


def assert_usable(accepted: Config) -> None:
    """Everything that Snakemake asks of a configuration before the first job works."""
    plan = Plan(accepted)
    figure_inputs(plan), claim_inputs(plan)
    for job in jobs(plan):
        assert json.loads(json.dumps(job.parameters)) == job.parameters
    names = [run.name for run in plan.runs]
    assert len(set(names)) == len(names)
    for run in plan.runs:
        for told in (plan.training_settings(run), plan.measurement_settings(run)):
            assert type(told).model_validate_json(told.to_json()) == told


def assert_one_sentence_with_a_key(sentence: str, raw: dict[str, Any]) -> None:
    found = re.match(r"configuration: (\w+|'.*?'|.*?)[.: ]", sentence)
    assert found, sentence
    shown = {key if key.isprintable() else repr(key) for key in map(str, raw)}
    assert found[1] in set(Config.model_fields) or any(
        sentence.startswith(f"configuration: {key}: ") for key in shown
    ), sentence
    assert sentence.isprintable(), repr(sentence)
    assert "pydantic" not in sentence
    assert "Error" not in sentence


@settings(max_examples=400)
@given(
    st.sampled_from(list(locations(QUICK))),
    st.sampled_from([put, put, put_beside, remove, wrap]),
    values,
)
@example(("experiments", "images", "noise"), put, [1, 1 + 1e-15])
@example(("recipes", "one_dimensional", "learning_rate"), put, 1e307)
@example(("experiments",), put, {})
@example(("seed",), bury, None)
@example(("measurements", "sensitivity", "images"), put_beside, "a\nb")
def test_a_configuration_is_usable_or_refused_in_one_sentence(
    location: Location, change: Any, value: Any
) -> None:
    raw = mutated(location, change, value)
    try:
        accepted = config.parse(raw)
    except UserError as error:
        assert_one_sentence_with_a_key(str(error), raw)
    else:
        assert_usable(accepted)
