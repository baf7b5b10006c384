"""The kinds of faults. Each is done to a copy of a finished run, which has to end as if nothing had happened."""

import random
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from place import Place, kill

FORCED = re.compile(r"--forcerun ([^\s']+)")
RULES = (
    "download",
    "images",
    "boxes",
    "frames",
    "network",
    "infer",
    "layers",
    "aggregate",
    "scores",
    "sums",
    "sensitivity",
)
"""Rules in whose jobs something is killed; the others take less than the start of a process."""


class Outcome(NamedTuple):
    """What came of a fault."""

    noticed: bool
    """Whether an exit code other than 0 told of it, or, of a deleted file, the plan of the next run."""
    said: bool
    """Whether a sentence named the file or the cause, and no traceback was shown."""
    mended: bool
    """Whether the command that was named ended well, and everything is in order afterwards."""


Fault = Callable[[Place, random.Random], Outcome]


def sentence(said: str, *words: str) -> bool:
    """Whether one line has all of these words, and there is no traceback."""
    return "Traceback" not in said and any(all(word in line for word in words) for line in said.splitlines())


def mended(place: Place, *words: str) -> bool:
    """Whether Snakemake ends well with these words added, and all files are in order then."""
    code, _ = place.run(*words)
    return code == 0 and place.verify()[0] == 0


def damage(path: Path, how: str, rng: random.Random) -> None:
    """Flip one bit of a file, cut its end off, or delete it."""
    content = bytearray(path.read_bytes())
    if how == "a flipped bit":
        place = rng.randrange(8 * len(content))
        content[place // 8] ^= 1 << place % 8
        path.write_bytes(content)
    elif how == "truncation":
        path.write_bytes(content[: rng.randrange(len(content))])
    else:
        path.unlink()


def file_found_by_verify(rule: str, how: str) -> Fault:
    """A file that `shiftscope verify` reads."""

    def fault(place: Place, rng: random.Random) -> Outcome:
        path = rng.choice(place.made()[rule])
        name = path.relative_to(place.folder).as_posix()
        damage(path, how, rng)
        code, said = place.verify()
        last = said.strip().splitlines()[-1]
        words = shlex.split(last.partition("run.yaml ")[2]) if "to mend it" in last else []
        return Outcome(code != 0, sentence(said, name), bool(words) and mended(place, *words))

    return fault


def file_found_by_a_reader(rule: str, how: str) -> Fault:
    """A file that the next job reads, since what it made of it is not there."""

    def fault(place: Place, rng: random.Random) -> Outcome:
        path = rng.choice([path for path in place.made()[rule] if place.readers(path)])
        name = path.relative_to(place.folder).as_posix()
        # Of what was deleted, Snakemake asks only where what follows from it is not there either, down to a target.
        readers = place.readers(path) if how != "deletion" else place.followers(path)
        for reader in readers:
            reader.unlink()
        damage(path, how, rng)
        code, said = place.run()
        if how == "deletion":  # is made again without a word
            return Outcome(code == 0, "Traceback" not in said, code == 0 and place.verify()[0] == 0)
        found = FORCED.search(said)
        return Outcome(code != 0, sentence(said, "error: ", name), bool(found) and mended(place, "--forcerun", found[1]))

    return fault


def killed(rule: str, who: str, how: int) -> Fault:
    """A signal to a job, to Snakemake or to both, at a random moment of a job of this rule."""

    def fault(place: Place, rng: random.Random) -> Outcome:
        process = place.start("--forcerun", rule)
        job = place.script(rule)
        if job is None:
            process.communicate()
            raise RuntimeError(f"no job of {rule} was seen")
        time.sleep(rng.uniform(0, 1.5))
        if who in ("job", "both"):
            kill(job, how)
        if who in ("Snakemake", "both"):
            kill(process.pid, how)
        said, _ = process.communicate()
        code, more = place.again("--forcerun", rule)
        # A job that had ended before the signal came leaves a run that ends well.
        noticed = process.returncode != 0 or who == "job"
        return Outcome(noticed, "Traceback" not in said + more, code == 0 and place.verify()[0] == 0)

    return fault


def two_runs(place: Place, rng: random.Random) -> Outcome:
    """The same run, begun twice."""
    rule = rng.choice(RULES)
    first = place.start("--forcerun", rule)
    time.sleep(rng.uniform(0, 2))
    second = place.start("--forcerun", rule)
    said = [process.communicate()[0] for process in (first, second)]
    codes = [first.returncode, second.returncode]
    locked = [text for code, text in zip(codes, said, strict=True) if code]
    noticed = sorted(bool(code) for code in codes) == [False, True]
    code, _ = place.again("--forcerun", rule)
    return Outcome(noticed, all("lock" in text.lower() for text in locked), code == 0 and place.verify()[0] == 0)


def clock(shift: str) -> Fault:
    """A rerun on a machine whose clock goes wrong by this much, and then the same command with the right clock. Snakemake
    refuses to go on where what it makes is older than what it is made of, and says so."""

    def fault(place: Place, rng: random.Random) -> Outcome:
        path = rng.choice([one for paths in place.made().values() for one in paths])
        for one in (path, *place.followers(path)):
            one.unlink()
        rule = rng.choice(RULES)
        code, said = place.run("--forcerun", rule, before=("faketime", "-f", shift))
        noticed = code == 0 or "older modification time" in said
        after, _ = place.again("--forcerun", rule)
        gone = path.relative_to(place.folder).as_posix()  # verify misses it where no other file is made of it
        whole = after == 0 and (place.verify()[0] == 0 or mended(place, "--forcerun", gone))
        return Outcome(noticed, "Traceback" not in said, whole)

    return fault


@contextmanager
def mounted(place: Place, size: str, *, keep: bool) -> Iterator[None]:
    """A context in which results are on a disk of their own, in memory, of this size; with what was made if `keep`."""
    aside = place.folder / "aside"
    place.results.rename(aside)
    place.results.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place.results], check=True)
    try:
        if keep:
            shutil.copytree(aside, place.results, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", place.results], check=True)


def full_disk(size: str) -> Fault:
    """A disk of this size, from an empty folder on; then it gets room."""

    def fault(place: Place, rng: random.Random) -> Outcome:
        with mounted(place, size, keep=False):
            code, said = place.run()
            subprocess.run(["mount", "-o", "remount,size=1g", place.results], check=True)
            after, _ = place.again()
            whole = after == 0 and place.verify()[0] == 0
            shutil.copytree(place.results, place.folder / "copy", symlinks=True)
        place.results.rmdir()
        (place.folder / "copy").rename(place.results)
        return Outcome(code != 0, sentence(said, "the disk is full"), whole)

    return fault


READ_ONLY = ("can only be read", "Read-only file system", "Write-protected output files")
"""What we, the system and Snakemake call it."""


def read_only(place: Place, rng: random.Random) -> Outcome:
    """A disk that can only be read, in the middle of a run."""
    with mounted(place, "1g", keep=True):
        subprocess.run(["mount", "-o", "remount,ro", place.results], check=True)
        words = ("--forcerun", rng.choice(RULES[1:]))
        code, said = place.run(*words)
        subprocess.run(["mount", "-o", "remount,rw", place.results], check=True)
        after, _ = place.again(*words)
        whole = after == 0 and place.verify()[0] == 0
        shutil.copytree(place.results, place.folder / "copy", symlinks=True)
    place.results.rmdir()
    (place.folder / "copy").rename(place.results)
    return Outcome(code != 0, any(sentence(said, cause) for cause in READ_ONLY), whole)


def immutable(place: Place, rng: random.Random) -> Outcome:
    """A result that may not be changed."""
    rule = rng.choice(["boxes", "sensitivity", "aggregate"])
    path = rng.choice(place.made()[rule])
    subprocess.run(["chattr", "+i", path], check=True)
    try:
        code, said = place.run("--forcerun", rule)
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
    after, _ = place.again("--forcerun", rule)
    return Outcome(code != 0, sentence(said, path.name), after == 0 and place.verify()[0] == 0)


def results_are_a_file(place: Place, rng: random.Random) -> Outcome:
    """A file where the folder of results has to be."""
    aside = place.folder / "aside"
    place.results.rename(aside)
    place.results.write_text("a file")
    code, said = place.run()
    place.results.unlink()
    aside.rename(place.results)
    after, _ = place.again()
    return Outcome(code != 0, sentence(said, "results"), after == 0 and place.verify()[0] == 0)


def all_faults(rules: list[str]) -> dict[str, list[Fault]]:
    """The faults by their names in the table. `rules`: those that made files."""
    found: dict[str, list[Fault]] = {}
    for how in ("a flipped bit", "truncation", "deletion"):
        found[f"{how}, found by verify"] = [file_found_by_verify(rule, how) for rule in rules]
        read = [rule for rule in rules if rule in READ]
        found[f"{how}, found by the next job"] = [file_found_by_a_reader(rule, how) for rule in read]
    for who in ("job", "Snakemake", "both"):
        found[f"kill -9 of {who}"] = [killed(rule, who, signal.SIGKILL) for rule in RULES]
    for name in ("SIGTERM", "SIGINT"):
        some = ("images", "frames", "network", "infer", "layers", "sums")
        found[f"{name} to Snakemake"] = [killed(rule, "Snakemake", signal.Signals[name]) for rule in some]
    found["two runs at once"] = [two_runs] * 3
    found["a wrong clock"] = [clock(shift) for shift in ("-2d", "-1h", "+1h", "+2d")]
    found["a full disk"] = [full_disk(size) for size in ("60k", "300k", "600k", "1m", "1500k")]
    found["a disk that can only be read"] = [read_only] * 3
    found["an immutable result"] = [immutable] * 2
    found["results that are a file"] = [results_are_a_file]
    return found


READ = (
    "download", "images", "boxes", "frames", "network", "infer", "layers", "aggregate", "scores", "sums", "sensitivity",
    "box_statistics", "answer_remedies",
)  # fmt: skip
"""Rules whose files other jobs of the small run read."""
