"""`shiftscope verify`: whether all files of a run are there, are what was written, and follow from each other."""

import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from shiftscope.config import Config
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.core.numbers import amount
from shiftscope.core.records import FOLDER, Damaged, Record, read_record, record_path, remedy, sha256_of
from shiftscope.stages.source_files import SOURCE_FILES, changes
from shiftscope.workflow.command import snakemake
from shiftscope.workflow.ends import ends
from shiftscope.workflow.plan import Plan

LEFT_OUT = ("logs", "benchmarks", "source", FOLDER)
"""Folders of a data set or network whose files no job reads, or that have sums of their own."""


class Finding(NamedTuple):
    """What is wrong with a file."""

    kind: str
    """``damaged``, ``missing``, ``stale``, ``foreign`` or ``orphaned``."""
    path: str
    what: str
    """What is wrong, as the end of a sentence that begins with the file."""
    again: str | None = None
    """The file that has to be made again by force so that this is mended; None where that is not needed."""


class Verified(NamedTuple):
    """What was looked at, and what is wrong."""

    files: int
    size: int
    """The bytes of these files."""
    findings: list[Finding]
    records: dict[str, Record | None]
    """The record of each file that the run consists of or was made of; None where it has none, as a user's own files."""

    def again(self) -> list[str]:
        """The files to make again."""
        return sorted({found.again for found in self.findings if found.again})


def verify(
    config: Config, datasets: Iterable[str] | None = None, *, deep: bool = False, targets: Sequence[str] | None = None
) -> Verified:
    """Read all files of a run and compare each with its record, and with what later ones say that they were made of.

    Whether the config or the code changed since is not looked at here, but by `left_to_do`.

    Parameters
    ----------
    datasets : names of data sets of the config; not given: all.
    deep : compare the digests of pictures, too, and not only the sizes and dates that they had when they were listed.
    targets : the files that were asked for; not given: all that Snakemake makes when it is asked for nothing in particular.

    Raises ShiftscopeError where the config has no such data set.
    """
    plan = Plan(config)
    chosen = list(config.datasets) if datasets is None else list(datasets)
    for name in chosen:
        if name not in config.datasets:
            raise ShiftscopeError(unknown("data set", name, config.datasets))
    folders = [f"{plan.paths.results}/{name}" for name in chosen]
    asked = ends(plan) if targets is None else targets
    targets = [path for path in asked if path.startswith(tuple(f"{folder}/" for folder in folders))]
    folders += [Path(plan.paths.card.format(network=name)).parent.as_posix() for name in config.networks]
    others = [path for folder in folders for path in _files(folder)]
    # Before the end of a run, what will follow from a file cannot be read in records.
    ended = all(record_path(path).is_file() for path in targets)
    run = _Run(plan, targets if ended else [*targets, *(path for path in others if record_path(path).is_file())])
    unreached = [_unreached(path) for path in others if path not in run.records]
    pictures = [finding for name in chosen for finding in _pictures(plan, name, run, deep=deep)]
    return Verified(len(run.digests), run.size(), [*pictures, *run.findings(), *unreached], run.records)


def _pictures(plan: Plan, dataset: str, run: "_Run", *, deep: bool) -> Iterator[Finding]:
    """The files of pictures that are not as they were when these were listed."""
    listed = plan.paths.source_files.format(dataset=dataset)
    record = run.records.get(listed)
    if record and record.sha256 == run.digests.get(listed):
        images = plan.paths.images.format(dataset=dataset)
        for change in changes(tables.read(listed, SOURCE_FILES), deep=deep):
            yield Finding("missing" if change.gone else "stale", change.path, change.what, images)


def named(config: Config, places: Sequence[Path]) -> list[str]:
    """The data sets whose results are in these folders.

    Raises ShiftscopeError where a folder is not one of the config's.
    """
    known = {Path(config.results, name).resolve(): name for name in config.datasets}
    for place in places:
        if place.resolve() not in known:
            folders = ", ".join(f"{config.results}/{name}" for name in config.datasets)
            raise ShiftscopeError(
                f"{place} is no folder of results of this config, which has {folders}; --configfile names another config"
            )
    return [known[place.resolve()] for place in places]


class _Run:
    """The files that targets were made of, directly or not, by their records."""

    def __init__(self, plan: Plan, targets: list[str]) -> None:
        self.plan = plan
        self.records: dict[str, Record | None] = {}
        self.broken: list[Finding] = []
        waiting = targets[::-1]
        while waiting:
            path = waiting.pop()
            if path in self.records:
                continue
            try:
                record = read_record(path)
            except Damaged as error:
                record = None
                self.broken.append(Finding("damaged", path, str(error).removeprefix(f"{path} ").partition(";")[0], path))
            self.records[path] = record
            waiting += [*record.made_of, *record.made_with] if record else []
        there = [path for path in self.records if Path(path).is_file()]
        with ThreadPoolExecutor() as pool:  # digests are computed outside of Python's lock
            self.digests = dict(zip(there, pool.map(sha256_of, there), strict=True))

    def size(self) -> int:
        return sum(Path(path).stat().st_size for path in self.digests)

    def findings(self) -> Iterator[Finding]:
        """What is wrong with these files, those first that others are made of."""
        yield from self.broken
        broken = {found.path for found in self.broken}
        for path, record in reversed(self.records.items()):
            if path not in self.digests:
                if not self._discarded(path):
                    yield Finding("missing", path, "is not there", path if self._ours(path) else None)
            elif record is None and self._ours(path) and path not in broken:
                yield Finding("foreign", path, "has no record of what it was made of", path)
            elif record and record.sha256 != self.digests[path]:
                yield Finding("damaged", path, "is not what was written: it was damaged or edited", path)
            elif record:
                yield from self._stale(path, record)

    def _stale(self, path: str, record: Record) -> Iterator[Finding]:
        for other, digest in record.made_of.items():
            known = self.records[other]
            damaged = known is not None and known.sha256 != self.digests.get(other)
            if other in self.digests and self.digests[other] != digest and not damaged:
                yield Finding("stale", path, f"was made of another version of {other} than is there now", path)

    def _ours(self, path: str) -> bool:
        return Path(path).is_relative_to(self.plan.paths.results)

    def _discarded(self, path: str) -> bool:
        """Whether a file that is not there was removed on purpose."""
        pattern = self.plan.paths.canvases
        for wildcard in ("dataset", "protocol", "size", "shard"):
            pattern = pattern.replace(f"{{{wildcard}}}", "*")
        return self.plan.config.frames == "discard" and fnmatchcase(path, pattern)


def _files(folder: str) -> Iterator[str]:
    """The files in a folder of results that jobs made, or that should not be there."""
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and not set(path.relative_to(folder).parts[:-1]) & set(LEFT_OUT):
            yield path.as_posix()


def _unreached(path: str) -> Finding:
    """What is wrong with a file that nothing of the run was made of."""
    if Path(path).name.startswith(".") and path.endswith(".part"):
        return Finding("orphaned", path, "was left by a job that was killed; delete it")
    if not record_path(path).is_file():
        return Finding("foreign", path, "was not made by this workflow; move it away")
    said = "belongs to no network, protocol or setting of this config; delete it unless another config needs it"
    return Finding("orphaned", path, said)


def left_to_do(configfile: Path) -> list[Finding]:
    """The jobs that Snakemake would run for the config, because it, the code or dates changed since: one finding for each
    rule. Snakemake is asked by a dry run in the working directory.

    Raises ShiftscopeError where the dry run fails.
    """
    words = [sys.executable, "-m", *snakemake(configfile, options=["--dry-run", "--quiet", "host"])]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise ShiftscopeError(f"Snakemake cannot plan this run: {' '.join(text.strip() for text in said[-3:])}")
    _, _, table = (done.stdout + done.stderr).partition("Job stats:\n")
    rows = [line.split() for line in table.partition("\n\n")[0].splitlines()[2:]]
    why = "since the config, the code or the date of a file changed"
    return [Finding("stale", rule, f"has {count} to run, {why}") for rule, count in rows if rule not in ("total", "all")]


def lines(found: Verified, configfile: Path) -> list[str]:
    """What to print: a line for each finding, the sum of it, and the command that mends it."""
    said = [f"{finding.kind.upper():9} {finding.path} {finding.what}" for finding in found.findings]
    counts = {
        kind: sum(one.kind == kind for one in found.findings) for kind in dict.fromkeys(f.kind for f in found.findings)
    }
    looked = f"{found.files:,} files, {amount(found.size)}"
    wrong = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    said.append(f"{looked}: {wrong}" if wrong else f"{looked}: each is what was written, and follows from the others")
    if words := mending(found, configfile):
        said.append(f"to mend it: {shlex.join(words)}")
    return said


def mending(found: Verified, configfile: Path) -> list[str]:
    """Snakemake's command that mends what was found; empty where nothing has to be made."""
    again = found.again()
    if again:
        return snakemake(configfile, options=shlex.split(remedy(again)))
    return snakemake(configfile) if any(one.kind == "stale" for one in found.findings) else []


def mend(found: Verified, configfile: Path) -> int:
    """Run the command that mends what was found, if there is one; its exit code."""
    words = mending(found, configfile)
    return subprocess.run([sys.executable, "-m", *words], check=False).returncode if words else 1
