"""A picture that leaves the frame: against torchvision's own, pixel by pixel."""

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from torchvision.transforms import CenterCrop, Resize
from torchvision.transforms import functional as vision

from shiftscope.protocols import Picture, protocols

SIZE = 32
PLAIN = {"black": (0, 0, 0), "mean": (124, 116, 104)}


def picture(height=SIZE, width=SIZE):
    return Picture("i", np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def frames(image, seed=0, **options):
    protocol = protocols["pad"].item.model_validate({"kind": "pad", **options})
    protocol.check(SIZE)
    sequence = protocol.sequence(image, SIZE, np.random.default_rng(seed))
    return [
        (frame, sequence.canvases[frame.canvas][frame.window_y : frame.window_y + SIZE, frame.window_x : frame.window_x + SIZE])
        for frame in sequence.frames
    ]  # fmt: skip


@pytest.mark.parametrize("surround", ["black", "mean"])
@pytest.mark.parametrize("axis", ["x", "y", "diagonal"])
def test_a_moved_picture_is_torchvisions_affine(surround, axis):
    image = picture()
    found = frames(image, surround=surround, axis=axis, offsets="-31..31 by 5")
    assert [frame.value for frame, _ in found] == list(range(-31, 32, 5))
    for frame, pixels in found:
        moved = [int(frame.value) * (axis in (own, "diagonal")) for own in "xy"]
        expected = vision.affine(Image.fromarray(image.pixels), 0, moved, 1, [0, 0], fill=PLAIN[surround])
        np.testing.assert_array_equal(pixels, np.asarray(expected))


@pytest.mark.parametrize(("surround", "mode"), [("black", "constant"), ("edge", "edge"), ("reflect", "reflect")])
@pytest.mark.parametrize("padding", [4, 31])
def test_draws_are_torchvisions_padding_and_a_crop_of_it(surround, mode, padding):
    image = picture()
    padded = vision.pad(Image.fromarray(image.pixels), padding, padding_mode=mode)
    found = frames(image, surround=surround, offsets=f"-{padding}..{padding}", draw=40)
    for frame, pixels in found:
        x, y = (int(shift) for shift in frame.shift)
        np.testing.assert_array_equal(pixels, np.asarray(vision.crop(padded, padding - y, padding - x, SIZE, SIZE)))
    x, y = np.array([frame.shift for frame, _ in found]).T
    assert min(x.min(), y.min()) >= -padding
    assert max(x.max(), y.max()) <= padding
    assert len(set(x)) > 5
    assert (x != y).any()
    assert [frame.shift for frame, _ in frames(image, seed=1, draw=40)] != [frame.shift for frame, _ in found]


@pytest.mark.parametrize(("height", "width", "side"), [(61, 83, 32), (83, 61, 41), (90, 40, 21), (33, 70, 33)])
@pytest.mark.parametrize("surround", ["mean", "edge", "reflect"])
def test_other_sizes_are_resized_and_centred_as_torchvision_does_before_they_move(height, width, side, surround):
    """A smaller picture keeps its surround at offset 0, and of a larger one nothing comes in from beyond the frame."""
    image = picture(height, width)
    mode = {"mean": "constant"}.get(surround, surround)
    resized = Resize(side)(Image.fromarray(image.pixels))
    shown = CenterCrop([min(SIZE, resized.height), min(SIZE, resized.width)])(resized)
    left, top = (SIZE - shown.width) // 2, (SIZE - shown.height) // 2
    for frame, pixels in frames(image, side=side, surround=surround, offsets=[-9, 0, 4]):
        moved = int(frame.value)
        # Far enough for any of these offsets; the frame is cut out of it.
        more = min(shown.width, shown.height) - 1
        wide = vision.pad(shown, more, fill=PLAIN["mean"] if mode == "constant" else 0, padding_mode=mode)
        expected = vision.crop(wide, more - top - moved, more - left - moved, SIZE, SIZE)
        np.testing.assert_array_equal(pixels, np.asarray(expected))


def test_a_picture_of_the_inputs_size_is_not_resized_and_is_itself_at_offset_0():
    image = picture()
    ((frame, pixels),) = frames(image, offsets=[0], resizer="pillow-lanczos", surround="reflect")
    np.testing.assert_array_equal(pixels, image.pixels)
    assert (frame.paste, frame.shift, frame.resized) == ((0, 0), (0, 0), (SIZE, SIZE))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"surround": "symmetric"}, "'black', 'mean', 'edge' or 'reflect'"),
        ({"offsets": "4..-4"}, "is no range"),
        ({"offsets": [0.5]}, "valid integer"),
        ({"side": 0}, "greater than or equal to 1"),
        ({"draw": 1}, "greater than or equal to 2"),
        ({"colour": [300, 0, 0]}, "less than or equal to 255"),
        ({"fill": "edge"}, "Extra inputs"),
        ({"offsets": []}, "at least 1 item"),
    ],
)
def test_bad_settings_are_refused(options, words):
    with pytest.raises(ValidationError, match=words):
        protocols["pad"].item.model_validate({"kind": "pad", **options})
