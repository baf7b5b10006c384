"""Training: what it writes is what it trained, in the same bytes whenever it runs."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import networks
from shiftscope.networks.weights import read_note, read_weights
from shiftscope.stages.train import train_network

TIED = """
import torch
from torch import nn

class Tied(nn.Module):
    def __init__(self, outputs, tied=True, softmax=False):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, stride=4)
        self.inner = nn.Conv2d(6, 6, 3, padding=1)
        self.again = nn.Conv2d(6, 6, 3, padding=1)
        if tied:
            self.again.weight = self.inner.weight
        self.head = nn.Linear(6, outputs)
        self.last = nn.Softmax(1) if softmax else nn.Identity()

    def forward(self, x):
        return self.last(self.head(self.again(self.inner(self.first(x).relu()).relu()).mean((2, 3))))
"""


@pytest.fixture
def job(tmp_path):
    """The arguments of `train_network`: a network with two names for one tensor, and six pictures of two classes."""
    (tmp_path / "tied.py").write_text(TIED)
    rows = []
    for number in range(6):
        pixels = np.random.default_rng(number).integers(100 * (number % 2), 156 + 100 * (number % 2), (24, 24, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{number}.png")
        rows.append(
            {
                "image_id": str(number),
                "path": str(tmp_path / f"{number}.png"),
                "label": number % 2,
                "width": 24,
                "height": 24,
            }
        )
    options = {
        "factory": f"{tmp_path / 'tied.py'}:Tied", "trust": True, "arguments": {"outputs": 2}, "outputs": 2,
        "input_size": 16, "train": {"dataset": "d", "epochs": 1, "batch_size": 2},
    }  # fmt: skip
    tables.table(rows, tables.IMAGES).write_parquet(tmp_path / "images.parquet")
    return {
        "kind": "factory", "options": options, "name": "n", "seed": 3, "device": "cpu", "threads": 1,
        "curve_path": str(tmp_path / "curve.parquet"),
    }  # fmt: skip


def test_tied_weights_are_trained_written_and_loaded(job, tmp_path):
    path = tmp_path / "w.safetensors"
    train_network(**job, images=tables.read(tmp_path / "images.parquet", tables.IMAGES), path=path)
    state = read_weights(path)
    assert torch.equal(state["inner.weight"], state["again.weight"])
    network = networks["factory"].item.model_validate(job["options"])
    module = network.load(path, "n")
    assert module.inner.weight is module.again.weight
    assert torch.equal(module.inner.weight, state["inner.weight"])
    torch.manual_seed(0)
    assert not torch.equal(network.build().inner.weight, state["inner.weight"])


def test_a_network_that_ends_in_a_softmax_is_refused_before_it_is_trained(job, tmp_path, monkeypatch):
    monkeypatch.setattr("shiftscope.stages.train.fit", lambda *_, **__: pytest.fail("it was trained"))
    job["options"]["arguments"]["softmax"] = True
    with pytest.raises(ShiftscopeError, match=r"network n answers with probabilities .* leave out the softmax"):
        train_network(**job, images=tables.read(tmp_path / "images.parquet", tables.IMAGES), path=tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_training_again_writes_the_same_bytes(job, tmp_path):
    """In processes of their own, whose hashes, and so orders of sets, differ."""
    job["options"]["arguments"]["tied"] = False
    code = (
        "import sys, shiftscope.core.tables as tables\n"
        "from shiftscope.stages.train import train_network\n"
        f"train_network(**{job!r}, images=tables.read({str(tmp_path / 'images.parquet')!r}, tables.IMAGES), path=sys.argv[1])"
    )
    paths = [tmp_path / f"{run}.safetensors" for run in range(4)]
    for path in paths:
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True)
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}) == 1
    assert read_note(paths[0]) == {"network": "factory", "options": job["options"], "seed": 3}
