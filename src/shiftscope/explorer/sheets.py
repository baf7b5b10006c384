"""The frames of pictures as the explorer carries them: small, and together no more than a limit of bytes."""

import base64
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftscope.protocols import Sequence as Frames
from shiftscope.protocols import Unfit
from shiftscope.stages.frames import window

LEVELS = ((224, 80), (160, 70), (128, 60), (112, 55), (96, 50), (64, 50), (64, 30), (48, 30))
"""Sides in px that frames have at most on the page, and qualities of WebP, from the best to the smallest."""
TRIED = 4
"""Pictures by which a level is chosen."""
LARGEST = 16_383
"""px: no side of a WebP may be longer."""


class Sheet(NamedTuple):
    """The canvases of one picture, as far as its frames lie on them, beside one another, and where on it each frame is."""

    data: bytes
    """A WebP file, with loss."""
    steps: NDArray[np.int32]
    x: NDArray[np.float32]
    """px on the sheet: the left edge of each frame."""
    y: NDArray[np.float32]
    side: NDArray[np.float32]
    """px on the sheet: the width and height of each frame."""
    difference: NDArray[np.float32]
    """Mean absolute difference of each frame from the one before it, in grey levels of 255, of the frames as networks see
    them; NaN for the first one."""


@dataclass(frozen=True)
class Sheets:
    """The sheets of one protocol."""

    size: int
    """px: the input size of the networks whose frames they are."""
    side: int
    """px: the width of frames on the sheets, at most."""
    quality: int
    """Of the WebP files."""
    names: dict[float, str]
    """Of swept values that stand for a choice of the resizer, its name; else empty."""
    found: Sequence[Sheet | None]
    """One for each of the first chosen pictures; None where the protocol could not use it. The others have none."""

    @property
    def bytes(self) -> int:
        """What they take on the page."""
        return sum(len(in_base64(sheet.data)) for sheet in self.found if sheet)


def in_base64(data: bytes) -> str:
    """Bytes as a page carries them."""
    return base64.b64encode(data).decode("ascii")


def sheets(made: Iterable[Callable[[], Frames]], count: int, size: int, limit: int) -> Sheets:
    """The sheets of as many pictures as fit into `limit` bytes, in the order given.

    Parameters
    ----------
    made : for each picture, a function that makes its frames, or raises Unfit. It is called when its turn comes.
    count : how many there are: the best level is taken at which all of them are likely to fit, else the last level.
    size : px: the width of the frames.
    """
    rest = iter(made)
    first = [_or_none(make) for make in _some(rest, TRIED)]
    levels = list(dict.fromkeys((min(side, size), quality) for side, quality in LEVELS))
    side, quality = levels[-1]
    for side, quality in levels:
        tried = [_drawn(frames, size, side, quality)[0] for frames in first if frames]
        if sum(len(in_base64(one)) for one in tried) * count <= limit * max(len(tried), 1):
            break
    found, left = [], limit
    for frames in _chained(first, rest):
        own = sheet(frames, size, side, quality) if frames else None
        left -= len(in_base64(own.data)) + 3 if own else 4  # as JSON writes it
        if left < 0:
            break
        found.append(own)
    return Sheets(size, side, quality, _resizers(first), found)


def _resizers(first: Iterable[Frames | None]) -> dict[float, str]:
    """The resizer by the swept value, where not all frames of a picture have the same one."""
    named = {frame.value: frame.resizer for frames in first if frames for frame in frames.frames}
    return named if len(set(named.values())) > 1 else {}


def _some(rest: Iterator[Callable[[], Frames]], count: int) -> Iterator[Callable[[], Frames]]:
    return (make for _, make in zip(range(count), rest, strict=False))


def _chained(first: list[Frames | None], rest: Iterator[Callable[[], Frames]]) -> Iterator[Frames | None]:
    yield from first
    yield from map(_or_none, rest)


def _or_none(make: Callable[[], Frames]) -> Frames | None:
    try:
        return make()
    except Unfit:
        return None


def sheet(frames: Frames, size: int, side: int, quality: int) -> Sheet:
    """The sheet of one picture, on which its frames are no wider than `side` px (less where it would be too large)."""
    data, placed = _drawn(frames, size, side, quality)
    steps = np.array([step + frame.run for step, frame in enumerate(frames.frames)], "<i4")
    return Sheet(data, steps, placed[:, 0], placed[:, 1], placed[:, 2], _differences(frames, size))


def _drawn(frames: Frames, size: int, side: int, quality: int) -> tuple[bytes, NDArray[np.float32]]:
    """The file, and x, y and side of each frame on it."""
    from PIL import Image

    regions = _regions(frames, size)
    across = math.ceil(math.sqrt(len(regions)))
    longest = max(max(right - x, low - y) for x, y, right, low in regions.values())
    scale = min(1.0, side / size, LARGEST / across / longest)
    parts = []
    for canvas, (x, y, right, low) in regions.items():
        part = Image.fromarray(np.ascontiguousarray(frames.canvases[canvas][y:low, x:right]))
        width, height = (max(1, round(length * scale)) for length in part.size)
        parts.append(part.resize((width, height), Image.Resampling.BOX) if scale < 1 else part)
    wide, high = (max(part.size[axis] for part in parts) for axis in (0, 1))
    whole = Image.new("RGB", (wide * min(across, len(parts)), high * math.ceil(len(parts) / across)))
    placed = {}
    for number, (canvas, part) in enumerate(zip(regions, parts, strict=True)):
        left, top = number % across * wide, number // across * high
        whole.paste(part, (left, top))
        x, y, right, low = regions[canvas]
        shrunk = part.size[0] / (right - x), part.size[1] / (low - y)
        placed[canvas] = (left - x * shrunk[0], top - y * shrunk[1], *shrunk)
    file = io.BytesIO()
    whole.save(file, "WEBP", quality=quality, method=2)

    def on_sheet(canvas: int, x: int, y: int) -> tuple[float, float, float]:
        left, top, across, down = placed[canvas]
        return left + x * across, top + y * down, size * across

    return file.getvalue(), np.array([on_sheet(one.canvas, one.window_x, one.window_y) for one in frames.frames], "<f4")


def _regions(frames: Frames, size: int) -> dict[int, tuple[int, int, int, int]]:
    """Of each canvas that has a frame, the part that frames cover: left, top, right and lower edge, px."""
    found: dict[int, tuple[int, int, int, int]] = {}
    for frame in frames.frames:
        own = (frame.window_x, frame.window_y, frame.window_x + size, frame.window_y + size)
        before = found.get(frame.canvas, own)
        pairs = list(zip(before, own, strict=True))
        found[frame.canvas] = (*(min(pair) for pair in pairs[:2]), *(max(pair) for pair in pairs[2:]))  # type: ignore[assignment]
    return found


def _differences(frames: Frames, size: int) -> NDArray[np.float32]:
    found, before = [np.nan], None
    for frame in frames.frames:
        now = window(frames, frame, size).astype(np.int16)
        if before is not None:
            found.append(float(np.abs(now - before).mean()))
        before = now
    return np.array(found, "<f4")
