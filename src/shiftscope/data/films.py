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
"""Formats that are read, by FFmpeg's name, and the endings of their files. The format itself is told from the contents.
No other reader of FFmpeg's is ever tried: some of them read lists that name other files and addresses."""

FILM_SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)


def is_film(name: str) -> bool:
    """Whether a file of this name is taken for a film: its ending is one of `FORMATS`, and it does not begin with a dot.

    >>> is_film("street.MP4"), is_film("street.jpg")
    (True, False)
    """
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
    """The frames, by their numbers from 0, that do not directly follow the frame before them, in ascending order.

    A film file has no gaps. In a folder of frames, the numbers in the file names tell: where other names count up by one,
    there is a gap between frame1 and frame3. The number that counts the frames is the first one in the names that differs
    from every file to every other, or, if there is none, the last one that differs at all. Two neighbouring frames are
    without a gap if everything before that number is the same in both names, and the two numbers are less than `APART`
    times as far apart as the closest two are (times in milliseconds are never quite even). Leading zeros do not count.
    Names without numbers have no gaps.

    Raises ShiftscopeError where two files of a folder are the same frame by their numbers.
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
"""Frames whose numbers are this many times as far apart as the closest ones have a gap between them."""


def natural_key(name: str) -> tuple[list[str | int], str]:
    """A key that sorts names as people count.

    >>> sorted(["frame10", "frame2"], key=natural_key)
    ['frame2', 'frame10']
    """
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
    """The frames of a film file, `av.VideoFrame`, at least one. FFmpeg's errors are raised as ShiftscopeErrors.

    PyAV keeps FFmpeg's own messages to itself unless somebody sets its log level.
    """
    import av

    if not path.is_file():
        raise ShiftscopeError(f"{path} does not exist")
    number = 0
    try:
        # With `file:`, no name can be taken for an address.
        with av.open(f"file:{path}", options={"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}) as file:
            for frame in _frames(path, file):
                if number == 0:
                    _rgb(frame)  # a kind of pixels that cannot be converted is found before anything is run
                yield frame
                number += 1
    except ShiftscopeError:
        raise
    except _Corrupt as error:
        raise _damaged(path, number, str(error)) from None
    except Exception as error:  # FFmpeg's errors are of a dozen types, ValueError and OSError among them
        raise _unreadable(path, number, error) from None
    if not number:
        raise ShiftscopeError(f"{path} has no frame")


class _Corrupt(Exception):
    """A part of a film that FFmpeg marks as damaged."""


def _frames(path: Path, file: Any) -> Generator[Any, None, None]:
    """The frames of an open film file. Raises _Corrupt where one is damaged, and ShiftscopeError where there is no video
    in it or where its frames are too large."""
    from av.stream import Disposition

    stream = file.streams.best("video")
    if stream is None or stream.disposition & Disposition.attached_pic:  # a record's cover is no film
        raise ShiftscopeError(f"{path} has no pictures that move: there is no video in it")
    _refuse_large(path, stream.width, stream.height)  # before memory is taken for a frame
    for packet in file.demux(stream):
        if packet.is_corrupt:
            raise _Corrupt("the file is damaged or cut short there")
        for frame in packet.decode():
            if frame.is_corrupt:
                raise _Corrupt("its data are damaged")
            _refuse_large(path, frame.width, frame.height)
            yield frame


def _unreadable(path: Path, number: int, error: Exception) -> ShiftscopeError:
    """What an error of FFmpeg's behind `number` good frames means to the user."""
    if not path.stat().st_size:
        return ShiftscopeError(f"{path} is no film: the file is empty")
    reason = getattr(error, "strerror", None) or str(error).strip().rstrip(".") or type(error).__name__
    if number:
        return _damaged(path, number, reason)
    return ShiftscopeError(f"{path} cannot be read as a film: {reason}; it may be damaged or cut short")


def _refuse_large(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ShiftscopeError(f"{path} has frames of more than {MAX_PIXELS:,} pixels; scale it down")


def _damaged(path: Path, number: int, reason: str) -> ShiftscopeError:
    return ShiftscopeError(
        f"{path} cannot be decoded at frame {number}: {reason}; copy it again, or cut the film before that frame"
    )


def _too_short(path: Path, count: int, sought: int) -> ShiftscopeError:
    return ShiftscopeError(
        f"{path} has {count} frames, but frame {sought} (counted from 0) was expected: the film was changed; list the "
        "images again (snakemake -R images)"
    )


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
        raise ShiftscopeError(
            f"{path} is cut short: its header says {wanted:,} bytes, but it has {there:,}; copy or download it again"
        )


def _promised(file: BinaryIO, there: int) -> int | None:
    """How many bytes a file should at least have by its header; None where the header does not say."""
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
    """The size at this place of a Matroska file; the number of leading zeros of its first byte is how many bytes follow
    (RFC 8794, section 4). None where all its bits are set, which says that the size is not known.
    """
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0xFF >> (more + 1))]) + file.read(more), "big")
    return None if value == (1 << 7 * (more + 1)) - 1 else value
