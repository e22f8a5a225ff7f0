"""What all rules share: the checked configuration, the plan, and how a command is called."""

import os
import re
import sys
from functools import cache
from pathlib import Path

# The package beside these rules; where they were fetched without it, the installed one.
sys.path.insert(0, str(Path(str(workflow.current_basedir)).parent))

from snakemake.cli import get_argument_parser
from snakemake.logging import logger

import cnn_sensitivity
from cnn_sensitivity.operations.availability import as_sentences, unavailable
from cnn_sensitivity.base.code_closure import closure as code_closure
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.operations.forecast import (
    Job,
    Priorities,
    check_gpu_tables,
    forecast,
    forecast_here,
    in_short,
)
from cnn_sensitivity.papers import (
    all_inputs,
    claim_inputs,
    criteria_file,
    figure_inputs,
    figure_title,
    jobs,
    key_figure,
    what_to_see,
)
from cnn_sensitivity.config.fits import FITS
from cnn_sensitivity.papers.paper import files_of
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.operations.preflight import (
    check_images,
    check_networks,
    check_weights,
    check_workplace,
)
from cnn_sensitivity.operations.run_progress import RunProgress
from cnn_sensitivity.operations.shared_fits import check_folder
from cnn_sensitivity import config as configuration
from cnn_sensitivity.config.base import suggestion

try:
    check_workplace(os.getcwd())
    if workflow.is_main_process:
        check_folder()
    # Snakemake has read them already, and takes the last of two equal keys without a word.
    for file in workflow.configfiles:
        if Path(file).suffix in (".yaml", ".yml"):
            configuration.load(file)
    PLAN = Plan(configuration.parse(config))
    # Published networks that cannot be had are left out. A job in a process of its own needs to
    # know of what is there only: its inputs are made.
    LEFT_OUT = unavailable(PLAN, ask=workflow.is_main_process)
    AVAILABLE = PLAN.without(LEFT_OUT)
    FIGURE_INPUTS = figure_inputs(AVAILABLE)
    check_images(PLAN)
    check_weights(PLAN)
    check_gpu_tables()
    # Jobs in an environment or a container of their own may find other modules.
    if not workflow.deployment_settings.deployment_method:
        check_networks(PLAN)
except UserError as error:
    print(f"error: {error}", file=sys.stderr, flush=True)
    # Snakemake would show a traceback and end with status 1.
    os._exit(2)

if workflow.is_main_process:
    for sentence in as_sentences(LEFT_OUT):
        logger.warning(sentence)

# Jobs run the same package, with the interpreter that runs Snakemake.
PACKAGE = Path(cnn_sensitivity.__file__).parent
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), os.getenv("PATH", os.defpath)]),
    PYTHONPATH=os.pathsep.join([str(PACKAGE.parent), os.getcwd()]),
)

# With `--software-deployment-method conda` jobs run in this environment instead.
ENVIRONMENT = "../../envs/reproduce.yaml"
PAPER = PLAN.config.paper
ROOM = f"papers.{PAPER}"
RUN_FILES = f"{PLAN.results}/{{name}}"


# With BRIEF=1, which `make reproduce` sets, its line stands for Snakemake's messages about each job.
PROGRESS = RunProgress(brief=os.getenv("BRIEF") == "1")
PROGRESS.attach(logger)


NAME_IN_EXPERIMENT = "[^/]+/[^/]+/seeds-[0-9-]+"


wildcard_constraints:
    name=f"[^/]+/{NAME_IN_EXPERIMENT}",
    experiment="[a-z0-9_]+",


def check_targets():
    """Stop with a suggestion where a word among the targets is no rule and no file.

    Files that rules make lie in folders. What a Snakefile around these rules defines is not known yet.
    """
    own = [Path(str(workflow.current_basedir), *up, "Snakefile").resolve() for up in ([], [".."])]
    called = Path(sys.argv[0]).stem in ("snakemake", "__main__") and workflow.is_main_process
    if not called or Path(workflow.main_snakefile).resolve() not in own:
        return
    rules = {rule.name: rule.has_wildcards() for rule in workflow.rules}
    # Snakemake tells a workflow its targets only when all rules are read.
    for target in get_argument_parser().parse_known_args(sys.argv[1:])[0].targets:
        if target not in rules and "/" not in target and not Path(target).exists():
            hint = suggestion(target, [name for name, wild in rules.items() if not wild])
            print(f"error: there is no target {target}{hint}", file=sys.stderr, flush=True)
            os._exit(2)


def look_only_when_a_job_ends():
    """Spare the scheduler its timers: after n jobs it would look at all that wait n times a second.

    Each look sets off another a second later, for the sake of the limit of 100 jobs started a second,
    which no run comes near. That is so in Snakemake 9.27; another limit, set by a user, stays. Of 172
    jobs of two seconds on two cores, Snakemake's own time was 38 s with the timers and 6 s without.
    """
    limiter = getattr(getattr(workflow, "scheduler", None), "job_rate_limiter", None)
    if limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


@cache
def expected():
    """Return what the run would take, from the files that are there when it is planned."""
    return forecast(AVAILABLE)


@cache
def priorities():
    """Return what lets long jobs start first. No result depends on it, so it reruns nothing."""
    return Priorities(expected())


def of_the_run(wildcards):
    """Return the priority of a job of one run; a job on another machine has nothing beside it."""
    return priorities().run(wildcards.name) if workflow.is_main_process else 0


def of_the_experiment(wildcards):
    """Return the priority of a data set: the runs that wait for it have it too."""
    return priorities().dataset(wildcards.experiment) if workflow.is_main_process else 0


def begin_log():
    """Say what there is to do, and show from now on how far it is."""
    expected = forecast_here(AVAILABLE)
    logger.info(in_short(expected, workflow.cores))
    jobs = {
        job.jobid: Job(job.rule.name, job.wildcards_dict.get("name", ""))
        for job in workflow.dag.needrun_jobs()
    }
    PROGRESS.start(expected, jobs, workflow.cores)


def code_of(*modules):
    """Return the files that a result depends on: editing one remakes it, touching it does not."""
    return [os.path.relpath(path) for path in code_closure(*modules)]


def measures_of(wildcards):
    """Return the modules of the quantities that are measured of a run: another's edit is nothing."""
    measurements = PLAN.measurement_settings(PLAN.run(wildcards.name)).measurements
    return sorted({f"measures.{each.quantity}" for each in measurements.values()})


def describe_rule(name, docstring):
    """Give what was made in a loop a docstring of its own, since all of it would share one."""
    workflow.get_rule(workflow.modifier.modify_rulename(name)).docstring = docstring


def caption(name):
    """Return the path of a caption of the report."""
    return str(PACKAGE / "papers" / PAPER / "captions" / f"{name}.rst")


def experiment_of(wildcards):
    """Return the experiment of the run that a job's wildcards name."""
    return PLAN.run(wildcards.name).experiment


def dataset_of(wildcards):
    """Return the data set of the run that a job's wildcards name."""
    return PLAN.dataset(experiment_of(wildcards))


def fitted_by(engine):
    """Return the pattern of the names of the runs that an engine fits."""
    names = [re.escape(run.name) for run in PLAN.runs if run.fit.engine == engine]
    return "|".join(names) or "(?!)"


def own_network(wildcards):
    """Return the file of a network `module:callable` of one's own: editing it trains it anew."""
    module_name, colon, _ = PLAN.run(wildcards.name).network.name.partition(":")
    path = Path(f"{module_name.replace('.', '/')}.py")
    return [str(path)] if colon and path.is_file() else []


def own_weights(wildcards):
    """Return the file of weights on this disk that a network is made from: another remakes it."""
    weights = PLAN.run(wildcards.name).network.weights
    return as_inputs([weights.path] if weights and weights.path else [])


def as_inputs(paths):
    """Return files that a user names as inputs.

    Snakemake takes braces in an input for wildcards, and nothing escapes them: a file with braces in
    its path is read all the same, but another in its place is not noticed.
    """
    return [path for path in paths if not {"{", "}"} & set(path)]


def as_it_is(text):
    """Return a parameter in which Snakemake looks for no wildcards: it may hold braces."""
    return lambda wildcards: text


def growing(amount):
    """Return a resource that grows with each attempt: what was too little is more the next time."""
    return lambda wildcards, attempt: amount * attempt


def light(wildcards):
    """Return the group of light steps, which a cluster runs as one job; on one machine none.

    With a group Snakemake compares, after each job, the groups of all jobs that those depend on
    which wait for it: for the 2,000 jobs of L21's grid two thirds of a dry run.
    """
    return None if workflow.local_exec else "light"
