"""How large canvases of real photographs are on disk. The data's place is given by SHIFTSCOPE_REAL_DATA."""

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from shiftscope.core import tables
from shiftscope.data.canvases import encoding_of, read_canvases
from shiftscope.data.pictures import read_picture
from shiftscope.protocols import Picture, protocols
from shiftscope.stages.frames import make_frames, sequence_of

DATA = os.environ.get("SHIFTSCOPE_REAL_DATA")
pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA, reason="SHIFTSCOPE_REAL_DATA is not set")]

INPAINT = {"side": 120, "resize": "longer", "offsets": "-52..51", "axis": "y", "place": "centre", "surround": "inpaint"}


@pytest.mark.parametrize(
    ("kind", "options", "pictures", "encoding", "most"),
    [
        ("centre", {}, 25, "webp", 0.55),
        ("crop", {"offsets": "0..8"}, 25, "webp", 0.55),
        ("rotate", {}, 3, "webp", 0.55),
        ("embed", INPAINT, 3, "raw", 0.006),  # canvases that share most of their pixels
    ],
)
def test_photographs_take_little_room_and_come_back_to_the_bit(tmp_path, kind, options, pictures, encoding, most):
    files = sorted(Path(DATA, "imagenet-sample").rglob("*.JPEG"))
    rows = []
    for path in files[:: len(files) // pictures][:pictures]:
        height, width, _ = read_picture(path).shape
        rows.append({"image_id": path.stem, "path": str(path), "width": width, "height": height})
    paths = {f"{name}_path": tmp_path / name for name in ("canvases", "frames", "skipped")}
    images = tables.table(rows, tables.IMAGES).sort("image_id")
    make_frames(kind=kind, options=options, images=images, boxes=None, size=224, seed=0, refuse=True, **paths)
    with pq.ParquetFile(paths["canvases_path"]) as file:
        assert encoding_of(file) == encoding
    protocol, raw = protocols[kind].item.model_validate({**options, "kind": kind}), 0
    for row, canvases in zip(images.rows(named=True), read_canvases(paths["canvases_path"]), strict=True):
        again = sequence_of(protocol, Picture(row["image_id"], read_picture(row["path"])), 224, seed=0)
        for pixels, stored in zip(again.canvases, canvases.values(), strict=True):
            np.testing.assert_array_equal(stored, pixels)
        raw += sum(pixels.nbytes for pixels in again.canvases)
    assert paths["canvases_path"].stat().st_size < most * raw
