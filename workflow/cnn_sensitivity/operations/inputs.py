"""What went into a run and is in no archive, by its SHA-256: data sets, weights of others."""

from pathlib import Path

from cnn_sensitivity.operations import checksums
from cnn_sensitivity.plan import Plan


def list_of(plan: Plan) -> str:
    """Return where the sums of an unpacked run are, whose data sets are elsewhere."""
    return f"{plan.results}/inputs.sha256"


def sums(plan: Plan) -> dict[str, str]:
    """Return the SHA-256 of data sets and of weights by path, as far as they are known.

    That of a file that is here counts; of others what the archive noted that the run came from, so
    that a run that was drawn again is packed to the same bytes.

    Raises:
        UserError: the list that was unpacked cannot be read.
    """
    data = {plan.dataset(name) for name in plan.config.experiments}
    weights = {run.network.weights.path for run in plan.runs if run.network.weights}
    noted = Path(list_of(plan))
    known = checksums.read_list(noted) if noted.is_file() else {}
    here = {path for path in data | weights if path and Path(path).is_file()}
    found = known | {path: checksums.of_file(path) for path in here}
    return {path: digest for path, digest in found.items() if path in data | weights}
