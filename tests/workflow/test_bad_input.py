"""What a user may get wrong, through the front door: one clear sentence, exit code ≠ 0, nothing half-written."""

import json
import re
import shutil

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file

from shiftscope.figures import figures
from shiftscope.sensitivity.measures import measures

from .conftest import Project

pytestmark = [pytest.mark.workflow]
CONFIG = {
    "results": "odd",
    "datasets": {"pictures": {"kind": "folder", "path": "pictures"}},
    "networks": {
        "net": {
            "kind": "timm", "architecture": "resnet18", "options": {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16]},
            "input_size": 64, "outputs": 10, "weights": "weights.safetensors",
        }
    },
    "protocols": {"centre": {}, "black": {"kind": "embed", "side": 30, "offsets": "0..2"}},
    "inference": {"device": "cpu", "threads": 1},
    "statistics": {"resamples": 100},
}  # fmt: skip
USED = {"gray": "L", "cmyk": "CMYK", "rgba": "RGBA", "palette": "P", "deep": "I;16"}


def put_pictures(folder):
    """Pictures of every odd kind in two classes."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog ü"):
        (folder / name).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(rng.integers(0, 256, (90, 70, 3), dtype=np.uint8)).save(folder / name / f"plain {number}.jpg")
    for name, mode in USED.items():
        pixels = rng.integers(0, 256, (80, 100, 3), dtype=np.uint8)
        if mode == "I;16":
            Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(folder / "cat" / f"{name}.png")
        else:
            suffix = "jpg" if mode in ("CMYK", "L") else "png"
            Image.fromarray(pixels).convert(mode).save(folder / "cat" / f"{name}.{suffix}")
    Image.fromarray(rng.integers(0, 256, (1, 1, 3), dtype=np.uint8)).save(folder / "cat" / "dot.png")
    Image.fromarray(rng.integers(0, 256, (20, 20_000, 3), dtype=np.uint8)).save(folder / "cat" / "strip.png")
    whole = (folder / "cat" / "plain 0.jpg").read_bytes()
    (folder / "cat" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "cat" / "text.jpg").write_text("no picture")


@pytest.fixture(scope="module")
def prepared(finished, tmp_path_factory):
    """The pictures, and weights that fit."""
    project = Project(tmp_path_factory.mktemp("odd"))
    put_pictures(project.folder / "pictures")
    weights = finished.folder / "results" / "networks" / "plain" / "weights.safetensors"
    shutil.copy2(weights, project.folder / "weights.safetensors")
    return project


@pytest.fixture
def unstarted(prepared):
    """The same, for configs with which nothing is made."""
    yield prepared
    assert not (prepared.folder / "odd").exists()


def run(project, config, *arguments):
    (project.folder / "small.yaml").write_text(yaml.safe_dump(config))
    return project.snakemake(*arguments, check=False)


def changed(section, name, **more):
    return {**CONFIG, section: {**CONFIG[section], name: {**CONFIG[section][name], **more}}}


@pytest.fixture(scope="module")
def odd(prepared, tmp_path_factory):
    """Results of the pictures, once with labels and once without."""
    project = prepared.copy(tmp_path_factory.mktemp("ran") / "project")
    pictures = CONFIG["datasets"]["pictures"]
    unlabelled = {**pictures, "labels": "none", "protocols": ["black"]}
    output = run(project, {**CONFIG, "datasets": {"pictures": pictures, "unlabelled": unlabelled}})
    assert output.startswith("exit 0"), output[-3000:]
    return project.folder / "odd"


def test_odd_pictures_are_used_or_named_and_left_out(odd):
    results = odd / "pictures"
    images = pl.read_parquet(results / "images.parquet")
    assert {f"cat/{name}" for name in (*USED, "dot", "strip")} <= set(images["image_id"])
    assert dict(images.select("image_id", "label").iter_rows())["dog ü/plain 1"] == 1
    assert set(pl.read_parquet(results / "skipped.parquet")["image_id"]) == {"cat/cut", "cat/text"}
    assert pl.read_parquet(results / "frames/black/64/1of1/skipped.parquet")["image_id"].to_list() == ["cat/strip"]
    rows = pl.read_parquet(results / "predictions/black/net.parquet")
    assert rows.height == 3 * (images.height - 1)
    page = (results / "report.html").read_text()
    for name in ("cat/cut", "cat/text", "cat/strip"):
        assert name in page


def test_pictures_without_labels_are_measured_by_what_needs_none(odd):
    results = odd / "unlabelled"
    free = {entry.name for entry in measures if "labels" not in entry.needs}
    assert set(pl.read_parquet(results / "sensitivity.parquet")["measure"]) == free
    assert {path.stem for path in results.glob("figures/**/*.png")} == {
        entry.name
        for entry in figures
        if not entry.needs
        and entry.item.tables <= {"predictions", "sensitivity", "curves", "frames"}
        and entry.item.protocol <= {"ordered"}
    }


def put_mistakes(folder):
    """Data sets and networks that are wrong in a way of their own each, which their first jobs find."""
    (folder / "a.mp4").write_text("no film")
    (folder / "frames").mkdir()
    for k in (0, 9):
        Image.new("RGB", (80, 80 + k)).save(folder / "frames" / f"{k}.png")
    # COCO's format: a picture of 50 px, and a protocol whose window is 64.
    (folder / "small").mkdir()
    Image.new("RGB", (50, 50)).save(folder / "small" / "one.png")
    (folder / "small.json").write_text(json.dumps({
        "images": [{"id": 1, "file_name": "one.png", "width": 50, "height": 50}],
        "categories": [{"id": 1, "name": "c"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20]}],
    }))  # fmt: skip
    for name in ("empty", "twice"):
        shutil.copytree(folder / "pictures", folder / f"pictures-{name}")
    (folder / "pictures-empty" / "empty").mkdir()
    for name in ("cut", "text"):
        (folder / "pictures-empty" / "cat" / f"{name}.jpg").unlink()
    shutil.copy2(folder / "pictures/cat/deep.png", folder / "pictures-twice/cat/gray.png")
    weights = load_file(folder / "weights.safetensors")
    save_file({name: value for name, value in weights.items() if name != "fc.bias"}, folder / "less.safetensors")
    save_file({**weights, "more": weights["fc.bias"].clone()}, folder / "more.safetensors")
    net = CONFIG["networks"]["net"]
    return {
        **CONFIG,
        "datasets": {
            "film": {"kind": "film", "path": "a.mp4", "protocols": ["natural"]},
            "sizes": {"kind": "film", "path": "frames", "protocols": ["natural"]},
            "window": {"kind": "coco", "images": "small", "annotations": "small.json", "unusable": "refuse", "protocols": ["box_crop"]},
            "unusable": {"kind": "folder", "path": "pictures", "unusable": "refuse", "protocols": ["centre"]},
            "empty": {"kind": "folder", "path": "pictures-empty", "unusable": "refuse", "protocols": ["centre"]},
            "twice": {"kind": "folder", "path": "pictures-twice", "protocols": ["centre"]},
        },
        "networks": {
            "missing": {**net, "weights": "less.safetensors"},
            "extra": {**net, "weights": "more.safetensors"},
            "classes": {**net, "outputs": 12},
        },
        "protocols": {"centre": {}, "natural": {}, "box_crop": {}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def mistaken(prepared, tmp_path_factory):
    """What a run of all these mistakes says; it goes on with others where one job has failed."""
    project = prepared.copy(tmp_path_factory.mktemp("mistaken") / "project")
    config = put_mistakes(project.folder)
    targets = [f"odd/{name}/sensitivity.parquet" for name in config["datasets"]]
    output = run(project, config, *targets)
    assert output.startswith("exit 1")
    assert "Traceback" not in output
    made = project.folder / "odd"
    assert not list(made.rglob("*.part"))
    assert not list(made.rglob("card.json"))
    assert not list(made.rglob("sensitivity.parquet"))
    assert not list(made.rglob("frames.parquet"))
    return [line for line in output.splitlines() if line.startswith("error: ")]


@pytest.mark.parametrize(
    "words",
    [
        "a.mp4",
        "80 × 80.*80 × 89|80 × 89.*80 × 80",
        "one: it|one cannot go through.*smaller than a window of 64 px|smaller than a window of 64 px",
        "cut.jpg",
        "empty has no pictures",
        "gray.jpg and .*gray.png would both be called cat/gray",
        "does not fit missing: it lacks fc.bias",
        "does not fit extra: it has more too many",
        "answers with 10 classes, but classes is set to 12; write 'outputs: 10'",
    ],
    ids=["text as film", "sizes of frames", "window", "unusable", "empty class", "same id", "missing key", "extra key", "classes"],
)  # fmt: skip
def test_a_mistake_that_a_job_finds_is_one_sentence(mistaken, words):
    assert len([line for line in mistaken if re.search(words, line)]) == 1, mistaken


def test_a_key_that_is_given_twice_stops_everything_before_it_starts(unstarted):
    """Snakemake's own reader keeps the later."""
    text = yaml.safe_dump(CONFIG) + "results: other\n"
    (unstarted.folder / "small.yaml").write_text(text)
    output = unstarted.snakemake(check=False)
    assert output.startswith("exit 1")
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if line.startswith("results:")]
    assert f"small.yaml: the key 'results' is given in line {lines[0]} and again in line {lines[1]}" in output
    assert "Traceback" not in output
    assert not (unstarted.folder / "other").exists()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (changed("datasets", "pictures", path="nowhere"), "datasets.pictures: .*nowhere does not exist"),
        (changed("datasets", "pictures", path="small.yaml"), "small.yaml is"),
        (changed("networks", "net", weights="nowhere.pth"), "networks.net: there is no file nowhere.pth"),
        ({**CONFIG, "protocols": {"corp": {}}}, "unknown protocol 'corp'; did you mean 'crop'"),
        (changed("protocols", "black", offsets="0..40"), "protocols.black: offsets 0..40 leave the canvas"),
        (changed("protocols", "black", kind="box_crop", side=None, offsets=None), "protocols.black.*unknown key 'offsets'"),
        (
            {**CONFIG, "protocols": {"box_crop": {}}},
            r"protocols.box_crop: needs boxes, which data set pictures \(folder\) does not have",
        ),
        ({**CONFIG, "protocols": {"natural": {}}}, r"protocols.natural: needs film, which data set pictures"),
        (
            changed("datasets", "pictures", protocols=["center"]),
            "datasets.pictures.protocols: unknown protocol 'center'; did you mean 'centre'",
        ),
        (changed("networks", "net", options={"layrs": [1]}), "networks.net: timm's resnet18 does not take these options"),
        ({**CONFIG, "sards": 2}, "sards: unknown key 'sards'; did you mean 'shards'"),
    ],
    ids=["folder", "no folder", "weights", "protocol", "offsets", "kind", "boxes", "film", "chosen", "options", "key"],
)
def test_a_mistake_that_the_config_shows_stops_everything_before_it_starts(unstarted, config, words):
    output = run(unstarted, config)
    assert output.startswith("exit 1")
    assert re.search(rf"error: the config is not right:\n.*{words}", output), output[-2000:]
    assert "Traceback" not in output
    assert "common.smk" not in output
