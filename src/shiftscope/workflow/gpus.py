"""Which GPU a job takes where there are several: one that no other job on this machine has.

Snakemake counts GPUs and knows none of them. A job that asked for one takes the lock of a device and shows it alone to the
libraries. The kernel gives a lock back with the end of its process, however that ends.
"""

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shiftscope.core.errors import ShiftscopeError

VISIBLE = "CUDA_VISIBLE_DEVICES"
ALLOCATIONS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
"""Where schedulers say in which of their jobs a process is. Two jobs may have different devices of the same number."""
PAUSE = 0.5
"""Seconds until a job that found no device free looks again."""


def devices_here(folder: str | Path = "/dev") -> list[str]:
    """CUDA's numbers of the GPUs of this machine, of which `folder` has a file for each: ``0`` up to how many there are.

    Nothing is imported or started to find out. Where only some devices are given to a container, CUDA counts these.
    """
    found = [path for path in Path(folder).iterdir() if re.fullmatch(r"nvidia\d+", path.name)]
    return [str(number) for number in range(len(found))]


def choice() -> list[str]:
    """The devices among which jobs of this machine may choose: those that CUDA_VISIBLE_DEVICES names, in whatever form, or
    all where it is not set. None where it names one or none: somebody else has chosen."""
    said = os.environ.get(VISIBLE)
    if said is None:
        return devices_here()
    named = [name.strip() for name in said.split(",") if name.strip()]
    return named if len(named) > 1 else []


@contextmanager
def lent(asked: int) -> Iterator[str | None]:
    """A context in which CUDA_VISIBLE_DEVICES is one device that no other job has, with its name; it waits for one.

    Parameters
    ----------
    asked : how many GPUs the job has asked for; nothing is done for 0, nor where there is no `choice`.

    Raises ShiftscopeError where the folder of the locks is somebody else's.
    """
    devices = choice() if asked else []
    if not devices:
        yield None
        return
    before = os.environ.get(VISIBLE)
    with _locked(devices, _folder()) as device:
        os.environ[VISIBLE] = device
        print(f"GPU {device}, of {', '.join(devices)}", file=sys.stderr, flush=True)
        try:
            yield device
        finally:
            if before is None:
                del os.environ[VISIBLE]
            else:
                os.environ[VISIBLE] = before


def _folder() -> Path:
    """The folder of the locks, which this user's jobs on this machine share, in each job of a scheduler one of its own."""
    allocation = next((os.environ[name] for name in ALLOCATIONS if name in os.environ), "")
    name = "-".join(filter(None, ["shiftscope-gpus", str(os.getuid()), re.sub(r"\W", "_", allocation)]))
    folder = Path(tempfile.gettempdir(), name)
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid() or folder.is_symlink():
        raise ShiftscopeError(
            f"{folder}, where jobs agree on their GPUs, belongs to somebody else; set TMPDIR to another folder"
        )
    return folder


@contextmanager
def _locked(devices: Sequence[str], folder: Path) -> Iterator[str]:
    from filelock import FileLock, Timeout

    locks = {device: FileLock(folder / f"{re.sub(r'[^A-Za-z0-9-]', '_', device)}.lock") for device in devices}
    said = False
    while True:
        for device, lock in locks.items():
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            try:
                yield device
            finally:
                lock.release()
            return
        if not said:
            print(f"other jobs have all GPUs ({', '.join(devices)}); waiting for one", file=sys.stderr, flush=True)
            said = True
        time.sleep(PAUSE)
