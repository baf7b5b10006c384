"""Pictures, labels and boxes from a list: a CSV, TSV or Parquet file with a row per picture or per box."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Literal

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError, reason, shown, unknown
from shiftscope.core.options import Options
from shiftscope.core.values import text_fault
from shiftscope.data.classes import label_text, labelled, read_names
from shiftscope.sources import LISTING, Listing, Source, sources
from shiftscope.sources.boxes import CORNERS, FLAT, ORDERED, leave_out
from shiftscope.sources.points import flagged, refuse_unnumbered

SIDES = ("width", "height")
FINITE = pl.all_horizontal(pl.col("x", "y").is_finite()).fill_null(value=False)


class Columns(Options):
    """What the columns of a list are called in its file."""

    path: str = "path"
    """The picture's file."""
    label: str = "label"
    """Its class: a name, or a number from 0 in the order of the network's outputs."""
    x_min: str = "x_min"
    """Left edge of a box, px, continuous: a box over columns 3, 4, 5 is from 3 to 6."""
    y_min: str = "y_min"
    """Its upper edge."""
    x_max: str = "x_max"
    """Its right edge."""
    y_max: str = "y_max"
    """Its lower edge."""
    category: str = "category"
    """What is in the box; without such a column: the picture's label."""
    width: str = "width"
    """How wide the picture is, px. Only read with `pictures: none`."""
    height: str = "height"
    """How high it is, px. Only read with `pictures: none`."""


@sources.register("table", title="List of pictures", reference="a CSV, TSV or Parquet file with a header")
class Table(Source):
    """Pictures that a list names (`.csv`, `.tsv`, `.parquet`), with their labels and boxes where it has such columns. A
    picture may have several rows, one for each box; their labels must agree."""

    path: Path
    """The list of pictures, a CSV or Parquet file."""
    pictures: Literal["files", "none"] = "files"
    """`none`: the pictures are not here. The list says how large each one is, in its columns `width` and `height`, and only
    the framing is looked at."""
    root: Path | None = None
    """The folder that its paths are relative to; not set: the list's own."""
    columns: Columns = Columns()
    """Names of its columns, where they are others."""
    names: Path | None = None
    """Where labels are numbers: a text file with a class name in each line."""
    points: Path | None = None
    """Another list with named points: the picture's path, `name`, `x`, `y` (px, continuous), and, where pictures hold
    several objects, `instance` (a whole number that points of one object share) and `category`."""

    @property
    def provides(self) -> frozenset[str]:
        pictures = {"pictures"} if self.pictures == "files" else set()
        if not self.path.is_file():
            return frozenset(pictures)
        has = set(self._columns(self.path))
        return frozenset(
            pictures
            | ({"labels"} if self.columns.label in has else set())
            | ({"boxes"} if {getattr(self.columns, name) for name in CORNERS} <= has else set())
            | ({"landmarks"} if self.points else set())
        )

    def check(self) -> None:
        """Raise a ShiftscopeError if a file is not there, is of another kind, or lacks the column of paths or of sizes."""
        sides = {getattr(self.columns, side) for side in SIDES} if self.pictures == "none" else set()
        for path, needed in (
            (self.path, {self.columns.path, *sides}),
            (self.points, {self.columns.path, "name", "x", "y"}),
        ):
            if path is None:
                continue
            if not path.is_file():
                raise ShiftscopeError(f"the list {path} does not exist")
            has = self._columns(path)
            for column in sorted(needed - set(has)):
                raise ShiftscopeError(f"{path}: {unknown('column', column, has)}; 'columns' says what they are called")
        corners = [name for name in CORNERS if getattr(self.columns, name) in self._columns(self.path)]
        if 0 < len(corners) < len(CORNERS):
            raise ShiftscopeError(f"{self.path} has only {', '.join(corners)} of a box's four edges {', '.join(CORNERS)}")

    @classmethod
    def recognise(cls, path: Path) -> dict[str, object] | None:
        if not path.is_file() or path.suffix.lower() not in (".csv", ".tsv", ".parquet"):
            return None
        try:
            cls(path=path).check()
        except ShiftscopeError:
            return None
        return {"path": path}

    def class_count(self) -> int | None:
        """The classes that its list names; None where it cannot be used."""
        try:
            return len(self.listing(self.path.parent).categories) or None
        except ShiftscopeError:
            return None

    def inputs(self) -> list[Path]:
        """The lists. Pictures that change while the list does not are not noticed."""
        return [path for path in (self.path, self.names, self.points) if path is not None]

    def listing(self, folder: Path) -> Listing:
        """Every picture once, in the order of the list; `image_id` is the path as written, without its ending."""
        self.check()
        table, categories = self._labelled()
        sides = SIDES if self.pictures == "none" else ()
        if sides:
            table = self._sized(table)
        # By its path: two files of one name are two pictures, which `dataset` refuses.
        pictures = table.group_by("path", maintain_order=True).agg(
            pl.col("image_id", "label", *sides).first(),
            pl.col("label").n_unique().alias("labels"),
            pl.col("written").n_unique(),
            pl.len().alias("rows"),
        )
        torn = pictures.filter(pl.col("labels") > 1)
        if torn.height:
            raise ShiftscopeError(f"{self.path} gives {torn['path'][0]} two labels; give it one in all its rows")
        if not pictures.height:
            raise ShiftscopeError(f"{self.path} has no rows")
        self._say_repeats(pictures)
        pictures = pictures.rename({"label": "category"})
        if sides:
            pictures = pictures.with_columns(path=None)
        return Listing(pictures.select(*(pl.col(name).cast(kind) for name, kind in LISTING.items()), *sides), categories)

    def _sized(self, table: pl.DataFrame) -> pl.DataFrame:
        """`table` with the `width` and `height` of each picture, px. Raises a ShiftscopeError where a row lacks either, or
        two rows of a picture differ."""
        numbers = [pl.col(getattr(self.columns, side)).cast(pl.Float64, strict=False).alias(side) for side in SIDES]
        table = table.with_columns(numbers)
        sides = pl.col(SIDES)
        bad = table.filter(~pl.all_horizontal(sides.is_between(1, 2**31 - 1) & (sides % 1 == 0)).fill_null(value=False))
        if bad.height:
            raise ShiftscopeError(f"{self.path} gives {bad['written'][0]} no width and height in whole pixels")
        torn = table.filter(pl.any_horizontal(sides != sides.first().over("path")))
        if torn.height:
            raise ShiftscopeError(f"{self.path} gives {torn['written'][0]} two sizes; give it one in all its rows")
        return table.with_columns(sides.cast(pl.Int32))

    def _say_repeats(self, pictures: pl.DataFrame) -> None:
        several = pl.col("written") > 1
        repeated = pictures.filter(several if "boxes" in self.provides else several | (pl.col("rows") > 1))
        if repeated.height:
            logging.getLogger(__name__).warning(
                "%s names %d pictures more than once, such as %s in %d rows; each counts once",
                self.path, repeated.height, repeated["path"][0], repeated["rows"][0],
            )  # fmt: skip

    def boxes(self, folder: Path) -> pl.DataFrame:
        """A box for every row that has one with an area. Rows with words for numbers, without all four edges or with the
        larger one first are left out with a line in the log, or raise a ShiftscopeError under `unusable: refuse`."""
        table, _ = self._labelled()
        table = _numbered(table, {name: getattr(self.columns, name) for name in CORNERS}, self.path)
        category = "category" if "category" in table.columns else "label"
        table = table.with_columns(category=pl.col(category).cast(pl.String))
        found = self._usable(table, ORDERED, "boxes of four numbers, the lower one first", self.path)
        found = found.filter(~FLAT).select("image_id", "category", *CORNERS)
        return pl.concat([tables.BOXES.to_frame(), found], how="diagonal")

    def landmarks(self, folder: Path) -> pl.DataFrame:
        """All points of the second list; rows with words for numbers are treated as those of boxes are."""
        assert self.points is not None
        kept = (self.columns.path, *(name for name in tables.LANDMARKS if name not in ("image_id", "path")))
        found = self._placed(self._read(self.points, kept).rename({self.columns.path: "path"}), self.points)
        # A picture of the list is called as it is there, in whatever way this list writes its path.
        ids = self._rows().select("path", known="image_id").unique()
        found = found.join(ids, on="path", how="left", maintain_order="left")
        found = found.with_columns(image_id=pl.coalesce("known", "image_id"))
        if "category" in found.columns:
            found = found.with_columns(_texts(found["category"]))
        refuse_unnumbered(found, self.points)
        found = flagged(found, self.points)
        found = _numbered(found, {"x": "x", "y": "y"}, self.points)
        found = self._usable(found, FINITE, "points of two numbers", self.points)
        known = [pl.col(name).cast(kind, strict=False) for name, kind in tables.LANDMARKS.items() if name in found.columns]
        return pl.concat([tables.LANDMARKS.to_frame(), found.select(known)], how="diagonal")

    def _usable(self, table: pl.DataFrame, usable: pl.Expr, what: str, path: Path) -> pl.DataFrame:
        """The rows of `table` that give anything (`_numbered`) and are `usable`; it is said where some are not."""
        given = table.filter(pl.col("given") != "")
        found = given.filter(usable)
        bad = given.filter(~usable)
        if bad.height:
            leave_out(
                f"{path}: {bad.height} rows have no {what}, such as one of {bad['written'][0]}: {bad['given'][0][:80]}",
                refuse=self.unusable == "refuse" or not found.height,
            )
        return found

    def _rows(self) -> pl.DataFrame:
        """The list with `image_id`, the path as it can be opened, and labels and categories as text."""
        table = self._read(self.path, self.columns.model_dump().values())
        theirs = {name: getattr(self.columns, name) for name in ("path", "label", "category")}
        missing = [name for name, column in theirs.items() if column not in table.columns]
        texts = [_texts(table[theirs[name]]).alias(name) for name in ("label", "category") if name not in missing]
        table = table.with_columns(*texts, path=theirs["path"]).drop(missing, strict=False)
        if "label" in missing:
            table = table.with_columns(label=pl.lit(None, pl.String))
        return self._placed(table, self.path)

    def _placed(self, table: pl.DataFrame, path: Path) -> pl.DataFrame:
        """`table` with paths that can be opened, what they are called, and, as `written`, what they were.

        A picture that is written in several ways (`one.png`, `./one.png`) is called by the first.
        """
        table = table.with_columns(written=pl.col("path").cast(pl.String))
        for name in table["written"].unique(maintain_order=True):
            if fault := _no_path(name):
                row = table["written"].eq_missing(name).arg_max() or 0
                raise ShiftscopeError(f"{path}: row {row + (1 if path.suffix.lower() == '.parquet' else 2)} {fault}")
        root = self.root or self.path.parent
        table = table.with_columns(
            _id("written"), path=pl.col("written").map_elements(lambda name: str(root / name), pl.String)
        )
        return table.with_columns(pl.col("image_id").first().over("path"))

    def _labelled(self) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """The rows with their labels as categories, and all categories in their order."""
        table = self._rows()
        names = read_names(self.names) if self.names else None
        try:
            category_of, categories = labelled(self.classes, table["label"].unique(), names)
        except ShiftscopeError as error:
            raise ShiftscopeError(f"{self.path}: {error}") from None
        label = pl.col("label").replace_strict(category_of, return_dtype=pl.String) if category_of else pl.col("label")
        return table.with_columns(label), categories

    def _read(self, path: Path, names: Iterable[str]) -> pl.DataFrame:
        """Those of the columns `names` that a list has. Others may be called and hold whatever they like."""
        kept = [name for name in dict.fromkeys(names) if name in self._columns(path)]
        with _said(path):
            if path.suffix.lower() == ".parquet":
                # Not by polars, here and in `_columns`: a damaged file of billions of values makes it end the process.
                import pyarrow.parquet as pq

                found = pq.read_table(path, columns=kept)
                found.validate(full=True)  # polars takes bytes that are no text for one, and cannot give them back
                table = pl.DataFrame(found)
            else:
                separator = _separator(path)
                table = pl.read_csv(path, columns=kept, separator=separator, infer_schema_length=None, glob=False)
            for name, kind in table.schema.items():
                if kind.is_nested():
                    raise ShiftscopeError(
                        f"{path}: the column {name!r} holds lists or mappings, and one value is expected in each row"
                    )
            return table.with_columns(pl.col(pl.Binary).cast(pl.String))

    def _columns(self, path: Path) -> list[str]:
        with _said(path):
            if path.suffix.lower() == ".parquet":
                import pyarrow.parquet as pq

                return list(pq.read_schema(path).names)
            return list(pl.read_csv(path, separator=_separator(path), n_rows=0, glob=False).columns)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """A context in which polars' errors become a ShiftscopeError about this list."""
    try:
        yield
    except ShiftscopeError:
        raise
    except (pl.exceptions.PolarsError, OSError, ValueError, LookupError, NotImplementedError) as error:  # pyarrow's, too
        raise ShiftscopeError(f"the list {path} cannot be read: {reason(error)}") from None


def _no_path(name: str | None) -> str:
    """Why the path of a picture can be none; empty where it can."""
    if name is None or not name.strip():
        return "has no path; write one, or take the row out"
    if fault := text_fault(name):
        return f"has the path {shown(name)}; {fault}"
    if PurePosixPath(name).name in ("", ".."):
        return f"has the path {shown(name)}, which is no file's; write a file's, or take the row out"
    return ""


def _separator(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _numbered(table: pl.DataFrame, columns: Mapping[str, str], path: Path) -> pl.DataFrame:
    """`table` with the numbers in `columns` (new name → name in the file), null where a cell holds none, and `given`, the
    cells as they are in the file, which is empty where all of them are.

    Raises ShiftscopeError for a column of something else, such as true and false, which would pass for 1 and 0.
    """
    cells = {}
    for name, column in columns.items():
        kind = table.schema[column]
        if not (kind.is_numeric() or kind in (pl.String, pl.Null)):
            raise ShiftscopeError(f"{path}: the column {column!r} holds no numbers, but {kind}")
        present = pl.col(column).fill_nan(None) if kind.is_float() else pl.col(column)
        text = present.cast(pl.String).str.strip_chars()
        cells[name] = pl.when(text != "").then(text)
    given = pl.when(pl.any_horizontal(cell.is_not_null() for cell in cells.values())).then(
        pl.concat_str([cell.fill_null("nothing") for cell in cells.values()], separator=", ")
    )
    numbers = {name: cell.cast(pl.Float64, strict=False) for name, cell in cells.items()}
    return table.with_columns(**numbers, given=given.fill_null(""))


def _texts(column: pl.Series) -> pl.Series:
    """What `label_text` makes of a column's values."""
    if column.dtype == pl.String:
        column = column.str.strip_chars()
    elif column.dtype.is_decimal():
        column = column.cast(pl.Float64)
    values = column.unique()  # no list: polars would take a whole number of 30 digits for one of fewer
    texts = pl.Series([label_text(value) for value in values.to_list()], dtype=pl.String)
    return column.replace_strict(values, texts, return_dtype=pl.String)


def _id(column: str) -> pl.Expr:
    return (
        pl.col(column)
        .cast(pl.String)
        .map_elements(lambda name: PurePosixPath(name).with_suffix("").as_posix().lstrip("/"), pl.String)
        .alias("image_id")
    )
