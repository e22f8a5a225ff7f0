"""A Slurm cluster of this machine's own: nodes with pretend GPUs, in a folder, for a test.

The daemons run in the foreground as children of the test, so that each is known by its process
id. A pretend GPU is a link to /dev/null: Slurm hands it out and sets CUDA_VISIBLE_DEVICES, and
nothing more happens.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import processes
import psutil
from waiting import wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
RUNNING = ("RUNNING", "COMPLETING")

CONFIGURATION = """\
ClusterName=test
SlurmctldHost=localhost
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdParameters=config_overrides
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=5,sched_min_interval=0,bf_interval=5
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
GresTypes=gpu
ReturnToService=2
MinJobAge=3600
MessageTimeout=10
SlurmdTimeout=10
KillWait=10
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def installed() -> bool:
    """Whether Slurm's programs are on this machine."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    return all(shutil.which(program, path=path) for program in PROGRAMS)


@dataclass(frozen=True)
class Job:
    """What the controller says of a job.

    `step` is the rule and the wildcards, `request` what it asked for besides CPUs and memory,
    `devices` the numbers of the GPUs that it was given.
    """

    id: int
    state: str
    node: str
    step: str
    request: str
    devices: tuple[int, ...]
    cpus: int
    restarts: int

    @classmethod
    def parse(cls, record: str) -> "Job":
        """Read a line of `scontrol show job --details --oneliner`."""
        indices = re.search(r" GRES=gpu[^ (]*\(IDX:([0-9,-]+)\)", record)
        requests = [(key, _field(record, key)) for key in ("TresPerJob", "TresPerNode")]
        return cls(
            id=int(_field(record, "JobId")),
            state=_field(record, "JobState"),
            node=_field(record, "NodeList").replace("(null)", ""),
            step=_field(record, "Comment").removeprefix("rule_").replace("_wildcards_", " "),
            request=" ".join(f"{key}={request}" for key, request in requests if request),
            devices=_indices(indices[1]) if indices else (),
            cpus=int(_field(record, "CPUs/Task") or 0),
            restarts=int(_field(record, "Restarts")),
        )


class Slurm:
    """A cluster with a controller and some nodes; use it in a `with` statement."""

    def __init__(self, nodes: int = 2, gpus: int = 2, cpus: int = 4):
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self.gpus, self.cpus = gpus, cpus
        # Not pytest's folder: munge wants one that everybody can reach, sockets a short path.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Slurm":
        # A test run that is told to end still ends its daemons, as after Ctrl-C.
        self._before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._configure()
            self._daemon("munged", *self._munge_options())
            wait_until((self.folder / "munge.socket").exists, "munged")
            self._daemon("slurmctld", "-D")
            for node in self.nodes:
                self.start_node(node)
            wait_until(lambda: self._idle() == len(self.nodes), "all nodes idle")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.daemons.get("slurmctld"):
            self._call("scancel", "--user", str(os.getuid()), check=False)
            with suppress(TimeoutError):
                wait_until(lambda: not self.running(), "the end of all jobs", seconds=20)
        for name in sorted(self.daemons, key=lambda name: ("munged", "slurmctld").count(name)):
            _end(self.daemons[name])
        for process in self.processes():
            processes.kill(process)
        shutil.rmtree(self.folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, self._before)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which Slurm's programs find this cluster."""
        path = f"{self.folder}/bin:{os.environ['PATH']}:/usr/sbin:/sbin"
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def jobs(self) -> list[Job]:
        """Return all jobs that the controller knows, also those that have ended."""
        lines = self._call("scontrol", "show", "job", "--details", "--oneliner", check=False)
        return [Job.parse(line) for line in lines.splitlines() if line.startswith("JobId=")]

    def running(self) -> list[Job]:
        """Return the jobs that occupy a node."""
        return [job for job in self.jobs() if job.state in RUNNING]

    def submit(self, command: str) -> None:
        """Queue a shell command as a job."""
        self._call("sbatch", "--output=/dev/null", f"--wrap={command}")

    def cancel(self, job: Job) -> None:
        """Cancel a job, as its owner may."""
        self._call("scancel", str(job.id))

    def requeue(self, job: Job) -> None:
        """Stop a job and queue it again, as preemption does."""
        self._call("scontrol", "requeue", str(job.id))

    def start_node(self, node: str) -> None:
        """Start the daemon of a node."""
        self._daemon(f"slurmd-{node}", "-D", "-N", node, program="slurmd")

    def kill_node(self, node: str) -> list[Job]:
        """End all that runs on a node at once, as a power cut does.

        Returns the jobs that this cut off for certain: once nothing watches over a job any more,
        its end can no longer be reported, and its script still runs.
        """
        jobs = [job for job in self.running() if job.node == node]
        watchers = {job: processes.titled(f"slurmstepd: [{job.id}.") for job in jobs}
        scripts = {job: processes.below(watchers[job]) for job in jobs}
        self.daemons[f"slurmd-{node}"].kill()
        for process in chain(*watchers.values()):
            processes.kill(process)
        cut_off = [job for job in jobs if any(map(processes.alive, scripts[job]))]
        for process in chain(*scripts.values()):
            processes.kill(process)
        self.daemons[f"slurmd-{node}"].wait(10)
        return cut_off

    def steps(self) -> list[tuple[str, dict[str, str]]]:
        """Return the verb and the environment of each of the workflow's commands that runs now."""
        found = []
        for process in psutil.process_iter():
            if verb := re.search(r" -m cnn_sensitivity (\w+)", processes.command(process)):
                environment = processes.environment(process)
                if environment.get("SLURM_CONF") == self.environment["SLURM_CONF"]:
                    found.append((verb[1], environment))
        return found

    def processes(self) -> list[psutil.Process]:
        """Return all processes that belong to this cluster, whoever their parents are."""
        folder = str(self.folder)
        return [
            process
            for process in psutil.process_iter()
            if process.pid != os.getpid()
            and (
                processes.environment(process).get("SLURM_CONF", "").startswith(folder)
                or folder in processes.command(process)
                or any(path.startswith(folder) for path in processes.open_files(process))
            )
        ]

    def _configure(self) -> None:
        ports = _free_ports(1 + len(self.nodes))
        for number in range(self.gpus):
            (self.folder / f"gpu{number}").symlink_to("/dev/null")
        for node in self.nodes:
            (self.folder / f"spool-{node}").mkdir()
        (self.folder / "state").mkdir()
        (self.folder / "bin").mkdir()
        nodes = [
            f"NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port}"
            f" CPUs={self.cpus} RealMemory=64000 Gres=gpu:{self.gpus}"
            for node, port in zip(self.nodes, ports[1:], strict=True)
        ]
        text = CONFIGURATION.format(
            folder=self.folder, port=ports[0], user=_user(), nodes="\n".join(nodes)
        )
        (self.folder / "slurm.conf").write_text(text)
        device = f"{self.folder}/gpu[0-{self.gpus - 1}]"
        (self.folder / "gres.conf").write_text(f"Name=gpu File={device}\n")
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        # The plugin hides SLURM_CONF from the srun in its jobs.
        wrapper = self.folder / "bin/srun"
        srun = shutil.which("srun")
        wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {srun} "$@"\n')
        wrapper.chmod(0o755)

    def _munge_options(self) -> list[str]:
        places = {
            "key-file": "munge.key",
            "socket": "munge.socket",
            "pid-file": "munged.pid",
            "log-file": "munged.log",
            "seed-file": "munged.seed",
        }
        return ["--foreground"] + [f"--{key}={self.folder / file}" for key, file in places.items()]

    def _daemon(self, name: str, *options: str, program: str = "") -> None:
        with (self.folder / f"{name}.out").open("ab") as output:
            self.daemons[name] = subprocess.Popen(
                [shutil.which(program or name, path=self.environment["PATH"]) or name, *options],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _idle(self) -> int:
        return self._call("sinfo", "-h", "-N", "-o", "%t", check=False).split().count("idle")

    def _call(self, *command: str, check: bool = True) -> str:
        run = subprocess.run(
            command,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=30,
        )
        if check and run.returncode:
            raise RuntimeError(f"{' '.join(command)}: {run.stderr}")
        return run.stdout


def _field(record: str, name: str) -> str:
    found = re.search(rf"(?:^| ){re.escape(name)}=(\S*)", record)
    return found[1] if found else ""


def _indices(text: str) -> tuple[int, ...]:
    """Read Slurm's lists of numbers, such as 0,2-3."""
    ranges = [part.split("-") for part in text.split(",")]
    return tuple(n for ends in ranges for n in range(int(ends[0]), int(ends[-1]) + 1))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for taken in sockets:
        taken.bind(("127.0.0.1", 0))
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports


def _user() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(10)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait(10)
