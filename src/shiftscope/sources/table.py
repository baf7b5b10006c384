"""Pictures, labels and boxes from a list: a CSV, TSV or Parquet file with a row per picture or per box."""

from pathlib import Path, PurePosixPath

import polars as pl

from shiftscope import tables
from shiftscope.classes import numbered, read_names
from shiftscope.errors import ShiftscopeError, unknown
from shiftscope.options import Options
from shiftscope.sources import LISTING, Listing, Source, sources

CORNERS = ("x_min", "y_min", "x_max", "y_max")


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


@sources.register("table", title="List of pictures", reference="a CSV, TSV or Parquet file with a header")
class Table(Source):
    """Pictures that a list names (`.csv`, `.tsv`, `.parquet`), with their labels and boxes where it has such columns. A
    picture may have several rows, one for each box; their labels must agree."""

    path: Path
    """The list."""
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
        if not self.path.is_file():
            return frozenset({"pictures"})
        has = set(self._columns(self.path))
        return frozenset(
            {"pictures"}
            | ({"labels"} if self.columns.label in has else set())
            | ({"boxes"} if {getattr(self.columns, name) for name in CORNERS} <= has else set())
            | ({"landmarks"} if self.points else set())
        )

    def check(self) -> None:
        """Raise a ShiftscopeError if a file is not there, is of another kind, or lacks the column of paths."""
        for path, needed in ((self.path, {self.columns.path}), (self.points, {self.columns.path, "name", "x", "y"})):
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

    def inputs(self) -> list[Path]:
        """The lists. Pictures that change while the list does not are not noticed."""
        return [path for path in (self.path, self.names, self.points) if path is not None]

    def listing(self, folder: Path) -> Listing:
        """Every picture once, in the order of the list; `image_id` is the path as written, without its ending."""
        self.check()
        table = self._rows()
        categories = self._categories(table)
        pictures = table.group_by("image_id", maintain_order=True).agg(
            pl.col("path").first(), pl.col("label").first(), pl.col("label").n_unique().alias("labels")
        )
        torn = pictures.filter(pl.col("labels") > 1)
        if torn.height:
            raise ShiftscopeError(f"{self.path} gives {torn['path'][0]} two labels; give it one in all its rows")
        if not pictures.height:
            raise ShiftscopeError(f"{self.path} has no rows")
        listed = pictures.rename({"label": "category"}).select(pl.col(name).cast(kind) for name, kind in LISTING.items())
        return Listing(listed, categories)

    def boxes(self, folder: Path) -> pl.DataFrame:
        """A box for every row whose four edges are given and hold an area."""
        table = self._rows()
        edges = [pl.col(getattr(self.columns, name)).cast(pl.Float64, strict=False).alias(name) for name in CORNERS]
        category = "category" if "category" in table.columns else "label"
        found = table.select("image_id", pl.col(category).cast(pl.String).alias("category"), *edges).drop_nulls(CORNERS)
        found = found.filter((pl.col("x_max") > pl.col("x_min")) & (pl.col("y_max") > pl.col("y_min")))
        return pl.concat([tables.BOXES.to_frame(), found], how="diagonal")

    def landmarks(self, folder: Path) -> pl.DataFrame:
        """All points of the second list."""
        assert self.points is not None
        found = self._read(self.points).rename({self.columns.path: "path"}).with_columns(_id("path"))
        self._refuse_unnumbered(found)
        kept = [pl.col(name).cast(kind, strict=False) for name, kind in tables.LANDMARKS.items() if name in found.columns]
        return pl.concat([tables.LANDMARKS.to_frame(), found.select(kept).drop_nulls(["x", "y"])], how="diagonal")

    def _refuse_unnumbered(self, points: pl.DataFrame) -> None:
        """Raise a ShiftscopeError where an object has no number but a word: read as none, it would be every object."""
        if "instance" not in points.columns:
            return
        number = pl.col("instance").cast(pl.Float64, strict=False)
        words = points.filter(pl.col("instance").is_not_null() & (number.is_null() | (number % 1 != 0)))
        if words.height:
            raise ShiftscopeError(
                f"{self.points} has the instance {words['instance'][0]!r} for {words['path'][0]}: number the objects of a "
                "picture, 0, 1, 2, …"
            )

    def _rows(self) -> pl.DataFrame:
        """The list with `image_id`, the path as it can be opened, and the label as a category."""
        table = self._read(self.path).rename({self.columns.path: "path"})
        if self.columns.category in table.columns:
            table = table.rename({self.columns.category: "category"})
        blank = table.with_row_index().filter(pl.col("path").is_null())
        if blank.height:
            raise ShiftscopeError(f"{self.path}: row {blank['index'][0] + 2} has no path")
        root = self.root or self.path.parent
        table = table.with_columns(
            _id("path"), pl.Series("path", [str(root / name) for name in table["path"].cast(pl.String)], dtype=pl.String)
        )
        if self.columns.label not in table.columns:
            return table.with_columns(label=pl.lit(None, pl.String))
        table = table.rename({self.columns.label: "label"})
        if table["label"].dtype.is_integer():
            names = numbered(
                self.classes, table["label"].drop_nulls().unique(), read_names(self.names) if self.names else None
            )
            return table.with_columns(
                pl.Series("label", [None if k is None else names[k] for k in table["label"]], dtype=pl.String)
            )
        return table.with_columns(pl.col("label").cast(pl.String))

    def _categories(self, table: pl.DataFrame) -> tuple[str, ...]:
        """In the order of numbered labels, or sorted by name."""
        original = self._read(self.path)
        if self.columns.label in original.columns and original[self.columns.label].dtype.is_integer():
            numbers = original[self.columns.label].drop_nulls().unique()
            return numbered(self.classes, numbers, read_names(self.names) if self.names else None)
        return tuple(sorted(table["label"].drop_nulls().unique()))

    def _read(self, path: Path) -> pl.DataFrame:
        try:
            if path.suffix.lower() == ".parquet":
                return pl.read_parquet(path)
            return pl.read_csv(path, separator=_separator(path), infer_schema_length=None)
        except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
            raise ShiftscopeError(f"the list {path} cannot be read: {str(error).splitlines()[0]}") from None

    def _columns(self, path: Path) -> list[str]:
        try:
            if path.suffix.lower() == ".parquet":
                return list(pl.read_parquet_schema(path))
            return list(pl.read_csv(path, separator=_separator(path), n_rows=0).columns)
        except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
            raise ShiftscopeError(f"the list {path} cannot be read: {str(error).splitlines()[0]}") from None


def _separator(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _id(column: str) -> pl.Expr:
    return (
        pl.col(column)
        .cast(pl.String)
        .map_elements(lambda name: PurePosixPath(name).with_suffix("").as_posix().lstrip("/"), pl.String)
        .alias("image_id")
    )
