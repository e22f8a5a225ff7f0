"""The packed run that the tests of archives share."""

from pathlib import Path

import pytest
from archive_cases import SMOKE, finish

from cnn_sensitivity import archive
from cnn_sensitivity.config import read
from cnn_sensitivity.plan import Plan


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
