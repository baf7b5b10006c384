"""A real film, counted by another program than the one that reads it. The data's place is given by SHIFTSCOPE_REAL_DATA."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from shiftscope.data.films import film_size, read_film
from shiftscope.protocols import Picture
from shiftscope.protocols.natural import Natural
from shiftscope.sources.film import Film
from shiftscope.stages.frames import sequence_of
from shiftscope.stages.images import make_images

DATA = os.environ.get("SHIFTSCOPE_REAL_DATA")
pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA, reason="SHIFTSCOPE_REAL_DATA is not set")]
PATH = Path(DATA or "") / "video" / "bikes.mp4"


def test_frames_are_those_that_opencv_finds():
    """Another decoder's build and its own conversion to RGB: colours differ by a few levels, frames by far more."""
    import cv2

    capture = cv2.VideoCapture(str(PATH))
    count = 0
    for pixels in read_film(PATH, range(250)):
        there, other = capture.read()
        assert there
        if count % 25 == 0:
            assert np.abs(pixels.astype(int) - other[..., ::-1]).mean() < 3
        count += 1
    assert not capture.read()[0]
    assert film_size(PATH) == (640, 272, count) == (640, 272, 250)


def test_neighbouring_frames_differ_by_little():
    frames = np.stack(list(read_film(PATH, range(40)))).astype(int)
    steps = [np.abs(later - earlier).mean() for earlier, later in pairwise(frames)]
    assert min(steps) > 0
    assert np.median(steps) < np.abs(frames[30:] - frames[:10]).mean()


def test_a_natural_sequence():
    images, skipped = make_images(Film(path=PATH, clip=100, unusable="refuse"), PATH, seed=0)
    assert skipped.is_empty()
    assert images.select("image_id", "first_frame", "frames", "width", "height").rows() == [
        ("bikes@000000", 0, 100, 640, 272),
        ("bikes@000100", 100, 100, 640, 272),
    ]
    first = next(read_film(PATH, [100]))
    picture = Picture(
        "bikes@000100", first, film=lambda numbers: read_film(PATH, [100 + n for n in numbers]), film_frames=100
    )
    sequence = sequence_of(Natural(kind="natural", frames=30, stride=3), picture, 224, 0)
    assert [frame.value for frame in sequence.frames] == list(range(0, 90, 3))
    assert all(canvas.shape == (224, 224, 3) for canvas in sequence.canvases)
    assert all(np.any(a != b) for a, b in pairwise(sequence.canvases))
