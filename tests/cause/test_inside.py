"""One job inside one network: its three tables, and networks that cannot be looked into."""

import json
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from polars.testing import assert_frame_equal
from torchvision.models import resnet18

from shiftscope.cause import GEOMETRY, LAYERS, MAPS, inside
from shiftscope.cause.inside import look_inside
from shiftscope.core import tables
from shiftscope.data.canvases import read_canvases
from shiftscope.networks import networks
from shiftscope.networks.weights import write_weights
from shiftscope.stages.frames import make_frames
from shiftscope.stages.prepare import prepare_network

SIZE, OUTPUTS, PICTURES, SHIFTS = 64, 5, 3, 9
OWN = """
import torch
from torch import nn
from torch.nn import functional


class Branching(nn.Module):
    "Goes another way where a batch is bright; one channel is always 0."

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        x = functional.relu(self.first(x))
        if float(x.detach().mean()) > -1:
            x = x * torch.tensor([1.0, 1.0, 1.0, 0.0]).view(1, 4, 1, 1)
        return self.head(self.second(x).mean((2, 3)))


def branching():
    return Branching()


def perceptron():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 8), nn.ReLU(), nn.Linear(8, 5))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Frames of a few pictures, and networks in several forms."""
    folder = tmp_path_factory.mktemp("inside")
    rng = np.random.default_rng(0)
    rows = []
    for k in range(PICTURES):
        path = folder / f"{k}.png"
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(path)
        rows.append({"image_id": path.stem, "path": str(path), "width": 20, "height": 20})
    make_frames(
        kind="embed", options={"side": 16, "offsets": list(range(SHIFTS)), "axis": "x"}, images=tables.table(rows, tables.IMAGES),
        boxes=None, size=SIZE, seed=0, refuse=True, canvases_path=folder / "canvases.parquet",
        frames_path=folder / "frames.parquet", skipped_path=folder / "skipped.parquet",
    )  # fmt: skip
    (folder / "own.py").write_text(OWN)
    torch.manual_seed(0)
    module = resnet18(num_classes=OUTPUTS).eval()
    write_weights(module.state_dict(), folder / "w.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(module), folder / "w.ts")
        torch.onnx.export(
            module, (torch.randn(2, 3, SIZE, SIZE),), folder / "w.onnx", dynamo=False, input_names=["x"],
            dynamic_axes={"x": {0: "batch"}},
        )  # fmt: skip
    return folder


def looked(folder, tmp_path, which="all", **options):
    given = {"outputs": OUTPUTS, "input_size": SIZE, **options}
    network = networks[given["kind"]].item.model_validate(given)
    prepare_network(
        name="n", kind=network.kind, options=network.model_dump(mode="json", exclude_defaults=True, exclude={"kind"}),
        weights=network.weights or network.files()[0], engine="auto", batch_size=4, device="cpu", threads=1, seed=0,
        card_path=tmp_path / "card.json", program_path=tmp_path / "program",
    )  # fmt: skip
    return look_inside(
        json.loads((tmp_path / "card.json").read_text()), protocol="p", canvases_paths=[folder / "canvases.parquet"],
        frames_paths=[folder / "frames.parquet"], which=which, pictures=PICTURES, threads=1, seed=0, level=0.95,
    )  # fmt: skip


def test_the_three_tables_are_of_the_same_network(folder, tmp_path):
    found = looked(folder, tmp_path, kind="torchvision", architecture="resnet18", weights=str(folder / "w.safetensors"))
    assert (found.layers.schema, found.geometry.schema, found.maps.schema) == (LAYERS, GEOMETRY, MAPS)
    assert found.geometry.filter(of="network").select("stride", "subsampling_factor", "exact_share").row(0) == (
        32,
        32,
        1 / 1024,
    )
    layers = found.layers.filter(of="layer")["layer"].unique(maintain_order=True).to_list()
    assert layers[0] == "conv1"
    assert set(found.geometry.filter(of="layer")["layer"]) < set(layers)
    assert set(found.maps["layer"]) <= set(layers)
    assert found.layers.filter(layer="output", measure="periodicity").height
    assert set(found.layers.filter(of="step")["layer"]) == {
        "conv1", "maxpool", *(f"layer{k}.0.{name}" for k in (2, 3, 4) for name in ("conv1", "downsample.0")),
    }  # fmt: skip


def test_how_many_frames_run_at_once_changes_no_number(folder, tmp_path, monkeypatch):
    given = {"kind": "torchvision", "architecture": "resnet18", "weights": str(folder / "w.safetensors")}
    seen, measure = [], inside.measure_layers

    def measuring(*args, batch, **more):
        seen.append(batch)
        return measure(*args, batch=batch, **more)

    monkeypatch.setattr(inside, "measure_layers", measuring)
    many = looked(folder, tmp_path, **given).layers
    monkeypatch.setattr(inside, "TOGETHER", 1)
    few = looked(folder, tmp_path, **given).layers
    assert seen == [16, 4]  # the card's batch is 4
    ends = ("ci_low", "ci_high")  # of three pictures, by studentised resamples, in which rounding grows
    assert_frame_equal(many.drop(ends), few.drop(ends), rel_tol=1e-5, abs_tol=1e-5)
    assert_frame_equal(many.select(ends), few.select(ends), rel_tol=1e-2, abs_tol=1e-3)


def test_maps_are_those_of_the_network_at_three_places(folder, tmp_path):
    found = looked(folder, tmp_path, kind="torchvision", architecture="resnet18", weights=str(folder / "w.safetensors"))
    assert found.maps.filter(layer="conv1")["shift_x"].to_list() == [0, 4, 8]
    first = found.maps.filter(layer="conv1").row(0, named=True)
    module = resnet18(num_classes=OUTPUTS)
    module.load_state_dict(torch.jit.load(folder / "w.ts").state_dict())
    frame = tables.read(folder / "frames.parquet", tables.FRAMES).row(0, named=True)
    (pixels,) = (own[frame["canvas_id"]] for own in read_canvases(folder / "canvases.parquet") if frame["canvas_id"] in own)
    y, x = frame["window_y"], frame["window_x"]
    shown = torch.tensor(pixels[y : y + SIZE, x : x + SIZE] / 255, dtype=torch.float32)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        maps = module.conv1(((shown - mean) / std).permute(2, 0, 1)[None])[0]
    margin = maps.shape[-1] // 8
    assert first["channel"] == int(maps[:, margin:-margin, margin:-margin].flatten(1).var(1).argmax())
    np.testing.assert_allclose(first["values"], maps[first["channel"]].numpy().ravel(), atol=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "torchscript", "weights": "w.ts", "trust": True}, "hides its layers"),
        ({"kind": "onnx", "weights": "w.onnx"}, "hides its layers"),
        ({"kind": "factory", "factory": "own.py:perceptron", "trust": True}, "No layer of this network answers with a map"),
    ],
    ids=["torchscript", "onnx", "perceptron"],
)
def test_what_cannot_be_seen_is_said(folder, tmp_path, options, words):
    places = {name: str(folder / value) for name, value in options.items() if name in ("weights", "factory")}
    found = looked(folder, tmp_path, **{**options, **places})
    assert found.layers.height == 1
    assert words in found.layers["reason"][0]
    assert words in found.geometry["reason"][0]
    assert not found.maps.height


def test_control_flow_and_a_channel_of_zeros_are_measured(folder, tmp_path):
    found = looked(folder, tmp_path, kind="factory", factory=f"{folder / 'own.py'}:branching", trust=True)
    share = found.layers.filter(measure="nonshiftability", quantity="share", of="layer")
    assert share["layer"].to_list() == ["first", "second"]
    assert share["estimate"].is_not_null().all()
    assert found.geometry.filter(of="network")["stride"].to_list() == [4]


def test_a_transformer_has_its_grid(folder, tmp_path):
    import timm

    options = {"patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2}
    module = timm.create_model("vit_tiny_patch16_224", num_classes=OUTPUTS, img_size=SIZE, **options)
    write_weights(module.state_dict(), tmp_path / "vit.safetensors")
    found = looked(
        folder, tmp_path, kind="timm", architecture="vit_tiny_patch16_224", options={**options, "img_size": SIZE},
        weights=str(tmp_path / "vit.safetensors"),
    )  # fmt: skip
    layers = found.layers.filter(of="layer")
    assert set(layers["subsampling_factor"]) == {8.0}
    assert set(layers["width"]) == {8}
    assert found.geometry.filter(of="network")["stride"].to_list() == [8]
