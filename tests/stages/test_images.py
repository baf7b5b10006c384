"""Whatever a source lists, every row of the images table is a picture that can be used."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources import LISTING, Extent, Listing, Source
from shiftscope.sources.folder import Folder
from shiftscope.stages import images as stage
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.images import make_images, read_shard


def put(path: Path, size=(5, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path)


@pytest.fixture
def pictures(tmp_path):
    for number in range(10):
        put(tmp_path / f"c{number % 3}" / f"é {number}.png", (number + 1, 4))
    return tmp_path


def test_images(pictures):
    images, skipped = make_images(Folder(path=pictures), pictures, seed=0)
    assert images.schema == tables.IMAGES
    assert skipped.schema == tables.SKIPPED
    assert skipped.is_empty()
    assert images["image_id"].is_sorted()
    row = images.row(by_predicate=pl.col("image_id") == "c1/é 4", named=True)
    assert row == {
        "image_id": "c1/é 4",
        "path": str(pictures / "c1" / "é 4.png"),
        "label": 1,
        "category": "c1",
        "width": 5,
        "height": 4,
        "first_frame": None,
        "frames": None,
        "orientation": 1,
    }


def test_images_without_labels(pictures):
    images, _ = make_images(Folder(path=pictures, labels="none"), pictures, seed=0)
    assert images["label"].null_count() == images.height == 10


def test_the_limit_depends_on_ids_only(pictures):
    class Shuffled(Folder):
        def listing(self, folder: Path) -> Listing:
            found, categories = super().listing(folder)
            return Listing(found.reverse(), categories)

    def drawn(seed, kind=Folder, limit=4):
        return make_images(kind(path=pictures, limit=limit), pictures, seed, threads=1)[0]["image_id"].to_list()

    assert drawn(0) == drawn(0, Shuffled) == sorted(drawn(0))
    assert len(drawn(0)) == 4
    assert set(drawn(0)) < set(drawn(0, limit=6))
    assert len({tuple(drawn(seed)) for seed in range(5)}) > 1
    assert len(drawn(0, limit=99)) == 10


def spoil(pictures):
    cut = pictures / "c0" / "é 0.png"
    cut.write_bytes(cut.read_bytes()[:42])
    (pictures / "c1" / "gone.jpg").symlink_to(pictures / "nowhere.jpg")
    (pictures / "a").mkdir()


def test_the_unusable_are_skipped_and_named(pictures):
    spoil(pictures)
    images, skipped = make_images(Folder(path=pictures), pictures, seed=0)
    assert images.height == 9
    assert dict(zip(images["category"], images["label"], strict=True)) == {"c0": 1, "c1": 2, "c2": 3}
    reasons = dict(zip(skipped["image_id"], skipped["reason"], strict=True))
    assert list(reasons) == ["a", "c0/é 0", "c1/gone"]
    assert reasons["a"] == f"{pictures / 'a'} has no pictures"
    assert "é 0.png cannot be read" in reasons["c0/é 0"]
    assert reasons["c1/gone"].endswith("gone.jpg does not exist")
    assert set(skipped["stage"]) == {"images"}


def test_the_unusable_are_refused_with_a_way_out(pictures):
    spoil(pictures)
    refuse = Folder(path=pictures, unusable="refuse")
    with pytest.raises(ShiftscopeError, match=r"2 of 12 .*gone\.jpg does not exist.*write `unusable: skip`"):
        make_images(refuse, pictures, seed=0)
    (pictures / "a").rmdir()
    (pictures / "c1" / "gone.jpg").unlink()
    with pytest.raises(ShiftscopeError, match=r"1 of 10 .*é 0\.png .*write `unusable: skip`") as caught:
        make_images(refuse, pictures, seed=0)
    assert "\n" not in str(caught.value)


def test_only_the_first_few_are_named(tmp_path):
    for number in range(8):
        (tmp_path / "c").mkdir(exist_ok=True)
        (tmp_path / "c" / f"{number}.jpg").touch()
    with pytest.raises(
        ShiftscopeError, match=r"none of 8 .*4\.jpg is no picture: the file is empty; and 3 more; give other pictures$"
    ):
        make_images(Folder(path=tmp_path), tmp_path, seed=0)


class Clips(Folder):
    """Every picture is a film of two clips."""

    def measure(self, path: str) -> list[Extent]:
        return [Extent(5, 4, first, 3, f"@{first}") for first in (0, 3)]


def test_a_film_is_as_many_rows_as_it_has_clips_and_counts_once(pictures):
    (pictures / "c0" / "é 0 b.png").touch()
    images, _ = make_images(Clips(path=pictures, limit=10), pictures, seed=0)
    assert images.schema == tables.IMAGES
    assert images.height == 20
    assert images["image_id"].is_sorted()
    both = images.filter(pl.col("image_id").str.starts_with("c1/é 4@"))
    columns = ("image_id", "path", "label", "first_frame", "frames")
    path = str(pictures / "c1" / "é 4.png")
    assert both.select(columns).rows() == [("c1/é 4@0", path, 1, 0, 3), ("c1/é 4@3", path, 1, 3, 3)]


@pytest.mark.parametrize("unusable", ["skip", "refuse"])
def test_two_files_of_one_name_are_refused(pictures, unusable):
    put(pictures / "c0" / "é 0.jpg")
    with pytest.raises(ShiftscopeError, match=r"é 0\.jpg and .*é 0\.png would both be called c0/é 0"):
        make_images(Folder(path=pictures, unusable=unusable), pictures, seed=0)


def test_imagenet_labels(pictures, tmp_path_factory):
    with pytest.raises(ShiftscopeError, match="'c0' is none of ImageNet's"):
        make_images(Folder(path=pictures, classes="imagenet"), pictures, seed=0)
    other = tmp_path_factory.mktemp("wnids")
    put(other / "n15075141" / "a.png")
    images, _ = make_images(Folder(path=other, classes="imagenet"), other, seed=0)
    assert images["label"].to_list() == [999]


class Boxed(Source):
    """Two boxes per picture, of a size that is annotated as told."""

    width: int | None = None

    def boxes(self, folder: Path) -> pl.DataFrame:
        rows: list[dict[str, object]] = [
            {"image_id": name, "category": "c", "x_min": x, "y_min": 0, "x_max": 2, "y_max": 2, "image_width": self.width}
            for name in ("b", "a", "other")
            for x in (1.0, 0.0)
        ]
        return tables.table(rows, tables.BOXES)

    def listing(self, folder: Path) -> Listing:
        return Listing(LISTING.to_frame(), ())


IMAGES = tables.table([{"image_id": name, "width": 5, "height": 4} for name in "ab"], tables.IMAGES)


@pytest.mark.parametrize("width", [None, 5])
def test_boxes_are_those_of_the_images(tmp_path, width):
    boxes = make_boxes(Boxed(width=width), tmp_path, IMAGES)
    assert boxes.schema == tables.BOXES
    assert boxes.select("image_id", "x_min").rows() == [("a", 1), ("a", 0), ("b", 1), ("b", 0)]
    assert set(boxes["image_width"]) == {5}
    assert set(boxes["image_height"]) == {4}


def test_boxes_for_another_size_are_not_used(tmp_path, caplog):
    with pytest.raises(ShiftscopeError, match=r"boxes of 2 pictures .* b is 5 × 4 px, annotated as 9 × 4"):
        make_boxes(Boxed(width=9, unusable="refuse"), tmp_path, IMAGES)
    assert make_boxes(Boxed(width=9), tmp_path, IMAGES).is_empty()
    assert "annotated as 9 × 4" in caplog.text


class Reaching(Boxed):
    """A box that reaches out by as much as told, and one that does not."""

    by: float = 0.0

    def boxes(self, folder: Path) -> pl.DataFrame:
        rows: list[dict[str, object]] = [
            {"image_id": "a", "category": "c", "x_min": -self.by, "y_min": 0, "x_max": 2, "y_max": 2},
            {"image_id": "b", "category": "c", "x_min": 1, "y_min": 1, "x_max": 5, "y_max": 4 + self.by},
            {"image_id": "b", "category": "c", "x_min": 1, "y_min": 1, "x_max": 2, "y_max": 3},
        ]
        return tables.table(rows, tables.BOXES)


def test_boxes_outside_their_picture_are_refused_or_left_out_and_rounding_is_cut_off(tmp_path, caplog):
    rounded = make_boxes(Reaching(by=0.7), tmp_path, IMAGES)
    assert rounded.select("x_min", "y_max").rows() == [(0, 2), (1, 4), (1, 3)]
    with pytest.raises(
        ShiftscopeError, match=r"2 boxes lie outside.*a is 5 × 4 px and has a box from \(-30, 0\) to \(2, 2\)"
    ):
        make_boxes(Reaching(by=30, unusable="refuse"), tmp_path, IMAGES)
    assert make_boxes(Reaching(by=30), tmp_path, IMAGES).select("image_id", "y_max").rows() == [("b", 3)]
    assert "2 boxes lie outside" in caplog.text


@pytest.mark.parametrize(("n", "shards"), [(10, 1), (10, 3), (10, 10), (3, 5), (0, 2)])
def test_shards_are_the_blocks_of_array_split(n, shards, tmp_path):
    names = [f"{number:03d}" for number in range(n)]
    path = tmp_path / "images.parquet"
    tables.write(path, tables.table(({"image_id": name} for name in names), tables.IMAGES), tables.IMAGES)
    blocks = [read_shard(path, shard, shards) for shard in range(shards)]
    expected = [list(block) for block in np.array_split(np.array(names, dtype=object), shards)]
    assert [block["image_id"].to_list() for block in blocks] == expected
    assert all(block.schema == tables.IMAGES for block in blocks)
    with pytest.raises(ValueError, match="shard"):
        read_shard(path, shards, shards)


@pytest.mark.real
def test_imagenet_sample():
    data = os.environ.get("SHIFTSCOPE_REAL_DATA")
    if not data:
        pytest.skip("SHIFTSCOPE_REAL_DATA is not set")
    source = Folder(path=Path(data) / "imagenet-sample", classes="imagenet", unusable="refuse")
    images, skipped = make_images(source, source.path, seed=0)
    assert images["label"].to_list() == list(range(0, 1000, 5))
    assert skipped.is_empty()
    assert images["width"].min() > 20  # type: ignore[operator]


def test_few_pictures_wait_to_be_opened(pictures, monkeypatch):
    """However many there are: a million that waited would fill the memory."""
    begun, waiting = [], []

    class Counted(Folder):
        def measure(self, path):
            begun.append(path)
            return super().measure(path)

    def watched(items, *_):
        for done, item in enumerate(items):
            waiting.append(len(begun) - done)
            yield item

    whole, _ = make_images(Folder(path=pictures), pictures, seed=0)
    monkeypatch.setattr(stage, "progress", watched)
    monkeypatch.setattr(stage, "PICTURES_AT_A_TIME", 3)
    images, _ = make_images(Counted(path=pictures), pictures, seed=0)
    assert images.equals(whole)
    assert len(begun) == len(waiting) == 10
    assert max(waiting) <= 3
