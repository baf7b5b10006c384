"""How far pictures move: read from the table of frames, and held to the pixels themselves."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from shiftscope.cause.translations import translations
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.canvases import cut, read_canvases
from shiftscope.stages.frames import make_frames

SIZE = 32


@pytest.fixture
def made(tmp_path):
    def make(kind, pictures=2, **options):
        rng = np.random.default_rng(1)
        rows = []
        for k in range(pictures):
            path = tmp_path / f"{k}.png"
            Image.fromarray(rng.integers(1, 256, (50, 60, 3), dtype=np.uint8)).save(path)
            rows.append({"image_id": f"i{k}", "path": str(path), "width": 60, "height": 50})
        names = {f"{name}_path": tmp_path / f"{name}.parquet" for name in ("canvases", "frames", "skipped")}
        make_frames(
            kind=kind,
            options=options,
            images=tables.table(rows, tables.IMAGES),
            boxes=None,
            size=SIZE,
            seed=0,
            refuse=True,
            **names,
        )
        frames = tables.read(names["frames_path"], tables.FRAMES)
        pixels = [
            np.stack(list(cut(canvases, rows, SIZE)))
            for canvases, (_, rows) in zip(
                read_canvases(names["canvases_path"]), frames.group_by("image_id", maintain_order=True), strict=True
            )
        ]
        return frames, pixels

    return make


def inside(frame, dx, dy):
    """`frame` moved by whole px, and where that is known."""
    known = np.zeros(frame.shape[:2], bool)
    moved = np.zeros_like(frame)
    rows, columns = (slice(max(0, d), SIZE + min(0, d)) for d in (dy, dx))
    back_rows, back_columns = (slice(max(0, -d), SIZE + min(0, -d)) for d in (dy, dx))
    moved[rows, columns], known[rows, columns] = frame[back_rows, back_columns], True
    return moved, known


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("embed", {"side": 12, "offsets": [0, 1, 5]}, [(0, 0), (1, 1), (5, 5)]),
        ("embed", {"side": 12, "offsets": [2, 0, 3], "axis": "x"}, [(0, 0), (-2, 0), (1, 0)]),
        ("embed", {"side": 12, "offsets": [0, 3], "surround": "inpaint", "axis": "y"}, [(0, 0), (0, 3)]),
        ("crop", {"offsets": [0, 1, 4]}, [(0, 0), (-1, -1), (-4, -4)]),
        ("circular", {"offsets": [0, 2, 7], "axis": "x"}, [(0, 0), (-2, 0), (-7, 0)]),
        ("pad", {"offsets": [-2, 0, 3]}, [(0, 0), (2, 2), (5, 5)]),
    ],
)
def test_frames_moved_by_it_are_the_same_pixels(made, kind, options, expected):
    frames, pixels = made(kind, **options)
    found = translations(frames, "p")
    np.testing.assert_array_equal(found, expected)
    for sequence in pixels:
        if kind == "pad" or options.get("surround") == "inpaint":
            # Of these the surround is another one: what was filled in is left out.
            sequence = np.where(np.isin(sequence, sequence[0]) & (options.get("surround") != "inpaint"), sequence, 0)
        for frame, (dx, dy) in zip(sequence, found.astype(int), strict=True):
            moved, known = inside(sequence[0], dx, dy)
            both = known & (moved > 0).all(-1) & (frame > 0).all(-1)
            if options.get("surround") != "inpaint":
                assert both.sum() > 50
            assert (moved == frame)[both].all()
            if dx or dy:  # moved the other way, they are not
                other, known = inside(sequence[0], -dx, -dy)
                both = known & (other > 0).all(-1) & (frame > 0).all(-1)
                assert not both.any() or not (other == frame)[both].all()


def test_shifts_by_less_than_a_pixel(made):
    frames, _ = made("subpixel", shifts=[0, 0.25, 1], axis="y", edge="wrap")
    np.testing.assert_array_equal(translations(frames, "p"), [(0, 0), (0, 0.25), (0, 1)])


@pytest.mark.parametrize(
    ("kind", "options", "reason"),
    [
        ("scale", {"sides": [10, 11]}, "size that the picture is resized to"),
        ("resizers", {}, "function that resizes"),
        ("rotate", {"angles": [0, 5]}, "angle"),
        ("circular", {"draw": 4, "offsets": list(range(9))}, "moves one picture otherwise than the next"),
        ("centre", {}, "no frames in which a picture moves"),
    ],
)
def test_what_is_no_translation_is_refused_in_a_sentence(made, kind, options, reason):
    frames, _ = made(kind, **options)
    with pytest.raises(ShiftscopeError, match=reason):
        translations(frames, "p")


def test_frames_of_a_film_are_no_translations(made):
    """They are at one place, and show something else."""
    frames, _ = made("centre", pictures=1)
    film = pl.concat([frames, frames.with_columns(step=pl.lit(1, pl.Int32), canvas_id=pl.lit("other"))])
    with pytest.raises(ShiftscopeError, match="more than the place"):
        translations(film, "p")
