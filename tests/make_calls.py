"""What `make` calls in a checkout where programs are there that only say that they were called."""

import os
import shutil
import subprocess
from pathlib import Path

from checkout import ROOT, copy_checkout
from documented import Command

PROGRAMS = ("python", "snakemake", "cnn-sensitivity", "pytest", "ruff", "mypy", "snakefmt", "dot")
# `unpack` prints the path of the configuration that it unpacked; Snakemake is then called with it.
UNPACKED = "results/quick/config.yaml"
STUB = f"""#!/bin/sh
{{ printf '%s\\0' "$0" "$@"; printf '\\n'; }} >> "$CALLS"
case " $* " in *" unpack "*) echo {UNPACKED} ;; esac
"""


def stubbed(folder: Path) -> Path:
    """Make a checkout in a folder with an installation of nothing but stubs."""
    copy_checkout(folder)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "mine.yaml").write_text("run: mine\n")
    for path in (".venv/bin", "gpu-check/bin"):
        (folder / path).mkdir(parents=True)
        for name in PROGRAMS:
            (folder / path / name).write_text(STUB)
            (folder / path / name).chmod(0o755)
    for name in ("installed", "installed-test", "installed-article", "installed-docs"):
        (folder / ".venv" / name).touch()
    return folder


def calls(folder: Path, command: Command) -> list[Command]:
    """Run a documented call of make there; return what it called, as if the document showed it.

    Fails the test where make fails.
    """
    log = folder / "calls"
    log.write_text("")
    # As a user would, though `make check` may have started this.
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFL"))}
    run = subprocess.run(
        [command.program, *command.arguments],
        cwd=folder,
        env={
            **ours,
            "CALLS": str(log),
            "PATH": f"{folder}/.venv/bin{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, f"{command}\n{run.stderr}"
    lines = log.read_text().split("\0\n")[:-1]
    return [Command(command.document, command.line, tuple(line.split("\0"))) for line in lines]
