"""The checkouts that the tests of the workflow and of the cluster share."""

import os
import shutil
from pathlib import Path

import pytest
from checkout import SMOKE, Checkout, copy_checkout
from filelock import FileLock


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh checkout with nothing made yet."""
    return copy_checkout(tmp_path)


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the smoke scenario has run; tests only read it.

    Where several processes share the tests, the first to come runs it for all.
    """
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    whole = base / "smoke"
    with FileLock(base / "smoke.lock"):
        if not whole.exists():
            checkout = copy_checkout(tmp_path_factory.mktemp("smoke"))
            run = checkout.snakemake(*SMOKE)
            assert run.returncode == 0, run.stdout + run.stderr
            whole.symlink_to(checkout.folder)
    return Checkout(whole.resolve())


@pytest.fixture
def edited(smoke: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished smoke run that a test may change."""
    shutil.copytree(smoke.folder, tmp_path / "run", symlinks=True)
    return Checkout(tmp_path / "run")
