"""Published networks that are not here: which a run goes on without, and why."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from cnn_sensitivity import config
from cnn_sensitivity.operations import availability
from cnn_sensitivity.operations.availability import as_sentences, unavailable
from cnn_sensitivity.papers import figure_inputs
from cnn_sensitivity.papers.paper import files_of
from cnn_sensitivity.plan import Plan, Run

URLS = {
    "first": "https://one.example/first.th",
    "second": "https://one.example/second.th",
    "third": "https://two.example/third.th",
}
DIGEST = "0123abcd"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Exception]], list[str]]:
    """Let servers answer each address with an error, or else well; return what they are asked."""

    def answer(errors: dict[str, Exception]) -> list[str]:
        calls: list[str] = []

        def urlopen(url: str, timeout: float) -> BytesIO:
            calls.append(url)
            if url in errors:
                raise errors[url]
            return BytesIO()

        monkeypatch.setattr(availability, "urlopen", urlopen)
        return calls

    return answer


def plan_of(networks: list[dict], **others: object) -> Plan:
    images = {"source": {"name": "embedded"}, "recipe": "any", "seeds": [0], "networks": networks}
    raw = {"run": "mine", "recipes": {"any": {}}, "experiments": {"images": images}, **others}
    return Plan(config.parse(raw))


def published() -> Plan:
    networks = [
        {"name": "ResNet20", "label": label, "weights": {"url": url, "sha256": DIGEST}}
        for label, url in URLS.items()
    ]
    return plan_of(
        [{"name": "LeNet"}, *networks],
        figures={"figure_03": ["LeNet", "first"], "figure_04": ["second"]},
    )


def labels(plan: Plan) -> list[str]:
    return [run.network.label for run in plan.runs]


def run_of(plan: Plan, label: str) -> Run:
    return next(run for run in plan.runs if run.network.label == label)


def make(path: str | Path) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()


def test_what_can_be_downloaded_stays(asked: Callable) -> None:
    calls = asked({})
    assert unavailable(published(), ask=True) == {}
    assert calls == list(URLS.values())


def test_a_server_that_does_not_answer_is_asked_once(asked: Callable) -> None:
    calls = asked({URLS["first"]: URLError("no route")})
    plan = published()
    reasons = unavailable(plan, ask=True)
    assert calls == [URLS["first"], URLS["third"]]
    assert list(reasons) == [run_of(plan, "first").name, run_of(plan, "second").name]
    first, _ = as_sentences(reasons)
    assert first == (
        "first is left out: data/checkpoints/first-0123abcd.th is not there, and"
        " https://one.example/first.th cannot be had (no route); put the file there by hand"
    )


def test_a_server_without_one_file_may_have_another(asked: Callable) -> None:
    missing = HTTPError(URLS["first"], 404, "Not Found", None, None)  # type: ignore[arg-type]
    calls = asked({URLS["first"]: missing})
    plan = published()
    reasons = unavailable(plan, ask=True)
    assert list(reasons) == [run_of(plan, "first").name]
    assert "404: Not Found" in reasons[run_of(plan, "first").name]
    assert calls == list(URLS.values())


@pytest.mark.parametrize("made", ["file", "checkpoint", "table"])
def test_nobody_asks_for_what_is_there(asked: Callable, made: str) -> None:
    calls = asked({url: URLError("no route") for url in URLS.values()})
    plan = published()
    run = run_of(plan, "second")
    paths = {
        "file": "data/checkpoints/second-0123abcd.th",
        "checkpoint": run.path("checkpoint.safetensors"),
        "table": run.measured,
    }
    make(paths[made])
    assert list(unavailable(plan, ask=True)) == [
        run_of(plan, label).name for label in ("first", "third")
    ]
    assert calls == [URLS["first"], URLS["third"]]


def test_a_job_asks_nobody(asked: Callable) -> None:
    calls = asked({})
    plan = published()
    make("data/checkpoints/second-0123abcd.th")
    left_out = unavailable(plan, ask=False)
    assert labels(plan.without(left_out)) == ["LeNet", "second"]
    assert calls == []


def test_a_plan_goes_on_without_what_is_left_out(asked: Callable) -> None:
    asked({})
    plan = published()
    rest = plan.without(unavailable(plan, ask=False))
    assert labels(rest) == ["LeNet"]
    assert rest.config.figures == {"figure_03": ["LeNet"]}
    tables = figure_inputs(rest)
    assert files_of(tables["figure_03"]) == [run_of(plan, "LeNet").measured]
    assert labels(plan) == ["LeNet", *URLS]


def test_an_experiment_of_published_networks_alone_is_left_out() -> None:
    file = {"url": URLS["first"], "sha256": DIGEST}
    plan = plan_of([{"name": "ResNet20", "weights": file}])
    rest = plan.without(unavailable(plan, ask=False))
    assert rest.config.experiments == {}
    assert "figure_03" not in figure_inputs(rest)


def test_other_networks_are_never_left_out(asked: Callable) -> None:
    calls = asked({})
    networks = [{"name": "LeNet"}, {"name": "ResNet20", "weights": "nowhere.pt"}]
    assert unavailable(plan_of(networks), ask=True) == {}
    assert calls == []
