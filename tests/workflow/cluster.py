"""A SLURM cluster of one node, this machine: real daemons on the loopback, all of whose files lie in one folder.

It has the partitions ``cpu`` and ``gpu`` and a stand-in for a GPU, a character device that no driver knows. To try something:
``python tests/workflow/cluster.py`` starts one, says how to reach it, and stops it on Ctrl-C. It needs root and Debian's
packages slurm-wlm and munge, and touches nothing outside its folder.
"""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONTROLLER, NODE, KEEPER = "slurmctld", "slurmd", "munged"
HOST = socket.gethostname().partition(".")[0]
GPU = 63
"""The number of the stand-in, so high that no real GPU has it: jobs see it in CUDA_VISIBLE_DEVICES."""
ENOUGH = 120
"""Seconds after which whatever should have happened in one of them is given up."""
SETTINGS = """\
ClusterName=loop
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
# Memory is looked at every second, and a job that has more than it asked for is ended.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=1000
MinJobAge=600
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=300
KillWait=5
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 Port={node_port} CPUs={cores} RealMemory={memory} Gres=gpu:standin:1 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} Default=NO MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why there can be no cluster here; nothing where there can."""
    absent = [name for name in (CONTROLLER, NODE, KEEPER, "sbatch", "setpriv") if _found(name) is None]
    if absent:
        return f"SLURM is not installed: there is no {', '.join(absent)} (Debian's packages slurm-wlm and munge)"
    return "" if os.geteuid() == 0 else "SLURM's daemons are run as root here"


def _found(name: str) -> str | None:
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Cluster:
    """A cluster that runs inside a ``with`` block; all that it started has ended behind it."""

    def __init__(self) -> None:
        # Below /tmp: the path of a socket has at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.settings = self.folder / "slurm.conf"

    def __enter__(self) -> "Cluster":
        try:
            self._configure()
            self._start(KEEPER, "--foreground", "--force", f"--key-file={self.folder}/munge.key", "--num-threads=2",
                        f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munged.pid",
                        f"--log-file={self.folder}/munged.log", f"--seed-file={self.folder}/munge.seed")  # fmt: skip
            self.wait_for(lambda: (self.folder / "munge.socket").exists(), "munge's socket")
            self.start_controller("-c")
            self._start(NODE, "-D", "-f", str(self.settings))
            self.wait_for(lambda: self.ask("sinfo", "-h", "-o", "%T").split() == ["idle"], "the node")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if CONTROLLER in self.daemons:
            self.ask("scancel", "--user=root")
            self.wait_for(lambda: not self.ask("squeue", "-h", "-t", "R,CG"), "the end of jobs", give_up=True)
        for name in (NODE, CONTROLLER, KEEPER):
            self.stop(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configure(self) -> None:
        controller_port, node_port = _free_ports(2)
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 9 // 10 // 2**20
        facts = {"host": HOST, "folder": self.folder, "cores": os.cpu_count(), "memory": memory}
        facts |= {"controller_port": controller_port, "node_port": node_port}
        self.settings.write_text(SETTINGS.format(**facts))
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        device = self.folder / f"nvidia{GPU}"
        os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))  # as /dev/null
        lines = ["AutoDetect=off", f"NodeName={HOST} Name=gpu Type=standin File={device} Flags=nvidia_gpu_env"]
        (self.folder / "gres.conf").write_text("\n".join(lines) + "\n")
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        # The plugin's job step takes SLURM_CONF from the environment of its `srun`.
        srun = self.folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nexport SLURM_CONF={self.settings}\nexec {_found("srun")} "$@"\n')
        srun.chmod(0o755)

    def environment(self) -> dict[str, str]:
        """The variables with which SLURM's commands find this cluster."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
        return kept | {"SLURM_CONF": str(self.settings), "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    def _start(self, name: str, *arguments: str) -> None:
        # A daemon in the foreground ends with who started it, however that ends.
        program = _found(name)
        assert program
        with (self.folder / f"{name}.out").open("ab") as said:
            self.daemons[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", program, *arguments],
                env=self.environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def start_controller(self, *more: str) -> None:
        """Start the controller, which goes on from the state that it left."""
        self._start(CONTROLLER, "-D", "-f", str(self.settings), *more)

    def stop(self, name: str) -> None:
        """Stop a daemon, and wait until it has ended."""
        daemon = self.daemons.pop(name, None)
        if daemon is None:
            return
        daemon.terminate()
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def ask(self, *command: str) -> str:
        """What a command of SLURM's prints; nothing where it fails."""
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=ENOUGH, check=False
        ).stdout

    def wait_for(self, condition, what: str, *, give_up: bool = False, seconds: float = ENOUGH):
        """Wait until a condition is true, and return what it said; an error, unless `give_up`, says what never came."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                if give_up:
                    return found
                raise TimeoutError(f"{what} never came:\n{self.said()}")
            time.sleep(0.5)
        return found

    def said(self) -> str:
        """The ends of the daemons' logs."""
        logs = sorted([*self.folder.glob("*.log"), *self.folder.glob("*.out")])
        return "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in logs)


if __name__ == "__main__":
    if reason := missing():
        sys.exit(reason)
    with Cluster() as cluster:
        for number in (signal.SIGINT, signal.SIGTERM):  # a shell lets what it starts in the background ignore Ctrl-C
            signal.signal(number, signal.default_int_handler)
        print(f"export SLURM_CONF={cluster.settings} PATH={cluster.folder}/bin:$PATH", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass
