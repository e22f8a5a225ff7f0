"""The workflow on a real Slurm of two nodes with two pretend GPUs each, while things go wrong."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import slurm
from checkout import SMOKE, TABLES, Checkout, copy_checkout
from slurm import Job, Slurm
from waiting import wait_until
from watched import PROFILE, Watched

pytestmark = [
    pytest.mark.skipif(not slurm.installed(), reason="Slurm is not installed"),
    pytest.mark.timeout(2400),
]

FAULTS = (*SMOKE, str(Path(__file__).with_name("faults.yaml")))
GPU_VERBS = ("fit", "measure")
LONG = {  # the two long trainings: what happens to each, and where it is
    "cancel": "scale_detection_1d_task1/no-stride/noise-0_train-all/seeds-0-1",
    "requeue": "scale_detection_1d_task2/stride/noise-0_train-all/seeds-0-1",
}


@dataclass
class Troubles:
    """Cancels a job, requeues another, cuts the power of a node, once each and in this order."""

    slurm: Slurm
    checkout: Checkout
    hit: dict[str, Job] = field(default_factory=dict)
    lost: list[Job] = field(default_factory=list)

    def __call__(self, jobs: list[Job]) -> None:
        for action, run in LONG.items():
            step = f"train {run.replace('/', '_')}"
            for job in jobs:
                if action not in self.hit and job.step == step and self.trains(run):
                    getattr(self.slurm, action)(job)
                    self.hit[action] = job
                    return
        victims = [job for job in jobs if job.devices]
        # A job that is ending when its node dies takes a minute more to end.
        settled = all(job.state == "RUNNING" for job in jobs)
        if len(self.hit) == len(LONG) and settled and victims and not self.lost:
            node = victims[0].node
            self.lost = self.slurm.kill_node(node)
            time.sleep(2)
            self.slurm.start_node(node)

    def log(self, run: str) -> str:
        """Return the log of a training, empty before it begins."""
        path = self.checkout.folder / "results/smoke" / run / "training.log"
        return path.read_text() if path.exists() else ""

    def trains(self, run: str) -> bool:
        """Whether a training has begun."""
        return "epoch" in self.log(run)


@pytest.fixture(scope="module")
def undisturbed(smoke: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The same run on this machine alone."""
    copy = smoke.copied(tmp_path_factory.mktemp("undisturbed") / "run")
    run = copy.snakemake(*FAULTS)
    assert run.returncode == 0, run.stdout + run.stderr
    return copy


@pytest.fixture(scope="module")
def cluster() -> Iterator[Slurm]:
    """Two nodes with two pretend GPUs each; in the end nothing of it is left."""
    with Slurm() as cluster:
        yield cluster
    assert cluster.processes() == []


@pytest.fixture(scope="module")
def eventful(
    undisturbed: Checkout, cluster: Slurm, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Watched, Troubles]:
    """The smoke scenario on the cluster, with all troubles in it."""
    checkout = copy_checkout(tmp_path_factory.mktemp("eventful"))
    first = [f"results/smoke/{run}/training.csv" for run in LONG.values()]
    arguments = (*PROFILE, *FAULTS, "--config", "device=gpu", "--prioritize", *first)
    run, troubles = Watched(cluster, checkout, arguments), Troubles(cluster, checkout)
    run.start().follow(1500, troubles)
    return run, troubles


def test_the_run_ends_well(eventful: tuple[Watched, Troubles]) -> None:
    run, troubles = eventful
    assert run.returncode == 0, run.output
    assert set(troubles.hit) == set(LONG)
    assert troubles.lost


def test_its_tables_are_those_of_an_undisturbed_local_run(
    eventful: tuple[Watched, Troubles], undisturbed: Checkout
) -> None:
    expected = undisturbed.contents(TABLES)
    assert len(expected) > 30
    assert eventful[0].checkout.contents(TABLES) == expected


def test_a_cancelled_training_is_tried_again_and_goes_on(
    eventful: tuple[Watched, Troubles],
) -> None:
    run, troubles = eventful
    cancelled = troubles.hit["cancel"]
    attempts = [job for job in run.jobs if job.step == cancelled.step]
    assert [job.state for job in attempts] == ["CANCELLED", "COMPLETED"]
    assert f"SLURM-job '{cancelled.id}' failed, SLURM status is: 'CANCELLED'" in run.output
    assert "goes on in epoch" in troubles.log(LONG["cancel"])


def test_a_requeued_training_goes_on_as_the_same_job(
    eventful: tuple[Watched, Troubles],
) -> None:
    run, troubles = eventful
    requeued = troubles.hit["requeue"]
    attempts = [job for job in run.jobs if job.step == requeued.step]
    assert [(job.id, job.state) for job in attempts] == [(requeued.id, "COMPLETED")]
    assert attempts[0].restarts > 0
    assert "goes on in epoch" in troubles.log(LONG["requeue"])


def test_jobs_of_a_node_that_dies_run_again(
    eventful: tuple[Watched, Troubles],
) -> None:
    run, troubles = eventful
    after = {job.id: job for job in run.jobs}
    for job in troubles.lost:
        assert after[job.id].state == "COMPLETED"
        assert after[job.id].restarts > job.restarts


def test_never_more_gpu_jobs_than_gpus(eventful: tuple[Watched, Troubles], cluster: Slurm) -> None:
    busiest = 0
    for moment in eventful[0].moments:
        taken = [(job.node, device) for job in moment for device in job.devices]
        assert len(taken) == len(set(taken)), "a GPU was given to two jobs"
        assert len(taken) <= len(cluster.nodes) * cluster.gpus
        busiest = max(busiest, len(taken))
    assert busiest > cluster.gpus, "only one node was used"


def test_each_training_and_measurement_gets_one_gpu_and_no_other_step_asks(
    eventful: tuple[Watched, Troubles],
) -> None:
    run, _ = eventful
    for job in run.jobs:
        on_gpu = job.step.startswith(("train ", "measure "))
        assert job.request == ("TresPerJob=gres:gpu:1" if on_gpu else ""), job
    for moment in run.moments:
        # A job that ends has given its device back already.
        at_work = [job for job in moment if job.state == "RUNNING"]
        assert all(len(job.devices) == bool(job.request) for job in at_work)
    for verb, seen in run.devices.items():
        assert seen <= ({"0", "1"} if verb in GPU_VERBS else {""}), verb
    assert set(GPU_VERBS) <= set(run.devices)


def test_light_steps_share_jobs(eventful: tuple[Watched, Troubles]) -> None:
    run, _ = eventful
    steps = [job.step.split()[0] for job in run.jobs]
    assert len([step for step in steps if step.startswith("light")]) == 1
    assert not any(step.startswith(("figure", "claims")) for step in steps)


@pytest.mark.parametrize(
    ("options", "request_for_gpu"),
    [
        ((*PROFILE, "--config", "device=cpu"), ""),
        (
            (
                *("--profile", "profiles/slurm", "--workflow-profile", "profiles/slurm-gres"),
                *("--config", "device=gpu"),
            ),
            "TresPerNode=gres:gpu:1",
        ),
    ],
    ids=["cpu", "gres"],
)
def test_other_requests(
    cluster: Slurm, checkout: Checkout, options: tuple[str, ...], request_for_gpu: str
) -> None:
    target = f"results/smoke/{LONG['cancel']}/training.csv"
    run = Watched(cluster, checkout, (target, *options, *SMOKE)).start()
    run.follow(600)
    assert run.returncode == 0, run.output
    assert [job.step.split()[0] for job in run.jobs] == ["dataset", "train"]
    assert [job.request for job in run.jobs] == ["", request_for_gpu]
    assert run.devices["fit"] <= ({"0", "1"} if request_for_gpu else {""})
    says = "no GPU here" in (checkout.folder / target).with_suffix(".log").read_text()
    assert says == bool(request_for_gpu), "a step that was given a GPU looks for it"


def test_a_cluster_leaves_nothing_running() -> None:
    with Slurm(nodes=1) as cluster:
        cluster.submit("sleep 1000")
        wait_until(lambda: bool(cluster.running()), "the job")
        assert len(cluster.processes()) > 3
        assert cluster.running()
    assert cluster.processes() == []
    assert not cluster.folder.exists()
