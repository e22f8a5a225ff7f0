"""The default configuration with something changed, for tests of what is read or refused."""

import copy

import yaml
from checkout import ROOT

QUICK = yaml.safe_load((ROOT / "config.yaml").read_text())


def changed(location: str, value: object) -> dict:
    """Return the quick configuration with one key, given as a dotted path, set to a value."""
    raw = copy.deepcopy(QUICK)
    place = raw
    *parents, last = [int(part) if part.isdigit() else part for part in location.split(".")]
    for part in parents:
        place = place[part]
    place[last] = value
    return raw


def elsewhere(**keys: object) -> dict:
    """Return a network whose weights were trained elsewhere."""
    return {"name": "LeNet", "weights": "lenet.pt", **keys}
