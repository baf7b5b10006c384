"""Laws that hold for every registered protocol, and each protocol against a loop that makes its frames another way."""

import numpy as np
import pytest
from PIL import Image

from shiftscope.errors import ShiftscopeError
from shiftscope.frames import sequence_of
from shiftscope.protocols import Picture, Unfit, protocols
from shiftscope.protocols.crop import random_crop

SIZE = 48
SETTINGS = {
    "centre": [{}],
    "crop": [{}, {"axis": "x", "offsets": "0..5"}, {"axis": "y", "margin": 12}, {"area": [1, 1], "aspect": [1, 1]}],
    "embed": [
        {"side": 20, "offsets": "-3..5"},
        {"side": 20, "surround": "mean", "axis": "x"},
        {"side": 24, "surround": "inpaint", "axis": "y", "place": "centre", "offsets": "-9..9 by 3"},
        {"side": 30, "resize": "longer", "offsets": [0, 1]},
        {"side": 16, "resize": "square", "offsets": [4, 0]},
    ],
    "natural": [{}, {"frames": 2, "stride": 2, "start": 1}, {"crop_fraction": 1}],
    "scale": [
        {"sides": [20, 21]},
        {"sides": "12..36 by 4", "place": "corner", "resize": "square", "surround": "inpaint"},
        {"sides": [30, 20], "place": "centre", "surround": "mean", "resize": "longer"},
    ],
}
CASES = [(name, options) for name, settings in SETTINGS.items() for options in settings]


def picture(seed=0, height=61, width=83):
    """A film too: in every frame, the picture is moved on by a pixel."""
    pixels = np.random.default_rng(seed).integers(1, 256, (height, width, 3), dtype=np.uint8)

    def film(numbers):
        return (np.roll(pixels, number, axis=1) for number in numbers)

    return Picture(f"class/image {seed}", pixels, film=film, film_frames=5)


def made(name, options, image=None, size=SIZE, seed=0):
    protocol = protocols[name].item.model_validate({"kind": name, **options})
    protocol.check(size)
    sequence = sequence_of(protocol, image or picture(), size, seed)
    frames = [
        sequence.canvases[frame.canvas][frame.window_y : frame.window_y + size, frame.window_x : frame.window_x + size]
        for frame in sequence.frames
    ]
    return protocol, sequence, frames


def test_every_protocol_has_settings_here():
    assert set(SETTINGS) == {entry.name for entry in protocols}


@pytest.mark.parametrize(("name", "options"), CASES)
def test_frames_lie_on_their_canvases_and_are_as_many_as_was_said(name, options):
    protocol, sequence, frames = made(name, options)
    assert protocol.steps() in (len(frames), None)
    assert all(frame.shape == (SIZE, SIZE, 3) and frame.dtype == np.uint8 for frame in frames)
    assert {frame.canvas for frame in sequence.frames} == set(range(len(sequence.canvases)))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_draws_depend_on_the_image_and_the_seed_alone(name, options):
    first = made(name, options)[1].frames
    assert made(name, options)[1].frames == first
    others = [made(name, options, picture(seed))[1].frames for seed in range(1, 6)]
    random = options.get("place", "random") == "random" and options.get("area") != [1, 1] and name not in ("centre", "natural")
    assert (any(frames != first for frames in others)) == random


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_saved_geometry_makes_the_same_frames_again(name, options):
    """By Pillow and plain pasting alone. Inpainted surrounds are left out: the picture inside is compared."""
    image = picture()
    _, sequence, frames = made(name, options, image)
    for frame, pixels in zip(sequence.frames, frames, strict=True):
        shown = next(image.film([int(frame.value)])) if name == "natural" else image.pixels
        resized = (
            Image.fromarray(shown).crop(frame.source).resize(frame.resized, Image.Resampling[frame.resample.removeprefix("pillow-").upper()])
        )
        colour = (0, 0, 0) if frame.surround in ("none", "inpaint") else frame.surround
        again = Image.new("RGB", (400, 400), colour)
        # The canvas may begin left of or above the picture's corner, or inside the picture.
        again.paste(resized, (100 + frame.paste[0], 100 + frame.paste[1]))
        x, y = 100 + frame.window_x, 100 + frame.window_y
        again = np.asarray(again)[y : y + SIZE, x : x + SIZE]
        if frame.surround == "inpaint":
            (left, top), (width, height) = frame.paste, frame.resized
            inside = np.s_[top : top + height, left : left + width]
            again, pixels = again[inside], pixels[inside]
        np.testing.assert_array_equal(pixels, again)


@pytest.mark.parametrize(("name", "options"), [case for case in CASES if case[0] in ("crop", "embed")])
def test_what_two_frames_share_is_the_same_pixels_moved(name, options):
    """Crop windows move one way, the embedded picture the other; inside it, or between windows, nothing is resampled."""
    protocol, sequence, frames = made(name, options)
    axes = {"x": (1, 0), "y": (0, 1), "diagonal": (1, 1)}[protocol.axis]
    for (a, first), (b, second) in zip(
        zip(sequence.frames, frames, strict=True), list(zip(sequence.frames, frames, strict=True))[1:], strict=False
    ):
        moved = int(b.value - a.value)
        dx, dy = (moved * axis * (1 if name == "crop" else -1) for axis in axes)
        if a.surround == "inpaint":  # only the picture inside
            (left, top), (width, height) = a.paste, a.resized
            np.testing.assert_array_equal(
                first[top : top + height, left : left + width],
                second[top - dy : top - dy + height, left - dx : left - dx + width],
            )
            continue
        whole = first[max(dy, 0) : SIZE + min(dy, 0), max(dx, 0) : SIZE + min(dx, 0)]
        other = second[max(-dy, 0) : SIZE + min(-dy, 0), max(-dx, 0) : SIZE + min(-dx, 0)]
        np.testing.assert_array_equal(whole, other)
        assert not np.array_equal(first, second)  # and yet they are two frames


@pytest.mark.parametrize(("axis", "fixed"), [("x", "window_y"), ("y", "window_x")])
def test_a_crop_that_moves_along_one_axis_stays_in_the_middle_of_the_other(axis, fixed):
    frames = made("crop", {"axis": axis, "offsets": "0..6"})[1].frames
    assert [getattr(frame, fixed) for frame in frames] == [3] * 7
    assert [getattr(frame, f"window_{axis}") for frame in frames] == list(range(7))


def test_surrounds_share_their_places():
    def places(**more):
        frames = made("embed", {"side": 20, **more})[1].frames
        return [(frame.paste[0] - frame.window_x, frame.paste[1] - frame.window_y) for frame in frames]

    assert places() == places(surround="mean") == places(surround="inpaint")


def test_the_picture_is_alone_on_black():
    _, sequence, frames = made("embed", {"side": 20, "offsets": "0..4"})
    width, height = sequence.frames[0].resized
    for pixels in frames:
        rows, columns = np.nonzero(pixels.sum(-1))  # the picture has no black pixel
        assert (columns.max() - columns.min() + 1, rows.max() - rows.min() + 1) == (width, height)
        assert len(rows) == width * height


def test_sizes_grow_from_the_same_corner_or_around_the_same_middle():
    corners = {frame.paste for frame in made("scale", {"sides": "10..30 by 5"})[1].frames}
    assert len(corners) == 1
    for frame in made("scale", {"sides": "10..30 by 5", "place": "centre"})[1].frames:
        for start, extent in zip(frame.paste, frame.resized, strict=True):
            assert abs(start + extent / 2 - SIZE / 2) <= 0.5


def test_random_crops_have_the_areas_and_aspects_asked_for():
    rng = np.random.default_rng(0)
    crops = np.array([random_crop(500, 400, (0.08, 1), (3 / 4, 4 / 3), rng) for _ in range(2000)])
    width, height = crops[:, 2] - crops[:, 0], crops[:, 3] - crops[:, 1]
    share, aspect = width * height / (500 * 400), width / height
    assert crops.min() >= 0
    assert crops[:, 2].max() <= 500
    assert crops[:, 3].max() <= 400
    assert 0.079 < share.min() < 0.1
    assert share.max() > 0.9
    assert 0.74 < aspect.min() < 0.77
    assert 1.3 < aspect.max() < 1.35
    # A thin strip leaves no room for ten tries: the middle, as wide as the aspect allows.
    assert random_crop(20000, 20, (0.08, 1), (3 / 4, 4 / 3), rng) == (9986, 0, 10013, 20)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("crop", {"offsets": "-3..5"}, "-3..5 leave the canvas"),
        ("crop", {"offsets": "0..9", "margin": 8}, "0..9 leave the canvas"),
        ("embed", {"side": 40, "offsets": "0..9"}, "0..9 leave the canvas"),
        ("embed", {"side": 40, "offsets": "-5..4", "place": "centre"}, "-5..4 leave the canvas"),
        ("embed", {"side": 50, "offsets": [0]}, "leave the canvas"),
        ("scale", {"sides": [20, 49]}, "20..49 leave the canvas: they must be from 1 to 48"),
        ("scale", {"sides": [0, 9]}, "0..9 leave the canvas"),
    ],
)
def test_offsets_that_leave_the_canvas_are_refused_before_anything_runs(name, options, words):
    with pytest.raises(ShiftscopeError, match=words):
        protocols[name].item.model_validate(options).check(SIZE)


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (20, 20_000), (2000, 3)])
def test_odd_shapes_are_used_or_have_a_reason(name, options, height, width):
    pixels = np.full((height, width, 3), 9, np.uint8)
    image = Picture("odd", pixels, film=lambda numbers: (pixels for _ in numbers), film_frames=5)
    square = options.get("resize") in ("longer", "square")
    usable = name == "crop" or (name in ("centre", "natural") and width <= 20_000) or (height, width) == (1, 1) or square
    if not usable:
        with pytest.raises(Unfit, match=r"would be \d+ × \d+ px"):
            made(name, options, image)
        return
    assert all(frame.shape == (SIZE, SIZE, 3) for frame in made(name, options, image)[2])


def test_a_film_gives_the_frames_asked_for_as_the_centre_crop_does():
    image = picture()
    _, sequence, frames = made("natural", {"frames": 3, "stride": 2}, image)
    assert [frame.value for frame in sequence.frames] == [0, 2, 4]
    for number, pixels in zip((0, 2, 4), frames, strict=True):
        alone = Picture("alone", np.roll(image.pixels, number, axis=1))
        np.testing.assert_array_equal(pixels, made("centre", {}, alone)[2][0])


@pytest.mark.parametrize(("options", "frames"), [({}, [0, 1, 2, 3, 4]), ({"start": 3}, [3, 4]), ({"stride": 4}, [0, 4])])
def test_a_short_clip_gives_what_it_has(options, frames):
    assert [frame.value for frame in made("natural", options)[1].frames] == frames


def test_fewer_than_two_frames_are_no_sequence():
    for options in ({"start": 4}, {"start": 9}, {"stride": 5}):
        with pytest.raises(Unfit, match="has 5 frames, and fewer than two are left"):
            made("natural", options)
    with pytest.raises(Unfit, match="is no film"):
        made("natural", {}, Picture("still", np.zeros((50, 50, 3), np.uint8)))
