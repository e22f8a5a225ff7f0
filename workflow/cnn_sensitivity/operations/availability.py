"""Published networks that cannot be had: a run goes on without them. No torch."""

from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from cnn_sensitivity.plan import Plan, Run

_TIMEOUT = 10  # seconds


def unavailable(plan: Plan, ask: bool) -> dict[str, str]:
    """Return the runs, by name, whose published weights are not here nor to be had, and why.

    What was made already counts as here. `ask`: whether the servers are asked for files that are
    not here; without, these cannot be had. A server that does not answer is asked once.
    """
    silent: dict[str, str] = {}
    reasons = {}
    for run in plan.runs:
        if not is_download(run, plan) or is_made(run):
            continue
        assert run.network.weights is not None
        url = str(run.network.weights.url)
        if reason := _refusal(url, silent) if ask else "not asked for":
            reasons[run.name] = (
                f"{_download(run, plan)} is not there, and {url} cannot be had ({reason})"
            )
    return reasons


def as_sentences(reasons: dict[str, str]) -> Iterable[str]:
    """Return what to say of the runs that are left out."""
    for name, reason in reasons.items():
        yield f"{name.split('/')[1]} is left out: {reason}; put the file there by hand"


def is_download(run: Run, plan: Plan) -> bool:
    """Return whether a run needs a file of weights that is not on this disk yet."""
    weights = run.network.weights
    return bool(weights and weights.url) and not _download(run, plan).exists()


def is_made(run: Run) -> bool:
    """Return whether a run's checkpoint is there, or was until it was measured."""
    made = (run.path("checkpoint.safetensors"), run.measured)
    return any(Path(path).exists() for path in made)


def _download(run: Run, plan: Plan) -> Path:
    assert run.network.weights is not None
    return Path(plan.config.data_root, "checkpoints", run.network.weights.name)


def _refusal(url: str, silent: dict[str, str]) -> str:
    """Return why a file cannot be downloaded, or nothing; note servers that do not answer."""
    server = urlsplit(url).netloc
    if server in silent:
        return silent[server]
    try:
        with urlopen(url, timeout=_TIMEOUT):  # what follows the header is not read
            return ""
    except HTTPError as error:
        return " ".join(str(error).split())  # that of a loop of redirections has several lines
    except (OSError, HTTPException) as error:
        silent[server] = str(getattr(error, "reason", error))
        return silent[server]
