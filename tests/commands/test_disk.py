"""What `check` says of the bytes of frames is what they take, to 20 %, with and without their pixels."""

import shutil
from collections import namedtuple

import numpy as np
import pytest
from PIL import Image

from shiftscope.commands.check import check
from shiftscope.commands.disk import Sample
from shiftscope.config import Config
from shiftscope.core import tables
from shiftscope.sources import sources
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.frames import make_frames
from shiftscope.stages.images import make_images, read_shard

SIZE = 48
PROTOCOLS = {
    "centre": {"kind": "centre"},
    "crop": {"kind": "crop", "offsets": "0..4"},
    "black": {"kind": "embed", "side": 30, "offsets": "0..4"},
    "inpaint": {"kind": "embed", "side": 30, "offsets": "0..4", "surround": "inpaint"},
    "scale": {"kind": "scale", "sides": "20..24"},
    "boxes": {"kind": "box_crop", "reach": 3},
}


def photographs(folder, count):
    """Pictures of many sizes, from smooth to noisy, so that they take very different numbers of bytes."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for number in range(count):
        height, width = rng.integers(60, 120, 2)
        small = Image.fromarray(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8))
        smooth = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)).astype(float)
        noise = rng.normal(0, rng.choice([0, 2, 6, 15]), smooth.shape)
        Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8)).save(folder / f"{number:04}.png")
    return folder


def taken(source, folder, protocol, seed, shards, tmp_path):
    """Bytes of canvases and of frames that the jobs of the workflow write."""
    images, _ = make_images(source, folder, seed)
    boxes = make_boxes(source, folder, images) if "boxes" in source.provides else None
    section = {"kind": protocol["kind"], "options": {key: value for key, value in protocol.items() if key != "kind"}}
    sizes, listed = np.zeros(2), tmp_path / "images"
    tables.write(listed, images, tables.IMAGES)
    for shard in range(shards):
        paths = [tmp_path / f"{name}-{shard}" for name in ("canvases", "frames", "skipped")]
        make_frames(
            **section, images=read_shard(listed, shard, shards), boxes=boxes, size=SIZE, seed=seed, refuse=False,
            canvases_path=paths[0], frames_path=paths[1], skipped_path=paths[2],
        )  # fmt: skip
        sizes += [path.stat().st_size for path in paths[:2]]
    return sizes


PUBLISHED = {"kind": "timm", "architecture": "resnet18.a1_in1k", "pretrained": True}
TRAINED = {"kind": "timm", "architecture": "resnet18", "input_size": SIZE, "outputs": 10, "train": {"dataset": "digits"}}


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name != "boxes"])
def test_pictures_in_a_folder(tmp_path, name):
    path = photographs(tmp_path / "p", 240)
    source = sources["folder"].item.model_validate({"kind": "folder", "path": path, "labels": "none"})
    protocol = PROTOCOLS[name]
    sample = Sample(source, tmp_path, source.listing(tmp_path).pictures, 240, seed=0)
    section = {"kind": protocol["kind"], "options": {key: value for key, value in protocol.items() if key != "kind"}}
    found = sample.bytes_of(section, SIZE, seed=0, shards=2, boxed=False)
    assert len(sample.images(1000)) < 120  # not all of them
    np.testing.assert_allclose(found, taken(source, tmp_path, protocol, 0, 2, tmp_path), rtol=0.2)


def test_pictures_that_cannot_be_opened_or_used_take_nothing(tmp_path):
    path = photographs(tmp_path / "p", 80)
    for number in range(0, 80, 4):
        (path / f"{number:04}.png").write_bytes(b"no picture")
    for number in range(1, 80, 4):
        Image.new("RGB", (300, 20)).save(path / f"{number:04}.png")  # too long for the canvas
    source = sources["folder"].item.model_validate({"kind": "folder", "path": path, "labels": "none"})
    sample = Sample(source, tmp_path, source.listing(tmp_path).pictures, 80, seed=0)
    black = PROTOCOLS["black"]
    found = sample.bytes_of({"kind": "embed", "options": {"side": 30, "offsets": "0..4"}}, SIZE, 0, 1, boxed=False)
    # Every second picture is used: of 32 to 80, a share with a standard error of some 10 %.
    assert found.pixels == pytest.approx(taken(source, tmp_path, black, 0, 1, tmp_path)[0], rel=0.3)


def test_a_protocol_that_no_picture_can_go_through_takes_next_to_nothing(tmp_path):
    path = photographs(tmp_path / "p", 10)
    source = sources["folder"].item.model_validate({"kind": "folder", "path": path, "labels": "none"})
    sample = Sample(source, tmp_path, source.listing(tmp_path).pictures, 10, seed=0)
    section = {"kind": "embed", "options": {"side": 47, "resize": "shorter", "offsets": "0..40"}}
    assert sample.bytes_of(section, SIZE, 0, 1, boxed=False).pixels == 0


@pytest.mark.parametrize("fetched", [False, True])
@pytest.mark.parametrize("frames", ["keep", "discard"])
def test_the_embedded_pictures_before_and_after_they_are_made(tmp_path, monkeypatch, fetched, frames):
    monkeypatch.chdir(tmp_path)
    config = {
        "frames": frames,
        "shards": 2,
        "seed": 3,
        "datasets": {"digits": {"kind": "digits", "framing": "uniform", "count": 200, "split": "test"}},
        "networks": {"net": TRAINED},
        "protocols": PROTOCOLS,
    }
    source = sources["digits"].item.model_validate(config["datasets"]["digits"])
    folder = tmp_path / "results" / "digits" / "source" if fetched else tmp_path / "elsewhere"
    source.fetch(folder, 3)
    sizes = sum(taken(source, folder, protocol, 3, 2, tmp_path) for protocol in PROTOCOLS.values())
    findings = check(Config.load(config))
    (line,) = [line for line in findings.lines if " disk: " in line]
    both, rows = (said(line, *where) for where in WHERE[frames])
    assert both == pytest.approx(sizes.sum(), rel=0.2)
    assert rows == pytest.approx(sizes[1], rel=0.2)
    (parts,) = [line.split("about ")[1] for line in findings.lines if "frames of digits: about " in line]
    assert sum(number(part.split()[-2:]) for part in parts.split(", ")) == pytest.approx(both, rel=0.05)


WHERE = {
    "keep": [("about ", " of frames will be written"), ("discard' about ", " of them stay")],
    "discard": [("up to ", " are there"), ("about ", " of frames will stay")],
}


def number(words):
    return float(words[0]) * {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[words[1]]


def said(line, before, after):
    return number(line.split(after)[0].split(before)[-1].split())


def test_a_film_that_is_cut_into_clips_takes_what_its_clips_take(tmp_path):
    for film in range(3):
        (tmp_path / "p" / f"film{film}").mkdir(parents=True)
        for path in sorted(photographs(tmp_path / f"of{film}", 1).iterdir()):
            picture = Image.open(path).resize((80, 70))
            for k in range(12):
                picture.rotate(3 * k).save(tmp_path / "p" / f"film{film}" / f"{k}.png")
    source = sources["film"].item.model_validate({"kind": "film", "path": tmp_path / "p", "clip": 4})
    sample = Sample(source, tmp_path, source.listing(tmp_path).pictures, 3, seed=0)
    found = sample.bytes_of({"kind": "natural", "options": {}}, SIZE, 0, 1, boxed=False)
    expected = taken(source, tmp_path, {"kind": "natural"}, 0, 1, tmp_path)
    np.testing.assert_allclose(found, expected, rtol=0.02)  # all of them were tried


def test_what_cannot_be_known_yet_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {
        "datasets": {"nette": {"kind": "imagenette"}},
        "networks": {"net": PUBLISHED},
        "protocols": {"centre": {}},
    }
    (line,) = [line for line in check(Config.load(config)).lines if " disk: " in line]
    assert line.endswith("Not counted, since its pictures are not here yet: nette")


@pytest.mark.parametrize(("frames", "free", "wrong"), [("keep", 600, 1), ("discard", 600, 0), ("discard", 200, 1)])
def test_a_disk_that_is_too_small_is_said_to_be(tmp_path, monkeypatch, frames, free, wrong):
    """40 pictures of 12 kB of noise through two protocols: with `discard` one of four shards must have room, of both."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "p"
    path.mkdir()
    for k in range(40):
        noise = np.random.default_rng(k).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path / f"{k}.png")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(1000 * free))
    config = {
        "frames": frames,
        "shards": 4,
        "datasets": {"p": {"kind": "folder", "path": str(path), "labels": "none"}},
        "networks": {"net": {**PUBLISHED, "input_size": 64}},
        "protocols": {"centre": {"crop_fraction": 1}, "circular": {"offsets": "0..1", "crop_fraction": 1}},
    }
    lines = check(Config.load(config)).lines
    assert [line.startswith("WRONG") for line in lines if " disk: " in line] == [bool(wrong)], lines
