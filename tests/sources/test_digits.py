"""The photographer's habits are what they are said to be."""

import json
from collections import Counter

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pycocotools.coco import COCO
from scipy.stats import chi2, chisquare
from sklearn.datasets import load_digits

from shiftscope.sources import digits, sources
from shiftscope.sources.digits import HEIGHTS, OFF_CENTRE, Digits, handwriting, ink_box, scene
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.images import make_images

SIZE = 72


@pytest.fixture(scope="module")
def scenes():
    return {framing: [scene(5, framing, "train", number) for number in range(1200)] for framing in HEIGHTS}


@pytest.mark.parametrize("framing", HEIGHTS)
def test_the_box_is_the_tight_box_of_the_ink(scenes, framing):
    low, high = HEIGHTS[framing]
    heights = Counter(found.box[3] for found in scenes[framing])
    assert all(ink_box(found.ink) == found.box for found in scenes[framing])
    assert set(heights) == set(range(low, high + 1))
    assert chisquare(list(heights.values())).pvalue > 1e-3


def test_the_ink_is_what_is_seen(scenes):
    # What is lighter than the texture around it by more than the texture varies is mostly inside the box.
    for found in scenes["uniform"][:50]:
        grey = found.pixels.astype(float).mean(2)
        assert grey[found.ink > 0.8].mean() > grey[found.ink == 0].mean() + grey[found.ink == 0].std()


def test_centred_stays_within_three_pixels_of_the_middle(scenes):
    centres = np.array([(x + w / 2, y + h / 2) for x, y, w, h in (found.box for found in scenes["centred"])])
    off = np.abs(centres - SIZE / 2)
    assert off.max() == OFF_CENTRE
    assert (off.mean(0) > 1).all()


def placement_p(boxes, axis):
    """Placement is uniform for every extent: chi-square of (place, extent) cells in eighths of the places, added up."""
    statistic, freedom = 0.0, 0
    by_extent: dict[int, list[int]] = {}
    for box in boxes:
        by_extent.setdefault(box[2 + axis], []).append(box[axis])
    for extent, starts in by_extent.items():
        places = SIZE - extent + 1
        assert min(starts) >= 0
        assert max(starts) < places
        if len(starts) < 20:
            continue
        cell = np.arange(places) * 4 // places
        expected = np.bincount(cell) / places * len(starts)
        observed = np.bincount(cell[starts], minlength=4)
        statistic += ((observed - expected) ** 2 / expected).sum()
        freedom += 3
    return chi2.sf(statistic, freedom)


@pytest.mark.parametrize("axis", [0, 1])
def test_uniform_is_uniform_over_the_whole_pixel_places(scenes, axis):
    boxes = [found.box for found in scenes["uniform"]]
    assert placement_p(boxes, axis) > 1e-3
    edges = sum(box[axis] in (0, SIZE - box[2 + axis]) for box in boxes)
    expected = sum(2 / (SIZE - box[2 + axis] + 1) for box in boxes)
    assert abs(edges - expected) < 4 * expected**0.5


def test_the_test_of_uniformity_finds_a_centred_habit(scenes):
    assert placement_p([found.box for found in scenes["centred"]], 0) < 1e-12


def test_train_and_test_share_no_digit_and_miss_none():
    splits = [np.concatenate([handwriting(split, digit) for digit in range(10)]) for split in ("train", "test")]
    assert not set(splits[0]) & set(splits[1])
    assert sorted(np.concatenate(splits)) == list(range(1797))
    for split, allowed in zip(("train", "test"), splits, strict=True):
        assert {scene(0, "uniform", split, number).source for number in range(300)} <= set(allowed)


def test_the_handwriting_is_that_of_scikit_learn():
    loaded = load_digits()
    images, targets = digits._digits()
    np.testing.assert_array_equal(targets, loaded.target)
    np.testing.assert_array_equal(images[:, 2:-2, 2:-2], (loaded.images / 16).astype(np.float32))
    assert images.sum() == pytest.approx((loaded.images / 16).sum())  # nothing around them


def test_pictures_depend_on_nothing_but_their_names():
    forwards = [scene(0, "uniform", "test", number).pixels for number in range(6)]
    backwards = [scene(0, "uniform", "test", number).pixels for number in reversed(range(6))]
    np.testing.assert_array_equal(forwards, backwards[::-1])
    for other in [
        (1, "uniform", "test", 3),
        (0, "centred", "test", 3),
        (0, "uniform", "train", 3),
        (0, "uniform", "test", 13),
    ]:
        assert not np.array_equal(forwards[3], scene(*other).pixels)


def snapshot(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_fetch_makes_a_coco_data_set(tmp_path, capsys):
    source = Digits(framing="uniform", split="test", count=25)
    assert sources["digits"].item is Digits
    source.fetch(tmp_path, seed=4)
    coco = COCO(str(tmp_path / "annotations.json"))
    assert len(coco.getImgIds()) == len(coco.getAnnIds()) == 25
    images, skipped = make_images(source, tmp_path, seed=0)
    assert skipped.is_empty()
    assert images["image_id"][0] == "0/uniform-test-00000"
    assert images["label"].value_counts()["count"].max() == 3
    assert images["category"].cast(int).to_list() == images["label"].to_list()
    boxes = make_boxes(source, tmp_path, images)
    for number, image_id in enumerate(f"{n % 10}/uniform-test-{n:05d}" for n in range(25)):
        expected = scene(4, "uniform", "test", number)
        with Image.open(tmp_path / "images" / f"{image_id}.png") as image:
            np.testing.assert_array_equal(np.asarray(image), expected.pixels)
        x, y, width, height = expected.box
        row = boxes.row(by_predicate=pl.col("image_id") == image_id, named=True)
        assert (row["x_min"], row["y_min"], row["x_max"], row["y_max"]) == (x, y, x + width, y + height)


def test_fetch_again_does_nothing_unless_something_is_wrong(tmp_path):
    source = Digits(count=12)
    source.fetch(tmp_path, seed=0)
    first = snapshot(tmp_path)
    dates = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    source.fetch(tmp_path, seed=0)
    assert dates == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}

    some = next((tmp_path / "images").rglob("*7*.png"))
    annotations = tmp_path / "annotations.json"
    other = json.loads(annotations.read_text())
    other["info"]["seed"] = 1
    for spoil in [
        some.unlink,
        annotations.unlink,
        lambda: annotations.write_text("{"),
        lambda: annotations.write_text(json.dumps(other)),
        lambda: Image.new("RGB", (SIZE, SIZE)).save(tmp_path / "images" / "0" / "centred-train-00000.png"),
    ]:
        spoil()
        source.fetch(tmp_path, seed=0)
        assert snapshot(tmp_path) == first


def test_an_interrupted_fetch_leaves_no_annotations(tmp_path, monkeypatch):
    Digits(count=12).fetch(tmp_path, seed=0)

    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(KeyboardInterrupt):
        Digits(count=12).fetch(tmp_path, seed=1)
    assert not (tmp_path / "annotations.json").exists()
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("source", range(0, 1797, 150))
def test_a_stamp_is_the_smallest_whose_box_has_the_height(source):
    images, _ = digits._digits()
    small = Image.fromarray(images[source])
    for height in range(16, 49, 4):
        ink, box = digits._stamp(source, height)
        assert ink_box(ink) == box
        assert box[3] == height
        smaller = (np.asarray(small.resize((side, side), Image.Resampling.BICUBIC)) for side in range(12, len(ink)))
        assert not any(ink_box(np.clip(one, 0, 1))[3] >= height for one in smaller)


def test_there_are_at_most_as_many_pictures_as_are_made():
    assert Digits(kind="digits", count=40).at_most() == 40
    assert Digits(kind="digits", count=40, limit=12).at_most() == 12
    assert Digits(kind="digits", count=40, limit=100).at_most() == 40
