"""The smoke run over and over in one checkout, each time after losing a random part of it."""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from checkout import SMOKE, Checkout, copy_checkout
from undisturbed import Undisturbed

TARGETS = ("paper_figures/", "training.csv", "claims.csv", "software.txt")
DONE = "rounds-soaked.txt"


@pytest.fixture
def soaked(tmp_path: Path, pytestconfig: pytest.Config) -> Checkout:
    """The checkout of the soak: a new one, or that of an earlier call, to go on in."""
    folder = pytestconfig.getoption("--soak-folder") or tmp_path / "soak"
    if (folder / DONE).exists():
        return Checkout(folder.resolve())
    folder.mkdir(parents=True)
    (folder / DONE).write_text("0")
    return copy_checkout(folder.resolve())


def lose(checkout: Checkout, chance: random.Random) -> int:
    """Delete files, logs and saved states too, each with the same chance; return how many."""
    part = chance.random() ** 2
    roots = [checkout.folder / name for name in ("results", "paper_figures")]
    files = sorted(path for root in roots for path in root.rglob("*") if path.is_file())
    lost = [path for path in files if chance.random() < part]
    for path in lost:
        path.unlink()
    if chance.random() < 0.5:  # then every table is needed again
        shutil.rmtree(roots[1], ignore_errors=True)
        (roots[0] / "smoke/claims.csv").unlink(missing_ok=True)
    return len(lost)


@pytest.mark.timeout(0)
def test_every_round_ends_with_the_same_bytes(
    undisturbed: Undisturbed, soaked: Checkout, tally: Counter[str], pytestconfig: pytest.Config
) -> None:
    done = soaked.folder / DONE
    for index in range(int(done.read_text()), pytestconfig.getoption("--rounds")):
        chance = random.Random(f"{pytestconfig.getoption('--seed')}/{index}")
        tally["  files deleted"] += lose(soaked, chance)
        figures_left = (soaked.folder / "paper_figures").exists()
        run = soaked.snakemake(*SMOKE, timeout=1800)
        assert run.returncode == 0, run.stdout + run.stderr
        # What nothing asks for any more stays away; all else is back.
        missing = undisturbed.hold_against(soaked)
        assert [
            name for name in missing if name.startswith(TARGETS) or name.endswith(TARGETS)
        ] == []
        assert figures_left or [name for name in missing if name.endswith(".csv")] == []
        tally["rounds soaked"] += 1
        done.write_text(str(index + 1))
