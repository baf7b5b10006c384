"""Annotation files in COCO's format. They are read entry by entry, so that only columns of what is asked are in memory."""

import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError, reason, shown
from shiftscope.core.values import text_fault
from shiftscope.data.json_lists import read_lists

FINITE = sys.float_info.max
Asked = Literal["boxes", "points", "pictures"]
"""What is wanted of a file beside its pictures and categories."""
Id = int | str
KEYS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "images": {"id": (int, str), "file_name": str},
    "annotations": {"id": (int, str), "image_id": (int, str), "category_id": int},
    "categories": {"id": int, "name": str},
}
"""The lists that there must be, and which keys of which types their entries must have."""
PICTURES = pl.Schema(
    {"key": pl.String, "image_id": pl.String, "file_name": pl.String, "width": pl.Int32, "height": pl.Int32}
)
OBJECTS = pl.Schema({"id": pl.String, "picture": pl.String, "place": pl.Int32})
BOXES = {**dict.fromkeys(("x", "y", "width", "height"), pl.Float64()), "is_crowd": pl.Boolean()}
ASKED = {"boxes": pl.Schema(BOXES), "points": pl.Schema({"points": pl.List(pl.Float64)}), "pictures": pl.Schema()}
"""The columns of objects that are made of what is asked."""


class Category(NamedTuple):
    """A category, and the names of its key points; no names where they were not asked for."""

    name: str
    points: list[str]


class Annotations(NamedTuple):
    """What a file says."""

    pictures: pl.DataFrame
    """One row per picture: `image_id`, the file name without its ending, `file_name`, `width` and `height` (px, null where
    unknown)."""
    categories: list[Category]
    """In the order of their ids."""
    objects: pl.DataFrame
    """One row per annotation, in the order of the file: its `id` as a text, the `image_id`, `image_width` and
    `image_height` of its picture, the place of its `category` in `categories`, and what was asked: `x`, `y`, `width`,
    `height` and `is_crowd` of its box, or `points`, the numbers x, y, v of its key points."""


def read_annotations(path: Path, asked: Asked) -> Annotations:
    """What a file of instances or key points says.

    Raises ShiftscopeError where it is none, an entry lacks what is asked, two pictures or categories have the same id, or
    an annotation is of one that is not listed.
    """
    reader = _Reader(path, asked)
    take = {"images": reader.picture, "annotations": reader.annotation, "categories": reader.category}
    try:
        lists = read_lists(path, take)
    except ShiftscopeError:
        raise
    except RecursionError:
        raise ShiftscopeError(f"{path} is no JSON of annotations: lists and mappings are nested too deeply") from None
    except ValueError as error:
        raise ShiftscopeError(f"{path} is no JSON: {reason(error)}") from None
    for part in KEYS:
        if part not in lists:
            raise reader.broken(f"there is no list of {part!r}")
    return reader.annotations()


class _Rows:
    """Rows of a table that come one by one."""

    def __init__(self, schema: pl.Schema) -> None:
        self.schema = schema
        self.rows: list[tuple[object, ...]] = []
        self.tables: list[pl.DataFrame] = []
        self.count = 0

    def add(self, *row: object) -> None:
        self.rows.append(row)
        self.count += 1
        if len(self.rows) == tables.ROWS_AT_A_TIME:
            self.table()

    def table(self) -> pl.DataFrame:
        """The rows until now."""
        self.tables.append(tables.table(self.rows, self.schema))
        self.rows = []
        return pl.concat(self.tables)


class _Reader:
    def __init__(self, path: Path, asked: Asked) -> None:
        self.path, self.asked = path, asked
        self.pictures = _Rows(PICTURES)
        self.objects = _Rows(pl.Schema({**OBJECTS, **ASKED[asked]}))
        self.categories: dict[int, Category] = {}
        self.categories_read = 0
        self.used: dict[int, int] = {}
        """Id of a category that annotations have → place among these."""

    def broken(self, what: str) -> ShiftscopeError:
        return ShiftscopeError(f"{self.path} is no file of COCO instances: {what}")

    def _check(self, part: str, entry: Any, place: int) -> None:
        for key, kind in KEYS[part].items():
            found = entry.get(key) if isinstance(entry, dict) else None
            if not isinstance(found, kind) or isinstance(found, bool):  # True would be the number 1
                raise self.broken(f"entry {place} of {part!r} has no usable {key!r}")

    def _check_text(self, what: str, text: str) -> None:
        if fault := text_fault(text):
            raise self.broken(f"the {what} {shown(text)}: {fault}")

    def picture(self, entry: Any) -> None:
        """Take an entry of the list of pictures."""
        self._check("images", entry, self.pictures.count)
        name = PurePosixPath(entry["file_name"])
        if name.is_absolute() or ".." in name.parts or not name.name:
            raise self.broken(f"the file name {shown(entry['file_name'])} does not stay inside the folder of pictures")
        self._check_text("file name", entry["file_name"])
        for key in ("width", "height"):
            side = entry.get(key)
            if isinstance(side, bool) or not isinstance(side, int | None) or not 0 <= (side or 0) < 2**31:
                raise self.broken(f"{entry['file_name']} has the {key} {shown(side)}, no whole number of pixels")
        image_id = name.with_suffix("").as_posix()
        size = entry.get("width") or None, entry.get("height") or None
        self.pictures.add(repr(entry["id"]), image_id, entry["file_name"], *size)

    def annotation(self, entry: Any) -> None:
        """Take an entry of the list of annotations."""
        self._check("annotations", entry, self.objects.count)
        if isinstance(entry["id"], str):
            self._check_text("id of an annotation", entry["id"])
        place = self.used.setdefault(entry["category_id"], len(self.used))
        asked: tuple[object, ...] = ()
        if self.asked == "boxes":
            asked = *self._box(entry), self._crowd(entry)
        elif self.asked == "points":
            asked = (self._points(entry),)
        self.objects.add(str(entry["id"]), repr(entry["image_id"]), place, *asked)

    def category(self, entry: Any) -> None:
        """Take an entry of the list of categories."""
        self._check("categories", entry, self.categories_read)
        names = (entry.get("keypoints") or []) if self.asked == "points" else []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self.broken(f"the category {entry['name']} has `keypoints` that are no list of names")
        for what, name in (("category", entry["name"]), *(("key point", name) for name in names)):
            self._check_text(what, name)
        self.categories[entry["id"]] = Category(entry["name"], names)
        self.categories_read += 1

    def _box(self, entry: Mapping[str, Any]) -> list[float]:
        found = entry.get("bbox")
        if not isinstance(found, list) or len(found) != 4 or not all(map(_is_number, found)):
            raise self.broken(f"annotation {entry['id']} has no `bbox` of four finite numbers, but {str(found)[:60]}")
        return list(map(float, found))

    def _crowd(self, entry: Mapping[str, Any]) -> bool:
        """COCO writes 0 or 1, and nothing where there are no crowds."""
        said = entry.get("iscrowd")
        if said is not None and (not isinstance(said, int | float) or said not in (0, 1)):
            raise self.broken(f"annotation {entry['id']} has the `iscrowd` {shown(said)}, which is neither 0 nor 1")
        return bool(said)

    def _points(self, entry: Mapping[str, Any]) -> list[float]:
        points = entry.get("keypoints") or []
        if not isinstance(points, list) or not all(map(_is_number, points)) or not set(points[2::3]) <= {0, 1, 2}:
            raise self.broken(f"annotation {entry['id']} has key points that are not x, y and v, which is 0, 1 or 2")
        return list(map(float, points))

    def annotations(self) -> Annotations:
        """All that was taken, once every list has been read."""
        pictures, objects = self.pictures.table(), self.objects.table()
        twice = {
            "pictures": pictures["key"].is_duplicated().any(),
            "categories": len(self.categories) < self.categories_read,
        }
        for noun, found in twice.items():
            if found:
                raise ShiftscopeError(f"{self.path} has two {noun} of the same id; give each an id of its own")
        order = {number: place for place, number in enumerate(sorted(self.categories))}
        places = pl.Series([order.get(number) for number in self.used], dtype=pl.Int32)
        sizes = pictures.select("key", "image_id", image_width="width", image_height="height")
        objects = objects.join(sizes, left_on="picture", right_on="key", how="left", maintain_order="left")
        objects = objects.with_columns(category=places.gather(objects["place"]))
        numbers = pl.Series(map(str, self.used), dtype=pl.String)
        for key, column, said in (
            ("image_id", "image_id", objects["picture"]),
            ("category_id", "category", numbers.gather(objects["place"])),
        ):
            lost = objects[column].is_null()
            if lost.any():
                first = lost.arg_max()
                assert first is not None
                raise self.broken(f"annotation {objects['id'][first]} has the {key} {said[first][:100]}, not listed")
        categories = [self.categories[number] for number in sorted(self.categories)]
        return Annotations(pictures.drop("key"), categories, objects.drop("picture", "place"))


def _is_number(value: object) -> bool:
    """Whether JSON's `value` is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= FINITE
