"""What `read_picture` promises: 8-bit RGB as a viewer would show it, or one sentence that names the file."""

import warnings
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.pictures import MAX_PIXELS, picture_size, read_picture

RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def refusal(path):
    with pytest.raises(ShiftscopeError) as caught:
        read_picture(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert not message.endswith(".")
    return message


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm"])
def test_a_lossless_picture_comes_back(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).save(path)
    picture = read_picture(path)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, RGB)
    assert picture_size(path) == (9, 6)


@pytest.mark.parametrize("name", ["größer als.png", "写真.png", "a b  c.png", "x.y.z.PNG", "'q\"&;$(x).png"])
def test_any_name_is_read(tmp_path, name):
    Image.fromarray(RGB).save(tmp_path / name)
    np.testing.assert_array_equal(read_picture(tmp_path / name), RGB)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (20_000, 20), (20, 20_000)])
def test_extreme_shapes(tmp_path, width, height):
    path = tmp_path / "a.png"
    Image.new("RGB", (width, height), (1, 2, 3)).save(path)
    assert picture_size(path) == (width, height)
    assert (read_picture(path) == (1, 2, 3)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff", "webp"])
def test_exif_rotation_is_applied_once(tmp_path, orientation, suffix):
    # Upright, the picture is red at the left upper corner and 48 × 16 px.
    upright = np.zeros((16, 48, 3), np.uint8)
    upright[:8, :24] = (255, 0, 0)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    lossless = {"lossless": True} if suffix == "webp" else {"quality": 95, "subsampling": 0} if suffix == "jpg" else {}
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, **lossless)
    assert np.abs(read_picture(path).astype(int) - upright).max() <= 12
    assert picture_size(path) == (48, 16)


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0junk of a camera", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_damaged_exif_does_not_spoil_the_picture(tmp_path, exif):
    Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as for a user: Pillow warns
        assert picture_size(tmp_path / "a.jpg") == (9, 6)


def test_grey_and_one_bit(tmp_path):
    grey = RGB[..., 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "grey.png"), np.repeat(grey[..., None], 3, 2))
    Image.fromarray(grey > 127).save(tmp_path / "bit.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "bit.png")[..., 1], np.where(grey > 127, 255, 0))


@pytest.mark.parametrize("suffix", ["png", "tiff", "pgm"])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path, suffix):
    values = np.array([[0, 128, 129, 257, 32_768, 65_535]], np.uint16)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(values).save(path)
    np.testing.assert_array_equal(read_picture(path)[0, :, 0], [0, 0, 1, 1, 128, 255])
    with Image.open(path) as image:  # what would be without it
        assert suffix == "pgm" or np.asarray(image.convert("L"))[0, 3] == 255


@pytest.mark.parametrize("top", [1, 255])
def test_floats_are_of_one_or_of_255(tmp_path, top):
    values = np.array([[0, 0.5, 1]], np.float32) * top
    Image.fromarray(values).save(tmp_path / "a.tiff")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tiff")[0, :, 2], [0, 128, 255])


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, 300.0])
def test_floats_beyond_are_refused(tmp_path, value):
    Image.fromarray(np.array([[0, value]], np.float32)).save(tmp_path / "a.tiff")
    assert "values" in refusal(tmp_path / "a.tiff")


def test_transparency_is_on_white(tmp_path):
    rgba = np.dstack([RGB, np.tile(np.array([0, 128, 255], np.uint8), (6, 3))])
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    picture = read_picture(tmp_path / "rgba.png")
    alpha = rgba[..., 3:] / 255
    np.testing.assert_allclose(picture, RGB * alpha + 255 * (1 - alpha), atol=1)

    Image.fromarray(rgba[..., 2:]).save(tmp_path / "la.png")
    np.testing.assert_allclose(
        read_picture(tmp_path / "la.png"), (RGB[..., 2:] * alpha + 255 * (1 - alpha)).repeat(3, 2), atol=1
    )


def test_transparent_colours_are_white(tmp_path):
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putdata([0, 1])
    for name, image, key, shown in [
        ("opaque.png", palette, None, [[10, 20, 30], [40, 50, 60]]),
        ("palette.png", palette, 0, [[255, 255, 255], [40, 50, 60]]),
        ("bytes.png", palette, b"\x80\xff", [[132, 137, 142], [40, 50, 60]]),
        ("palette.gif", palette, 1, [[10, 20, 30], [255, 255, 255]]),
        ("grey.png", Image.fromarray(np.array([[7, 9]], np.uint8)), 7, [[255] * 3, [9] * 3]),
        ("rgb.png", Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)), (1, 2, 3), [[255] * 3, [4, 5, 6]]),
        ("grey16.png", Image.fromarray(np.array([[257, 514]], np.uint16)), 257, [[255] * 3, [2] * 3]),
    ]:
        options: dict[str, Any] = {} if key is None else {"transparency": key}
        image.save(tmp_path / name, **options)
        np.testing.assert_array_equal(read_picture(tmp_path / name)[0], shown, err_msg=name)


def test_cmyk_of_adobe_is_not_inverted(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=95)
    assert b"Adobe" in (tmp_path / "red.jpg").read_bytes()
    red, green, blue = read_picture(tmp_path / "red.jpg")[4, 4].astype(int)
    assert red > 250
    assert max(green, blue) < 5


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "webp", "tiff", "ppm"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_cut_short_is_refused(tmp_path, suffix, share):
    path = tmp_path / f"cut short.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as for a user; the decoder may warn first
        refusal(path)


def test_what_is_no_picture(tmp_path):
    (tmp_path / "text.jpg").write_text("hello")
    assert "no picture" in refusal(tmp_path / "text.jpg")
    (tmp_path / "empty.png").touch()
    assert "empty" in refusal(tmp_path / "empty.png")
    assert "does not exist" in refusal(tmp_path / "none.png")
    (tmp_path / "dir.png").mkdir()
    assert "folder" in refusal(tmp_path / "dir.png")
    # Pillow would hand this to Ghostscript.
    (tmp_path / "program.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n")
    assert "no picture" in refusal(tmp_path / "program.jpg")


@pytest.mark.parametrize("action", ["error", "ignore"])
@pytest.mark.parametrize("side", [9_460, 20_000])
def test_a_bomb_is_refused_however_warnings_are_set(tmp_path, side, action):
    assert side**2 > MAX_PIXELS
    Image.new("1", (side, side)).save(tmp_path / "bomb.png")
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        assert "pixels" in refusal(tmp_path / "bomb.png")
