"""Canvases come back as they were written, whatever their encoding, and a file has the encoding that makes it smaller."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.canvases import ENCODING, TRIED, CanvasWriter, encoding_of, read_canvases
from shiftscope.data.encodings import encodings
from shiftscope.data.encodings.webp import LARGEST

NAMES = [entry.name for entry in encodings]
SHAPES = [(1, 1), (1, 2), (3, 1), (5, 7), (64, 48), (1, LARGEST), (LARGEST, 1), (2, LARGEST + 1), (LARGEST + 1, 1)]


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def photograph(shape, seed=0):
    """Smooth, with a little noise: neighbouring pixels are alike, and no two pictures share anything."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize(shape[::-1], Image.Resampling.BICUBIC)).astype(int)
    return np.clip(smooth + rng.integers(-2, 3, smooth.shape), 0, 255).astype(np.uint8)


def written(path, images):
    with CanvasWriter(path) as writer:
        return [writer.write(f"i{number}", canvases) for number, canvases in enumerate(images)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_encoding_gives_the_pixels_back_to_the_bit(name, shape):
    encoding = encodings[name].item()
    for pixels in (noise(shape), photograph(shape), np.full((*shape, 3), 7, np.uint8), np.asfortranarray(noise(shape))):
        stored = encoding.encode(pixels)
        assert stored == encoding.encode(pixels.copy())
        again = encoding.decode(memoryview(stored), *shape)
        assert again.dtype == np.uint8
        np.testing.assert_array_equal(again, pixels)


@pytest.mark.parametrize("name", NAMES)
def test_a_view_on_a_part_of_an_array_is_encoded_as_its_copy(name):
    part = photograph((60, 80))[5:50:2, 10:70]
    assert encodings[name].item().encode(part) == encodings[name].item().encode(part.copy())


@pytest.mark.parametrize("name", NAMES)
def test_several_threads_may_encode_and_decode_at_once(name):
    encoding = encodings[name].item()
    pictures = [photograph((40 + seed % 7, 50), seed) for seed in range(60)]

    def there_and_back(pixels):
        return encoding.decode(memoryview(encoding.encode(pixels)), *pixels.shape[:2])

    with ThreadPoolExecutor(4) as pool:
        for pixels, again in zip(pictures, pool.map(there_and_back, pictures), strict=True):
            np.testing.assert_array_equal(again, pixels)


@pytest.mark.parametrize(
    ("images", "encoding"),
    [
        ([[photograph((64, 64), k)] for k in range(TRIED + 2)], "webp"),
        ([[photograph((64, 64))]], "webp"),  # fewer images than are tried
        ([[noise((64, 64), k)] * 3 for k in range(TRIED)], "raw"),  # the same canvas again is next to nothing for zstd
        ([[noise((64, 64), k)] for k in range(TRIED)], "raw"),  # nothing makes noise smaller
        ([], "raw"),
    ],
)
def test_a_file_has_the_encoding_that_suits_its_first_images(tmp_path, images, encoding):
    ids = written(tmp_path / "a", images)
    with pq.ParquetFile(tmp_path / "a") as file:
        assert encoding_of(file) == file.schema_arrow.metadata[ENCODING].decode() == encoding
        assert file.num_row_groups == len(images)
    found = list(read_canvases(tmp_path / "a"))
    assert [list(group) for group in found] == ids == [[f"i{n}#{k}" for k in range(len(c))] for n, c in enumerate(images)]
    for canvases, group in zip(images, found, strict=True):
        for pixels, again in zip(canvases, group.values(), strict=True):
            np.testing.assert_array_equal(again, pixels)
    written(tmp_path / "b", images)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_encoding_that_is_chosen_is_the_smaller_file_or_one_that_is_faster_and_hardly_larger(tmp_path, monkeypatch):
    """Canvases that share some of their pixels, from none to all of them."""
    chosen, between = [], False
    for shared in (0, 24, 32, 36, 40, 44, 48, 60, 64):
        images = []
        for seed in range(TRIED):
            canvases = np.stack([photograph((64, 64), 100 * seed + k) for k in range(6)])
            canvases[:, :shared] = canvases[:1, :shared]
            images.append(list(canvases))
        sizes = {}
        for name in NAMES:
            monkeypatch.setattr("shiftscope.data.canvases.smallest", lambda _, name=name: name)
            written(tmp_path / name, images)
            sizes[name] = (tmp_path / name).stat().st_size
        monkeypatch.undo()
        written(tmp_path / "chosen", images)
        with pq.ParquetFile(tmp_path / "chosen") as file:
            chosen.append(encoding_of(file))
        saved = 1 - sizes["webp"] / sizes["raw"]
        assert (tmp_path / "chosen").stat().st_size == sizes[chosen[-1]], (shared, sizes)
        if abs(saved - 0.25) > 0.03:  # a share of the file is not canvases
            assert chosen[-1] == ("webp" if saved > 0.25 else "raw"), (shared, saved)
        between = between or 0.02 < saved < 0.22
    assert set(chosen) == {"raw", "webp"}
    assert between  # one that WebP makes smaller, but not by so much that its time is worth it


def test_canvases_that_no_webp_file_can_hold_are_stored_among_others(tmp_path):
    images = [[photograph((64, 64), k)] for k in range(TRIED)]
    images += [[photograph((2, LARGEST + 5)), noise((1, 1)), photograph((30, 20))], [noise((20, 20))]]
    written(tmp_path / "a", images)
    with pq.ParquetFile(tmp_path / "a") as file:
        assert encoding_of(file) == "webp"
    for canvases, group in zip(images, read_canvases(tmp_path / "a"), strict=True):
        for pixels, again in zip(canvases, group.values(), strict=True):
            np.testing.assert_array_equal(again, pixels)


def test_a_file_that_does_not_say_its_encoding_has_pixels_as_they_are(tmp_path):
    pixels = noise((4, 6))
    columns = {"canvas_id": ["a#0"], "height": [4], "width": [6], "pixels": [pixels.tobytes()]}
    pq.write_table(pa.table(columns), tmp_path / "old")
    ((again,),) = (group.values() for group in read_canvases(tmp_path / "old"))
    np.testing.assert_array_equal(again, pixels)


def test_an_encoding_that_is_not_known_is_named(tmp_path):
    table = pa.table({"canvas_id": ["a#0"]}).replace_schema_metadata({ENCODING: b"weep"})
    pq.write_table(table, tmp_path / "new")
    with pytest.raises(ShiftscopeError, match=r"encoding of canvases.*weep.*webp"):
        next(read_canvases(tmp_path / "new"))


def test_a_file_is_hardly_larger_than_the_canvases_in_it(tmp_path):
    """Parquet's statistics would repeat small canvases."""
    images = [[noise((16, 16), seed)] for seed in range(50)]
    written(tmp_path / "a", images)
    assert (tmp_path / "a").stat().st_size < sum(canvas.size for (canvas,) in images) + 50 * 600


def written_and_broken(writer):
    writer.write("i", [noise((4, 4))])
    raise ValueError("dimensions")


def test_an_error_while_the_first_images_wait_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="dimensions"), CanvasWriter(tmp_path / "a") as writer:
        written_and_broken(writer)
    assert not (tmp_path / "a").exists()


def test_canvases_are_written_without_pandas(tmp_path):
    code = f"""
import sys
import numpy as np
from shiftscope.data.canvases import CanvasWriter
with CanvasWriter({str(tmp_path / "canvases.parquet")!r}) as writer:
    for number in range(5):
        writer.write(str(number), [np.zeros((8, 8, 3), np.uint8)])
sys.exit("pandas" in sys.modules)  # whose import takes longer than many a shard
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert [list(one) for one in read_canvases(tmp_path / "canvases.parquet")] == [[f"{number}#0"] for number in range(5)]
