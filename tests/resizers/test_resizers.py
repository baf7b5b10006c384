"""Laws of every resizer, and TensorFlow's by hand."""

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import Picture, protocols
from shiftscope.protocols.resizers import ALL
from shiftscope.resizers import resizers

NAMES = [entry.name for entry in resizers]
ANTIALIASED = {
    "pillow-box", "pillow-bilinear", "pillow-hamming", "pillow-bicubic", "pillow-lanczos", "opencv-area",
    "torch-bilinear-antialias", "torch-bicubic-antialias",
}  # fmt: skip


def resize(name, pixels, width, height):
    return resizers[name].item(pixels, width, height)


def noise(height=37, width=53, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def row(*values):
    return np.repeat(np.array(values, np.uint8)[None, :, None], 3, 2)


def test_the_protocol_goes_through_all_of_them():
    assert sorted(ALL) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_out(name):
    for width, height in ((20, 11), (90, 60), (1, 1), (53, 37)):
        pixels = noise()
        before = pixels.copy()
        resized = resize(name, pixels, width, height)
        assert resized.shape == (height, width, 3)
        assert resized.dtype == np.uint8
        assert resized.flags.c_contiguous
        np.testing.assert_array_equal(pixels, before)
    np.testing.assert_array_equal(resize(name, noise(), 53, 37), noise())
    assert (resize(name, np.full((30, 20, 3), 77, np.uint8), 9, 17) == 77).all()
    readonly = noise()
    readonly.flags.writeable = False
    assert resize(name, readonly, 20, 20).any()


@pytest.mark.parametrize("name", NAMES)
def test_all_but_tensorflow_treat_left_and_right_alike(name):
    pixels = noise(40, 52)
    mirrored = resize(name, pixels[:, ::-1].copy(), 23, 31)[:, ::-1].astype(int)
    asymmetry = np.abs(mirrored - resize(name, pixels, 23, 31)).max()
    # Nearest neighbours have ties, and their right one is taken.
    assert (asymmetry <= 1) == (name not in ("tf1-bilinear", "pillow-nearest"))


@pytest.mark.parametrize("name", NAMES)
def test_antialiased_functions_keep_the_mean_of_what_is_finer_than_the_result(name):
    """Stripes of one pixel, made 8 times smaller: grey, or black or white by chance."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, ::2] = 200
    resized = resize(name, pixels, 8, 8).astype(float)[1:-1, 1:-1]
    if name in ANTIALIASED:
        assert np.abs(resized - 100).max() <= 6
    elif name in ("pillow-nearest", "tf1-bilinear"):
        assert set(np.unique(resized)) <= {0, 200}
    shifted = resize(name, np.roll(pixels, 1, 1), 8, 8).astype(float)[1:-1, 1:-1]
    assert (np.abs(resized - shifted).max() < 13) == (
        name in ANTIALIASED | {"torch-bilinear", "opencv-linear", "torch-bicubic", "opencv-cubic", "opencv-lanczos"}
    )


def test_tensorflow_by_hand():
    resized = resize("tf1-bilinear", row(0, 30, 60, 90), 2, 1)
    np.testing.assert_array_equal(resized, row(0, 60))  # positions 0 and 2; Pillow would see 1/2 and 5/2
    resized = resize("tf1-bilinear", row(0, 30, 60, 90), 8, 1)
    np.testing.assert_array_equal(resized, row(0, 15, 30, 45, 60, 75, 90, 90))  # the last one has no right neighbour
    resized = resize("tf1-bilinear", row(10, 20, 40), 2, 1)
    np.testing.assert_array_equal(resized, row(10, 30))  # positions 0 and 1.5


@pytest.mark.parametrize(("width", "height"), [(13, 9), (70, 50), (53, 10)])
def test_tensorflow_against_a_loop(width, height):
    pixels = noise()
    rows, columns = pixels.shape[:2]
    expected = np.empty((height, width, 3))
    for i in range(height):
        for j in range(width):
            y, x = i * rows / height, j * columns / width
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, rows - 1), min(x0 + 1, columns - 1)
            top = pixels[y0, x0] * (1 - (x - x0)) + pixels[y0, x1] * (x - x0)
            bottom = pixels[y1, x0] * (1 - (x - x0)) + pixels[y1, x1] * (x - x0)
            expected[i, j] = top * (1 - (y - y0)) + bottom * (y - y0)
    np.testing.assert_allclose(resize("tf1-bilinear", pixels, width, height), expected, atol=0.51)


def test_tensorflow_made_four_times_smaller_takes_every_fourth_pixel():
    pixels = noise(40, 52)
    np.testing.assert_array_equal(resize("tf1-bilinear", pixels, 13, 10), pixels[::4, ::4])


@pytest.mark.parametrize(
    ("one", "other", "most"),
    [
        ("torch-bilinear-antialias", "pillow-bilinear", 1),
        ("torch-bicubic-antialias", "pillow-bicubic", 1),
        ("torch-bilinear", "opencv-linear", 1),
        ("torch-bicubic", "opencv-cubic", 1),  # both with a = −.75; Pillow has −.5
        ("torch-bicubic-antialias", "torch-bicubic", None),
        ("torch-bilinear", "pillow-bilinear", None),
        ("tf1-bilinear", "torch-bilinear", None),
    ],
)
def test_which_are_the_same(one, other, most):
    pixels = noise(64, 80)
    difference = np.abs(resize(one, pixels, 33, 27).astype(int) - resize(other, pixels, 33, 27)).max()
    assert difference <= most if most else difference > 30


@pytest.mark.parametrize(("name", "reach"), [("linear", 1), ("cubic", 2), ("lanczos", 4)])
def test_how_far_a_pixel_reaches_tells_opencvs_functions_apart(name, reach):
    pixels = np.full((1, 21, 3), 100, np.uint8)
    pixels[0, 10] = 255
    touched = np.flatnonzero(resize(f"opencv-{name}", pixels, 21 * 8, 1)[0, :, 0] != 100)
    distance = np.abs((touched + 0.5) / 8 - 10.5).max()  # in px of the source
    assert reach - 0.5 < distance < reach


@pytest.mark.parametrize("name", NAMES)
def test_what_overshoots_is_cut_off_and_does_not_wrap(name):
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 8:] = 255
    resized = resize(name, pixels, 80, 40)
    assert resized[:, :35].max() < 40
    assert resized[:, 45:].min() > 215


def test_the_protocol_gives_the_places_in_its_list_and_no_neighbours():
    functions = ("tf1-bilinear", "opencv-area", "pillow-box")
    protocol = protocols["resizers"].item.model_validate({"resizers": functions, "crop_fraction": 0.5})
    assert protocol.steps() == 3
    sequence = protocol.sequence(Picture("i", noise()), 16, np.random.default_rng(0))
    assert [(frame.value, frame.resizer) for frame in sequence.frames] == list(enumerate(functions))
    assert {frame.resized for frame in sequence.frames} == {(45, 32)}  # 53 × 37 px, the shorter side twice 16
    assert not protocol.ordered()
    with pytest.raises(ValidationError, match="at least 2 items"):
        protocols["resizers"].item.model_validate({"resizers": functions[:1]})


def test_pillow_is_pillow():
    expected = Image.fromarray(noise()).resize((20, 11), Image.Resampling.HAMMING)
    np.testing.assert_array_equal(resize("pillow-hamming", noise(), 20, 11), np.asarray(expected))


def test_an_unknown_name_is_a_sentence_with_near_ones():
    raw = {
        "datasets": {"d": {"kind": "digits", "framing": "centred", "split": "test"}},
        "protocols": {"centre": {"resizer": "pillow-bilinera"}},
    }
    with pytest.raises(ShiftscopeError, match=r"protocols\.centre\.resizer: .*pillow-bilinera.*pillow-bilinear"):
        Config.load(raw)
    raw["protocols"] = {"resizers": {"resizers": ["opencv-area", "opencv-area"]}}
    with pytest.raises(ShiftscopeError, match="opencv-area: named twice"):
        Config.load(raw)
    assert protocols["resizers"].item.model_validate({"resizers": ["opencv-area", "tf1-bilinear"]}).uses_resizers() == (
        "opencv-area",
        "tf1-bilinear",
    )
