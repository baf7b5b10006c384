"""Real photographs and a real pretrained network, by config alone. The data's place is given by SHIFTSCOPE_REAL_DATA."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

ROOT = Path(__file__).parents[2]
DATA = os.environ.get("SHIFTSCOPE_REAL_DATA")
pytestmark = [
    pytest.mark.real,
    pytest.mark.workflow,
    pytest.mark.skipif(not DATA, reason="SHIFTSCOPE_REAL_DATA is not set"),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """config/folder.yaml with its two paths set."""
    folder = tmp_path_factory.mktemp("real")
    config = yaml.safe_load((ROOT / "config" / "folder.yaml").read_text())
    config["results"] = "results"
    config["datasets"]["pictures"]["path"] = f"{DATA}/imagenet-sample"
    config["networks"]["squeezenet1_0"]["weights"] = f"{DATA}/weights/squeezenet1_0.safetensors"
    config["protocols"]["scale"] = {"sides": [100, 101]}
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    command = [str(Path(sys.executable).with_name("snakemake")), "--cores", "2", "--snakefile", str(ROOT / "Snakefile")]
    done = subprocess.run([*command, "--configfile", "my.yaml"], cwd=folder, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return folder / "results" / "pictures"


@pytest.fixture(scope="module")
def network():
    import torchvision
    from safetensors.torch import load_file

    module = torchvision.models.squeezenet1_0(weights=None)
    module.load_state_dict(load_file(f"{DATA}/weights/squeezenet1_0.safetensors"))
    return module.eval()


def answer(network, pixels):
    """Probabilities of one frame, uint8 (224, 224, 3)."""
    import torch

    x = (torch.tensor(np.asarray(pixels)) / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        return network(x.permute(2, 0, 1)[None].float()).softmax(1)[0].numpy()


def sensitivity(results, protocol, measure):
    table = pl.read_parquet(results / "sensitivity.parquet")
    wanted = (pl.col("protocol") == protocol) & (pl.col("measure") == measure) & (pl.col("condition") == "all")
    return table.filter(wanted).row(0, named=True)


def test_clean_accuracy_is_that_of_torchvisions_own_transforms(results, network):
    from PIL import Image
    from torchvision import transforms

    crop = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
    images = pl.read_parquet(results / "images.parquet")
    assert images.height == 200
    assert images["label"].to_list() == list(range(0, 1000, 5))
    right = [
        answer(network, np.asarray(crop(Image.open(path).convert("RGB")))).argmax() == label
        for path, label in images.select("path", "label").iter_rows()
    ]
    found = sensitivity(results, "centre", "accuracy")
    assert found["estimate"] == pytest.approx(np.mean(right), abs=1 / 200 + 1e-9)
    # Measured on 1000 such pictures: .612.
    assert found["ci_low"] < 0.612 < found["ci_high"]


@pytest.mark.parametrize(
    ("protocol", "change", "mac"), [("crop", 0.13, 0.073), ("embed-black", 0.30, 0.11), ("scale", 0.29, 0.07)]
)
def test_changes_are_in_the_range_of_an_earlier_measurement(results, protocol, change, mac):
    """200 pairs of the same pictures and weights, drawn otherwise: standard error .03 (P) and about .012 (MAC)."""
    assert abs(sensitivity(results, protocol, "top1_change")["estimate"] - change) < 3 * 0.03
    assert abs(sensitivity(results, protocol, "mac")["estimate"] - mac) < 3 * 0.012


@pytest.mark.parametrize("protocol", ["centre", "crop", "embed-black", "scale"])
def test_ten_lines_over_the_saved_geometry_agree(results, network, protocol):
    from PIL import Image

    frames = pl.read_parquet(results / "frames" / protocol / "224" / "1of1" / "frames.parquet")
    saved = pl.read_parquet(results / "predictions" / protocol / "squeezenet1_0.parquet")
    paths = dict(pl.read_parquet(results / "images.parquet").select("image_id", "path").iter_rows())
    both = frames.join(saved, on=["image_id", "step"]).filter(pl.col("image_id") == frames["image_id"][17])
    assert both.height == {"centre": 1, "scale": 2}.get(protocol, 9)
    for row in both.rows(named=True):
        box = [row[f"source_{side}"] for side in ("left", "top", "right", "bottom")]
        picture = Image.open(paths[row["image_id"]]).convert("RGB").crop(box)
        picture = picture.resize((row["resized_width"], row["resized_height"]), Image.Resampling.BILINEAR)
        frame = Image.new("RGB", (224, 224), row["surround"] if row["surround"] != "none" else "black")
        frame.paste(picture, (row["paste_x"] - row["window_x"], row["paste_y"] - row["window_y"]))
        p = answer(network, frame)
        np.testing.assert_allclose(row["top5_prob"], np.sort(p)[::-1][:5], atol=1e-4)
        assert row["label_prob"] == pytest.approx(p[row["label"]], abs=1e-4)


def test_panoramas_are_named_and_left_out(results):
    skipped = pl.read_parquet(results / "frames" / "embed-black" / "224" / "1of1" / "skipped.parquet")
    sizes = pl.read_parquet(results / "images.parquet").filter(pl.col("image_id").is_in(skipped["image_id"].implode()))
    assert (pl.max_horizontal("width", "height") / pl.min_horizontal("width", "height")).pipe(
        lambda aspect: sizes.select(aspect)
    ).to_series().min() > 2.1
    page = (results / "report.html").read_text()
    assert all(image_id in page for image_id in skipped["image_id"])
