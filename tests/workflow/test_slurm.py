"""A network of the small run, made again on a real SLURM, in which much goes wrong that can go wrong there.

The run is one, since each job on a cluster takes seconds: while it goes, the node is drained and resumed, SLURM's controller is
stopped and started, a job is cancelled, and one has too little memory at first. The tests look at what became of it.
"""

import json
import re
import shlex
import subprocess
from importlib.util import find_spec
from typing import NamedTuple

import polars as pl
import pytest

from shiftscope.workflow.gpus import devices_here

from .cluster import CONTROLLER, HOST, Cluster, missing
from .conftest import SMALL, Project

REASON = missing() or (
    "" if find_spec("snakemake_executor_plugin_slurm") else "Snakemake's plugin for SLURM is not installed"
)
REASON = REASON or ("the tables of a local run are those of a processor" if devices_here() else "")
pytestmark = [pytest.mark.workflow, pytest.mark.skipif(bool(REASON), reason=REASON)]

CONFIG = {
    **{name: section for name, section in SMALL.items() if name not in ("cause", "remedies")},
    "datasets": {**SMALL["datasets"], "more": {**SMALL["datasets"]["test"], "evaluate": False}},
    "protocols": {"crop": SMALL["protocols"]["crop"]},
}
TARGETS = ("model_plain", "results/more/source.json")
TOO_LITTLE = 700
"""Memory, MB, that the job which prepares a network has at first, and torch does not fit into."""
LONG = 900
"""Seconds after which a job is no longer waited for, on a machine that has much else to do."""
QUICKLY = ["--slurm-init-seconds-before-status-checks", "2", "--max-status-checks-per-second", "1"]
STAND_IN = "profiles/slurm/without-accounting"
ON_GPU = {"train", "network", "infer"}
"""Rules of this run whose jobs run networks."""


COLUMNS = ("JobID", "State", "Partition", "MinMemory", "tres-per-job", "TimeLimit", "Comment")
"""What squeue is asked for, in the order of `Job`."""


class Job(NamedTuple):
    """What SLURM says of a job."""

    number: int
    state: str
    partition: str
    memory: str
    gpus: str
    time_limit: str
    what: str

    @property
    def rule(self) -> str:
        """The rule that it is of."""
        return self.what.removeprefix("rule_").partition("_wildcards")[0]


def jobs(cluster: Cluster) -> list[Job]:
    """The jobs that SLURM knows, those that have ended among them, in the order in which they were submitted."""
    said = cluster.ask("squeue", "--noheader", "--states=all", "--Format", ",".join(f"{name}:|" for name in COLUMNS))
    found = [line.rstrip("|").split("|") for line in said.splitlines()]
    return sorted(Job(int(number), *rest) for number, *rest in found)


def in_state(cluster: Cluster, rule: str, state: str) -> list[Job]:
    """The jobs of a rule that are in this state now."""
    return [job for job in jobs(cluster) if (job.rule, job.state) == (rule, state)]


class Ran(NamedTuple):
    """What became of the run."""

    project: Project
    jobs: list[Job]
    accounted: dict[str, str]
    waited: list[Job]
    cancelled: Job


def disturb(cluster: Cluster, run: "subprocess.Popen[str]") -> tuple[list[Job], Job]:
    """All that happens while the run goes: jobs that waited for the drained node, and the job that was cancelled."""

    def going(rule: str, state: str) -> list[Job]:
        assert run.poll() is None, "Snakemake has ended"
        return in_state(cluster, rule, state)

    cluster.wait_for(lambda: going("train", "RUNNING"), "a training", seconds=LONG)
    cluster.ask("scontrol", "update", f"NodeName={HOST}", "State=DRAIN", "Reason=test")
    cluster.stop(CONTROLLER)
    cluster.start_controller()
    waited = cluster.wait_for(lambda: going("network", "PENDING"), "a job that waits for the node", seconds=LONG)
    cluster.ask("scontrol", "update", f"NodeName={HOST}", "State=RESUME")
    (cancelled, *_) = cluster.wait_for(lambda: going("infer", "RUNNING"), "inference", seconds=LONG)
    cluster.ask("scancel", str(cancelled.number))
    return waited, cancelled


@pytest.fixture(scope="module")
def ran(finished: Project, tmp_path_factory: pytest.TempPathFactory):
    """Network `plain` and its frames, made again on a cluster by the profile for SLURM."""
    from snakemake_executor_plugin_slurm.job_status_query import query_job_status_sacct

    project = finished.copy(tmp_path_factory.mktemp("slurm") / "project")
    # Timed again, another engine or batch may be the fastest, whose answers differ in their last digits.
    chosen = {name: card(finished)[name] for name in ("engine", "batch_size")}
    # Not `cpu`: nodes decide, and jobs ask for a GPU.
    project.configure({**CONFIG, "inference": {**SMALL["inference"], **chosen, "device": "auto"}})
    project.edit("src/shiftscope/workflow/needs.py", '"network": Need(8000,', f'"network": Need({TOO_LITTLE},')
    command = project.command(*TARGETS, "-R", "frames", "--workflow-profile", "profiles/slurm", *QUICKLY)
    with Cluster() as cluster:
        environment = project.environment() | cluster.environment()
        environment["PATH"] = f"{project.folder / STAND_IN}:{environment['PATH']}"
        log = project.folder / "run.log"
        with log.open("w") as said:
            run = subprocess.Popen(command, cwd=project.folder, env=environment, stdout=said, stderr=said, text=True)
            try:
                waited, cancelled = disturb(cluster, run)
                code = run.wait(LONG)
            finally:
                run.kill()
                run.wait()
                output = log.read_text()
        assert code == 0, output[-6000:] + cluster.said()
        (run_id,) = re.findall(r"SLURM run ID: (\S+)", output)
        question = shlex.split(query_job_status_sacct(run_id))
        said = subprocess.run(question, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout
        yield Ran(project, jobs(cluster), dict(line.split("|") for line in said.splitlines()), waited, cancelled)


def card(project):
    """The card of network `plain`."""
    return json.loads((project.folder / "results/networks/plain/card.json").read_text())


def test_the_tables_are_those_of_a_local_run(ran, finished):
    cards = [card(one) for one in (finished, ran.project)]
    for same in ("weights_sha256", "engine", "batch_size"):
        assert cards[0][same] == cards[1][same]
    assert cards[0]["device"] == cards[1]["device"] == "cpu"
    compared = 0
    for name in ("predictions/crop/plain", "sums/crop/plain", "draws/crop/plain", "frames/crop/64/1of2/frames"):
        paths = [one.folder / f"results/test/{name}.parquet" for one in (finished, ran.project)]
        here, there = (pl.read_parquet(path, glob=False) for path in paths)
        assert here.equals(there), name
        assert paths[0].stat().st_mtime_ns < paths[1].stat().st_mtime_ns, "it is a copy"
        compared += here.height
    assert compared > 150


def test_networks_run_on_the_gpu_partition_and_the_rest_elsewhere(ran):
    assert {job.rule for job in ran.jobs} == ON_GPU | {"frames", "aggregate", "sums"}
    for job in ran.jobs:
        wanted = ("gpu", "gres:gpu:1") if job.rule in ON_GPU else ("cpu", "N/A")
        assert (job.partition, job.gpus) == wanted, job


def test_one_network_runs_and_nothing_of_the_others(ran, finished):
    assert all(job.what.endswith("plain") or "_plain_" in job.what for job in ran.jobs if job.rule != "frames")
    for other in set(SMALL["networks"]) - {"plain"}:
        for name in (f"results/test/predictions/crop/{other}.parquet", f"results/networks/{other}/card.json"):
            before, after = ((one.folder / name).stat().st_mtime_ns for one in (finished, ran.project))
            assert before == after, name


def test_a_job_with_too_little_memory_comes_back_with_twice_as_much_and_twice_the_time(ran):
    *failed, last = [job for job in ran.jobs if job.rule == "network"]
    assert failed
    assert {job.state for job in failed} <= {"OUT_OF_MEMORY", "FAILED", "CANCELLED"}
    assert last.state == "COMPLETED"
    memory = [int(job.memory.removesuffix("M")) for job in (*failed, last)]
    assert memory == [TOO_LITTLE * 2**attempt for attempt in range(len(memory))]
    assert [job.time_limit for job in (*failed, last)] == ["1:00:00", "2:00:00", "4:00:00"][: len(memory)]
    for job in failed:
        log = ran.project.folder / "slurm-logs" / "rule_network" / "plain" / f"{job.number}.log"
        assert "exceeded memory limit" in log.read_text()


def test_a_job_that_was_cancelled_is_submitted_again(ran):
    states = {job.number: job.state for job in ran.jobs if job.what == ran.cancelled.what}
    assert states.pop(ran.cancelled.number) == "CANCELLED"
    assert list(states.values()) == ["COMPLETED"]


def test_jobs_wait_for_a_node_that_is_drained(ran):
    assert {job.rule for job in ran.waited} == {"network"}
    assert ran.waited[0].number in {job.number for job in ran.jobs}


def test_what_stands_in_the_place_of_sacct_says_what_squeue_says(ran):
    """The question is the plugin's own, in the form that it asks sacct in."""
    assert ran.accounted == {str(job.number): job.state for job in ran.jobs}
    assert set(ran.accounted.values()) > {"COMPLETED", "CANCELLED"}


def test_nothing_of_the_cluster_is_left_in_the_results(ran):
    assert not list(ran.project.folder.rglob("*.part"))
    kept = {path.parent.parent.name for path in (ran.project.folder / "slurm-logs").rglob("*.log")}
    assert kept == {"rule_network", "rule_infer"}  # of jobs that failed


def test_downloads_run_where_snakemake_does(ran):
    assert (ran.project.folder / "results/more/source.json").is_file()
    assert "download" not in {job.rule for job in ran.jobs}
