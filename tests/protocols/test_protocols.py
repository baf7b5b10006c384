"""Laws that hold for every registered protocol, and each protocol against a loop that makes its frames another way."""

from inspect import get_annotations

import numpy as np
import pytest
from PIL import Image, ImageColor
from pydantic import ValidationError
from scipy import ndimage

from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import Picture, Unfit, protocols
from shiftscope.protocols.crop import random_crop
from shiftscope.protocols.subpixel import fourier_shift
from shiftscope.resizers import resizers
from shiftscope.stages.frames import sequence_of

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
    "box_crop": [{}, {"axis": "y", "reach": 4}, {"axis": "diagonal"}, {"side": 50}],
    "circular": [{"offsets": "0..5"}, {"axis": "x", "crop_fraction": 1}, {"offsets": "0..47", "draw": 3}],
    "natural": [{}, {"frames": 2, "stride": 2, "start": 1}, {"crop_fraction": 1}],
    "scale": [
        {"sides": [20, 21]},
        {"sides": "12..36 by 4", "place": "corner", "resize": "square", "surround": "inpaint"},
        {"sides": [30, 20], "place": "centre", "surround": "mean", "resize": "longer"},
    ],
}
SETTINGS |= {
    "pad": [
        {},
        {"surround": "mean", "axis": "x", "colour": [9, 200, 30]},
        {"surround": "edge", "axis": "y", "side": 33, "offsets": "-39..38 by 7"},
        {"surround": "reflect", "side": 60, "offsets": [0, 47, -47]},
        {"draw": 3, "surround": "reflect", "side": 11},
    ],
    "resizers": [{}, {"resizers": ["opencv-area", "tf1-bilinear"], "crop_fraction": 1}],
    "rotate": [{"angles": "-20..20 by 10"}, {"angles": [-30, 0, 30], "shifts": [-5, 0, 5], "beyond": "black"}],
    "sizes": [{"shifts": 3}, {"sizes": [1.9, 0.1, 1.1], "surround": "inpaint", "margin": 9}],
    "subpixel": [{"crop_fraction": 0.75}, {"shifts": [0, 0.3, 1], "axis": "x", "edge": "wrap"}],
    "windows": [{}, {"windows": 4, "axis": "x"}, {"axis": "diagonal", "reach": 3}],
}
RANDOM = {"crop", "embed", "scale", "sizes", "windows"}
CASES = [(name, options) for name, settings in SETTINGS.items() for options in settings]


def picture(seed=0, height=61, width=83):
    """A film too: in every frame, the picture is moved on by a pixel."""
    pixels = np.random.default_rng(seed).integers(1, 256, (height, width, 3), dtype=np.uint8)

    def film(numbers):
        return (np.roll(pixels, number, axis=1) for number in numbers)

    boxes = np.array([[0.25 * width, 0.3 * height, 0.75 * width, 0.8 * height], [2, 2, 5, 4]])
    return Picture(f"class/image {seed}", pixels, boxes, film=film, film_frames=5)


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
    random = "draw" in options or (
        name in RANDOM and options.get("place", "random") == "random" and options.get("area") != [1, 1]
    )
    assert (any(frames != first for frames in others)) == random


@pytest.mark.parametrize("entry", protocols, ids=lambda entry: entry.name)
def test_every_setting_is_explained(entry):
    assert all(entry.item.meanings().get(name) for name in entry.item.model_fields)


@pytest.mark.parametrize(
    ("name", "users"), [("crop_fraction", 7), ("resizer", 12), ("draw", 2), ("colour", 4), ("aspect", 2), ("note", 13)]
)
def test_a_setting_of_several_protocols_is_declared_once(name, users):
    kinds = [entry.item for entry in protocols if name in entry.item.model_fields]
    declaring = {base for kind in kinds for base in kind.__mro__ if name in get_annotations(base)}
    assert (len(kinds), len(declaring)) == (users, 1)


@pytest.mark.parametrize(("name", "draws"), [("resizers", False), ("centre", False), ("crop", True)])
def test_resizers_draw_nothing_at_random(name, draws):
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    protocols[name].item.model_validate({"kind": name}).sequence(picture(), SIZE, rng)
    assert (rng.bit_generator.state != before) == draws


def resized_as_said(pixels, frame):
    """By Pillow itself; by the registered function, which has tests of its own, for what Pillow does not have."""
    left, top, right, bottom = map(int, frame.source)
    region = pixels[top:bottom, left:right]
    if frame.resizer.startswith("pillow-"):
        method = Image.Resampling[frame.resizer.removeprefix("pillow-").upper()]
        return np.asarray(Image.fromarray(region).resize(frame.resized, method))
    return resizers[frame.resizer].item(region, *frame.resized)


def pasted(picture, place, height, width, surround):
    """`picture` with its corner at `place` of a canvas; what is left of or above it is cut off."""
    canvas = Image.new("RGB", (width, height), (0, 0, 0) if not surround.startswith("#") else surround)
    canvas.paste(Image.fromarray(picture), place)
    return np.asarray(canvas)


def made_again(image, frame, canvas, name, size=SIZE):
    """A frame from the columns of tables.FRAMES, by Pillow, SciPy and plain loops."""
    shown = next(image.film([int(frame.value)])) if name == "natural" else image.pixels
    resized = resized_as_said(shown, frame)
    x, y = frame.window_x, frame.window_y
    window = np.s_[y : y + size, x : x + size]
    if frame.surround == "wrap":
        once = pasted(resized, frame.paste, size, size, "none")
        return once[np.ix_((y + np.arange(size)) % size, (x + np.arange(size)) % size)]
    if frame.warp == "whole":
        return moved_as_a_whole(resized, frame, size)
    if frame.warp == "bilinear" and frame.surround == "none":
        return turned(resized, frame, (-frame.paste[0], -frame.paste[1]), size)
    whole = pasted(resized, frame.paste, *canvas.shape[:2], frame.surround)
    if frame.warp == "bilinear":
        return turned(whole, frame, (x, y), size)
    if frame.warp == "fourier":
        spectrum = np.fft.fftn(whole.astype(float), axes=(0, 1))
        for axis in (0, 1):
            if whole.shape[axis] % 2 == 0:
                np.moveaxis(spectrum, axis, 0)[whole.shape[axis] // 2] = 0
        moved = np.stack(
            [np.fft.ifft2(ndimage.fourier_shift(spectrum[..., c], frame.shift[::-1])).real for c in range(3)], -1
        )
        return moved.clip(0, 255)[window]
    return whole[window]


def moved_as_a_whole(resized, frame, size):
    """Pixel by pixel: where in the picture, as far as it lies on the frame before it moves, does each come from?"""
    height, width = resized.shape[:2]
    before = [frame.window_x + frame.shift[0], frame.window_y + frame.shift[1]]  # the frame's corner on the canvas
    left, top = (paste - corner for paste, corner in zip(frame.paste, before, strict=True))
    first, last = (max(0, -left), max(0, -top)), (min(width, size - left) - 1, min(height, size - top) - 1)
    again = np.empty((size, size, 3), np.uint8)
    for row in range(size):
        for column in range(size):
            x, y = column - frame.shift[0] - left, row - frame.shift[1] - top
            if frame.surround == "edge":
                x, y = min(max(x, first[0]), last[0]), min(max(y, first[1]), last[1])
            elif frame.surround == "reflect":
                while not first[0] <= x <= last[0]:
                    x = 2 * first[0] - x if x < first[0] else 2 * last[0] - x
                while not first[1] <= y <= last[1]:
                    y = 2 * first[1] - y if y < first[1] else 2 * last[1] - y
            inside = first[0] <= x <= last[0] and first[1] <= y <= last[1]
            again[row, column] = resized[y, x] if inside else ImageColor.getrgb(frame.surround)
    return again


def turned(pixels, frame, corner, size):
    """The frame whose corner is at `corner` of `pixels`, turned about its middle and moved."""
    cos, sin = np.cos(np.radians(frame.angle)), np.sin(np.radians(frame.angle))
    middle = np.array([corner[1] + (size - 1) / 2, corner[0] + (size - 1) / 2])  # y, x of pixel centres
    back = np.array([[cos, sin], [-sin, cos]])
    offset = middle - back @ (middle + frame.shift[::-1])
    planes = [
        ndimage.affine_transform(pixels[..., c].astype(float), back, offset, order=1, mode="constant") for c in range(3)
    ]
    x, y = corner
    return np.stack(planes, -1)[y : y + size, x : x + size]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_saved_geometry_makes_the_same_frames_again(name, options):
    """Of inpainted frames, the picture inside is compared; of turned ones, all but the last row before the black."""
    hold_to_geometry(name, options, picture(), SIZE)


@pytest.mark.parametrize("size", [240, 260, 299])
@pytest.mark.parametrize("name", list(SETTINGS))
def test_frames_of_other_networks_sizes_are_as_right(name, size):
    """Odd ones, and those that no power of two divides."""
    hold_to_geometry(name, SETTINGS[name][0], picture(height=331, width=420), size)


def hold_to_geometry(name, options, image, size):
    _, sequence, frames = made(name, options, image, size)
    for frame, pixels in zip(sequence.frames, frames, strict=True):
        assert pixels.shape == (size, size, 3)
        again = made_again(image, frame, sequence.canvases[frame.canvas], name, size)
        if frame.surround == "inpaint":
            (left, top), (width, height) = frame.paste, frame.resized
            left, top = left - frame.window_x, top - frame.window_y
            inside = np.s_[max(0, top) : top + height, max(0, left) : left + width]
            again, pixels = again[inside], pixels[inside]
        if frame.warp in ("none", "whole"):
            np.testing.assert_array_equal(pixels, again)
            continue
        there = ndimage.binary_erosion((pixels.sum(-1) > 0) & (again.sum(-1) > 0), np.ones((3, 3)), border_value=1)
        assert there.mean() > 0.5
        np.testing.assert_allclose(pixels[there], again[there], atol=1.01)


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
        ("pad", {"offsets": [0, 48]}, "0..48 move the picture out of the frame: of 48 px .* from -47 to 47"),
        (
            "pad",
            {"offsets": "-40..40", "side": 33},
            "-40..40 move the picture out of the frame: of 33 px .* from -39 to 39",
        ),
    ],
)
def test_offsets_that_leave_the_canvas_are_refused_before_anything_runs(name, options, words):
    with pytest.raises(ShiftscopeError, match=words):
        protocols[name].item.model_validate(options).check(SIZE)


@pytest.mark.parametrize("name", ["crop", "embed", "circular", "rotate", "scale", "pad"])
def test_a_sweep_over_nothing_is_refused(name):
    swept = {"rotate": "angles", "scale": "sides"}.get(name, "offsets")
    with pytest.raises(ValidationError, match=f"{swept}.*\n.*at least 1 item"):
        protocols[name].item.model_validate({"kind": name, swept: []})


@pytest.mark.parametrize("name", ["crop", "sizes"])
@pytest.mark.parametrize("aspect", [[0, 1], [2, 1]])
def test_an_aspect_that_is_no_range_is_refused(name, aspect):
    with pytest.raises(ValidationError, match=r"must be \[least, largest\] with 0 < least"):
        protocols[name].item.model_validate({"kind": name, "aspect": aspect})


@pytest.mark.parametrize("name", ["embed", "scale", "sizes", "pad"])
@pytest.mark.parametrize("colour", [[256, 0, 0], [0, -1, 0]])
def test_a_colour_that_is_none_is_refused(name, colour):
    with pytest.raises(ValidationError, match="colour"):
        protocols[name].item.model_validate({"kind": name, "colour": colour})


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (20, 20_000), (2000, 3)])
def test_odd_shapes_are_used_or_have_a_reason(name, options, height, width):
    pixels = np.full((height, width, 3), 9, np.uint8)
    image = Picture("odd", pixels, film=lambda numbers: (pixels for _ in numbers), film_frames=5)
    try:
        frames = made(name, options, image)[2]
    except Unfit as reason:
        assert str(reason).startswith(("would be", "has", "leaves"))  # noqa: PT017
        assert (height, width) != (1, 1) or name == "box_crop"
    else:
        assert all(frame.shape == (SIZE, SIZE, 3) for frame in frames)


def test_a_circular_shift_is_a_roll():
    _, sequence, frames = made("circular", {"offsets": "0..9", "crop_fraction": 1})
    for frame, pixels in zip(sequence.frames, frames, strict=True):
        np.testing.assert_array_equal(pixels, np.roll(frames[0], (-int(frame.value),) * 2, (0, 1)))


@pytest.mark.parametrize("shape", [(15, 21), (16, 20), (1, 7)])
def test_band_limited_shifts_compose_and_undo(shape):
    image = np.random.default_rng(0).uniform(0, 255, (*shape, 3))
    limited = fourier_shift(image, 0, 0)  # the picture without what no shift could keep
    if shape == (15, 21):
        np.testing.assert_allclose(limited, image, atol=1e-9)
    there = fourier_shift(fourier_shift(image, 0.3, 0.6), 0.7, 0.4)
    np.testing.assert_allclose(there, np.roll(limited, (1, 1), (0, 1)), atol=1e-9)
    np.testing.assert_allclose(fourier_shift(fourier_shift(image, 0.37, -2.2), -0.37, 2.2), limited, atol=1e-9)
    half = fourier_shift(image, 0.5, 0)
    assert np.abs(half - limited).max() > 1  # and it does move


def test_a_band_limited_shift_moves_a_wave_by_its_phase():
    x = np.arange(21)
    image = np.repeat(np.sin(2 * np.pi * 3 * x / 21)[None, :, None], 4, axis=0)
    moved = fourier_shift(image, 0.25, 0)[0, :, 0]
    np.testing.assert_allclose(moved, np.sin(2 * np.pi * 3 * (x - 0.25) / 21), atol=1e-12)


def test_a_whole_pixel_of_the_subpixel_protocol_is_real_pixels_moved():
    """Up to what ringing of the canvas's edges and rounding leave, and up to the highest frequency of an even canvas."""
    smooth = ndimage.gaussian_filter(np.random.default_rng(0).uniform(0, 255, (90, 90, 3)), (3, 3, 0))
    image = Picture("smooth", smooth.astype(np.uint8))
    frames = made("subpixel", {"shifts": [0, 1], "crop_fraction": 0.6}, image)[2]
    np.testing.assert_allclose(frames[1][1:, 1:].astype(int), frames[0][:-1, :-1], atol=2)


def test_turning_by_a_right_angle_and_shifting_move_pixels():
    image = picture()
    frames = made("rotate", {"angles": [0, 90, 180], "beyond": "black"}, image)[2]
    for turns, frame in enumerate(frames):
        # The cosine of a right angle is no exact 0, and Pillow cuts off what is behind the point.
        np.testing.assert_allclose(frame.astype(int), np.rot90(frames[0], turns), atol=1)
    _, sequence, frames = made("rotate", {"angles": [0], "shifts": [0, 3], "beyond": "black"}, image)
    for frame, pixels in zip(sequence.frames, frames, strict=True):
        dx, dy = map(int, frame.shift)
        np.testing.assert_array_equal(pixels[dy:, dx:], frames[0][: SIZE - dy, : SIZE - dx])
        assert not pixels[:dy].any()
        assert not pixels[:, :dx].any()


def test_the_box_stays_inside_and_every_place_is_used():
    """Against a search over all places of the picture."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        height, width = rng.integers(SIZE, 110, 2)
        low = rng.uniform(0, 0.5, 2) * (width, height)
        high = low + rng.uniform(0.1, 0.5, 2) * (width, height)
        image = Picture("i", rng.integers(0, 256, (height, width, 3), dtype=np.uint8), np.array([[*low, *high]]))
        places = [
            x for x in range(width - SIZE + 1) if x <= low[0] and high[0] <= x + SIZE
        ] if any(y <= low[1] and high[1] <= y + SIZE for y in range(height - SIZE + 1)) else []  # fmt: skip
        if len(places) < 2:
            with pytest.raises(Unfit):
                made("box_crop", {}, image)
            continue
        sequence = made("box_crop", {}, image)[1]
        assert [frame.window_x - frame.paste[0] for frame in sequence.frames] == places
        assert len({frame.window_y - frame.paste[1] for frame in sequence.frames}) == 1
        middle = (low[0] + high[0] - SIZE) / 2
        for frame in sequence.frames:
            assert abs(frame.window_x - frame.paste[0] - frame.value - middle) <= 0.5
            top = frame.window_y - frame.paste[1]
            assert top <= low[1]
            assert high[1] <= top + SIZE


def test_of_several_boxes_the_largest_is_kept():
    boxes = np.array([[0, 0, 4, 4], [10, 10, 40, 40], [60, 0, 70, 9]], float)
    image = Picture("i", picture().pixels, boxes)
    alone = Picture("i", picture().pixels, boxes[1:2])
    assert made("box_crop", {}, image)[1].frames == made("box_crop", {}, alone)[1].frames


@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        (np.empty((0, 4)), "has no box"),
        (np.array([[5, 5, 60.5, 20]]), "has a box of 56 × 15 px, which does not fit into a window of 48 px"),
        (np.array([[5, 5, 53, 20.0]]), "fewer than two places along x"),
    ],
)
def test_a_picture_whose_box_cannot_be_kept_has_a_reason(boxes, words):
    with pytest.raises(Unfit, match=words):
        made("box_crop", {}, Picture("i", picture().pixels, boxes))


def test_no_pair_crosses_from_one_size_to_the_next():
    _, sequence, _ = made("sizes", {"sizes": [0.4, 1.9], "shifts": 3})
    assert [frame.run for frame in sequence.frames] == [0, 0, 0, 1, 1, 1]
    assert [frame.value for frame in sequence.frames] == [0.4] * 3 + [1.9] * 3
    assert {frame.resized for frame in sequence.frames[3:]} == {(25, 25)}  # ⌊48 / 1.9⌋
    width, height = 83, 61
    left, top, right, bottom = sequence.frames[0].source
    assert (right - left) * (bottom - top) / (width * height) == pytest.approx(0.4, rel=0.05)


def test_windows_are_drawn_for_each_picture_and_reach_as_far_as_was_said():
    places = np.array([
        [(frame.window_x, frame.window_y) for frame in made("windows", {}, picture(seed))[1].frames] for seed in range(400)
    ])  # fmt: skip
    assert places.min() == 0
    assert places.max() == 55 - 48 - 1
    assert len(np.unique(places.reshape(400, -1), axis=0)) > 300


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("windows", {"crop_fraction": 1}, "a reach of -1 px is not possible: .* has 0 px to move"),
        ("windows", {"reach": 8}, "a reach of 8 px is not possible: a window of 48 px on a canvas of 55 px has 7 px"),
        ("circular", {"offsets": [0, 48]}, "0..48 are not circular shifts of 48 px"),
        ("subpixel", {}, "leaves 3 px on each side, and 5 are needed"),
        ("sizes", {"sizes": [1.05, 1.11], "shifts": 9, "margin": 7}, "leave the canvas"),
    ],
)
def test_settings_that_no_picture_could_meet_are_refused(name, options, words):
    with pytest.raises(ShiftscopeError, match=words):
        protocols[name].item.model_validate(options).check(SIZE)
