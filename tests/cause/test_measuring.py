"""The pass over frames: what measures are given is what a slow loop over frames finds."""

import numpy as np
import polars as pl
import pytest
import timm
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from shiftscope.cause import LAYERS
from shiftscope.cause.layers import find_layers
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.measuring import Sequences, measure_layers, ready_network
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.registry import Entry
from shiftscope.data.canvases import read_canvases
from shiftscope.networks.modules import normalised
from shiftscope.networks.weights import write_weights
from shiftscope.stages.frames import make_frames

SIZE = 16
OFFSETS = [0, 1, 2, 3, 6]


class Seen(Measure):
    """Keeps the mean of each map, in the order in which it was given."""

    all: list["Seen"]
    wanted = frozenset(range(9))

    def __init__(self, layer, shifts, size, seed):
        self.item, self.shifts, self.size, self.seed = layer, shifts, size, seed
        self.pictures, self.now = [], []
        type(self).all.append(self)

    def wants(self, frame):
        return frame in self.wanted

    def see(self, maps, frames):
        assert len(maps) == len(frames)
        self.now += [(int(frame), float(one.mean())) for frame, one in zip(frames, maps, strict=True)]

    def end_of_picture(self):
        self.pictures.append(self.now)
        self.now = []

    def rows(self, level):
        yield {
            "quantity": "mean",
            "estimate": np.mean([m for p in self.pictures for _, m in p]),
            "ci_low": np.nan,
            "n_images": len(self.pictures),
            "n": 3,
        }


class OfLayers(Seen):
    of = "layers"


class OfSteps(Seen):
    of = "steps"
    wanted = frozenset({0, 3})


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    OfLayers.all, OfSteps.all = [], []
    entries = {
        name: Entry(name, item, "", "", "", frozenset(), __name__) for name, item in [("one", OfLayers), ("two", OfSteps)]
    }
    len(measures)  # discover first
    monkeypatch.setattr(measures, "_entries", entries)


def module():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU(inplace=True), nn.Conv2d(4, 5, 3), nn.Upsample(scale_factor=0.5),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip
    return normalised(network.eval(), (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))


@pytest.fixture
def shards(tmp_path):
    """Two shards, whose pictures are not in the order of their ids."""
    rng = np.random.default_rng(1)
    files = []
    for shard, ids in enumerate((["d", "a"], ["c", "b"])):
        rows = []
        for k in ids:
            path = tmp_path / f"{k}.png"
            Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
            rows.append({"image_id": k, "path": str(path), "width": 40, "height": 30})
        names = {f"{name}_path": tmp_path / f"{shard}{name}.parquet" for name in ("canvases", "frames", "skipped")}
        make_frames(
            kind="embed", options={"side": 8, "offsets": OFFSETS}, images=tables.table(rows, tables.IMAGES), boxes=None,
            size=SIZE, seed=0, refuse=True, **names,
        )  # fmt: skip
        files.append(names)
    return [[file[name] for file in files] for name in ("canvases_path", "frames_path")]


def slow(shards, ready, count):
    """Per picture in the order of ids, the frames, and the map of each layer and step, each made alone."""
    frames = pl.concat([tables.read(path, tables.FRAMES) for path in shards[1]])
    pixels = {name: canvas for path in shards[0] for own in read_canvases(path) for name, canvas in own.items()}
    for image_id in sorted(set(frames["image_id"]))[:count]:
        pictures = []
        for row in frames.filter(pl.col("image_id") == image_id).sort("step").iter_rows(named=True):
            y, x = row["window_y"], row["window_x"]
            frame = pixels[row["canvas_id"]][y : y + SIZE, x : x + SIZE].copy()
            values = (torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 255 - 0.5) / 0.2
            with torch.inference_mode():
                conv, _, second, _, _, _ = ready.network
                first = conv(values)
                maps = {"0": first, "1": first.relu(), "2": second(first.relu())}
                maps["3"] = maps["2"][..., ::2, ::2]
                dense = functional.conv2d(values, conv.weight, conv.bias, 1, 1)
            pictures.append(({name: float(one.mean()) for name, one in maps.items()}, float(dense.mean())))
        yield pictures


@pytest.mark.parametrize(("batch", "count"), [(2, 3), (5, 4), (64, 2)])
def test_measures_see_what_a_slow_loop_finds(shards, batch, count):
    ready = module()
    layers = find_layers(ready.network, SIZE)
    sequences = Sequences("p", *shards, SIZE, count)
    table = measure_layers(ready, layers, sequences, batch=batch, seed=7, level=0.95)
    expected = list(slow(shards, ready, count))
    assert {one.item.name for one in OfLayers.all} == {"0", "1", "2", "3"}
    for one in OfLayers.all:
        assert [[frame for frame, _ in picture] for picture in one.pictures] == count * [list(range(5))]
        found = [[mean for _, mean in picture] for picture in one.pictures]
        np.testing.assert_allclose(found, [[maps[one.item.name] for maps, _ in p] for p in expected], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(one.shifts, np.array(OFFSETS)[:, None] * [1, 1])
        assert (one.size, one.seed) == (SIZE, 7)
    (step,) = OfSteps.all
    assert [[frame for frame, _ in picture] for picture in step.pictures] == count * [[0, 3]]
    found = [[mean for _, mean in picture] for picture in step.pictures]
    np.testing.assert_allclose(found, [[p[0][1], p[3][1]] for p in expected], rtol=1e-5, atol=1e-6)
    # Of another picture they would be others.
    assert not np.allclose(found[0], found[1], rtol=1e-3)
    assert table.schema == LAYERS
    assert table["n_images"].drop_nulls().unique().to_list() == [count]


def test_the_table_has_the_facts_of_each_layer_and_what_is_missing(shards):
    ready = module()
    table = measure_layers(
        ready, find_layers(ready.network, SIZE), Sequences("p", *shards, SIZE, 1), batch=4, seed=0, level=0.95
    )
    rows = {(row["of"], row["layer"]): row for row in table.iter_rows(named=True)}
    assert list(rows) == [("layer", "0"), ("layer", "1"), ("layer", "2"), ("layer", "3"), ("step", "0"), ("step", "3")]
    first = rows["layer", "2"]
    assert [first[name] for name in ("kind", "depth", "channels", "height", "width", "subsampling_factor", "measure")] == [
        "Conv2d",
        2,
        5,
        6,
        6,
        16 / 6,
        "one",
    ]
    assert rows["layer", "0"]["subsampled_by"] == "0 (Conv2d 3 × 3, stride 2)"
    assert rows["step", "0"]["width"] == 16
    assert first["ci_low"] is None
    assert "resizes" in rows["step", "3"]["reason"]
    assert rows["step", "3"]["estimate"] is None


def test_only_chosen_layers_and_measures(shards):
    ready = module()
    layers = find_layers(ready.network, SIZE, ["2"])
    table = measure_layers(ready, layers, Sequences("p", *shards, SIZE, 1), batch=4, seed=0, level=0.95, chosen=["one"])
    assert table.select("layer", "measure").rows() == [("2", "one")]
    assert not OfSteps.all


def test_frames_that_nobody_wants_are_not_run(shards, monkeypatch):
    monkeypatch.setattr(OfLayers, "wanted", frozenset({1}))
    ready = module()
    ran = []
    ready.register_forward_pre_hook(lambda _, given: ran.append(len(given[0])))
    measure_layers(ready, find_layers(ready.network, SIZE), Sequences("p", *shards, SIZE, 2), batch=8, seed=0, level=0.95)
    assert ran == [3, 3]  # 0 and 3, which the other measure wants, and 1


def test_a_network_without_maps_is_one_row_with_its_reason(shards):
    ready = normalised(nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE**2, 2)).eval(), (0, 0, 0), (1, 1, 1))
    table = measure_layers(
        ready, find_layers(ready.network, SIZE), Sequences("p", *shards, SIZE, 2), batch=8, seed=0, level=0.95
    )
    ((of, reason),) = table.select("of", "reason").rows()
    assert of == "network"
    assert "No layer" in reason
    assert table["measure"].is_null().all()


def test_no_picture_is_a_sentence(shards):
    empty = tables.read(shards[1][0], tables.FRAMES).clear()
    tables.write(shards[1][0], empty, tables.FRAMES)
    with pytest.raises(ShiftscopeError, match="no picture went through protocol p"):
        Sequences("p", shards[0][:1], shards[1][:1], SIZE, 2)


def test_first_frames_are_those_of_the_first_pictures(shards):
    sequences = Sequences("p", *shards, SIZE, 3)
    first = sequences.first(2)
    assert first.shape == (2, SIZE, SIZE, 3)
    whole = list(sequences.batches(np.arange(5), 8))
    np.testing.assert_array_equal(first, np.stack([batch.pixels[0] for batch in whole[:2]]))
    assert all(batch.last for batch in whole)


def test_a_card_is_enough_for_the_network(tmp_path):
    network = timm.create_model("resnet18", num_classes=10)
    write_weights(network.state_dict(), tmp_path / "w.safetensors")
    card = {
        "kind": "timm", "options": {"kind": "timm", "architecture": "resnet18", "outputs": 10, "weights": str(tmp_path / "w.safetensors"), "input_size": 32},
        "weights": str(tmp_path / "w.safetensors"), "device": "cpu", "mean": [0.5] * 3, "std": [0.2] * 3, "channels": "rgb",
        "answers": "logits", "engine": "openvino",
    }  # fmt: skip
    ready = ready_network(card, 1)
    values = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    with torch.inference_mode():
        expected = network.eval()((values.permute(0, 3, 1, 2) / 255 - 0.5) / 0.2)
        torch.testing.assert_close(ready(values), expected, rtol=1e-4, atol=1e-4)
    assert find_layers(ready.network, 64).factor == 32
