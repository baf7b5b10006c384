"""Jobs on one machine take different GPUs. A list of names in CUDA_VISIBLE_DEVICES stands for the GPUs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.workflow.gpus import ALLOCATIONS, VISIBLE, choice, devices_here, lent

SOURCE = str(Path(__file__).parents[2] / "src")
JOB = """
import os, sys
from shiftscope.workflow.gpus import VISIBLE, lent
with lent(1):
    print(os.environ[VISIBLE], flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """Locks of this test alone, outside of any scheduler."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for name in (*ALLOCATIONS, VISIBLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def start():
    """A function that starts a job which holds its GPU until its input is closed."""
    running = []

    def started(devices: str, **more: str) -> subprocess.Popen:
        environment = {**os.environ, "PYTHONPATH": SOURCE, VISIBLE: devices, **more}
        running.append(
            subprocess.Popen(
                [sys.executable, "-c", JOB], env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
        return running[-1]

    yield started
    for one in running:
        with one:  # closes its pipes and waits for it
            one.kill()


def seen(job: subprocess.Popen) -> str:
    """The device that a job sees, once it has one."""
    return job.stdout.readline().strip()


def test_the_devices_of_a_machine_are_counted(tmp_path):
    for name in ("nvidia0", "nvidia7", "nvidiactl", "nvidia-uvm", "nvidia-caps", "null"):
        (tmp_path / name).touch()
    assert devices_here(tmp_path) == ["0", "1"]  # as CUDA counts them
    assert devices_here(tmp_path / "..") == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [("2,3", ["2", "3"]), ("GPU-8f, MIG-1c,", ["GPU-8f", "MIG-1c"]), ("3", []), ("", []), ("-1", []), ("NoDevFiles", [])],
)
def test_who_named_one_device_has_chosen(monkeypatch, said, expected):
    monkeypatch.setenv(VISIBLE, said)
    assert choice() == expected


def test_without_a_word_jobs_choose_among_all(monkeypatch):
    monkeypatch.setattr("shiftscope.workflow.gpus.devices_here", lambda: ["0", "1", "2"])
    assert choice() == ["0", "1", "2"]
    with lent(1) as first:
        assert (first, os.environ[VISIBLE]) == ("0", "0")
    assert VISIBLE not in os.environ


def test_jobs_take_different_gpus_and_wait_where_there_is_none(start):
    first, second = start("a,b"), start("a,b")
    taken = {seen(first): first, seen(second): second}
    assert set(taken) == {"a", "b"}
    third = start("a,b")
    assert "waiting" in third.stderr.readline()
    taken["b"].stdin.close()
    assert seen(third) == "b"


def test_a_job_that_is_killed_gives_its_gpu_back(start):
    first = start("a,b")
    assert seen(first) == "a"
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert seen(start("a,b")) == "a"


def test_jobs_of_a_scheduler_agree_among_themselves_alone(start):
    """In two allocations the same number may be another GPU."""
    assert seen(start("0,1", SLURM_JOB_ID="7")) == "0"
    assert seen(start("0,1", SLURM_JOB_ID="8")) == "0"
    assert seen(start("0,1", SLURM_JOB_ID="7")) == "1"


def test_what_a_scheduler_or_a_user_has_chosen_stays(monkeypatch, tmp_path):
    monkeypatch.setenv(VISIBLE, "5")
    with lent(1) as one, lent(1) as other:
        assert (one, other, os.environ[VISIBLE]) == (None, None, "5")
    monkeypatch.setenv(VISIBLE, "5,6")
    with lent(0) as none:
        assert (none, os.environ[VISIBLE]) == (None, "5,6")
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_as_before_behind_an_error(monkeypatch):
    monkeypatch.setenv(VISIBLE, "5,6")

    def fail():
        with lent(1) as device:
            assert os.environ[VISIBLE] == device == "5"
            raise ValueError("of the job")

    with pytest.raises(ValueError, match="of the job"):
        fail()
    assert os.environ[VISIBLE] == "5,6"
    with lent(1) as again:
        assert again == "5"


def test_locks_in_a_folder_that_leads_elsewhere_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(VISIBLE, "5,6")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"shiftscope-gpus-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ShiftscopeError, match="set TMPDIR"), lent(1):
        pass


@pytest.mark.workflow
def test_a_job_of_the_workflow_takes_the_gpu_that_is_left(project, monkeypatch):
    monkeypatch.setenv(VISIBLE, "71,72")
    with lent(1) as taken:
        assert taken == "71"
        monkeypatch.setenv(VISIBLE, "71,72")
        project.snakemake(
            "results/test/predictions/centre/plain/1of2.parquet", "-R", "infer",
            "--set-resources", "infer:gpu=1", "--resources", "gpu=2",
        )  # fmt: skip
    assert "GPU 72, of 71, 72" in (project.folder / "results/test/logs/infer/plain/1of2.log").read_text()
