"""Picture files as arrays: whatever is inside the file, 8-bit RGB comes out, as a viewer would show it.

A picture may also lie inside an uncompressed tar, which is never unpacked: its path is then `member_path`'s.
"""

import errno
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from shiftscope.core.errors import ShiftscopeError

FORMATS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
"""Formats that are read, by Pillow's name, and the endings of their files. No other decoder of Pillow's is ever tried:
some of them start programs."""

SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)

MAX_PIXELS = 89_478_485
"""Larger pictures are refused: a small file can unpack into more than the memory holds. It is the size above which
Pillow itself warns."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientation → what makes the picture upright."""


def is_picture(name: str) -> bool:
    """Whether a file of this name is taken for a picture: its ending is one of `FORMATS`, and it does not begin with a dot.

    >>> is_picture("cat.JPG"), is_picture(".cat.jpg"), is_picture("cat.txt")
    (True, False, False)
    """
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES


_MEMBER = re.compile(r"(?P<archive>.+\.tar)#(?P<offset>\d+)\+(?P<size>\d+)/(?P<name>.+)", re.DOTALL)


def member_path(archive: str | Path, offset: int, size: int, name: str) -> str:
    """The path by which a picture inside an uncompressed tar is read: ``<archive>#<offset>+<size>/<name>``.

    `offset` is where the picture begins in the archive, `size` how long it is, both in bytes.

    >>> member_path("val.tar", 1536, 20, "cat.jpg")
    'val.tar#1536+20/cat.jpg'
    """
    return f"{archive}#{offset}+{size}/{name}"


def file_of(path: str | Path) -> Path:
    """The file that `path` is read from: itself, or, for a `member_path`, the archive.

    >>> file_of("val.tar#1536+20/cat.jpg").name
    'val.tar'
    """
    member = _MEMBER.fullmatch(str(path))
    return Path(path) if member is None or is_there(Path(path).exists) else Path(member["archive"])


def there(path: str | Path) -> bool:
    """Whether there is a file at `path`, or, for a `member_path`, the archive that holds it."""
    return is_there(file_of(path).is_file)


def is_there(asked: Callable[[], bool]) -> bool:
    """What a question such as `Path.is_file` answers; no, where the name is one that no file can have.

    >>> is_there(Path("x" * 300).exists), is_there(Path("a\\0").is_file)
    (False, False)
    """
    try:
        return asked()
    except ValueError:  # NUL, or half of a character
        return False
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise


def _opened(path: Path) -> Path | IO[bytes]:
    member = _MEMBER.fullmatch(str(path))
    if member is None or is_there(path.exists):
        return path
    with Path(member["archive"]).open("rb") as file:
        file.seek(int(member["offset"]))
        return io.BytesIO(file.read(int(member["size"])))


def read_picture(path: str | Path) -> NDArray[np.uint8]:
    """A picture as it is shown: uint8 (height, width, 3), RGB. It is read, and may fail, as `read_turned` describes."""
    return read_turned(path)[0]


class Changed(ShiftscopeError):
    """The file of a picture cannot be read any more, or is another picture than the one that was listed."""


@contextmanager
def as_listed() -> Iterator[None]:
    """A context in which pictures are read that were read when they were listed: what fails now raises Changed."""
    try:
        yield
    except ShiftscopeError as error:
        raise Changed(
            f"{error}; put back what was there, or add '-R images' to Snakemake's command to list pictures again"
        ) from None


def read_listed(path: str | Path, width: int, height: int) -> NDArray[np.uint8]:
    """As `read_picture`, of a picture that had this size (px) when it was listed. Raises Changed where it cannot be read or
    has another size now: boxes and labels are those of the picture that was listed."""
    with as_listed():
        pixels = read_picture(path)
        check_size(path, pixels, width, height)
    return pixels


def check_size(path: str | Path, pixels: NDArray[np.uint8], width: int, height: int) -> None:
    """Raise ShiftscopeError where a picture, (height, width, 3), has not the size (px) that it had when it was listed."""
    if pixels.shape[:2] != (height, width):
        raise ShiftscopeError(
            f"{path} is {pixels.shape[1]} × {pixels.shape[0]} px, and was {width} × {height} px when pictures were listed"
        )


def read_turned(path: str | Path) -> tuple[NDArray[np.uint8], int]:
    """A picture as it is shown, and the EXIF orientation (1 to 8) that was undone to show it so; 1: none.

    The EXIF rotation is applied; transparency is composited on white, as a page would show it; 16-bit greys are scaled
    (÷ 257), not clipped; floating-point greys are taken as 0 to 1, or as 0 to 255 where one is above 1. Of a film or
    a file of several pages, the first picture. The format is told from the contents, not from the file's ending.

    Returns
    -------
    pixels, orientation : (height, width, 3), uint8, RGB; 1 to 8.

    Raises
    ------
    ShiftscopeError
        Where there is no file, it is no picture, it is damaged or cut short, it has more than `MAX_PIXELS` pixels, or
        its values are in no known range.
    """
    path = Path(path)
    try:
        with Image.open(_opened(path), formats=tuple(FORMATS)) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise _too_large(path)
            image.load()
            turned = _orientation(image)
            upright = image.transpose(_UPRIGHT[turned]) if turned in _UPRIGHT else image
            return _rgb(upright), turned
    except ShiftscopeError:
        raise
    except Exception as error:  # Pillow's decoders raise a dozen types on damaged files, IndexError among them
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> ShiftscopeError:
    """What an error of Pillow's, or of the file system's, means to the user."""
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return _too_large(path)
    if isinstance(error, FileNotFoundError):
        return ShiftscopeError(f"{path} does not exist")
    if isinstance(error, IsADirectoryError):
        return ShiftscopeError(f"{path} is a folder where a picture file was expected")
    if isinstance(error, UnidentifiedImageError):
        empty = path.is_file() and not path.stat().st_size
        reason = "the file is empty" if empty else f"none of {', '.join(FORMATS)}"
        return ShiftscopeError(f"{path} is no picture: {reason}")
    reason = str(error).strip().rstrip(".") or type(error).__name__
    return ShiftscopeError(f"{path} cannot be read as a picture: {reason}")


def picture_size(path: str | Path) -> tuple[int, int]:
    """Width and height of a picture in px as it is shown.

    The picture is decoded to its end and made RGB, so what passes here will pass `read_picture`; raises as that does.
    """
    height, width, _ = read_picture(path).shape
    return width, height


def _too_large(path: Path) -> ShiftscopeError:
    return ShiftscopeError(f"{path} has more than {MAX_PIXELS:,} pixels; scale it down")


def _orientation(image: Image.Image) -> int:
    try:
        found = int(image.getexif().get(0x0112, 1))
        return found if found in _UPRIGHT else 1
    except Exception:  # a damaged EXIF block is common (ImageNet has some) and says nothing about the pixels
        return 1


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith(("I", "F")):
        return np.repeat(_grey(image)[..., None], 3, axis=2)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        alpha = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", alpha.size, "white"), alpha)
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _grey(image: Image.Image) -> NDArray[np.uint8]:
    """16-bit, 32-bit and floating-point greys → 8 bits. Pillow's own conversion would clip them at 255."""
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("it has values that are no finite numbers")
    tops = (1, 255) if image.mode == "F" else (65_535,)
    top = next((top for top in tops if values.max() <= top), tops[-1])
    if values.min() < 0 or values.max() > top:
        raise ValueError(f"its values run from {values.min():g} to {values.max():g} where 0 to {top} was expected")
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        values[values == transparent] = top
    return np.rint(values * (255 / top)).astype(np.uint8)
