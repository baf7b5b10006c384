"""Annotations in Pascal VOC's XML, from folders or straight out of archives that are never unpacked.

ImageNet has 544,546 such files in one archive. Two things make reading them quick: the archive is read once from front to
end, and documents of plain tags, which nearly all are, are cut by one regular expression; all others go to expat.
"""

import gzip
import io
import re
from array import array
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple
from xml.etree import ElementTree

import polars as pl

from shiftscope import tables
from shiftscope.errors import ShiftscopeError

ARCHIVES = (".tar", ".tar.gz", ".tgz")
LARGEST = 16_000_000
"""Bytes of a document; a larger one is no annotation."""

_NAME = rb"[A-Za-z_][A-Za-z0-9_.-]*"
_TEXT = rb"[^<&\x00-\x08\x0b\x0c\x0e-\x1f]*"
_PLAIN = re.compile(rb"\s*(?:</?" + _NAME + rb">" + _TEXT + rb")+")
"""A document of tags without attributes and of text without references: nothing else can be meant by it."""
_TOKEN = re.compile(rb"<(/?)(" + _NAME + rb")>(" + _TEXT + rb")")

EDGES = (b"xmin", b"ymin", b"xmax", b"ymax")


class Document(NamedTuple):
    """What a file says, as text: elements of the root's `size`, and of each of its objects and their `bndbox`."""

    size: dict[bytes, bytes]
    objects: list[tuple[dict[bytes, bytes], dict[bytes, bytes]]]


class Annotations(NamedTuple):
    """All files of a folder or an archive."""

    files: pl.DataFrame
    """image_id, width, height (px, null if not given): one row per file, those without objects included."""
    boxes: pl.DataFrame
    """Columns of `tables.BOXES`; boxes without area are left out."""
    faulty: list[str]
    """Sentences about files and objects that could not be read and were left out."""


def read_annotations(path: Path, *, one_based: bool = True) -> Annotations:
    """Every XML file at or below `path`, a folder or a .tar, .tar.gz or .tgz.

    `image_id` is the file's path below `path` (in an archive: below what all its files have in common) without its ending.
    VOC counts pixels from 1 and includes both ends, so its corners become [xmin − 1, xmax) × [ymin − 1, ymax), unless
    `one_based` is false: then [xmin, xmax). Only objects that are children of the root count: parts of a person do not.

    Raises
    ------
    ShiftscopeError
        Where there is no such folder or archive, or it has no XML files.
    """
    names: list[str] = []
    widths: list[int | None] = []
    heights: list[int | None] = []
    corners = tuple(array("d") for _ in EDGES)
    owner = array("q")
    categories: list[str] = []
    flags: dict[bytes, list[bool | None]] = {b"truncated": [], b"difficult": []}
    faulty: list[str] = []
    known: dict[bytes, str] = {}  # categories are few: one string for each
    shift = 1.0 if one_based else 0.0
    for name, data in documents(path):
        try:
            size, objects = parse(data)
            found = [_number(size.get(key)) for key in (b"width", b"height")]
        except (ValueError, ElementTree.ParseError) as error:
            faulty.append(f"{name}: {error}")
            continue
        row = len(names)
        names.append(name)
        widths.append(int(found[0]) if found[0] else None)  # 0 is what some tools write where they do not know
        heights.append(int(found[1]) if found[1] else None)
        for facts, box in objects:
            try:
                left, top, right, bottom = (float(box[edge]) for edge in EDGES)
                category = known.get(facts[b"name"]) or known.setdefault(facts[b"name"], facts[b"name"].decode().strip())
                marks = [_mark(facts.get(flag)) for flag in flags]
            except (KeyError, ValueError) as error:
                what = f"no {error.args[0].decode()}" if isinstance(error, KeyError) else str(error)
                faulty.append(f"{name}: an object has {what}")
                continue
            left, top = left - shift, top - shift
            if not (right > left and bottom > top):
                continue
            owner.append(row)
            categories.append(category)
            for column, value in zip(corners, (left, top, right, bottom), strict=True):
                column.append(value)
            for mark, column_of in zip(marks, flags.values(), strict=True):
                column_of.append(mark)
    if not names and not faulty:
        raise ShiftscopeError(f"{path} has no XML files")
    files = pl.DataFrame(
        {"image_id": _below_common(names) if path.is_file() else names, "width": widths, "height": heights},
        schema={"image_id": pl.String, "width": pl.Int32, "height": pl.Int32},
    )
    of = pl.Series(owner, dtype=pl.Int64)
    boxes = pl.DataFrame(
        {
            "image_id": files["image_id"].gather(of),
            "category": pl.Series(categories, dtype=pl.String),
            **dict(
                zip(
                    ("x_min", "y_min", "x_max", "y_max"),
                    (pl.Series(edge, dtype=pl.Float64) for edge in corners),
                    strict=True,
                )
            ),
            "image_width": files["width"].gather(of),
            "image_height": files["height"].gather(of),
            "is_truncated": pl.Series(flags[b"truncated"], dtype=pl.Boolean),
            "is_difficult": pl.Series(flags[b"difficult"], dtype=pl.Boolean),
        }
    )
    return Annotations(files, pl.concat([tables.BOXES.to_frame(), boxes], how="diagonal"), faulty)


def _number(text: bytes | None) -> float | None:
    return None if text is None or not text.strip() else float(text)


def _mark(text: bytes | None) -> bool | None:
    """VOC writes 0 or 1; nothing where nobody looked."""
    return None if text is None or not text.strip() else float(text) > 0


def _below_common(names: list[str]) -> list[str]:
    """Paths below the folder that all have in common; for a single file, below its own."""
    parents = {PurePosixPath(name).parent.parts for name in names}
    shortest = min(parents, key=len, default=())
    depth = next((k for k in range(len(shortest)) if len({parts[k] for parts in parents}) > 1), len(shortest))
    return ["/".join(PurePosixPath(name).parts[depth:]) for name in names] if depth else names


# Documents


def parse(data: bytes) -> Document:
    """What an annotation says. Raises ElementTree.ParseError where it is no XML, and ValueError where it is more than that:
    a document type, which may define entities."""
    return _plain(data) or _any(data)


def _plain(data: bytes) -> Document | None:
    """A document of plain tags; None for any other, and for one that is not well-formed."""
    if not data.isascii() or b"]]>" in data or _PLAIN.fullmatch(data) is None:
        return None
    size: dict[bytes, bytes] = {}
    objects: list[tuple[dict[bytes, bytes], dict[bytes, bytes]]] = []
    stack: list[bytes] = []
    ended = False
    for slash, name, text in _TOKEN.findall(data):
        if slash:
            if not stack or stack.pop() != name:
                return None
            if not stack:
                if text.strip():
                    return None
                ended = True
            continue
        depth = len(stack)
        if depth == 0:
            if ended:
                return None
        elif depth == 1:
            if name == b"object":
                objects.append(({}, {}))
        elif stack[1] == b"object":
            if depth == 2:
                objects[-1][0].setdefault(name, text)
            elif depth == 3 and stack[2] == b"bndbox":
                objects[-1][1].setdefault(name, text)
        elif depth == 2 and stack[1] == b"size":
            size.setdefault(name, text)
        stack.append(name)
    return None if stack or not ended else Document(size, objects)


def _any(data: bytes) -> Document:
    if b"<!DOCTYPE" in data or "<!DOCTYPE".encode("utf-16-le") in data or "<!DOCTYPE".encode("utf-16-be") in data:
        raise ValueError("it has a document type (<!DOCTYPE>), which an annotation has no use for; take it out")
    root = ElementTree.fromstring(data)

    def texts(parents: list[ElementTree.Element]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for parent in parents:
            for child in parent:
                found.setdefault(child.tag.encode(), (child.text or "").encode())
        return found

    objects = [(texts([each]), texts(each.findall("bndbox"))) for each in root.findall("object")]
    return Document(texts(root.findall("size")), objects)


def documents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name, as a path without its ending, and contents of every XML file at or below `path`, in the order of names, or of
    the archive."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if _is_xml(file.name) and file.is_file())
        for file in files:
            yield file.relative_to(path).with_suffix("").as_posix(), file.read_bytes()
    elif not path.is_file():
        raise ShiftscopeError(f"the annotations {path} do not exist")
    elif not path.name.lower().endswith(ARCHIVES):
        raise ShiftscopeError(f"{path} is neither a folder of XML files nor one of {', '.join(ARCHIVES)}")
    else:
        with path.open("rb") as archive, _unpacked(archive) as stream:
            try:
                for name, data in _tar(stream):
                    if _is_xml(PurePosixPath(name).name):
                        yield PurePosixPath(name).with_suffix("").as_posix(), data
            except (OSError, EOFError, ValueError, UnicodeDecodeError) as error:
                raise ShiftscopeError(f"{path} is no complete archive ({error}); copy or download it again") from None


def _unpacked(file: io.BufferedReader) -> io.BufferedReader:
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return io.BufferedReader(gzip.GzipFile(fileobj=file), 1 << 20) if packed else file


def _is_xml(name: str) -> bool:
    return name.lower().endswith(".xml") and not name.startswith(".")


def _tar(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Regular files of a tar (POSIX 1003.1-2001 ustar and pax, GNU long names), read from front to end.

    Python's tarfile spends more on a header than expat on a document. Raises ValueError for what is no tar.
    """
    long_name: str | None = None
    while True:
        header = stream.read(512)
        if len(header) < 512:
            if header:
                raise ValueError("it ends within a header")
            return
        if not header.strip(b"\0"):
            return
        if sum(header) - sum(header[148:156]) + 256 != int(header[148:156].strip(b" \0") or b"0", 8):
            raise ValueError("a header's sum is wrong")
        size = int.from_bytes(header[125:136]) if header[124] & 0x80 else int(header[124:136].strip(b" \0") or b"0", 8)
        kind = header[156:157]
        wanted = kind in b"0\0xLg" and size <= LARGEST
        data = stream.read(size) if wanted else _passed(stream, size)
        if wanted and len(data) < size:
            raise ValueError("it ends within a file")
        stream.read(-size % 512)
        if kind == b"x":
            long_name = _pax_path(data) or long_name
        elif kind == b"L":
            long_name = data.rstrip(b"\0").decode()
        elif kind != b"g":
            if kind in b"0\0" and wanted:
                prefix = header[345:500].rstrip(b"\0") if header[257:263] == b"ustar\0" else b""
                name = header[:100].rstrip(b"\0")
                yield long_name or (prefix + b"/" + name if prefix else name).decode(), data
            long_name = None


def _passed(stream: IO[bytes], size: int) -> bytes:
    while size > 0:
        size -= len(stream.read(min(size, 1 << 20)) or b" " * size)
    return b""


def _pax_path(data: bytes) -> str | None:
    """``<length> path=<value>\\n`` among a pax header's records."""
    while data:
        length = int(data[: data.index(b" ")])
        key, _, value = data[data.index(b" ") + 1 : length - 1].partition(b"=")
        if key == b"path":
            return value.decode()
        data = data[length:]
    return None
