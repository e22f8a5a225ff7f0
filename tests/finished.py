"""A scenario that has run in a checkout, once for all tests; and what its figures must be."""

import csv
import os
from pathlib import Path

import pytest
from checkout import Checkout, copy_checkout
from filelock import FileLock

from cnn_sensitivity import papers


def finished_run(factory: pytest.TempPathFactory, name: str, *call: str) -> Checkout:
    """Return a checkout in which a call of Snakemake has ended well; tests only read it.

    Where several processes share the tests, the first to come runs it for all.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    whole = base / name
    with FileLock(base / f"{name}.lock"):
        if not whole.exists():
            checkout = copy_checkout(factory.mktemp(name))
            run = checkout.snakemake(*call)
            assert run.returncode == 0, run.stdout + run.stderr
            whole.symlink_to(checkout.folder)
    return Checkout(whole.resolve())


def check_figures(folder: Path, paper: str) -> None:
    """Assert that every figure of a paper is drawn, with a caption and numbers."""
    for figure in papers.paper(paper).figures:
        assert (folder / f"{figure}.png").read_bytes().startswith(b"\x89PNG")
        assert len((folder / f"{figure}.txt").read_text()) > 40
        with (folder / f"{figure}.csv").open() as file:
            assert csv.DictReader(file).fieldnames
