"""What unit tests share: no limits of time for hypothesis, and the packed run of the archives."""

from pathlib import Path

import hypothesis
import pytest
from archive_cases import SMOKE, finish

from cnn_sensitivity.config import read
from cnn_sensitivity.operations import archive
from cnn_sensitivity.plan import Plan

# The machines are shared: an example that takes long says nothing about the code.
hypothesis.settings.register_profile(
    "shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared")


@pytest.fixture
def plan() -> Plan:
    return Plan(read(*SMOKE))


@pytest.fixture
def packed(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archive of a run whose files are all there, though not what they say they are.

    The working folder is afterwards another one, with nothing in it.
    """
    for name in ("there", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "there")
    finish(plan)
    archive.pack(plan, tmp_path / "run.tar.gz", checkpoints=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "run.tar.gz"
