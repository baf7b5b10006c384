"""What scripts do around their call: they check what they are given, note what they made, and say in a sentence what failed."""

import errno
import json
import os
import platform
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from shiftscope.core.records import Damaged, Record, keep, read_record, record_path, sha256_of, write_record

SCRIPT = """
import json, os, sys
from types import SimpleNamespace
from shiftscope.workflow.job import job

given = json.loads(sys.argv[1])
with job(SimpleNamespace(**given["snakemake"])):
    print("made")
    for path in given["snakemake"]["output"]:
        with open(path, "w") as file:
            file.write("made")
    exec(given["then"])
exec(given["last"])
"""


class Job:
    """A rule of two inputs and two outputs below `results`, and its script, which runs in a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.inputs = ["results/in/one", "results/in/two"]
        self.outputs = ["results/out/first.parquet", "results/out/second.json"]
        for path in self.inputs + self.outputs:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
        for path in self.inputs:
            self.made(path, path[-3:])

    def made(self, path, text, of=()):
        """A file with its record, as an earlier job leaves it."""
        source = f"""
from shiftscope.core.records import *
from shiftscope.core.records import sha256_of, write_record
open({path!r}, "w").write({text!r})
write_record({path!r}, Record(sha256_of({path!r}), "earlier", {{}}, [{path!r}], {dict(of)!r}, {{}}, {{}}, {{}}))
"""
        subprocess.run([sys.executable, "-c", source], cwd=self.folder, check=True)

    def run(self, *, kept=True, then="", last="", inputs=None, **params):
        """The exit code, and what the log says. As Snakemake does, the outputs are deleted before; `kept`: not before they
        have their second name, as the rule may want it."""
        for path in self.outputs:
            if kept:
                keep(self.folder / path)
            (self.folder / path).unlink(missing_ok=True)
        rule = {
            "rule": "later", "input": inputs or self.inputs, "output": self.outputs, "log": ["results/logs/later.log"],
            "params": {"code": "abc", **params}, "wildcards": {"dataset": "d"}, "resources": {}, "config": {},
        }  # fmt: skip
        given = json.dumps({"snakemake": rule, "then": then, "last": last})
        done = subprocess.run([sys.executable, "-c", SCRIPT, given], cwd=self.folder, capture_output=True, text=True)
        self.terminal = done.stdout + done.stderr
        log = self.folder / "results/logs/later.log"
        return done.returncode, log.read_text() if log.is_file() else ""

    def record(self, path):
        return read_record(self.folder / path)


@pytest.fixture
def later(tmp_path):
    return Job(tmp_path)


def flip(path, offset=0):
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def test_each_output_has_a_record_of_its_content_and_of_what_it_was_made_of(later):
    assert later.run(size=64, names=["a", "b"]) == (0, "made\n")
    for path in later.outputs:
        record = later.record(path)
        assert record.sha256 == sha256_of(later.folder / path)
        assert record.made_of == {name: sha256_of(later.folder / name) for name in later.inputs}
        assert record.params == {"code": "abc", "size": 64, "names": ["a", "b"]}
        assert (record.rule, record.wildcards, record.made_with) == ("later", {"dataset": "d"}, later.outputs)
        assert record.versions["python"] == sys.version.split()[0]
        assert record.machine["processor"]


def test_what_was_made_of_the_same_is_left_but_for_its_date(later):
    later.run()
    for path in (*later.inputs, *later.outputs):
        os.utime(later.folder / path, (1000, 1000))
    code, said = later.run()
    assert code == 0
    assert said == "made of the same files and parameters as before: left as it is\n"
    for path in later.outputs:  # else Snakemake would take it for older than its input
        assert (later.folder / path).stat().st_mtime > 1000


def test_only_where_the_rule_asks_for_it(later):
    assert later.run(kept=False)[1] == later.run(kept=False)[1] == "made\n"


@pytest.mark.parametrize("what", ["content", "parameter", "output", "edited output", "record"])
def test_whatever_changed_it_is_made_again_and_then_known(later, what):
    later.run()
    params = {}
    if what == "content":
        later.made(later.inputs[1], "other")
    elif what == "parameter":
        params = {"keep_logits": True}
    elif what == "output":
        (later.folder / later.outputs[1]).unlink()
    elif what == "edited output":
        flip(later.folder / later.outputs[0])
    else:
        record_path(later.folder / later.outputs[0]).unlink()
    assert later.run(**params)[1] == "made\n"
    assert "left as it is" in later.run(**params)[1]


def test_a_damaged_record_is_made_again_too(later):
    """`shiftscope verify` has the file made again by force, and the job must not refuse that."""
    later.run()
    flip(record_path(later.folder / later.outputs[0]), 20)
    assert later.run()[1] == "made\n"
    assert later.record(later.outputs[0]).sha256 == sha256_of(later.folder / later.outputs[0])


def test_nothing_is_kept_once_a_job_has_ended(later):
    for _ in range(2):
        later.run()
        assert all((later.folder / path).stat().st_nlink == 1 for path in later.outputs)
        assert not list(later.folder.rglob("*.kept"))


def test_a_disk_without_hard_links_keeps_nothing_and_has_everything_made_again(later, monkeypatch):
    later.run()

    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert later.run()[1] == "made\n"


def test_a_job_that_failed_is_not_known(later):
    later.run()
    later.made(later.inputs[0], "other")
    code, said = later.run(then="raise RuntimeError('a fault')")
    assert code == 1
    assert "Traceback" in said
    assert "made\n" in later.run()[1]


@pytest.mark.parametrize("which", [0, 1])
def test_a_flipped_bit_of_an_input_is_said_before_anything_is_made(later, which):
    flip(later.folder / later.inputs[which])
    code, said = later.run()
    assert code == 1
    assert said.startswith(f"error: {later.inputs[which]} is damaged or was edited")
    assert said.rstrip().endswith(f"run the same command with '--forcerun {later.inputs[which]}'")
    assert said.count("\n") == 1
    assert not (later.folder / later.outputs[0]).exists()


@pytest.mark.parametrize("offset", range(0, 500, 7))
def test_a_flipped_bit_of_a_record_never_passes_for_a_right_one(tmp_path, offset):
    path = tmp_path / "file"
    path.write_text("content")
    of_it = {"made_with": ["file"], "made_of": {"one": "a" * 64}, "params": {"size": 64}}
    record = Record(sha256_of(path), "rule", {}, **of_it, versions={"python": "3"}, machine={"system": "Linux"})
    write_record(path, record)
    content = record_path(path).read_bytes()
    flip(record_path(path), offset % len(content))
    white = content[offset % len(content)] in b" \n"
    with suppress(Damaged) if white else pytest.raises(Damaged, match="has a damaged record"):
        assert read_record(path) == record


def test_a_file_of_the_results_without_a_record_is_not_trusted(later):
    record_path(later.folder / later.inputs[0]).unlink()
    code, said = later.run()
    assert code == 1
    assert f"{later.inputs[0]} has no record of what it was made of" in said


def test_a_file_of_the_users_needs_no_record_and_is_noted(later):
    (later.folder / "weights.pth").write_text("weights")
    assert later.run(inputs=[*later.inputs, "weights.pth"])[0] == 0
    assert later.record(later.outputs[0]).made_of["weights.pth"] == sha256_of(later.folder / "weights.pth")


def test_inputs_that_do_not_belong_together_are_refused(later):
    """Predictions that were made of other frames than those that are there now, with whatever dates."""
    old = sha256_of(later.folder / later.inputs[0])
    later.made(later.inputs[1], "two", of={later.inputs[0]: old})
    assert later.run()[0] == 0
    later.made(later.inputs[0], "other")
    code, said = later.run()
    assert code == 1
    assert f"{later.inputs[1]} was made of another version of {later.inputs[0]} than is there now" in said


def test_what_the_machine_refuses_is_one_sentence(later):
    code, said = later.run(then="import errno; raise OSError(errno.ENOSPC, 'No space left on device', 'some/file')")
    assert code == 1
    assert said.splitlines()[-1].startswith("error: some/file: the disk is full; make room, and run the same command again")
    assert "Traceback" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_log_that_cannot_be_written_does_not_hide_the_sentence(later):
    (later.folder / "results/logs").mkdir()
    (later.folder / "results/logs/later.log").symlink_to("/dev/full")
    assert later.run(then="raise OSError")[0] != 0
    assert "the disk is full; make room" in later.terminal
    assert "Traceback" not in later.terminal


def test_results_that_are_a_file_are_one_sentence(later):
    later.folder.joinpath("results/logs").write_text("a file")
    rule = {
        "rule": "later",
        "input": [],
        "output": [],
        "log": ["results/logs/later.log"],
        "params": {},
        "wildcards": {},
        "config": {},
    }
    given = json.dumps({"snakemake": rule, "then": ""})
    done = subprocess.run([sys.executable, "-c", SCRIPT, given], cwd=later.folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: results/logs: a file lies where a folder has to be")
    assert "Traceback" not in done.stderr


def test_a_job_looks_for_garbage_seldom_and_not_at_its_end(later):
    looks = "import gc; from shiftscope.core.memory import SELDOM; print(gc.get_threshold()[0] == SELDOM, gc.get_freeze_count())"
    code, said = later.run(then=looks, last="print(gc.get_freeze_count() > 1000)")
    assert (code, said) == (0, "made\nTrue 0\nTrue\n")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep what is freed")
def test_a_job_uses_what_it_has_freed_again(later):
    """Rather than have the system hand out 512 pages of 4 kB for each block of 2 MB."""
    code, said = later.run(
        then="""
import resource
import numpy as np
def use():
    return len([np.ones(2**21, np.uint8) for _ in range(20)])
use(), use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 200 < 5)
"""
    )
    assert (code, said) == (0, "made\nTrue\n")
