"""What a person sees and does: the plan, progress, errors, Ctrl-C, make, the examples."""

import errno
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import PARTS, ROOT, SMOKE, Checkout, measuring
from waiting import wait_until

from cnn_sensitivity.config import read
from cnn_sensitivity.operations.forecast import forecast
from cnn_sensitivity.plan import Plan

POOLING = "workflow/cnn_sensitivity/papers/tomasini_2022/tables/pooling.py"
EXAMPLE = (*SMOKE, "examples/my_network.yaml")


@pytest.mark.parametrize("scenario", ["smoke", "paper"])
def test_the_plan_counts_the_jobs_that_snakemake_counts(
    checkout: Checkout, scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout.folder)
    overlay = f"workflow/scenarios/tomasini_2022/{scenario}.yaml"
    expected = forecast(Plan(read("config.yaml", overlay)))
    jobs = checkout.planned("--configfile", overlay)
    assert jobs["train"] == measuring(jobs) == len(expected.costs)
    jobs = {rule: count for rule, count in jobs.items() if measuring({rule: count}) == 0}
    del jobs["train"]
    assert sum(jobs.values()) - jobs["all"] == expected.others_left


def test_a_finished_run_has_nothing_to_make(
    smoke: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(smoke.folder)
    expected = forecast(Plan(read("config.yaml", "workflow/scenarios/tomasini_2022/smoke.yaml")))
    assert expected.others_left == 0
    assert all(cost.trained and cost.measured for cost in expected.costs)


def test_a_log_opens_with_the_plan_and_ends_with_what_was_done(checkout: Checkout) -> None:
    run = checkout.snakemake("figure_02", *SMOKE, BRIEF="1")
    assert run.returncode == 0, run.stderr
    assert "The whole run 'smoke': 16 figures and the scorecard" in run.stderr
    assert "[progress] 2 of 2 jobs done, " in run.stderr
    assert "rule pooling:" not in run.stderr
    log = next((checkout.folder / ".snakemake/log").iterdir()).read_text()
    assert "The whole run 'smoke'" in log
    assert "rule pooling:" in log  # Snakemake's own log keeps everything


@pytest.mark.parametrize(("limit", "kept"), [("100/1s", False), ("50/1s", True)])
def test_the_scheduler_sets_no_timers_unless_a_user_limits_it(
    checkout: Checkout, limit: str, kept: bool
) -> None:
    limited = "workflow.scheduler.job_rate_limiter is not None"
    checkout.append("workflow/Snakefile", f"\nonsuccess:\n    print('limited:', {limited})\n")
    run = checkout.snakemake("figure_02", *SMOKE, "--max-jobs-per-timespan", limit)
    assert run.returncode == 0, run.stderr
    assert f"limited: {kept}" in run.stdout


def test_brief_loses_no_error(checkout: Checkout) -> None:
    checkout.append(
        POOLING,
        "\nraise OSError('sabotage')\n",
    )
    run = checkout.snakemake("figure_02", *SMOKE, BRIEF="1")
    assert run.returncode == 1
    assert "Error in rule pooling:" in run.stderr
    assert "OSError: sabotage" in run.stderr  # of the job's log
    assert "[progress] 0 of 2 jobs done, 1 failed, " in run.stderr


def test_on_a_terminal_the_line_is_renewed_in_place(checkout: Checkout) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "figure_06", *SMOKE],
        cwd=checkout.folder,
        env={**os.environ, "BRIEF": "1", "TERM": "xterm"},
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError as error:  # the last writer has closed its end
        assert error.errno == errno.EIO
    assert process.wait(300) == 0
    assert shown.count(b"\r\x1b[K[progress] ") > 1
    assert b"1 running (theory)" in shown
    assert b"[progress] 2 of 2 jobs done, " in shown


def test_ctrl_c_ends_a_brief_run(checkout: Checkout) -> None:
    checkout.append(POOLING, "\nimport time\ntime.sleep(600)\n")  # or it might end before
    process = checkout.start("figure_02", *SMOKE, BRIEF="1")
    log = checkout.folder / "results/smoke/tables/pooling.log"
    wait_until(log.exists, "the first job")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(300) != 0
    assert not log.with_suffix(".csv").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_has_saved_its_training_and_goes_on(
    checkout: Checkout, number: signal.Signals
) -> None:
    overlay = "recipes: {one_dimensional: {epochs: 60}}"
    (checkout.folder / "long.yaml").write_text(overlay)
    run = "results/smoke/scale_detection_1d_task2/stride/noise-0_train-all/seeds-0-1"
    command = (f"{run}/training.csv", *SMOKE, "long.yaml")
    process = checkout.start(*command)
    log = checkout.folder / run / "training.log"
    wait_until(lambda: log.exists() and "epoch 1/" in log.read_text(), "the first epoch")
    os.killpg(process.pid, number)  # SIGINT as a terminal does, SIGTERM as a shutdown does
    assert process.wait(300) != 0
    state = log.parent / ".checkpoint.resume.safetensors"
    wait_until(state.exists, "the saved state")  # Snakemake may end first
    assert not (log.parent / "checkpoint.safetensors").exists()
    assert "stopped; its state is saved" in log.read_text()
    again = checkout.snakemake(*command)
    assert again.returncode == 0, again.stderr
    assert "goes on in epoch" in log.read_text()


@pytest.fixture
def with_make(edited: Checkout) -> Checkout:
    """The finished smoke run with a Makefile, and this interpreter's programs as its .venv."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, edited.folder)
    environment = edited.folder / ".venv"
    environment.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        if Path(sys.prefix, name).exists():
            (environment / name).symlink_to(Path(sys.prefix, name))
    (environment / "installed").touch()
    return edited


def make(
    checkout: Checkout, *arguments: str, scenario: str = "smoke"
) -> subprocess.CompletedProcess[str]:
    # As a user would, though `make test` may have started this: make tells its children of itself.
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFL"))}
    return subprocess.run(
        ["make", *arguments, f"SCENARIO={scenario}"],
        cwd=checkout.folder,
        env={**ours, "PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
        timeout=900,
    )


def test_make_reproduce_ends_with_what_the_reference_run_found(with_make: Checkout) -> None:
    kept = make(with_make, "reference")
    assert kept.stdout.splitlines()[-1] == "Written: paper_figures/reference/smoke/."
    run = make(with_make, "reproduce")
    assert run.returncode == 0, run.stderr
    assert "\n17 of 17 verdicts as in the reference run of commit " in run.stdout
    page = (with_make.folder / "paper_figures/smoke/claims.md").read_text()
    assert "17 of 17 verdicts as in the reference run of commit " in page


def test_make_reproduce_ends_with_the_scorecard(with_make: Checkout) -> None:
    run = make(with_make, "reproduce")
    assert run.returncode == 0, run.stderr
    assert "Nothing to be done" in run.stderr
    claims = run.stdout.index("Claim ")
    assert run.stdout.index("error-R ") > claims
    assert "16 claims of the paper: " in run.stdout
    *_, figures, following = run.stdout.splitlines()
    assert figures.startswith("Figures: paper_figures/smoke/. Each verdict ")
    assert following.startswith("Next: make report SCENARIO=smoke, ")


def test_make_reproduce_fails_where_a_job_fails(with_make: Checkout) -> None:
    with_make.append(
        POOLING,
        "\nraise OSError('sabotage')\n",
    )
    run = make(with_make, "reproduce")
    assert run.returncode == 2
    assert "OSError: sabotage" in run.stderr
    assert "16 claims" not in run.stdout


def test_make_plan_prints_the_plan(with_make: Checkout) -> None:
    run = make(with_make, "plan")
    assert run.returncode == 0, run.stderr
    assert "Every file is there" in run.stdout


def test_make_takes_a_configuration_of_ones_own(with_make: Checkout) -> None:
    source = "{name: image_folder, root: nowhere}"
    overlay = f"run: mine\nexperiments: {{images: {{source: {source}}}}}\n"
    (with_make.folder / "mine.yaml").write_text(overlay)
    run = make(with_make, "plan", scenario="mine.yaml")
    assert run.returncode == 0, run.stderr
    assert "The whole run 'mine'" in run.stdout
    assert "Before it can begin: nowhere/train cannot be read" in run.stdout


def test_make_packs_a_run_and_draws_a_packed_one(with_make: Checkout) -> None:
    run = make(with_make, "pack")
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("smoke.tar.gz: ")
    run = make(with_make, "redraw", "ARCHIVE=smoke.tar.gz")
    assert run.returncode == 0, run.stderr
    assert "Nothing to be done" in run.stderr
    assert "16 claims of the paper: " in run.stdout
    run = make(with_make, "redraw", "ARCHIVE=config.yaml")
    assert run.returncode == 2
    assert "error: config.yaml: not a whole archive" in run.stderr
    assert "which one?" in make(with_make, "unpack").stderr.lower()


def test_what_a_user_does_leaves_the_checkout_clean(
    with_make: Checkout, tmp_path: Path, checkout: Checkout
) -> None:
    for name in (".gitignore", "Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout.folder)
    git = ("git", f"--git-dir={tmp_path}/git", "-c", "user.name=x", "-c", "user.email=x")

    def run(*words: str, folder: Path) -> str:
        environment = {**os.environ, "PYTHONPATH": "workflow"}
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    run(*git, "init", "--quiet", folder=checkout.folder)
    tree = ("--work-tree=.",)
    run(
        *git,
        *tree,
        "add",
        *PARTS,
        ".gitignore",
        "Makefile",
        "pyproject.toml",
        folder=checkout.folder,
    )
    run(*git, *tree, "commit", "--quiet", "--message=as fetched", folder=checkout.folder)
    shutil.copy(ROOT / ".gitignore", with_make.folder)
    for words in (["plan"], ["report"], ["pack"], ["redraw", "ARCHIVE=smoke.tar.gz"]):
        assert make(with_make, *words).returncode == 0
    probe = ("probe", "examples.my_network:my_network", "--count", "20", "--only", "trained")
    run(sys.executable, "-m", "cnn_sensitivity", *probe, folder=with_make.folder)
    assert (with_make.folder / "probe").is_dir()
    assert run(*git, *tree, "status", "--porcelain", folder=with_make.folder) == ""


def test_a_network_of_ones_own_is_drawn_beside_the_papers(checkout: Checkout) -> None:
    run = checkout.snakemake("figure_03", *EXAMPLE)
    assert run.returncode == 0, run.stderr
    trained = checkout.folder / "results/my_network/images/mine"
    assert [path.name for path in trained.rglob("measurements.csv")] == ["measurements.csv"]
    assert "mine" in next(trained.rglob("measurements.csv")).read_text()
    assert (checkout.folder / "paper_figures/my_network/figure_03.png").exists()
    assert checkout.planned("figure_03", *EXAMPLE) == {}
    checkout.append("examples/my_network.py")
    jobs = checkout.planned("figure_03", *EXAMPLE)
    assert jobs == {"train": 1, "measure": 1, "figure_03": 1}


def test_a_network_is_measured_without_the_workflow() -> None:
    run = subprocess.run(
        [sys.executable, "examples/measure_my_network.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert run.returncode == 0, run.stderr
    assert "layer4.1.conv2" in run.stdout or "fc" in run.stdout
