"""Dry runs with the profiles of clusters: what each job would ask for. No cluster is needed."""

import re
from importlib.util import find_spec

import pytest
from checkout import SMOKE, Checkout

ASKS = {
    "slurm": "gpu=1",
    "slurm-gres": "gpu=0",
    "slurm-shard": "gpu=0",
    "lsf": "lsf_extra=-gpu num=1",
    "kubernetes": "gpu_manufacturer=nvidia",
}

GRES = {"slurm-gres": "gres=gpu:1", "slurm-shard": "gres=shard:1"}


def options(profile: str, checkout: Checkout) -> list[str]:
    """Return how the head of a profile says to call it."""
    workflow_profile = ["--workflow-profile", f"profiles/{profile}"]
    if profile in GRES:
        return ["--profile", "profiles/slurm", *workflow_profile]
    if profile == "kubernetes":
        return [*workflow_profile, "--default-storage-prefix", str(checkout.folder)]
    return workflow_profile


@pytest.mark.parametrize("profile", ASKS)
def test_every_profile_plans_the_run(checkout: Checkout, profile: str) -> None:
    plugin = f"snakemake_executor_plugin_{profile.partition('-')[0]}"
    if not find_spec(plugin):
        pytest.skip(f"{plugin} is not installed")
    run = checkout.snakemake(
        *("--dry-run", *options(profile, checkout)),
        *("--config", "device=gpu"),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    jobs = re.findall(r"^(?:local)?rule (\w+):\n((?: .*\n)+)", run.stdout, flags=re.MULTILINE)
    # `cuda` is what a rule itself asks for: no profile changes it.
    heavy = [(name, body) for name, body in jobs if "cuda=1" in body]
    assert {name for name, _ in heavy} == {"train", "measure"}
    assert all(ASKS[profile] in body for _, body in heavy)
    asked = [re.findall(r"gres=[\w:]+", body) for _, body in heavy]
    assert asked == [[GRES[profile]] if profile in GRES else []] * len(heavy)
    others = [body for _, body in jobs if "cuda=1" not in body]
    assert others
    assert not any(re.search("gres=|gpu=[^0]|lsf_extra", body) for body in others)


@pytest.mark.skipif(not find_spec("snakemake_executor_plugin_slurm"), reason="no Slurm plugin")
def test_the_account_of_a_personal_profile_is_kept(checkout: Checkout) -> None:
    mine = checkout.folder / "mine"
    mine.mkdir()
    (mine / "config.yaml").write_text("default-resources:\n  - slurm_account=lab\n")
    profiles = ("--profile", str(mine), "--workflow-profile", "profiles/slurm")
    run = checkout.snakemake("figure_06", "--dry-run", *profiles, *SMOKE)
    assert run.returncode == 0, run.stdout + run.stderr
    resources = re.findall(r"^ +resources: (.*)$", run.stdout, flags=re.MULTILINE)
    assert len(resources) == 2
    for line in resources:
        assert "slurm_account=lab" in line
        assert "mem_mb=2000" in line
        assert "runtime=10" in line
