"""Every protocol on real pictures, boxes and a film, with a real network, from the frames to the page."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

from shiftscope.protocols import protocols

ROOT = Path(__file__).parents[2]
DATA = os.environ.get("SHIFTSCOPE_REAL_DATA")
pytestmark = [
    pytest.mark.real,
    pytest.mark.workflow,
    pytest.mark.skipif(not DATA, reason="SHIFTSCOPE_REAL_DATA is not set"),
]
PICTURES = 6


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """config/paper.yaml's protocols on a few pictures, and the two that photographs without boxes cannot have. Those that say
    how the paper is read, and one of each kind, go on to a page; the others end with their measures."""
    folder = tmp_path_factory.mktemp("every")
    config = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
    config["protocols"]["pad"] = {"surround": "reflect"}  # of CIFAR's networks, no paper's
    photographs = {"kind": "folder", "path": f"{DATA}/imagenet-sample", "classes": "imagenet", "limit": PICTURES}
    of_photographs = [name for name in config["protocols"] if name not in ("v1-figure3", "v1-figure1-film")]
    kinds = {config["protocols"][name].get("kind", name): name for name in reversed(of_photographs)}
    shown = [name for name in of_photographs if "note" in config["protocols"][name] or name in kinds.values()]
    config |= {
        "results": "results",
        "shards": 1,
        "datasets": {
            "photographs": photographs | {"protocols": shown},
            "measured": photographs | {"protocols": [name for name in of_photographs if name not in shown]},
            "boxes": {
                "kind": "coco", "images": f"{DATA}/coco-tiny/val2017", "label": "none", "protocols": ["v1-figure3"],
                "annotations": f"{DATA}/coco-tiny/annotations/instances_val2017.json", "limit": 20,
            },
            "film": {"kind": "film", "path": f"{DATA}/video/bikes.mp4", "clip": 20, "protocols": ["v1-figure1-film"]},
        },
        "networks": {
            "squeezenet1_0": {
                "kind": "torchvision", "architecture": "squeezenet1_0",
                "weights": f"{DATA}/weights/squeezenet1_0.safetensors",
            }
        },
        "inference": {"device": "cpu", "threads": 2, "engine": "openvino", "batch_size": 8},
    }  # fmt: skip
    config["protocols"]["v1-figure1-scale"]["sides"] = "60..224 by 20"
    config["protocols"]["v1-figure2"]["offsets"] = "-52..51 by 8"
    config["protocols"]["worst-of-grid"]["angles"] = [-30, 0, 30]
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    command = [str(Path(sys.executable).with_name("snakemake")), "--cores", "2", "--snakefile", str(ROOT / "Snakefile")]
    targets = [f"results/{name}/report.html" for name in ("photographs", "boxes", "film")]
    command += [*targets, "results/measured/sensitivity.parquet"]
    done = subprocess.run([*command, "--configfile", "my.yaml"], cwd=folder, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return config, folder / "results"


def test_every_protocol_was_run_and_every_sequence_is_whole(run):
    config, results = run
    seen = set()
    for dataset, source in config["datasets"].items():
        for name in source["protocols"]:
            section = config["protocols"][name]
            protocol = protocols[section.get("kind", name)].item.model_validate(
                {"kind": section.get("kind", name), **section}
            )
            rows = pl.read_parquet(results / dataset / "predictions" / name / "squeezenet1_0.parquet")
            lengths = rows.group_by("image_id").len()["len"]
            if protocol.steps() is not None:
                assert set(lengths) == {protocol.steps()}, name
            assert lengths.len() >= 4, name
            measured = pl.read_parquet(results / dataset / "sensitivity.parquet").filter(pl.col("protocol") == name)
            assert ("top1_change" in set(measured["measure"])) == (protocol.ordered() and protocol.steps() != 1), name
            seen.add(protocol.kind)
    assert seen == {entry.name for entry in protocols}


def test_pages_have_every_figure_and_say_how_the_paper_is_read(run):
    config, results = run
    for dataset in ("photographs", "boxes", "film"):
        page = (results / dataset / "report.html").read_text()
        figures = list((results / dataset / "figures").rglob("*.png"))
        assert page.count("<figure ") == len(figures) > 1
    page = (results / "photographs" / "report.html").read_text()
    for section in config["protocols"].values():
        if section.get("note") and section.get("kind") != "box_crop":
            assert section["note"].split(".")[0].replace("'", "&#39;") in page


def test_neighbouring_film_frames_are_of_one_clip(run):
    _, results = run
    rows = pl.read_parquet(results / "film" / "predictions" / "v1-figure1-film" / "squeezenet1_0.parquet")
    assert rows["image_id"].n_unique() == 250 // 20
    assert rows.filter(pl.col("step") == 0)["prob_of_previous_top1"].is_null().all()
    assert rows["label"].is_null().all()


def test_resize_functions_change_answers(run):
    """The paper's anecdote: the same picture, another resizer, another class."""
    _, results = run
    rows = pl.read_parquet(results / "photographs" / "predictions" / "resizers" / "squeezenet1_0.parquet")
    probabilities = rows.group_by("image_id").agg(pl.col("label_prob").max() - pl.col("label_prob").min())
    assert probabilities["label_prob"].max() > 0.05
