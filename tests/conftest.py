"""The checkouts that the tests of the workflow and of the cluster share, and where tests run."""

import sys
from pathlib import Path

import pytest
from checkout import ROOT, SMOKE, Checkout, copy_checkout
from finished import finished_run

# What a user's run, probe or timing leaves in a checkout: no test may depend on it.
OF_USERS = [f"{ROOT}/{name}/" for name in ("results", "data", "probe", "timings", "paper_figures")]
COMMITTED = f"{ROOT}/paper_figures/reference"


def _refuse_files_of_users(event: str, arguments: tuple[object, ...]) -> None:
    """Fail a test that opens or lists what a user may have made in this checkout."""
    if event in ("open", "os.listdir", "os.scandir"):
        path = f"{arguments[0]}/"  # a relative one leads nowhere: see below
        if path.startswith(tuple(OF_USERS)) and not path.startswith(COMMITTED):
            raise AssertionError(f"a test reads {path[:-1]}, which may be of a user's run")


sys.addaudithook(_refuse_files_of_users)


@pytest.fixture(autouse=True)
def _empty_working_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run each test in an empty folder: paths of a run, which are relative, lead nowhere."""
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh checkout with nothing made yet."""
    return copy_checkout(tmp_path)


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the smoke scenario has run; tests only read it."""
    return finished_run(tmp_path_factory, "smoke", *SMOKE)


@pytest.fixture
def edited(smoke: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished smoke run that a test may change."""
    return smoke.copied(tmp_path / "run")
