"""Configs with changes: a plan of jobs, or a sentence."""

import yaml
from hypothesis import strategies as st

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.settings import read_settings
from shiftscope.workflow.plan import Plan

from ..bad_input.data import picture, put
from .mutations import bytes_of, values_of

CONFIG = {
    "results": "r",
    "seed": 3,
    "shards": 2,
    "frames": "keep",
    "datasets": {
        "d": {"kind": "digits", "framing": "centred", "count": 100, "networks": ["a", "b"], "protocols": ["crop", "e"]},
        "p": {"kind": "folder", "path": "p", "labels": "folders", "limit": 5, "unusable": "refuse", "networks": ["own"]},
        "l": {"kind": "table", "path": "l.csv", "columns": {"path": "file"}},
        "t": {"kind": "webdataset", "shards": "s-{0..2}.tar", "label": "json:y"},
    },
    "networks": {
        "a": {"kind": "timm", "architecture": "resnet18", "outputs": 10, "input_size": 64, "options": {"layers": [1, 1, 1, 1]},
              "train": {"dataset": "d", "epochs": 2, "crop_fraction": 0.9, "augmentation": "shifts"}},
        "b": {"kind": "timm", "architecture": "resnet18", "options": {"layers": [1, 1, 1, 1]}, "weights_of": "a", "sampling": {"kind": "blurpool"}},
        "own": {"kind": "torchvision", "architecture": "resnet50", "weights": "w.pth", "mean": [0.5, 0.5, 0.5], "outputs": 2},
        "o": {"kind": "onnx", "weights": "w.pth", "trust": True, "input_size": 224, "outputs": 2},
    },
    "protocols": {
        "crop": {"offsets": "0..8", "area": [0.5, 1], "aspect": [0.9, 1.1]},
        "e": {"kind": "embed", "side": 30, "offsets": [0, 1, 2], "surround": "mean", "colour": [1, 2, 3]},
        "centre": {},
        "subpixel": {"shifts": [0, 0.5], "edge": "wrap"},
        "resizers": {},
    },
    "inference": {"keep_logits": True, "batch_size": 16, "engine": "eager", "device": "cpu", "threads": 2},
    "statistics": {"resamples": 100},
    "cause": {"protocols": ["e"], "pictures": 3},
    "remedies": {"mean": {"kind": "average", "counts": [1, 2]}},
}  # fmt: skip


def planned(config, folder):
    """All that a config comes down to before the first job; its sentences have no traceback and no endless value."""
    plan = Plan(Config.load(config))
    for name in [*plan.targets(), *plan.bias_files()]:
        assert not str(name).startswith(("/", ".."))


def test_configs_with_other_values(fuzz):
    def check(config, folder):
        put(
            folder,
            {
                "p/c/one.png": picture(),
                "l.csv": b"file\none.png\n",
                "w.pth": b"x",
                **dict.fromkeys(("s-0.tar", "s-1.tar", "s-2.tar"), b""),
            },
        )
        planned(config, folder)

    fuzz(values_of(CONFIG), check, CONFIG)


def test_configs_with_other_bytes(fuzz):
    def check(data, folder):
        put(
            folder,
            {
                "c.yaml": data,
                "p/c/one.png": picture(),
                "l.csv": b"file\none.png\n",
                "w.pth": b"x",
                **dict.fromkeys(("s-0.tar", "s-1.tar", "s-2.tar"), b""),
            },
        )
        said = read_settings(folder / "c.yaml")
        if not isinstance(said, dict):
            raise ShiftscopeError("no mapping")
        planned(said, folder)

    text = yaml.safe_dump(CONFIG, sort_keys=False).encode()
    anchored = b"a: &a {b: &b [1, 2], c: *b}\nd: {<<: *a, e: [*a, *b]}\nf: !!set {x, y}\ng: 2026-01-01\nh: !!binary aGk=\n"
    fuzz(st.one_of(bytes_of(text), bytes_of(anchored)), check, text)
