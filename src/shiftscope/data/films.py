"""Films as pictures one after the other: video files, or folders that hold one picture file per frame."""

import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.pictures import MAX_PIXELS, SUFFIXES, is_picture, picture_size, read_picture

FORMATS = {
    "mov": (".mp4", ".m4v", ".mov"),
    "avi": (".avi",),
    "matroska": (".mkv", ".webm"),
    "mpeg": (".mpg", ".mpeg"),
    "mpegvideo": (),
    "mpegts": (),
    "asf": (".wmv",),
}
"""Formats that are read, by FFmpeg's name, and the endings of their files (the format itself is told from the contents).
No other reader of FFmpeg's is ever tried: some of them are lists that open other files and addresses."""

FILM_SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)


def is_film(name: str) -> bool:
    """Whether a file of this name is taken for a film: by its ending, and not where the name begins with a dot."""
    return not name.startswith(".") and Path(name).suffix.lower() in FILM_SUFFIXES


def film_size(path: str | Path) -> tuple[int, int, int]:
    """Width and height of a film in px as it is shown, and how many frames it has.

    The film is decoded to its end, so what passes here will pass `read_film`. Frames are counted as they are decoded:
    how long each is shown plays no part, and pixels that are not square stay as they are stored.

    Raises
    ------
    ShiftscopeError
        Where there is no such file or folder, it is no film, it is damaged or cut short, its frames are of different
        sizes, they have more than `pictures.MAX_PIXELS` pixels, two files of a folder are the same frame, or there is none.
    """
    path = Path(path)
    film_gaps(path)
    with closing(_sizes(path)) as sizes:
        first, (width, height) = next(sizes)
        count = 1
        for name, size in sizes:
            if size != (width, height):
                raise ShiftscopeError(
                    f"{path} has frames of different sizes: {first} is {width} × {height} px and {name} is "
                    f"{size[0]} × {size[1]} px; make them one size, or cut the film there"
                )
            count += 1
    return width, height, count


def read_film(path: str | Path, numbers: Iterable[int]) -> Iterator[NDArray[np.uint8]]:
    """Some frames of a film: uint8 (height, width, 3), RGB, upright, one at a time.

    A film file is decoded from its beginning up to the last frame that is wanted: frames are found by counting, which is
    right whatever the file says of its times.

    Parameters
    ----------
    path : a film file, or a folder of frames: its pictures in natural order (frame2 before frame10).
    numbers : of the frames, from 0, ascending.

    Raises
    ------
    ShiftscopeError
        Where the film cannot be read as far as that, or has fewer frames.
    """
    path = Path(path)
    wanted = list(numbers)
    if any(later <= earlier for earlier, later in zip([-1, *wanted], wanted, strict=False)):
        raise ValueError(f"frame numbers that do not ascend from 0: {wanted}")
    if path.is_dir():
        files = frame_files(path)
        if wanted and wanted[-1] >= len(files):
            raise _too_short(path, len(files), wanted[-1])
        yield from (read_picture(files[number]) for number in wanted)
    elif wanted:
        yield from _some_of(path, wanted)


def frame_files(folder: Path) -> list[Path]:
    """The pictures in a folder, in natural order. Raises a ShiftscopeError where there is none."""
    try:
        found = [file for file in folder.iterdir() if is_picture(file.name) and file.is_file()]
    except PermissionError as error:
        raise ShiftscopeError(f"the folder {folder} cannot be read: {error.strerror}") from None
    if not found:
        raise ShiftscopeError(
            f"{folder} has no pictures that could be a film's frames; files that end in {', '.join(sorted(SUFFIXES))} count"
        )
    return sorted(found, key=lambda file: natural_key(file.name))


def film_gaps(path: str | Path) -> list[int]:
    """The frames, by their numbers from 0, that do not follow on the one before, ascending; none in a film file.

    In a folder of frames, the numbers in the names tell: frame3 does not follow on frame1 where others are one apart. What
    counts the frames is the first number in the names that is another one in each, or, if there is none, the last that
    differs at all. One frame follows on another where what stands before that number is the same, and the two numbers are
    less than `APART` times as far apart as the closest ones are (times of frames, in milliseconds, are never quite even).
    Leading zeros count nothing. Frames without such numbers follow on one another in the order of their names.

    Raises ShiftscopeError where two files of a folder are the same frame.
    """
    path = Path(path)
    if not path.is_dir():
        return []
    files = frame_files(path)
    names = [re.split(r"([0-9]+)", file.stem) for file in files]
    numbers = [[int(digits) for digits in name[1::2]] for name in names]
    for place, (one, other) in enumerate(pairwise((name[::2], found) for name, found in zip(names, numbers, strict=True))):
        if one == other:
            twice = f"{files[place]} and {files[place + 1].name}"
            raise ShiftscopeError(f"{twice} are the same frame by the numbers in their names; remove one")
    places = list(map(set, zip_longest(*numbers)))
    differing = [place for place, values in enumerate(places) if len(values) > 1]
    counting = [place for place in differing if len(places[place]) == len(files)] or differing[-1:]
    if not counting:
        return []
    counter = counting[0]
    series = [(name[::2], found[:counter]) for name, found in zip(names, numbers, strict=True)]
    apart = [
        now[counter] - before[counter] if one == other else None
        for (before, now), (one, other) in zip(pairwise(numbers), pairwise(series), strict=True)
    ]
    closest = min((far for far in apart if far is not None), default=1)
    return [number for number, far in enumerate(apart, start=1) if far is None or far >= APART * closest]


APART = 1.5


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sorts names as people count: frame2 before frame10."""
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], name


def _sizes(path: Path) -> Generator[tuple[str, tuple[int, int]], None, None]:
    """What each frame is called, and its width and height in px."""
    if path.is_dir():
        for file in frame_files(path):
            yield file.name, picture_size(file)
        return
    _refuse_cut(path)
    with closing(_decoded(path)) as frames:
        for number, frame in enumerate(frames):
            upright = (frame.height, frame.width) if _turns(frame) % 2 else (frame.width, frame.height)
            yield f"frame {number}", upright


def _some_of(path: Path, wanted: list[int]) -> Iterator[NDArray[np.uint8]]:
    left = iter(wanted)
    sought = next(left, None)
    count = 0
    with closing(_decoded(path)) as frames:  # and the file with it, at once
        for frame in frames:
            if count == sought:
                yield _rgb(frame)
                sought = next(left, None)
            if sought is None:
                return
            count += 1
    raise _too_short(path, count, wanted[-1])


def _decoded(path: Path) -> Generator[Any, None, None]:
    """The frames of a film file, `av.VideoFrame`, at least one. What FFmpeg says of a file comes as a ShiftscopeError.

    PyAV keeps FFmpeg's own messages to itself unless somebody sets its log level.
    """
    import av
    from av.stream import Disposition

    if not path.is_file():
        raise ShiftscopeError(f"{path} does not exist")
    number = 0
    try:
        # With `file:`, no name can be taken for an address.
        with av.open(f"file:{path}", options={"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}) as file:
            stream: Any = file.streams.best("video")
            if stream is None or stream.disposition & Disposition.attached_pic:  # a record's cover is no film
                raise ShiftscopeError(f"{path} has no pictures that move: there is no video in it")
            _refuse_large(path, stream.width, stream.height)  # before memory is taken for a frame
            packets: Any = file.demux(stream)
            for packet in packets:
                if packet.is_corrupt:
                    raise _damaged(path, number, "the file is damaged or cut short there")
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise _damaged(path, number, "its data are damaged")
                    _refuse_large(path, frame.width, frame.height)
                    if number == 0:
                        _rgb(frame)  # a kind of pixels that cannot be converted is found before anything is run
                    yield frame
                    number += 1
    except ShiftscopeError:
        raise
    except Exception as error:  # FFmpeg's errors are of a dozen types, ValueError and OSError among them
        if not path.stat().st_size:
            raise ShiftscopeError(f"{path} is no film: the file is empty") from None
        reason = getattr(error, "strerror", None) or str(error).strip().rstrip(".") or type(error).__name__
        if number:
            raise _damaged(path, number, reason) from None
        raise ShiftscopeError(f"{path} cannot be read as a film: {reason}; it may be damaged or cut short") from None
    if not number:
        raise ShiftscopeError(f"{path} has no frame")


def _refuse_large(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ShiftscopeError(f"{path} has frames of more than {MAX_PIXELS:,} pixels; scale it down")


def _damaged(path: Path, number: int, reason: str) -> ShiftscopeError:
    return ShiftscopeError(f"{path} cannot be decoded at frame {number}: {reason}")


def _too_short(path: Path, count: int, sought: int) -> ShiftscopeError:
    return ShiftscopeError(f"{path} has {count} frames, and frame {sought} (from 0) was looked for; it has been changed")


def _turns(frame: Any) -> int:
    """Quarter turns, counter-clockwise, that make a frame upright: cameras store how they were held."""
    turns: int = round(frame.rotation / 90) % 4
    return turns


def _rgb(frame: Any) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), _turns(frame)), dtype=np.uint8)


def _refuse_cut(path: Path) -> None:
    """Raise a ShiftscopeError where a file is shorter than its own header says: a film that was cut between two frames
    decodes without a complaint. (MPEG streams have no such header: there, a cut between two frames is not seen.)"""
    if not path.is_file():
        return
    there = path.stat().st_size
    with path.open("rb") as file:
        wanted = _promised(file, there)
    if wanted is not None and wanted > there:
        raise ShiftscopeError(f"{path} is cut short: by its header it has {wanted:,} bytes, and {there:,} are there")


def _promised(file: BinaryIO, there: int) -> int | None:
    """How many bytes a file should have at least by its header; None where that says nothing."""
    head = file.read(12)
    if head[:4] == b"RIFF":  # AVI
        size = int.from_bytes(head[4:8], "little")
        return None if size == 0xFFFFFFFF else size + 8
    if head[:4] == b"\x1a\x45\xdf\xa3":  # Matroska and WebM: a header, then one segment that holds everything
        file.seek(4)
        file.seek(_ebml_size(file) or 0, 1)
        segment = file.read(4) == b"\x18\x53\x80\x67"
        size_of_segment = _ebml_size(file) if segment else None
        return None if size_of_segment is None else file.tell() + size_of_segment
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):  # MP4 and QuickTime: boxes to the end
        place = 0
        while place + 8 <= there:
            file.seek(place)
            size = int.from_bytes(file.read(4), "big")
            file.seek(place + 8)
            size = int.from_bytes(file.read(8), "big") if size == 1 else size
            if size < 8:  # the last box, as long as the file is
                return None
            place += size
        return place
    return None


def _ebml_size(file: BinaryIO) -> int | None:
    """The number at this place as Matroska writes sizes: leading zeros of the first byte say how many bytes follow.

    None where all its bits are set, for a size that is not known.
    """
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0xFF >> (more + 1))]) + file.read(more), "big")
    return None if value == (1 << 7 * (more + 1)) - 1 else value
