"""What was found out about one network is used for others of its structure, and never believed unseen."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from shiftscope.engines import engines
from shiftscope.engines.calibration import Calibration
from shiftscope.engines.devices.cpu import Cpu
from shiftscope.networks import networks
from shiftscope.stages.choosing import CHOICE, read_choice, write_choice
from shiftscope.stages.prepare import prepare_network

OPTIONS = {
    "architecture": "resnet18", "outputs": 10, "input_size": 64, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.25],
    "options": {"layers": [1, 1, 1, 1], "channels": [4, 4, 8, 8]},
}  # fmt: skip


class Prepared:
    """Prepares networks of one folder of results, and says which engines were loaded for it."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.loaded = folder, []
        for entry in engines:
            self.watch(entry, monkeypatch)

    def watch(self, entry, monkeypatch):
        original = entry.item.load

        def load(engine, *arguments):
            self.loaded.append(entry.name)
            return original(engine, *arguments)

        monkeypatch.setattr(entry.item, "load", load)

    def __call__(self, name, seed=0, options=OPTIONS, **more):
        self.loaded.clear()
        torch.manual_seed(seed)
        module = networks["timm"].item.model_validate(options).build()
        with torch.no_grad():
            module.train()(torch.rand(32, 3, 64, 64) * 4 - 2)
        save_file(module.state_dict(), self.folder / f"{name}.safetensors")
        settings = {"engine": "auto", "batch_size": None, "device": "cpu", "threads": 1, "seed": 0, "code": "c", **more}
        prepare_network(
            name=name, kind="timm", options=options, weights=self.folder / f"{name}.safetensors", **settings,
            choices=self.folder / "_choices/{key}.json", card_path=self.folder / f"{name}.json",
            program_path=self.folder / name,
        )  # fmt: skip
        return json.loads((self.folder / f"{name}.json").read_text())

    def choices(self):
        return sorted((self.folder / "_choices").iterdir())


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    engines["eager"]  # discover first
    return Prepared(tmp_path, monkeypatch)


def automatic():
    return {entry.name for entry in engines if entry.item.automatic}


def test_a_network_of_the_same_structure_is_not_tried_again_but_verified(prepare):
    first = prepare("first")
    assert set(prepare.loaded) == automatic()
    second = prepare("second", seed=1, options={**OPTIONS, "mean": [0.5, 0.5, 0.5]})
    assert prepare.loaded == [first["engine"]]
    assert (second["engine"], second["batch_size"]) == (first["engine"], first["batch_size"])
    assert (first["tried_on"], second["tried_on"]) == ("first", "first")
    (trial,) = second["calibration"]
    assert trial["largest_difference"] <= 1e-4
    assert trial["ms_per_frame"] > 0
    (path,) = prepare.choices()
    kept = json.loads(path.read_text())
    assert set(kept) == set(CHOICE)
    assert (kept["network"], kept["engine"]) == ("first", first["engine"])
    assert kept["conditions"]["versions"]["torch"] == torch.__version__.partition("+")[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"options": {**OPTIONS, "input_size": 96}},
        {"options": {**OPTIONS, "options": {"layers": [1, 1, 1, 1], "channels": [4, 4, 8, 16]}}},
        {"options": {**OPTIONS, "sampling": "blurpool"}},
        {"precision": "bfloat16"},
        {"threads": 2},
        {"batch_size": 4},
        {"engine": "eager"},
        {"code": "d"},
    ],
    ids=["size", "channels", "sampling", "precision", "threads", "batch size", "engine", "code"],
)
def test_under_another_condition_it_is_tried(prepare, changed):
    prepare("first")
    assert prepare("second", **changed)["tried_on"] == "second"
    assert len(prepare.choices()) == 2


def test_on_other_hardware_it_is_tried(prepare, monkeypatch):
    prepare("first")
    monkeypatch.setattr(Cpu, "hardware", lambda self: "another processor")
    assert prepare("second")["tried_on"] == "second"


def test_a_choice_that_does_not_agree_with_eager_torch_here_is_not_taken(prepare, monkeypatch):
    first = prepare("first")
    (path,) = prepare.choices()
    path.write_text(json.dumps({**json.loads(path.read_text()), "engine": "torchscript"}))
    original = engines["torchscript"].item.load

    def wrong(self, *arguments):
        run = original(self, *arguments)
        return lambda frames: run(255 - frames)

    monkeypatch.setattr(engines["torchscript"].item, "load", wrong)
    second = prepare("second")
    assert second["tried_on"] == "second"
    assert second["engine"] != "torchscript"
    assert set(prepare.loaded) == automatic()
    assert read_choice(path)["engine"] == second["engine"]
    assert first["input_size"] == second["input_size"]


@pytest.mark.parametrize("left", ["", "{", "[]", '{"engine": "eager"}', '"eager"'])
def test_a_file_that_cannot_be_used_is_written_anew(prepare, left):
    prepare("first")
    (path,) = prepare.choices()
    path.write_text(left)
    assert prepare("second")["tried_on"] == "second"
    assert read_choice(path)["network"] == "second"


def test_two_jobs_at_once_leave_a_complete_file_at_every_moment(tmp_path):
    path = tmp_path / "_choices" / "k.json"
    write_choice(path, "n", [Calibration("eager", 8, 1.0)], {"threads": 1})
    code = (
        "from pathlib import Path\n"
        "from shiftscope.engines.calibration import Calibration\n"
        "from shiftscope.stages.choosing import write_choice\n"
        "for number in range(300):\n"
        f"    write_choice(Path({str(path)!r}), 'x' * 3000, [Calibration('eager', number, 1.0)] * 40, {{'threads': 1}})\n"
    )
    jobs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    seen = set()
    while any(job.poll() is None for job in jobs):
        found = read_choice(path)
        assert found is not None
        seen.add(found["batch_size"])
    assert [job.returncode for job in jobs] == [0, 0]
    assert len(seen) > 10
    assert [file.name for file in path.parent.iterdir()] == ["k.json"]
