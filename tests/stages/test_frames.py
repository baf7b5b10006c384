"""What a file of frames says of its own pixels, and whether a protocol varied anything at all."""

import logging

import numpy as np
import polars as pl
import pytest
from PIL import Image

from shiftscope.core import tables
from shiftscope.data.canvases import read_canvases
from shiftscope.protocols import Unfit
from shiftscope.stages import frames as stage
from shiftscope.stages.frames import make_frames, sequence_again, unvaried

SIZE = 24
IDENTITY = {"resizers": ["pillow-bilinear", "opencv-area", "tf1-bilinear"], "crop_fraction": SIZE / 30}  # 30 px stay 30 px
RESIZED = {**IDENTITY, "crop_fraction": 1}
TWICE = {"side": 12, "offsets": [0, 2, 0]}


@pytest.fixture
def frames_of(tmp_path):
    """The files of one shard: of pictures of noise, or of one grey, by what is asked for."""

    def make(name, kind, options, looks):
        rows = []
        for number, look in enumerate(looks):
            path = tmp_path / f"{name}{number}.png"
            noise = np.random.default_rng(number).integers(0, 256, (30, 40, 3), dtype=np.uint8)
            Image.fromarray(noise if look == "noise" else np.full_like(noise, 90)).save(path)
            rows.append({"image_id": f"{name}{number}", "path": str(path), "width": 40, "height": 30})
        files = {f"{part}_path": tmp_path / f"{name}-{part}.parquet" for part in ("canvases", "frames", "skipped")}
        make_frames(
            kind=kind, options=options, images=tables.table(rows, tables.IMAGES), boxes=None, size=SIZE, seed=0, refuse=True,
            **files,
        )  # fmt: skip
        return files

    return make


@pytest.mark.parametrize(
    ("kind", "options"),
    [("resizers", IDENTITY), ("resizers", RESIZED), ("embed", TWICE), ("crop", {}), ("circular", {"offsets": [0, 1]})],
)
def test_a_frame_is_as_the_first_where_its_pixels_are(frames_of, kind, options):
    files = frames_of("a", kind, options, ["noise", "grey", "noise"])
    assert pl.read_parquet_schema(files["canvases_path"]) == tables.Canvases.schema()
    canvases = {name: pixels for group in read_canvases(files["canvases_path"]) for name, pixels in group.items()}
    first = {}
    for row in tables.read(files["frames_path"], tables.FRAMES).rows(named=True):
        x, y = row["window_x"], row["window_y"]
        pixels = canvases[row["canvas_id"]][y : y + SIZE, x : x + SIZE].tolist()
        assert row["as_first"] == (first.setdefault(row["image_id"], pixels) == pixels)


@pytest.mark.parametrize(
    ("kind", "options", "looks", "same"),
    [
        ("resizers", IDENTITY, ["noise", "noise"], True),  # a canvas for each function, and all of them alike
        ("resizers", RESIZED, ["noise", "noise"], False),
        ("resizers", RESIZED, ["grey", "grey"], True),
        ("crop", {}, ["grey", "grey"], True),  # windows at several places of one canvas
        ("crop", {}, ["grey", "noise"], False),  # one picture that varies is enough
        ("embed", TWICE, ["noise"], False),
        ("centre", {}, ["noise", "noise"], False),  # one frame: there was nothing to be varied
    ],
)
def test_a_protocol_that_varies_nothing_is_warned_of_in_the_log(frames_of, caplog, kind, options, looks, same):
    with caplog.at_level(logging.WARNING):
        files = frames_of("a", kind, options, looks)
    assert unvaried([(kind, SIZE)], [files["frames_path"]]) == ([(kind, SIZE)] if same else [])
    assert [f"kind: {kind}" in message and f"input of {SIZE} px" in message for message in caplog.messages] == [True] * same


def test_shards_are_asked_together_and_sizes_apart(frames_of):
    grey, noise, more = (
        frames_of(name, "crop", {}, [look])["frames_path"] for name, look in (("a", "grey"), ("b", "noise"), ("c", "grey"))
    )
    cells = [("crop", 24), ("crop", 24), ("crop", 32), ("other", 24), ("other", 24)]
    assert unvaried(cells, [grey, noise, more, grey, more]) == [("crop", 32), ("other", 24)]


def test_a_shard_without_pictures_varies_nothing_and_is_not_warned_of(frames_of, caplog):
    empty = frames_of("a", "crop", {}, [])["frames_path"]
    assert pl.read_parquet(empty).is_empty()
    assert unvaried([("crop", SIZE)], [empty]) == []
    assert not caplog.messages


def test_frames_are_the_same_however_few_rows_are_kept(frames_of, monkeypatch):
    whole = tables.read(frames_of("a", "crop", {}, ["noise"] * 5)["frames_path"], tables.FRAMES)
    monkeypatch.setattr(tables, "ROWS_AT_A_TIME", 4)
    files = frames_of("a", "crop", {}, ["noise"] * 5)
    assert tables.read(files["frames_path"], tables.FRAMES).equals(whole)
    assert whole["image_id"].n_unique() == 5
    assert len(whole) > 5 * 4


def test_a_picture_has_its_own_boxes_and_no_crowds(tmp_path, monkeypatch):
    """Whatever other pictures have boxes, and in whatever order."""
    rng = np.random.default_rng(0)
    names = [f"{number:02}" for number in range(12)]
    images = tables.table(({"image_id": name, "path": name} for name in names), tables.IMAGES)
    owners = rng.choice([*names[::2], "elsewhere"], 50)  # every second picture has none
    corners = {edge: rng.uniform(0, 9, 50) for edge in ("x_min", "y_min", "x_max", "y_max")}
    crowds = rng.choice([True, False, None], 50).tolist()
    boxes = pl.DataFrame({"image_id": owners, **corners, "is_crowd": pl.Series(crowds, dtype=pl.Boolean)})
    seen = {}

    def see(row, corners):
        seen[row["image_id"]] = corners
        raise Unfit("was only looked at")

    monkeypatch.setattr(stage, "_picture", see)

    for table in (boxes, boxes.lazy()):
        seen.clear()
        files = {f"{part}_path": tmp_path / f"{part}.parquet" for part in ("canvases", "frames", "skipped")}
        make_frames(kind="crop", options={}, images=images, boxes=table, size=SIZE, seed=0, refuse=False, **files)
        assert list(seen) == names
        for name, found in seen.items():
            rows = [row for row in boxes.rows(named=True) if row["image_id"] == name and not row["is_crowd"]]
            expected = [[row[edge] for edge in ("x_min", "y_min", "x_max", "y_max")] for row in rows]
            assert found.tolist() == expected
            assert found.shape == (len(expected), 4)
        assert tables.read(files["skipped_path"], tables.SKIPPED)["image_id"].to_list() == names
    assert max(map(len, seen.values())) > 2

    before = {name: found.tolist() for name, found in seen.items()}
    for row in images.rows(named=True):  # and where one picture goes through the protocol again
        own = boxes.filter(image_id=row["image_id"])
        with pytest.raises(Unfit):
            sequence_again(row, own if len(own) else None, kind="crop", options={}, size=SIZE, seed=0)
        assert seen[row["image_id"]].tolist() == before[row["image_id"]]
        assert seen[row["image_id"]].shape == (len(before[row["image_id"]]), 4)
