"""What make does with what a user gives it: SCENARIO, CORES, ARCHIVE are text, never commands."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from checkout import ROOT

# Stand for Python and Snakemake: say what they were called with, an argument a line.
STUB = '#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with results of two runs, and what stands for an installation."""
    folder = tmp_path / "checkout"
    for name in ("quick", "smoke"):
        for file in (f"results/{name}/table.csv", f"paper_figures/{name}/figure_01.png"):
            (folder / file).parent.mkdir(parents=True)
            (folder / file).touch()
    (folder / "workflow/scenarios/tomasini_2022").mkdir(parents=True)
    for name in (
        "workflow/scenarios/tomasini_2022/smoke.yaml",
        "mine.yml",
        "...yaml",
        "pyproject.toml",
    ):
        (folder / name).touch()
    (folder / "envs").mkdir()
    (folder / "envs/constraints.txt").touch()
    (folder / ".venv/bin").mkdir(parents=True)
    for name in ("python", "snakemake"):
        (folder / ".venv/bin" / name).write_text(STUB)
        (folder / ".venv/bin" / name).chmod(0o755)
    (folder / ".venv/installed").touch()
    shutil.copy(ROOT / "Makefile", folder)
    return folder


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # As a user would, though `make check` may have started this.
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFL"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={**ours, **environment},
        capture_output=True,
        text=True,
    )


def files(folder: Path) -> list[Path]:
    return sorted(folder.parent.rglob("*"))


HOSTILE = [
    "",
    "*",
    ".",
    "..",
    "../..",
    "...yaml",
    "-x",
    "nosuch",
    "nosuch.yaml",
    "my runs/mine.yaml",
    "workflow/scenarios/",
    "x;touch X",
    "$(touch X)",
    "$$(touch X)",
    "$(shell touch X)",
    "`touch X`",
    "a\nb",
    "it's",
]


@pytest.mark.parametrize("scenario", HOSTILE)
@pytest.mark.parametrize("call", [("clean",), ("-n", "clean"), ("plan",), ("pack",), ("report",)])
def test_what_names_no_scenario_is_refused_and_nothing_is_done(
    folder: Path, call: tuple[str, ...], scenario: str
) -> None:
    before = files(folder)
    run = make(folder, *call, f"SCENARIO={scenario}")
    assert run.returncode == 2
    assert run.stderr.startswith("error: SCENARIO")
    assert "rm " not in run.stdout
    assert ".venv" not in run.stdout
    assert files(folder) == before


@pytest.mark.parametrize("scenario", HOSTILE)
def test_no_error_is_ignored_so_far_that_other_results_are_removed(
    folder: Path, scenario: str
) -> None:
    before = files(folder)
    make(folder, "-i", "clean", f"SCENARIO={scenario}")
    assert files(folder) == before


@pytest.mark.parametrize("cores", ["", "0", "-1", "many", "1;touch X", "$(shell touch X)"])
def test_what_is_no_number_of_cores_is_refused(folder: Path, cores: str) -> None:
    before = files(folder)
    run = make(folder, "reproduce", f"CORES={cores}")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: CORES must be a number or all\n")
    assert files(folder) == before


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1;touch X", "$(shell touch X)"])
def test_what_is_no_number_of_gpu_jobs_is_refused(folder: Path, jobs: str) -> None:
    before = files(folder)
    run = make(folder, "reproduce", f"GPU_JOBS={jobs}")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: GPU_JOBS must be a number")
    assert files(folder) == before


def test_so_many_gpu_jobs_run_at_once(folder: Path) -> None:
    run = make(folder, "reproduce", "GPU_JOBS=4")
    snakemake = [".venv/bin/snakemake", "--cores", "all", "--resources", "gpu=4"]
    assert run.stdout.splitlines()[:5] == snakemake


@pytest.mark.parametrize("cache", ["/shared/fits", "my fits", "$(shell touch X)", "a;touch X", ""])
def test_jobs_are_told_the_folder_of_shared_trainings_as_it_is(folder: Path, cache: str) -> None:
    (folder / ".venv/bin/snakemake").write_text('#!/bin/sh\necho "$CNN_SENSITIVITY_CACHE"\n')
    before = files(folder)
    run = make(folder, "reproduce", f"CACHE={cache}", CNN_SENSITIVITY_CACHE="own")
    assert run.stdout.splitlines()[0] == (cache or "own"), run.stderr
    assert files(folder) == before


def test_all_papers_are_those_with_a_quick_scenario(folder: Path) -> None:
    others = [f"workflow/scenarios/{paper}/quick.yaml" for paper in ("another", "the_last")]
    for path in map(folder.joinpath, others):
        path.parent.mkdir()
        path.touch()
    package, layers = [".venv/bin/python", "-m", "cnn_sensitivity"], ["--configfile", "config.yaml"]
    layers += ["--scenario", *others]
    run = make(folder, "plan", "SCENARIO=all")
    assert run.stdout.splitlines() == [*package, "plan", *layers], run.stderr
    run = make(folder, "reproduce", "SCENARIO=all", "CORES=2")
    assert run.stdout.splitlines() == [
        *(".venv/bin/python", "scripts/several_runs.py", *layers),
        *("--", ".venv/bin/snakemake", "--cores", "2"),
    ]


@pytest.mark.parametrize("target", ["report", "article", "pack", "reference", "stability", "clean"])
def test_what_is_done_to_one_run_is_not_done_to_all(folder: Path, target: str) -> None:
    before = files(folder)
    run = make(folder, target, "SCENARIO=all")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: SCENARIO=all is for reproduce and plan\n")
    assert files(folder) == before


@pytest.mark.parametrize(
    ("arguments", "python"),
    [([], ".venv/bin/python"), (["PYTHON={folder}/mine"], "{folder}/mine")],
)
def test_the_gpu_is_checked_without_an_installation_too(
    folder: Path, arguments: list[str], python: str
) -> None:
    (folder / "mine").write_text(f'{STUB}printf "%s\\n" "$PYTHONPATH"\n')
    (folder / "mine").chmod(0o755)
    before = files(folder)
    scenario = "workflow/scenarios/tomasini_2022/paper.yaml"
    (folder / scenario).touch()
    arguments = [each.format(folder=folder) for each in arguments]
    run = make(folder, "gpu-check", *arguments, PYTHONPATH="wheels")
    expected = ["-m", "cnn_sensitivity", "gpu-check", "--scenario", scenario]
    paths = ["workflow:wheels"] * bool(arguments)
    assert run.stdout.splitlines() == [python.format(folder=folder), *expected, *paths]
    (folder / scenario).unlink()
    assert files(folder) == before


@pytest.mark.parametrize(
    ("scenario", "layers"),
    [("quick", []), ("smoke", ["workflow/scenarios/tomasini_2022/smoke.yaml"])],
)
def test_stability_runs_a_scenario_with_what_it_is_given(
    folder: Path, scenario: str, layers: list[str]
) -> None:
    arguments = (f"SCENARIO={scenario}", "CORES=3", "STABILITY=--seeds 0 1")
    run = make(folder, "stability", *arguments)
    assert run.returncode == 0, run.stderr
    overlay = ["--configfile", *layers] if layers else []
    assert run.stdout.splitlines() == [
        *(".venv/bin/python", "scripts/stability_runs.py", "--configfile", "config.yaml", *layers),
        *("--seeds", "0", "1", "--", ".venv/bin/snakemake", "--cores", "3", *overlay),
    ]
    assert make(folder, "-n", "stability", *arguments).returncode == 0


def test_clean_removes_one_run(folder: Path) -> None:
    gone = {folder / "results/smoke/table.csv", folder / "paper_figures/smoke/figure_01.png"}
    gone.add(folder / "results/smoke")
    before = files(folder)
    assert make(folder, "clean", "SCENARIO=smoke").returncode == 0
    assert set(before) - set(files(folder)) == gone


@pytest.mark.parametrize("archive", ["$$(touch X)", "$(shell touch X)", "it's; touch X", "-x"])
def test_an_archive_may_have_any_name(folder: Path, archive: str) -> None:
    before = files(folder)
    run = make(folder, "unpack", f"ARCHIVE={archive}")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[:6] == [
        *(".venv/bin/python", "-m", "cnn_sensitivity", "unpack", "--", archive)
    ]
    assert run.stdout.splitlines()[6].endswith(f"make redraw ARCHIVE={archive}")
    assert files(folder) == before


@pytest.mark.parametrize(
    ("scenario", "layers"),
    [
        ("quick", []),
        ("tomasini_2022/quick", []),
        ("smoke", ["workflow/scenarios/tomasini_2022/smoke.yaml"]),
        ("tomasini_2022/smoke", ["workflow/scenarios/tomasini_2022/smoke.yaml"]),
        ("mine.yml", ["mine.yml"]),
        ("./mine.yml", ["./mine.yml"]),
        ("~/mine.yaml", ["{home}/mine.yaml"]),
    ],
)
def test_a_scenario_is_a_file(
    folder: Path, tmp_path: Path, scenario: str, layers: list[str]
) -> None:
    (tmp_path / "mine.yaml").touch()
    run = make(folder, "reproduce", f"SCENARIO={scenario}", "CORES=3", HOME=str(tmp_path))
    assert run.returncode == 0, run.stderr
    layers = [layer.format(home=tmp_path) for layer in layers]
    overlay = ["--configfile", *layers] if layers else []
    *called, following = run.stdout.splitlines()
    assert f"; make article SCENARIO={scenario}, " in following
    assert called == [
        *(".venv/bin/snakemake", "--cores", "3", *overlay),
        *(".venv/bin/python", "-m", "cnn_sensitivity", "scorecard"),
        *("--configfile", "config.yaml", *layers),
    ]


def test_where_home_cannot_be_written_the_cache_is_in_the_checkout(
    folder: Path, tmp_path: Path
) -> None:
    (folder / ".venv/bin/snakemake").write_text('#!/bin/sh\necho "$XDG_CACHE_HOME"\n')
    blocked, own = tmp_path / "a file", tmp_path / "own"
    blocked.touch()
    for environment, cache in (
        ({"HOME": str(blocked), "XDG_CACHE_HOME": ""}, folder / ".snakemake/cache"),
        ({"HOME": str(tmp_path), "XDG_CACHE_HOME": str(blocked)}, folder / ".snakemake/cache"),
        ({"HOME": str(blocked), "XDG_CACHE_HOME": str(own)}, own),
        ({"HOME": str(tmp_path), "XDG_CACHE_HOME": ""}, ""),
    ):
        run = make(folder, "report", **environment)
        assert run.stdout.splitlines()[0] == str(cache), run.stderr


def test_snakemake_is_not_asked_where_the_package_refuses(folder: Path) -> None:
    (folder / ".venv/bin/python").write_text("#!/bin/sh\necho 'error: one sentence' >&2\nexit 2\n")
    for target in ("reproduce", "report"):
        run = make(folder, target)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr.startswith("error: one sentence\n")
