"""The boxes of ImageNet's validation pictures, from public lists; the pictures themselves need an account."""

from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete
from shiftscope.data.classes import class_names, imagenet_wnids
from shiftscope.data.downloads import download, known
from shiftscope.sources import Listing, Source, sources
from shiftscope.sources.boxes import CORNERS
from shiftscope.sources.table import Table

NAME: dict[str, pl.DataType] = {"path": pl.String()}
LISTS: dict[str, dict[str, pl.DataType]] = {
    "imagenet-val-localization": {**NAME, **dict.fromkeys(CORNERS, pl.Float64())},
    "imagenet-val-sizes": {**NAME, **dict.fromkeys(("width", "height"), pl.Int32())},
    "imagenet-val-labels": {**NAME, "label": pl.Int32()},
}
"""The columns of each list, which has no header, by its name in downloads.toml."""


@sources.register(
    "imagenet_boxes",
    title="ImageNet's validation boxes",
    reference="boxes of Russakovsky et al. 2015, arXiv:1409.0575, in the lists of Choe et al. 2020, arXiv:2001.07437; "
    "https://github.com/clovaai/wsolevaluation",
)
class ImageNetBoxes(Source):
    """The 80,477 boxes, the sizes and the classes of ImageNet's 50,000 validation pictures, without the pictures: 8 MB are
    downloaded where `path` is not set. No account is needed."""

    path: Path | None = None
    """A folder that has the lists `localization.txt`, `image_sizes.txt` and `class_labels.txt`; not set: they are
    downloaded."""
    mirror: str | None = None
    """Another place that has the lists: `<mirror>/localization.txt` and so on."""
    classes: Literal["own", "imagenet"] = "own"
    """What the classes are called: `own`, by names such as tench; `imagenet`, by wnids such as n01440764, as the other
    sources of ImageNet call them, to be compared with those."""

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"labels", "boxes"})

    def check(self) -> None:
        """Raise a ShiftscopeError if there is a path, and a list is missing there."""
        for path in self.inputs():
            if not path.is_file():
                raise ShiftscopeError(f"the list {path} does not exist; leave 'path' out to have it downloaded")

    def inputs(self) -> list[Path]:
        """The user's own lists."""
        return [] if self.path is None else [self.path / known()[name].file for name in LISTS]

    def fetch(self, folder: Path, seed: int) -> None:
        """Download the lists where they are not given, and join them to one with a row for each box."""
        files = self.inputs() or [download(name, folder, mirror=self.mirror) for name in LISTS]
        boxes, sizes, labels = (_read(path, columns) for path, columns in zip(files, LISTS.values(), strict=True))
        names = class_names("imagenet", ()) if self.classes == "own" else imagenet_wnids()
        numbers = labels.filter(~pl.col("label").is_between(0, len(names) - 1))
        if numbers.height:
            raise ShiftscopeError(f"{files[2]} has the label {numbers['label'][0]}, which is none of 0 to {len(names) - 1}")
        for table, other, at, lacking in ((boxes, sizes, 0, 1), (labels, sizes, 2, 1), (sizes, labels, 1, 2)):
            strangers = table.join(other, on="path", how="anti")["path"]
            if strangers.len():
                raise ShiftscopeError(
                    f"{files[at]} names {strangers[0]}, and {files[lacking]} does not; take lists of one version"
                )
        labels = labels.with_columns(pl.col("label").replace_strict(dict(enumerate(names)), return_dtype=pl.String))
        # From the first to the last pixel of the object, counted from 0: no edge is below 0 or above width − 1.
        boxes = boxes.with_columns(pl.col("x_max", "y_max") + 1)
        joined = sizes.join(labels, on="path", how="left", maintain_order="left")
        with complete(_list(folder)) as part:
            joined.join(boxes, on="path", how="left", maintain_order="left_right").write_parquet(part)

    def listing(self, folder: Path) -> Listing:
        """All pictures, none of which is here; `image_id` is the name in the lists, without its ending."""
        return self._table(folder).listing(folder)

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes. Each has the category of its picture: of a validation picture no other objects are annotated."""
        return self._table(folder).boxes(folder)

    def _table(self, folder: Path) -> Table:
        return Table(path=_list(folder), pictures="none", classes=self.classes, unusable=self.unusable)


def _list(folder: Path) -> Path:
    return folder / "boxes.parquet"


def _read(path: Path, columns: dict[str, pl.DataType]) -> pl.DataFrame:
    try:
        return pl.read_csv(path, has_header=False, schema=columns, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ShiftscopeError(
            f"{path} has not {len(columns)} columns, {', '.join(columns)}, in each line: {str(error).splitlines()[0]}"
        ) from None
