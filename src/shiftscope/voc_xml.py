"""Annotations in Pascal VOC's XML, from folders or straight out of archives that are never unpacked.

ImageNet has 544,546 such files in one archive. Two things make reading them quick: the archive is read once from front to
end, and documents of VOC's own layout, which nearly all have, are checked by one regular expression and cut; all others
go to expat.
"""

import gzip
import io
import math
import re
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree import ElementTree

import polars as pl

from shiftscope import tables
from shiftscope.errors import ShiftscopeError

ARCHIVES = (".tar", ".tar.gz", ".tgz")
LARGEST = 16_000_000
"""Bytes of a document; a larger one is no annotation."""

_NAME = rb"[A-Za-z_][A-Za-z0-9_.-]*+"
_TEXT = rb"[^<&\x00-\x08\x0b\x0c\x0e-\x1f]*+"
_SPACE = rb"[ \t\r\n]*+"  # \s has more than XML's


def _leaf(group: bytes) -> bytes:
    """An element of text alone; never one that holds others, so that a search for its tag finds nothing else."""
    name = rb"(?!(?:annotation|object|bndbox|size)>)(?P<" + group + rb">" + _NAME + rb")"
    return rb"<" + name + rb">" + _TEXT + rb"</(?P=" + group + rb")>" + _SPACE


_USUAL = re.compile(
    rb"(?:<\?xml version=(?:'1\.0'|\"1\.0\")(?: encoding=(?:'(?i:utf-8)'|\"(?i:utf-8)\"))?\?>)?"
    + (_SPACE + rb"<annotation>" + _SPACE)
    + (rb"(?:" + _leaf(b"a"))
    + (rb"|<(?P<section>(?!(?:annotation|object|bndbox)>)" + _NAME + rb")>" + _SPACE)
    + (rb"(?:" + _leaf(b"b") + rb")+</(?P=section)>" + _SPACE)
    + (rb"|<object>" + _SPACE + rb"(?:" + _leaf(b"c") + rb")*<bndbox>" + _SPACE + rb"(?:" + _leaf(b"d") + rb")*</bndbox>")
    + (_SPACE + rb"(?:" + _leaf(b"e") + rb")*</object>" + _SPACE)
    + (rb")*</annotation>" + _SPACE)
)
"""VOC's layout in ASCII: texts and sections of texts in any order, objects of texts and one box; no attributes, references,
comments, text beside tags, or parts. Nothing else can be meant by it. Alternatives begin differently and characters are
never given back, so the search is linear. Repeats of groups are greedy: Python 3.11 fails at possessive ones.
"""
_PAIRS = re.compile(rb"<(" + _NAME + rb")>(" + _TEXT + rb")</")

EDGES = (b"xmin", b"ymin", b"xmax", b"ymax")


class Document(NamedTuple):
    """What a file says, as text: elements of the root's `size`, and of each of its objects and their `bndbox`. Of several
    of one name the first counts."""

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
            width, height = _pixels(size, b"width"), _pixels(size, b"height")
        except (ValueError, LookupError, ElementTree.ParseError) as error:
            faulty.append(f"{name}: {error}")
            continue
        row = len(names)
        names.append(name)
        widths.append(width)
        heights.append(height)
        for facts, box in objects:
            try:
                left, top, right, bottom = _corners(box)
                category = known.get(facts[b"name"]) or known.setdefault(facts[b"name"], _category(facts[b"name"]))
                marks = [_mark(facts.get(flag)) for flag in flags]
            except KeyError as error:
                faulty.append(f"{name}: an object has no {error.args[0].decode()}")
                continue
            except ValueError as error:
                faulty.append(f"{name}: an object has {error}")
                continue
            left, top = left - shift, top - shift
            if right < left or bottom < top:
                said = b", ".join(box[edge] for edge in EDGES).decode(errors="replace")
                faulty.append(f"{name}: an object has a box of {said[:80]}, whose corners are exchanged")
                continue
            if right == left or bottom == top:
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


def _pixels(size: dict[bytes, bytes], side: bytes) -> int | None:
    """A side of the picture; None where it is missing, or 0, which some tools write where they do not know."""
    text = size.get(side, b"").strip()
    if not text:
        return None
    number = float(text)
    if not 0 <= number < 2**31:
        raise ValueError(f"it has the {side.decode()} {text.decode()}, no number of pixels")
    return int(number) or None


def _category(text: bytes) -> str:
    """Raises ValueError where there is none."""
    category = " ".join(text.decode().split())
    if not category:
        raise ValueError("an empty name")
    return category


def _corners(box: dict[bytes, bytes]) -> tuple[float, float, float, float]:
    """Raises KeyError where one is missing, and ValueError where one is no number."""
    left, top, right, bottom = (box[edge] for edge in EDGES)
    try:
        corners = float(left), float(top), float(right), float(bottom)
    except ValueError:
        said = b", ".join((left, top, right, bottom)).decode(errors="replace")
        raise ValueError(f"a box of {said[:80]}, which are not all numbers") from None
    if not math.isfinite(sum(corners)):
        raise ValueError("a corner that is not finite")
    return corners


MARKS = {"0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}


def _mark(text: bytes | None) -> bool | None:
    """VOC writes 0 or 1; None where nothing is said, or a word such as Unspecified."""
    return None if text is None else MARKS.get(text.decode().strip().lower())


def _below_common(names: list[str]) -> list[str]:
    """Paths below the folder that all have in common; for a single file, below its own."""
    parents = [parent.split("/") for parent in {name.rpartition("/")[0] for name in names}]
    shortest = min(parents, key=len, default=[])
    depth = next((k for k in range(len(shortest)) if len({parts[k] for parts in parents}) > 1), len(shortest))
    common = len("".join(f"{part}/" for part in shortest[:depth])) if shortest != [""] else 0
    return [name[common:] for name in names]


# Documents


def parse(data: bytes) -> Document:
    """What an annotation says. Raises ElementTree.ParseError where it is no XML, and ValueError where it is more than that:
    a document type, which may define entities."""
    return _plain(data) or _any(data)


def _plain(data: bytes) -> Document | None:
    """A document of VOC's layout; None for any other, and for one that is not well-formed."""
    if not data.isascii() or b"]]>" in data or _USUAL.fullmatch(data) is None:
        return None
    # Sections and objects do not nest in this layout, and text has no tags: so their tags cut it.
    sizes = b"".join(part.partition(b"</size>")[0] for part in data.split(b"<size>")[1:])
    objects = []
    for part in data.split(b"<object>")[1:]:
        facts, _, box = part.partition(b"</object>")[0].partition(b"<bndbox>")
        box, _, more = box.partition(b"</bndbox>")
        objects.append((_first(facts + more), _first(box)))
    return Document(_first(sizes), objects)


def _first(part: bytes) -> dict[bytes, bytes]:
    return dict(reversed(_PAIRS.findall(part)))


def _any(data: bytes) -> Document:
    if b"<!DOCTYPE" in data or "<!DOCTYPE".encode("utf-16-le") in data or "<!DOCTYPE".encode("utf-16-be") in data:
        raise ValueError("it has a document type (<!DOCTYPE>), which an annotation has no use for; take it out")
    root = ElementTree.fromstring(data)
    if root.tag != "annotation":
        raise ValueError(f"it is a document of <{root.tag}>, and no <annotation>")

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
            yield _id(file.relative_to(path).as_posix(), path), file.read_bytes()
    elif not path.is_file():
        raise ShiftscopeError(f"the annotations {path} do not exist")
    elif not path.name.lower().endswith(ARCHIVES):
        raise ShiftscopeError(f"{path} is neither a folder of XML files nor one of {', '.join(ARCHIVES)}")
    else:
        with path.open("rb") as archive, _unpacked(archive) as stream:
            try:
                for name, data in _tar(stream):
                    yield _id(name, path), data
            except ShiftscopeError:
                raise
            except (OSError, EOFError, ValueError, zlib.error) as error:
                raise ShiftscopeError(f"{path} is no complete archive ({error}); copy or download it again") from None


def _unpacked(file: io.BufferedReader) -> io.BufferedReader:
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return io.BufferedReader(gzip.GzipFile(fileobj=file), 1 << 20) if packed else file


def _is_xml(name: str) -> bool:
    return name.lower().endswith(".xml") and not name.startswith(".")


def _id(name: str, path: Path) -> str:
    """The name of an XML file in `path`, without its ending and without what a path does not need."""
    parts = [part for part in name[:-4].split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts:
        raise ShiftscopeError(f"{path} has a file {name!r}, a name that leads out of it; such an archive is not read")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ShiftscopeError(f"{path} has a file {name!r}, whose name is no UTF-8; rename it") from None
    return "/".join(parts)


def _tar(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """The XML files of a tar (POSIX 1003.1-2001 ustar and pax, GNU long names), read from front to end: to a block
    of zeros that has nothing but zeros behind it (`tars.check_end`).

    Python's tarfile spends more on a header than expat on a document. Raises ValueError for what is no tar.
    """
    long_name: bytes | None = None
    long_size: int | None = None
    while True:
        header = stream.read(512)
        if len(header) < 512:
            raise ValueError("it stops without the zeros that end a tar")
        if header == EMPTY:
            if any(chunk.strip(b"\0") for chunk in iter(lambda: stream.read(1 << 20), b"")):
                raise ValueError("it goes on behind its end")
            return
        if sum(header) - sum(header[148:156]) + 256 != _octal(header[148:156]):
            raise ValueError("a header's sum is wrong")
        size = int.from_bytes(header[125:136]) if header[124] == 0x80 else _octal(header[124:136])
        kind = header[156:157]
        if kind in b"xL":
            data = _exactly(stream, size)
            if kind == b"L":
                long_name = data.rstrip(b"\0")
            else:
                records = _pax(data)
                long_name = records.get(b"path", long_name)
                long_size = int(records[b"size"]) if b"size" in records else None
            continue
        size = size if long_size is None else long_size
        if kind in b"0\0007":  # regular files, those of POSIX 1003.1-1988 among them
            name = long_name if long_name is not None else _short_name(header)
            if _is_xml(name.rpartition(b"/")[2].decode(errors="replace")):
                yield name.decode(errors="surrogateescape"), _exactly(stream, size)
                size = 0
        _pass(stream, size)
        if kind != b"g":
            long_name = long_size = None


EMPTY = bytes(512)


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if digits and not digits.isdigit():
        raise ValueError("a header has no number where one was expected")
    return int(digits or b"0", 8)


def _short_name(header: bytes) -> bytes:
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    name = header[:100].partition(b"\0")[0]
    return prefix + b"/" + name if prefix else name


def _exactly(stream: IO[bytes], size: int) -> bytes:
    """The file or header at hand, and its padding read."""
    if size > LARGEST:
        raise ValueError(f"it has a document of {size} bytes, more than any annotation")
    padded = stream.read(size + -size % 512)
    if len(padded) < size:
        raise ValueError("it ends within a file")
    return padded[:size]


def _pass(stream: IO[bytes], size: int) -> None:
    left = size + -size % 512
    while left > 0:
        passed = len(stream.read(min(left, 1 << 20)))
        if not passed:
            raise ValueError("it ends within a file")
        left -= passed


def _pax(data: bytes) -> dict[bytes, bytes]:
    """A pax header's records, each ``<length> <key>=<value>\\n``."""
    records: dict[bytes, bytes] = {}
    while data:
        digits, _, _ = data.partition(b" ")
        if not digits.isdigit() or not len(digits) + 2 < int(digits) <= len(data):
            raise ValueError("a pax header is damaged")
        key, _, value = data[len(digits) + 1 : int(digits) - 1].partition(b"=")
        if key.startswith(b"GNU.sparse"):
            raise ValueError("it has sparse files, which are not read here")
        records[key] = value
        data = data[int(digits) :]
    return records
