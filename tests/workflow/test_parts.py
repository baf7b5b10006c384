"""A job of several parts: each has records of its own, and is left as it is where nothing changed for it."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from shiftscope.core.records import Record, keep, kept_path, read_record, record_path, sha256_of, write_record
from shiftscope.workflow.job import _parts

SCRIPT = """
import json, os, signal, sys
from types import SimpleNamespace
from shiftscope.workflow.job import job_in_parts

given = json.loads(sys.argv[1])
with job_in_parts(SimpleNamespace(**given["snakemake"]), "protocol") as parts:
    print("begun")
    for part in parts:
        (frames,) = part.input.frames
        text = [open(frames).read(), open(part.input.card).read(), *map(str, part.params.values())]
        for path in vars(part.output).values():
            with open(path, "w") as file:
                file.write("; ".join([path, *text]))
        exec(given["then"])
"""
PROTOCOLS = ("centre", "crop", "move")


class Job:
    """A rule with two inputs of each protocol and one of all, two outputs of each, and its script in a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.protocols = {name: {"ordered": name != "centre"} for name in PROTOCOLS}
        for name in (*PROTOCOLS, "pad"):
            self.made(f"results/frames/{name}", f"frames of {name}")
        self.made("results/card", "a card")

    def made(self, path, text):
        """A file with its record, as an earlier job leaves it."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        write_record(file, Record(sha256_of(file), "earlier", {}, [path], {}, {}, {}, {}))

    def files(self, name, ending):
        return f"results/{name}/plain.{ending}"

    def outputs(self):
        return {ending: [self.files(name, ending) for name in self.protocols] for ending in ("parquet", "json")}

    def run(self, *, then="", failed=False, **params):
        """The exit code and the log. What Snakemake does before is done: outputs are kept and deleted; behind a job that
        `failed` they are deleted only."""
        outputs = self.outputs()
        for path in [path for paths in outputs.values() for path in paths]:
            (self.folder / path).parent.mkdir(exist_ok=True)
            if not failed:
                keep(self.folder / path)
            (self.folder / path).unlink(missing_ok=True)
        given = {
            "rule": "infer_d", "input": [["frames", [f"results/frames/{name}" for name in self.protocols]], ["card", "results/card"]],
            "output": list(outputs.items()), "log": ["results/log"], "wildcards": {"dataset": "d", "network": "plain"},
            "params": {"protocols": self.protocols, "seed": 0, **params}, "resources": {}, "config": {},
        }  # fmt: skip
        source = NAMED + SCRIPT
        words = [sys.executable, "-c", source, json.dumps({"snakemake": given, "then": then})]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True)
        return done.returncode, (self.folder / "results/log").read_text().splitlines()

    def state(self):
        """Content and inode of each output, by its protocol."""
        return {
            name: [((self.folder / path).read_text(), (self.folder / path).stat().st_ino) for path in self.of(name)]
            for name in self.protocols
        }

    def of(self, name):
        return [self.files(name, ending) for ending in ("parquet", "json")]


NAMED = """
import json

class Named(list):
    # Snakemake's lists of files: of all names together, and by name.
    def __init__(self, named):
        self.named = named
        super().__init__(path for _, paths in named for path in ([paths] if isinstance(paths, str) else paths))
    def items(self):
        return self.named

load = json.loads
def loads(text):
    given = load(text)
    for name in ("input", "output"):
        if "snakemake" in given:
            given["snakemake"][name] = Named(given["snakemake"][name])
    return given
json.loads = loads
"""


@pytest.fixture
def parted(tmp_path):
    found = Job(tmp_path)
    assert found.run() == (0, ["begun", *(f"{name}:" for name in PROTOCOLS)])
    return found


LEFT = "made of the same files and parameters as before: left as it is"


def left(*names):
    return [f"{name}: {LEFT}" for name in names]


def test_a_record_names_the_inputs_and_parameters_of_its_part_alone(parted):
    for name in PROTOCOLS:
        for path in parted.of(name):
            record = read_record(parted.folder / path)
            assert record.sha256 == sha256_of(parted.folder / path)
            assert sorted(record.made_of) == ["results/card", f"results/frames/{name}"]
            assert record.params == {"seed": 0, "ordered": name != "centre"}
            assert record.wildcards == {"dataset": "d", "network": "plain", "protocol": name}
            assert (record.made_with, record.rule) == (parted.of(name), "infer_d")


def test_a_job_for_which_nothing_changed_does_not_begin(parted):
    before = parted.state()
    assert parted.run() == (0, left(*PROTOCOLS))
    assert parted.state() == before


def test_other_frames_of_one_protocol_are_answered_and_the_others_left(parted):
    before = parted.state()
    parted.made("results/frames/crop", "other frames")
    assert parted.run() == (0, [*left("centre", "move"), "begun", "crop:"])
    after = parted.state()
    assert {name for name in PROTOCOLS if after[name] != before[name]} == {"crop"}
    assert "other frames" in after["crop"][0][0]
    assert parted.run() == (0, left(*PROTOCOLS))


def test_a_protocol_more_is_the_only_one_that_is_made(parted):
    before = parted.state()
    parted.protocols = {"pad": {"ordered": True}, **parted.protocols}
    assert parted.run() == (0, [*left(*PROTOCOLS), "begun", "pad:"])
    assert {name: files for name, files in parted.state().items() if name != "pad"} == before
    del parted.protocols["centre"]
    assert parted.run() == (0, left("pad", "crop", "move"))


def test_what_all_parts_are_made_of_makes_all_of_them_again(parted):
    parted.made("results/card", "another card")
    assert parted.run()[1] == ["begun", *(f"{name}:" for name in PROTOCOLS)]
    assert parted.run(seed=1)[1] == ["begun", *(f"{name}:" for name in PROTOCOLS)]


def test_a_parameter_of_one_part_makes_it_again(parted):
    parted.protocols["move"] = {"ordered": False}
    assert parted.run()[1] == [*left("centre", "crop"), "begun", "move:"]


def test_a_part_of_which_one_file_is_damaged_is_made_again_as_a_whole(parted):
    (parted.folder / parted.files("crop", "json")).write_text("edited")
    assert parted.run()[1] == [*left("centre", "move"), "begun", "crop:"]
    assert parted.run()[1] == left(*PROTOCOLS)


@pytest.mark.parametrize("how", ["raise RuntimeError", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_parts_that_were_made_outlive_a_job_that_fails_behind_them(tmp_path, how):
    """Snakemake deletes all files of a job that failed, also before it tries again."""
    job = Job(tmp_path)
    fails = f"if part.name == 'move': {how}"
    for expected in (["begun", "centre:", "crop:", "move:"], [*left("centre", "crop"), "begun", "move:"]):
        code, said = job.run(then=fails, failed=True)
        assert code != 0
        assert said[: len(expected)] == expected
        assert not any(kept_path(tmp_path / path).exists() for path in job.of("move"))
    assert job.run(failed=True) == (0, [*left("centre", "crop"), "begun", "move:"])
    assert not list(tmp_path.rglob("*.kept"))
    undisturbed = Job(tmp_path / "other")
    undisturbed.run()
    assert {name: [text for text, _ in files] for name, files in job.state().items()} == {
        name: [text for text, _ in files] for name, files in undisturbed.state().items()
    }


def test_a_part_whose_record_was_not_written_is_made_again(parted):
    """A job that is killed between a file and its record."""
    record_path(parted.folder / parted.files("crop", "parquet")).unlink()
    assert parted.run()[1] == [*left("centre", "move"), "begun", "crop:"]


def shared_out(counts):
    """The inputs of each part of a job whose parts are named a, b and c, and have files of two tables."""
    files = {"predictions": ["1", "2", "3"], "curves": ["4"], "maps": [], "images": "5"}
    params = {"figures": {name: {"files": count, "drawn": name} for name, count in counts.items()}, "facts": {}}
    given = SimpleNamespace(input=files, output={"png": ["a.png", "b.png", "c.png"]}, params=params, wildcards={})
    return _parts(given, "figure")


def test_parts_can_be_made_of_different_numbers_of_files():
    none = {"predictions": 0, "curves": 0, "maps": 0}
    parts = shared_out({"a": {**none, "predictions": 1}, "b": {**none, "curves": 1}, "c": {**none, "predictions": 2}})
    assert [part.inputs() for part in parts] == [["1", "5"], ["4", "5"], ["2", "3", "5"]]
    assert [part.outputs() for part in parts] == [["a.png"], ["b.png"], ["c.png"]]
    # How many files there are is no parameter of the part, since its record names them.
    assert [part.params for part in parts] == [{"facts": {}, "drawn": name} for name in "abc"]
