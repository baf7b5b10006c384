"""One network in six forms, through the whole workflow: the same answers; sources that hold the same pictures: the same."""

import io
import json
import tarfile
import warnings

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision.models import resnet18

from .conftest import Project

pytestmark = pytest.mark.workflow

SIZE, CLASSES = 64, 3

FACTORY = """
from safetensors.torch import load_file
from torchvision.models import resnet18

def network(path):
    module = resnet18(num_classes=3)
    module.load_state_dict(load_file(path))
    return module
"""


def put_pictures(folder):
    rng = np.random.default_rng(0)
    rows = []
    for k in range(6):
        coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((96, 80), Image.Resampling.BICUBIC)
        path = folder / "pictures" / f"class {k % CLASSES}" / f"é {k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
        rows.append((path, k % CLASSES))
    lines = [f"{path.relative_to(folder)},{label}" for path, label in rows]
    (folder / "list.csv").write_text("\n".join(["path,label", *lines]) + "\n", encoding="utf-8")
    with tarfile.open(folder / "shard.tar", "w") as tar:
        for k, (path, label) in enumerate(rows):
            tar.add(path, f"{k}.png")
            info = tarfile.TarInfo(f"{k}.cls")
            info.size = 1
            tar.addfile(info, io.BytesIO(str(label).encode()))


def put_networks(folder):
    torch.manual_seed(0)
    module = resnet18(num_classes=CLASSES).eval()
    with torch.no_grad():
        module.fc.weight.mul_(20)
    example = torch.randn(2, 3, SIZE, SIZE)
    save_file(module.state_dict(), folder / "w.safetensors")
    torch.save(module.state_dict(), folder / "w.pth")
    (folder / "own.py").write_text(FACTORY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(module), folder / "w.ts")
        shapes = ({0: torch.export.Dim("batch")},)
        torch.export.save(torch.export.export(module, (example,), dynamic_shapes=shapes), folder / "w.pt2")
        axes = {"x": {0: "batch"}}
        torch.onnx.export(module, (example,), folder / "w.onnx", dynamo=False, input_names=["x"], dynamic_axes=axes)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("kinds"))
    put_pictures(project.folder)
    put_networks(project.folder)
    networks = {
        "torchvision": {"kind": "torchvision", "architecture": "resnet18", "weights": "w.pth"},
        "timm": {"kind": "timm", "architecture": "resnet18", "weights": "w.safetensors"},
        "torchscript": {"kind": "torchscript", "weights": "w.ts", "trust": True},
        "export": {"kind": "export", "weights": "w.pt2", "trust": True},
        "onnx": {"kind": "onnx", "weights": "w.onnx"},
        "factory": {"kind": "factory", "factory": "own.py:network", "arguments": {"path": "w.safetensors"}, "trust": True},
    }
    project.configure(
        {
            "datasets": {
                "folder": {"path": "pictures"},
                "list": {"kind": "table", "path": "list.csv", "protocols": ["centre"]},
                "shards": {"kind": "webdataset", "shards": "*.tar", "protocols": ["centre"]},
            },
            "networks": {name: {**section, "input_size": SIZE, "outputs": CLASSES} for name, section in networks.items()},
            "protocols": {"centre": {}, "crop": {"offsets": "0..2"}},
            "inference": {"device": "cpu", "threads": 1, "batch_size": 6},
            "statistics": {"resamples": 100},
        }
    )
    first = next(iter(networks))
    asked = [("folder", "crop", name) for name in networks]
    asked += [(dataset, "centre", first) for dataset in ("folder", "list", "shards")]
    project.snakemake(*(f"results/{dataset}/predictions/{protocol}/{name}.parquet" for dataset, protocol, name in asked))
    return project.folder, list(networks)


def answers(folder, dataset, protocol, network):
    path = folder / "results" / dataset / "predictions" / protocol / f"{network}.parquet"
    table = pl.read_parquet(path)
    return (
        table.select("image_id", "step", "label"),
        table["top5"].list.first(),
        np.stack(table["top5_prob"].to_list()),
        table,
    )


def test_all_forms_answer_the_same(ran):
    folder, names = ran
    rows, top, probabilities, table = answers(folder, "folder", "crop", names[0])
    assert len(rows) == 6 * 3
    assert probabilities.std() > 0.01
    for name in names[1:]:
        others = answers(folder, "folder", "crop", name)
        assert rows.equals(others[0])
        assert top.equals(others[1]), name
        np.testing.assert_allclose(others[2], probabilities, atol=1e-4, err_msg=name)
        np.testing.assert_allclose(others[3]["label_prob"], table["label_prob"], atol=1e-4)


def test_all_sources_of_the_same_pictures_give_the_same_answers(ran):
    folder, names = ran
    _, _, expected, table = answers(folder, "folder", "centre", names[0])
    labels = table["label"].to_list()
    for dataset in ("list", "shards"):
        found = answers(folder, dataset, "centre", names[0])[3].sort(
            pl.col("image_id").str.extract(r"(\d+)$").cast(pl.Int32) % CLASSES, "image_id"
        )
        assert found["label"].to_list() == labels
        np.testing.assert_allclose(np.stack(found["top5_prob"].to_list()), expected, atol=1e-6)


def test_cards_say_what_was_understood(ran):
    folder, names = ran
    for name in names:
        card = json.loads((folder / "results" / "networks" / name / "card.json").read_text())
        assert card["preprocessing"]["said_by"]
        assert card["input_size"] == SIZE
        assert card["engine"] == "eager" or name != "onnx"
