"""The small run: its files hold what they promise; killed and started again it ends the same."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from urllib.parse import unquote

import numpy as np
import polars as pl
import psutil
import pytest

from shiftscope.association import ACCURACY_BY_SURPRISAL, CORRELATION
from shiftscope.bias import BIAS, FRAMING_COMPARISON, INCLUSION
from shiftscope.core import tables
from shiftscope.core.files import complete
from shiftscope.data.canvases import read_canvases
from shiftscope.sensitivity import COMPARISONS, CURVES, SENSITIVITY

from ..sensitivity.from_pictures import both_tables
from .conftest import SMALL

pytestmark = [pytest.mark.workflow]
NETWORKS, PROTOCOLS = tuple(SMALL["networks"]), {"centre": 1, "crop": 5, "inpaint": 5, "move": 4}


def test_all_that_was_promised_is_there(finished):
    results = finished.folder / "results"
    for dataset in ("train", "test"):
        assert (
            tables.read(results / dataset / "images.parquet", tables.IMAGES).height == {"train": 320, "test": 30}[dataset]
        )
        assert tables.read(results / dataset / "boxes.parquet", tables.BOXES).height == {"train": 320, "test": 30}[dataset]
        assert tables.read(results / dataset / "bias.parquet", BIAS).height == 11 * 10
        assert tables.read(results / dataset / "inclusion.parquet", INCLUSION).height
        assert (results / dataset / "report.html").stat().st_size > 10_000
        # Nothing is asked about the pictures that networks are trained on.
        assert (results / dataset / "explorer.html").is_file() == (dataset == "test")
    for name, schema in (("sensitivity", SENSITIVITY), ("comparisons", COMPARISONS), ("curves", CURVES)):
        assert pl.read_parquet(results / "test" / f"{name}.parquet").schema == schema
    for name, schema in (
        ("framing_comparison/train", FRAMING_COMPARISON),
        ("relation", CORRELATION),
        ("accuracy_by_surprisal", ACCURACY_BY_SURPRISAL),
    ):
        assert pl.read_parquet(results / "test" / f"{name}.parquet").schema == schema
    unlike = pl.read_parquet(results / "test" / "accuracy_by_surprisal.parquet")
    assert unlike.group_by("network", "protocol").agg(pl.col("n_images").sum())["n_images"].to_list() == [30] * len(
        NETWORKS
    ) * len(PROTOCOLS)
    for protocol, steps in PROTOCOLS.items():
        for network in NETWORKS:
            rows = tables.read(results / "test" / "predictions" / protocol / f"{network}.parquet", tables.PREDICTIONS)
            assert rows.height == 30 * steps
            assert not rows.select("image_id", "step").is_duplicated().any()
            noted = json.loads((results / "test" / "predictions" / protocol / f"{network}.json").read_text())
            assert noted["frames"] == 30 * steps >= noted["windows"] > 0
    for figure in (
        "measures",
        "paper_table",
        "box_centres",
        "framing",
        "relation",
        "crop/examples",
        "crop/gallery",
        "crop/curves",
        "inpaint/jaggedness",
    ):
        for suffix in ("png", "pdf", "txt"):
            assert (results / "test" / "figures" / f"{figure}.{suffix}").stat().st_size > 20
    assert not list(results.rglob("*.part"))


def test_all_tables_are_there_as_csv_beside_the_page(finished):
    results = finished.folder / "results"
    found = {dataset: {path.stem for path in (results / dataset / "tables").glob("*.csv")} for dataset in ("train", "test")}
    framed = {"bias", "inclusion"}
    assert found["train"] == framed
    of_networks = {"networks", "sensitivity", "curves", "comparisons", "remedies", "augmentation", "layers", "geometry"}
    assert found["test"] == framed | of_networks | {"relation", "accuracy_by_surprisal", "framing_comparison"}
    for name in ("sensitivity", "comparisons", "bias"):
        table = pl.read_parquet(results / "test" / f"{name}.parquet")
        again = pl.read_csv(results / "test" / "tables" / f"{name}.csv", schema=table.schema)
        assert again.equals(table, null_equal=True)
    layers = pl.read_csv(results / "test" / "tables" / "layers.csv", infer_schema_length=None)
    assert layers.select("protocol", "network").unique().sort("network").rows() == [("move", name) for name in NETWORKS]
    rows = pl.read_csv(results / "test" / "results.csv")
    assert rows.height == len(NETWORKS) * len(PROTOCOLS)
    assert not (results / "train" / "results.csv").exists()


def test_what_the_page_leads_to_is_there(finished):
    folder = finished.folder / "results" / "test"
    html = (folder / "report.html").read_text(encoding="utf-8")
    places = set(re.findall(r'id="([^"]+)"', html))
    links = set(re.findall(r'href="([^"]+)"', html))
    assert len(links) > 40
    for link in links:
        assert link[1:] in places if link.startswith("#") else (folder / unquote(link)).is_file(), link
    assert "Moved by one pixel (crop), " in html
    assert sum(map(len, re.findall(r'src="data:image/webp;base64,([^"]+)"', html))) <= 2_500_000


def test_cards_describe_what_was_loaded(finished):
    from safetensors import safe_open

    from shiftscope.networks.weights import read_note

    for network in ("plain", "taught"):
        folder = finished.folder / "results" / "networks" / network
        card = json.loads((folder / "card.json").read_text())
        with safe_open(folder / "weights.safetensors", "pt") as file:
            weights = [file.get_tensor(name) for name in file.keys()]  # noqa: SIM118
        assert read_note(folder / "weights.safetensors")["options"]["input_size"] == 64
        counted = sum(tensor.numel() for tensor in weights if tensor.is_floating_point())
        # What is saved beside the parameters: means and variances of batch normalisation.
        assert card["parameters"] < counted < card["parameters"] * 1.2
    for network in NETWORKS:
        card = json.loads((finished.folder / "results" / "networks" / network / "card.json").read_text())
        assert card["subsampling_stride"] == card["subsampling_ratio"] == 32
        chosen = card["calibration"][0]
        assert chosen["engine"] == card["engine"]
        assert chosen["changed_top1"] == card["changed_top1"] == 0
        assert chosen["largest_difference"] <= 1e-4
        # A blur makes another structure; the other two have the same one.
        assert card["tried_on"] in ({"blurred"} if network == "blurred" else {"plain", "taught"})
    kept = [json.loads(path.read_text()) for path in (finished.folder / "results/networks/_choices").iterdir()]
    assert len(kept) == 2


@pytest.mark.parametrize("protocol", ["centre", "crop", "inpaint"])
def test_a_loop_over_the_saved_geometry_agrees_with_the_saved_predictions(finished, protocol):
    """The frames are made again from the picture on disk with Pillow alone, the network is run by plain torch."""
    import timm
    import torch
    from PIL import Image
    from safetensors.torch import load_file

    results = finished.folder / "results"
    frames = pl.concat(
        [pl.read_parquet(path) for path in sorted(results.glob(f"test/frames/{protocol}/64/*/frames.parquet"))]
    )
    images = dict(pl.read_parquet(results / "test/images.parquet").select("image_id", "path").iter_rows())
    chosen = frames["image_id"][0]
    network = timm.create_model("resnet18", num_classes=10, layers=[1, 1, 1, 1], channels=[8, 8, 16, 16]).eval()
    network.load_state_dict(load_file(results / "networks/plain/weights.safetensors"))
    saved = pl.read_parquet(results / f"test/predictions/{protocol}/plain.parquet").filter(pl.col("image_id") == chosen)
    inpainted = {
        name: pixels
        for path in results.glob(f"test/frames/{protocol}/64/*/canvases.parquet")
        for canvases in read_canvases(path)
        for name, pixels in canvases.items()
    }
    for frame, row in zip(
        frames.filter(pl.col("image_id") == chosen).rows(named=True), saved.rows(named=True), strict=True
    ):
        picture = Image.open(finished.folder / images[chosen]).convert("RGB")
        box = [frame[f"source_{side}"] for side in ("left", "top", "right", "bottom")]
        size = (frame["resized_width"], frame["resized_height"])
        picture = picture.crop(box).resize(size, Image.Resampling[frame["resizer"].removeprefix("pillow-").upper()])
        canvas = Image.new("RGB", (200, 200))
        if frame["surround"] == "inpaint":  # the surround is tested by itself; the picture is put over it again
            canvas.paste(Image.fromarray(inpainted[frame["canvas_id"]]), (50, 50))
        canvas.paste(picture, (50 + frame["paste_x"], 50 + frame["paste_y"]))
        left, top = 50 + frame["window_x"], 50 + frame["window_y"]
        pixels = np.asarray(canvas.crop((left, top, left + 64, top + 64))) / 255
        x = torch.tensor((pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).permute(2, 0, 1)[None].float()
        p = network(x).softmax(1)[0].detach().numpy()
        np.testing.assert_allclose(row["top5_prob"], np.sort(p)[::-1][:5], atol=1e-4)
        assert row["label_prob"] == pytest.approx(p[row["label"]], abs=1e-4)


@pytest.mark.parametrize("protocol", ["crop", "inpaint"])
def test_loops_over_the_saved_predictions_agree_with_the_saved_tables(finished, protocol):
    """The tables were made of sums and draws of each network; here they are made of all frames, a draw after the other."""
    results = finished.folder / "results" / "test"
    networks = {name: pl.read_parquet(results / "predictions" / protocol / f"{name}.parquet") for name in NETWORKS}
    single, paired = both_tables(networks, seed=0, level=0.95, n_resamples=200)
    keys = {
        "sensitivity": ["network", "measure", "condition"],
        "comparisons": ["network_a", "network_b", "measure", "condition"],
    }
    for name, expected, columns in (
        ("sensitivity", single, ("estimate", "ci_low", "ci_high")),
        ("comparisons", paired, ("difference", "ci_low", "ci_high", "p_value")),
    ):
        table = pl.read_parquet(results / f"{name}.parquet").filter(protocol=protocol)
        rows = table.rows_by_key(keys[name], named=True, unique=True)
        assert len(expected) >= 20
        # What another measure says in sequences of one length is compared once.
        apart = {key for key in expected if key in rows}
        assert {key[2:] for key in expected if key not in apart} <= {("exit_rate", "right"), ("jaggedness", "all")}
        for key in apart:
            numbers = expected[key]
            found = [np.nan if rows[key][column] is None else rows[key][column] for column in columns]
            np.testing.assert_allclose(found, numbers, rtol=1e-12, atol=1e-15)
    assert not np.isnan([numbers[1] for key, numbers in single.items() if key[1:] == ("mac", "all")]).any()


def test_killed_in_the_middle_of_inference_it_goes_on_and_ends_the_same(project, finished):
    """kill -9 of Snakemake and, for one of the jobs, of the job; another job is left running and writing."""
    results = project.folder / "results" / "test"
    predictions = results / "predictions" / "crop"
    # What is made of them too: Snakemake does not miss a file in the middle while the last one is there.
    for name in ("predictions", "sums", "draws"):
        shutil.rmtree(results / name / "crop")
    made = [f"results/test/{name}.parquet" for name in ("sensitivity", "comparisons")]
    for path in made:
        (project.folder / path).unlink()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = subprocess.Popen(project.command(*made), cwd=project.folder, env=project.environment(), **quiet)
    jobs = []
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not (len(jobs) >= 2 and list(predictions.rglob("*of2.parquet"))):
        jobs = _infer_jobs(run.pid)
    assert len(jobs) >= 2, "no two inference jobs were seen to run"
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    os.kill(jobs[0], signal.SIGKILL)
    with complete(next(predictions.rglob("*of2.parquet"))) as part:  # what the killed job might have left half written
        half = part.with_name(part.name.replace(str(os.getpid()), str(jobs[0])))
        half.write_bytes(b"half")
        part.write_bytes(next(predictions.rglob("*of2.parquet")).read_bytes())
    locked = project.snakemake(*made, check=False)
    if "LockException" in locked:
        project.snakemake("--unlock")
        project.snakemake(*made)
    assert project.would_run() == {}  # all that is made of these tables is still right
    for path in made:
        again, before = (pl.read_parquet(one.folder / path) for one in (project, finished))
        assert again.equals(before)
    for network in NETWORKS:
        rows = pl.read_parquet(predictions / f"{network}.parquet")
        assert rows.height == 30 * PROTOCOLS["crop"]
        assert not rows.select("image_id", "step").is_duplicated().any()


def _infer_jobs(parent: int) -> list[int]:
    """Ids of the inference jobs below this Snakemake."""
    found = []
    for process in psutil.Process(parent).children(recursive=True):
        try:
            command = process.cmdline()
        except psutil.NoSuchProcess:
            continue
        if len(command) > 1 and command[1].endswith("infer.py"):
            found.append(process.pid)
    return found
