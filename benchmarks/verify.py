"""What it costs that files are checked.

(a) `shiftscope verify` ÷ sha256sum, on the files of a made-up run, in seconds of the clock and of the processor, without
    imports; then the command as it is typed, with them;
(b) in an inference job: the check of its inputs and the records of its outputs, as a share of the job without its start-up.

    python benchmarks/verify.py [--gigabytes 1] [--images 48] [--rounds 5] [network …]
"""

import argparse
import os
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

import numpy as np
import yaml
from common import cost, median_ratio
from inference import job, prepared

from shiftscope.commands.verify import verify
from shiftscope.config import Config
from shiftscope.core.records import Record, checked, disagreement, sha256_of, write_record
from shiftscope.workflow.plan import Plan

CONFIG = {"datasets": {"digits": {"kind": "digits", "framing": "centred"}}, "networks": {}, "protocols": {}}
SHARD = 25_000_000
"""Bytes of the canvases of one shard."""
TABLE = 20_000
"""Bytes of every other file."""


def seconds(rounds: int, *what: Callable[[], object]) -> tuple[list[list[float]], list[list[float]]]:
    """Of the clock, and of the processor for this process and those that it starts, in turn."""

    def spent() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    clock: list[list[float]] = [[] for _ in what]
    processor: list[list[float]] = [[] for _ in what]
    for _ in range(rounds):
        for place, function in enumerate(what):
            start, before = time.perf_counter(), spent()
            function()
            clock[place].append(time.perf_counter() - start)
            processor[place].append(spent() - before)
    return clock, processor


def recorded(path: Path, rule: str, made_of: dict[str, str]) -> str:
    """Write the record of a file; its digest."""
    found = sha256_of(path)
    write_record(path, Record(found, rule, {}, [str(path)], made_of, {"seed": 0}, {"python": "3"}, {"system": "Linux"}))
    return found


def made_up(size: int) -> tuple[Config, list[str]]:
    """A run in the working directory whose page was made of all other files, and these files."""
    config = Config.load(CONFIG)
    targets = [Path(path) for path in Plan(config).targets()]
    shards = [Path(f"results/digits/frames/crop/224/{k}/canvases.parquet") for k in range(-(-size // SHARD))]
    made_of: dict[str, str] = {}
    for path in [*shards, *targets]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(SHARD if path in shards else TABLE))
        made_of[str(path)] = recorded(path, "other", dict(made_of) if path == targets[-1] else {})
    return config, list(made_of)


def of_a_run(size: int, rounds: int) -> None:
    """(a)"""
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        config, files = made_up(size)
        found = verify(config)
        assert (found.findings, found.files) == ([], len(files))
        digest = ["sha256sum", "--binary", *files]
        what = (lambda: verify(config), lambda: subprocess.run(digest, check=True, stdout=subprocess.DEVNULL))
        (ours, theirs), (ours_spent, theirs_spent) = seconds(rounds, *what)
        print(f"(a) {found.files} files, {found.size / 1e9:.2f} GB; verify ÷ sha256sum, {os.cpu_count()} processors")
        print(f"    clock {median_ratio(ours, theirs)}: {np.median(ours):.2f} s against {np.median(theirs):.2f} s")
        print(f"    processor {median_ratio(ours_spent, theirs_spent)}: {np.median(theirs_spent):.2f} s for sha256sum")
        Path("made-up.yaml").write_text(yaml.safe_dump(CONFIG))
        typed = cost("from shiftscope.cli import main; assert main(['verify', '--configfile', 'made-up.yaml']) == 0")
        print(f"    as it is typed: {typed.wall:.2f} s, {typed.cpu:.2f} s of the processor", flush=True)
        os.chdir("/")


def of_a_job(name: str, arguments: argparse.Namespace) -> None:
    """(b)"""
    with TemporaryDirectory() as folder:
        case = prepared(Path(folder), name, arguments)
        inputs = [case.files["canvases"], case.files["frames"], Path(folder, "card.json"), Path(folder, "program")]
        output = Path(folder, "predictions.parquet")
        for path in inputs:
            recorded(path, "before", {})

        def check() -> None:
            known = {str(path): checked(path) for path in inputs}
            records = {path: record for path, (_, record) in known.items()}
            assert not disagreement(records, {path: found for path, (found, _) in known.items()})
            recorded(output, "infer", {path: found for path, (found, _) in known.items()})

        run = job(case, output)
        run()
        clock, processor = seconds(arguments.rounds, check, run)
        size = sum(path.stat().st_size for path in inputs) / 1e6
    print(f"(b) {name}, {case.card['engine']}, {9 * len(case.canvases)} frames, {size:.1f} MB of inputs")
    for word, (checks, jobs) in (("clock", clock), ("processor", processor)):
        both = [one + other for one, other in zip(checks, jobs, strict=True)]
        print(f"    {word}: share of the job {median_ratio(checks, both)}: {1000 * np.median(checks):.0f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["squeezenet1_0", "resnet50"])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--threads", type=int, default=2)
    parser.set_defaults(engine="auto", device="cpu", precision="float32", weights=None)
    arguments = parser.parse_args()
    of_a_run(int(arguments.gigabytes * 1e9), arguments.rounds)
    for name in arguments.networks:
        of_a_job(name, arguments)


if __name__ == "__main__":
    main()
