"""Options of the torture, the undisturbed run that all is held against, and the counts."""

from collections import Counter
from pathlib import Path

import pytest
from checkout import SMOKE, copy_checkout
from undisturbed import Undisturbed, run_undisturbed

TALLY = pytest.StashKey[Counter[str]]()
COUNTS = ("kills survived", "faults injected", "rounds soaked", "files compared", "bytes lost")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=20, help="how often the run is killed")
    parser.addoption("--rounds", type=int, default=50, help="how often the run is soaked")
    parser.addoption("--seed", type=int, default=0, help="of the moments and of the deletions")
    parser.addoption("--soak-folder", type=Path, help="goes on in this checkout, and keeps it")


@pytest.fixture(scope="session")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Undisturbed:
    checkout = copy_checkout(tmp_path_factory.mktemp("undisturbed"))
    return run_undisturbed(checkout, SMOKE, pytestconfig.stash[TALLY])


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = Counter(dict.fromkeys(COUNTS, 0))


@pytest.fixture
def tally(pytestconfig: pytest.Config) -> Counter[str]:
    """What the summary counts."""
    return pytestconfig.stash[TALLY]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    terminalreporter.section("torture")
    for what, count in config.stash[TALLY].items():
        terminalreporter.write_line(f"{what:<32}{count:>10,}")
