"""Dry runs: what each scenario and each target would do, before anything is made."""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from checkout import ROOT, SMOKE, Checkout

from cnn_sensitivity import papers
from cnn_sensitivity.config import Images, read
from cnn_sensitivity.operations.forecast import forecast
from cnn_sensitivity.plan import Plan

PUBLISHED = ROOT / "workflow/scenarios/tomasini_2022/published.yaml"
SCENARIOS = sorted({*(ROOT / "workflow/scenarios").glob("*/*.yaml")} - {PUBLISHED})
# Without all experiments, and so without all figures.
PARTIAL = ("published", "gpu_half_hour", "scale_detection")
FIGURES = list(papers.paper("tomasini_2022").figures)


def give_images(checkout: Checkout, scenario: Path) -> None:
    """Put files by the names of images where a scenario's folder of images would be."""
    experiments = read(ROOT / "config.yaml", scenario).experiments.values()
    sources = [each.source for each in experiments if isinstance(each, Images)]
    for source in [each for each in sources if each.name == "image_folder"]:
        for split, size in (("train", source.train_size), ("test", source.test_size)):
            for name in ("cat", "dog"):
                folder = checkout.folder / source.root / split / name
                folder.mkdir(parents=True)
                for index in range(size // 2):
                    (folder / f"{index}.png").touch()


def give_weights(checkout: Checkout, scenario: Path) -> None:
    """Put files by the names of weights where a scenario's downloads would be put by hand."""
    for run in Plan(read(ROOT / "config.yaml", scenario)).runs:
        if run.network.weights:
            file = checkout.folder / "data/checkpoints" / run.network.weights.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_scenario_plans_every_figure(checkout: Checkout, scenario: Path) -> None:
    give_images(checkout, scenario)
    give_weights(checkout, scenario)
    jobs = checkout.planned("--configfile", str(scenario.relative_to(ROOT)))
    plan = Plan(read(ROOT / "config.yaml", scenario))
    figures = set(papers.paper(scenario.parent.name).figures)
    if scenario.stem in PARTIAL:
        figures = set(papers.figure_inputs(plan))
    assert {rule for rule in jobs if rule.startswith("figure_")} == figures
    making = Counter(run.making for run in plan.runs)
    assert {rule: jobs[rule] for rule in making} == making
    # A flow or a machine of which nothing is asked but its table is not measured.
    if set(making) <= {"train", "adopt"}:
        assert len(plan.runs) == jobs["measure"]
    assert jobs["claims"] == 1


def test_published_networks_that_cannot_be_had_leave_a_plan_of_the_others(
    checkout: Checkout,
) -> None:
    file = str(PUBLISHED.relative_to(ROOT))
    call = ("--dry-run", "--configfile", file, "--quiet", "rules")
    run = checkout.snakemake(*call, https_proxy="http://localhost:9")  # nobody listens there
    assert run.returncode == 0, run.stdout + run.stderr
    said = run.stdout + run.stderr
    (images,) = read(ROOT / "config.yaml", PUBLISHED).experiments.values()
    published = [network.label for network in images.networks if network.weights]
    assert re.findall(r"^(\S+) is left out: data/", said, flags=re.MULTILINE) == published
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", said, flags=re.MULTILINE))
    assert "adopt" not in jobs
    assert int(jobs["train"]) == len(images.networks) - len(published)
    assert {f"figure_{number}" for number in ("01", "03", "04", "11", "13")} <= set(jobs)


def test_one_figure_plans_what_it_needs_and_no_more(checkout: Checkout) -> None:
    trainings = Counter(
        str(run.network.label)
        for run in Plan(read(ROOT / "config.yaml")).runs
        if run.experiment == "images" and not run.noise
    )
    count = sum(trainings[label] for label in ("LeNet", "AlexNet", "VGG11", "VGG11bn"))
    jobs = checkout.planned("figure_03")
    assert jobs == {"dataset": 1, "train": count, "measure": count, "figure_03": 1}


@pytest.mark.parametrize("paper", papers.NAMES)
def test_the_tables_are_all_jobs_but_those_that_read_tables(checkout: Checkout, paper: str) -> None:
    smoke = ("--configfile", f"workflow/scenarios/{paper}/smoke.yaml")
    jobs = checkout.planned(*smoke)
    reading = {"all", "claims", "software", "first_page", *papers.paper(paper).figures}
    expected = {rule: count for rule, count in jobs.items() if rule not in reading}
    assert checkout.planned("tables", *smoke) == {**expected, "tables": 1}


def test_a_figure_without_training_trains_nothing(checkout: Checkout) -> None:
    assert checkout.planned("figure_06") == {"theory": 1, "figure_06": 1}


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_a_target(checkout: Checkout, figure: str) -> None:
    assert checkout.planned(figure, *SMOKE)[figure] == 1


MODULE = """
configfile: "config.yaml"

module replication:
    snakefile: "{root}/workflow/Snakefile"
    config: config

use rule * from replication
"""


@pytest.mark.parametrize("entry", ["Snakefile", "workflow/Snakefile", "module"])
def test_the_workflow_runs_in_another_folder(
    checkout: Checkout, tmp_path: Path, entry: str
) -> None:
    elsewhere = Checkout(tmp_path / "elsewhere")
    elsewhere.folder.mkdir()
    shutil.copy(ROOT / "config/config.yaml", elsewhere.folder)
    (elsewhere.folder / "module").write_text(MODULE.format(root=checkout.folder))
    snakefile = entry if entry == "module" else str(checkout.folder / entry)
    smoke = ("--configfile", str(checkout.folder / SMOKE[1]))
    call = ("--snakefile", snakefile, "--cores", "1")
    assert elsewhere.planned(*call, *smoke) == checkout.planned(*SMOKE)
    assert elsewhere.planned("figure_06", *call) == {"theory": 1, "figure_06": 1}


def priorities(checkout: Checkout, rule: str) -> dict[str, float]:
    """Return the priorities that a dry run of `quick` shows, by the wildcard of a rule's job."""
    text = checkout.snakemake("--dry-run").stdout
    jobs = re.findall(rf"^rule {rule}:\n((?:    .*\n)+)", text, flags=re.MULTILINE)
    found = [re.search(r"wildcards: \w+=(\S+)\n    priority: (\S+)", job) for job in jobs]
    return {match[1]: float(match[2]) for match in found if match}


def test_long_jobs_start_first(checkout: Checkout) -> None:
    train = priorities(checkout, "train")
    assert len(train) == checkout.planned()["train"]
    chains = {
        cost.run.name: cost.seconds for cost in forecast(Plan(read(ROOT / "config.yaml"))).costs
    }
    assert train == pytest.approx(chains, abs=0.01)
    assert priorities(checkout, "measure") == train
    first = max(train, key=lambda name: train[name])
    assert priorities(checkout, "dataset")[first.split("/")[0]] == train[first]


@pytest.mark.parametrize("scheduler", ["ilp", "greedy"])
def test_the_scheduler_takes_the_job_of_the_highest_priority(
    checkout: Checkout, scheduler: str
) -> None:
    main = checkout.folder / "workflow/cnn_sensitivity/__main__.py"
    # To start jobs is enough: each training fails at once, and the others are to go on.
    main.write_text(f"import sys\nassert sys.argv[1] != 'fit'\n{main.read_text()}")
    runs = Plan(read(ROOT / "config.yaml", ROOT / SMOKE[1])).runs
    targets = [run.path("training.csv") for run in runs if run.experiment == "images"]
    call = (*SMOKE, "--cores", "1", "--scheduler", scheduler)
    text = checkout.snakemake(*targets, *call).stderr
    started = re.findall(
        r"^localrule train:\n(?:    .*\n)*?    priority: (\S+)", text, re.MULTILINE
    )
    order = [float(priority) for priority in started]
    assert len(order) == len(targets)
    assert len(set(order)) > 2
    assert order == sorted(order, reverse=True)


def test_every_rule_says_what_it_is_for(checkout: Checkout) -> None:
    listing = checkout.snakemake("--list-target-rules").stdout.splitlines()
    rules = [line for line in listing if line and not line.startswith("Using")]
    assert len(rules) >= len(FIGURES)
    assert [line for line in rules if "(" not in line] == []


def test_lint_finds_nothing(checkout: Checkout) -> None:
    run = checkout.snakemake("--lint", *SMOKE)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("run=$(touch hacked)", "configuration: run: "),
        ("sede=1", "unknown key; did you mean 'seed'?"),
        ("measurements={sensitivity: {images: -5}}", "measurements.sensitivity.images: "),
        (
            "experiments={images: {source: {name: image_folder, root: nowhere}}}",
            "nowhere/train cannot be read (No such file or directory): ",
        ),
    ],
)
def test_a_bad_configuration_ends_with_one_sentence_and_status_2(
    checkout: Checkout, setting: str, says: str
) -> None:
    run = checkout.snakemake("--config", setting)
    errors = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert run.returncode == 2
    assert len(errors) == 1
    assert says in errors[0]
    assert "Traceback" not in run.stdout + run.stderr
    assert not (checkout.folder / "hacked").exists()
    assert not (checkout.folder / "results").exists()


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("figure_3", "there is no target figure_3; did you mean 'figure_03'?"),
        ("Figure12", "there is no target Figure12; did you mean 'figure_12'?"),
        ("figure1", "there is no target figure1; did you mean 'figure_01'?"),
        ("cliams", "there is no target cliams; did you mean 'claims'?"),
        ("nonsense", "there is no target nonsense; known: all, claims, "),
    ],
)
def test_a_target_that_is_not_there_gets_a_suggestion(
    checkout: Checkout, target: str, says: str
) -> None:
    for options in (["--dry-run", target], ["--dry-run", *SMOKE, "--", target]):
        run = checkout.snakemake(*options)
        assert run.returncode == 2
        assert says in run.stderr and "Traceback" not in run.stderr


def test_a_key_given_twice_is_refused_where_snakemake_would_take_the_last(
    checkout: Checkout,
) -> None:
    (checkout.folder / "mine.yaml").write_text("seed: 1\nseed: 2\n")
    run = checkout.snakemake("--dry-run", *SMOKE, "mine.yaml")
    assert run.returncode == 2
    assert "mine.yaml: line 2: the key 'seed' is there twice; keep one" in run.stderr
    assert "Traceback" not in run.stderr


def test_two_runs_never_share_a_file(checkout: Checkout) -> None:
    text = checkout.snakemake("--dry-run", *SMOKE).stdout
    outputs = [line for line in text.splitlines() if line.strip().startswith("output:")]
    assert outputs
    paths = [Path(path) for line in outputs for path in line.split(":", 1)[1].split(", ")]
    assert all("smoke" in path.parts for path in paths)
