"""Annotations in Pascal VOC's XML, from folders or straight out of archives that are never unpacked."""

import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data import tars

ARCHIVES = (".tar", ".tar.gz", ".tgz")
LARGEST = 16_000_000
"""Bytes of a document, at most; a larger one is no annotation."""
EDGES = ("xmin", "ymin", "xmax", "ymax")


class Document(NamedTuple):
    """What an annotation file says, as texts by the names of XML elements. Of several elements of one name the first
    counts."""

    size: dict[str, str]
    """The children of the root's `size`: width, height, depth."""
    objects: list[tuple[dict[str, str], dict[str, str]]]
    """The children of each object, and those of its `bndbox`."""


class Annotations(NamedTuple):
    """All files of a folder or an archive."""

    files: pl.DataFrame
    """image_id, width, height (px, null if not given): one row per file, those without objects included."""
    boxes: pl.DataFrame
    """Columns of `tables.BOXES`; boxes without area are left out."""
    faulty: list[str]
    """Sentences about files and objects that could not be read and were left out."""


def read_annotations(path: Path, *, one_based: bool = True) -> Annotations:
    """What every XML file at or below `path` says; `path` is a folder or a .tar, .tar.gz or .tgz.

    `image_id` is the file's path below `path` without its ending; in an archive it begins below the folder that all files
    share. VOC counts pixels from 1 and includes both ends, so a box becomes [xmin − 1, xmax) × [ymin − 1, ymax) in px. With
    `one_based` false it is [xmin, xmax) × [ymin, ymax). Only objects that are children of the root count: the parts of a
    person do not.

    Raises
    ------
    ShiftscopeError
        Where there is no such folder or archive, or it has no XML files.
    """
    names: list[str] = []
    sizes: list[tuple[int | None, int | None]] = []
    boxes = _Boxes(shift=1.0 if one_based else 0.0)
    faulty: list[str] = []
    for name, data in documents(path):
        try:
            size, objects = parse(data)
            width_and_height = _pixels(size, "width"), _pixels(size, "height")
        except (ValueError, LookupError, ElementTree.ParseError) as error:
            faulty.append(f"{name}: {error}")
            continue
        for facts, box in objects:
            if fault := boxes.add(len(names), facts, box):
                faulty.append(f"{name}: an object has {fault}")
        names.append(name)
        sizes.append(width_and_height)
    if not names and not faulty:
        raise ShiftscopeError(f"{path} has no XML files")
    schema = pl.Schema({"width": pl.Int32, "height": pl.Int32})
    image_ids = pl.Series("image_id", _below_common(names) if path.is_file() else names, pl.String)
    files = pl.DataFrame(sizes, schema=schema, orient="row").select(image_ids, "width", "height")
    return Annotations(files, boxes.table(files), faulty)


class _Boxes:
    """The boxes of all files, column by column: there may be a million, and a number takes less memory in an array."""

    def __init__(self, shift: float) -> None:
        self.shift = shift
        """px that are taken off the left and the upper edge, since VOC counts pixels from 1."""
        self.owner = array("q")
        """Which file each box is from, by its row in `Annotations.files`."""
        self.categories: list[str] = []
        self.corners = tuple(array("d") for _ in EDGES)
        self.marks: dict[str, list[bool | None]] = {"truncated": [], "difficult": []}
        self.known: dict[str, str] = {}  # categories are few: one string for each

    def add(self, file: int, facts: dict[str, str], box: dict[str, str]) -> str | None:
        """Note the box of an object unless it has no area. Returns what is wrong with it; None where nothing is."""
        try:
            left, top, right, bottom = _corners(box)
            name = facts["name"]
            category = self.known.get(name) or self.known.setdefault(name, _category(name))
        except KeyError as error:
            return f"no {error.args[0]}"
        except ValueError as error:
            return str(error)
        left, top = left - self.shift, top - self.shift
        if right < left or bottom < top:
            said = ", ".join(box[edge] for edge in EDGES)
            return f"a box of {said[:80]}, whose corners are exchanged"
        if right == left or bottom == top:
            return None
        self.owner.append(file)
        self.categories.append(category)
        for column, value in zip(self.corners, (left, top, right, bottom), strict=True):
            column.append(value)
        for flag, values in self.marks.items():
            values.append(_mark(facts.get(flag)))
        return None

    def table(self, files: pl.DataFrame) -> pl.DataFrame:
        """All boxes, columns of `tables.BOXES`; `files` is `Annotations.files`."""
        of = pl.Series(self.owner, dtype=pl.Int64)
        corners = dict(zip(("x_min", "y_min", "x_max", "y_max"), self.corners, strict=True))
        boxes = pl.DataFrame(
            {
                "image_id": files["image_id"].gather(of),
                "category": pl.Series(self.categories, dtype=pl.String),
                **{name: pl.Series(edge, dtype=pl.Float64) for name, edge in corners.items()},
                "image_width": files["width"].gather(of),
                "image_height": files["height"].gather(of),
                **{f"is_{flag}": pl.Series(values, dtype=pl.Boolean) for flag, values in self.marks.items()},
            }
        )
        return pl.concat([tables.BOXES.to_frame(), boxes], how="diagonal")


def _pixels(size: dict[str, str], side: str) -> int | None:
    """A side of the picture in px; None where it is missing or 0, which some tools write for a size that they do not know.

    Raises ValueError where it is no number of pixels."""
    text = size.get(side, "").strip()
    if not text:
        return None
    number = float(text)
    if not 0 <= number < 2**31:
        raise ValueError(f"it has the {side} {text}, which is no number of pixels")
    return int(number) or None


def _category(text: str) -> str:
    """The name of a category with single spaces. Raises ValueError where it is empty."""
    category = " ".join(text.split())
    if not category:
        raise ValueError("an empty name")
    return category


def _corners(box: dict[str, str]) -> tuple[float, float, float, float]:
    """The edges of a box in the order of `EDGES`, as the file has them. Raises KeyError where one is missing, and
    ValueError where one is no finite number."""
    left, top, right, bottom = (box[edge] for edge in EDGES)
    try:
        corners = float(left), float(top), float(right), float(bottom)
    except ValueError:
        said = ", ".join((left, top, right, bottom))
        raise ValueError(f"a box of {said[:80]}, which are not all numbers") from None
    if not math.isfinite(sum(corners)):
        raise ValueError("a corner that is not finite")
    return corners


MARKS = {"0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}


def _mark(text: str | None) -> bool | None:
    """A flag, which VOC writes as 0 or 1; None where nothing is said, or a word such as Unspecified."""
    return None if text is None else MARKS.get(text.strip().lower())


def _below_common(names: list[str]) -> list[str]:
    """Paths below the folder that all have in common; for a single file, below its own."""
    parents = [parent.split("/") for parent in {name.rpartition("/")[0] for name in names}]
    shortest = min(parents, key=len, default=[])
    depth = next((k for k in range(len(shortest)) if len({parts[k] for parts in parents}) > 1), len(shortest))
    common = len("".join(f"{part}/" for part in shortest[:depth])) if shortest != [""] else 0
    return [name[common:] for name in names]


# Documents


def parse(data: bytes) -> Document:
    """What an annotation says.

    Raises
    ------
    ElementTree.ParseError
        Where it is not well-formed.
    LookupError
        Where it names an encoding that does not exist.
    ValueError
        Where its root is not <annotation>, or where it has a document type, which may define entities: those can expand to
        gigabytes, or name other files.
    """
    if any(word in data for word in DOCTYPE):
        raise ValueError("it has a document type (<!DOCTYPE>), which an annotation has no use for; take it out")
    root = ElementTree.fromstring(data)
    if root.tag != "annotation":
        raise ValueError(f"it is a document of <{root.tag}>, and no <annotation>")
    objects = [(_texts([each]), _texts(each.findall("bndbox"))) for each in root.findall("object")]
    return Document(_texts(root.findall("size")), objects)


DOCTYPE = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
"""In the encodings that expat reads; all others that it takes agree with ASCII."""


def _texts(parents: list[ElementTree.Element]) -> dict[str, str]:
    found: dict[str, str] = {}
    for parent in parents:
        for child in parent:
            found.setdefault(child.tag, child.text or "")
    return found


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
        for name, data in tars.contents(path, lambda name: _is_xml(name.rpartition("/")[2]), LARGEST):
            yield _id(name, path), data


def _is_xml(name: str) -> bool:
    return name.lower().endswith(".xml") and not name.startswith(".")


def _id(name: str, path: Path) -> str:
    """The name of an XML file in `path`, without its ending and without what a path does not need."""
    parts = [part for part in name[:-4].split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts:
        raise ShiftscopeError(f"{path} has a file {name!r}, a name that leads out of it; such an archive is not read")
    tars.check_name(path, name)
    return "/".join(parts)
