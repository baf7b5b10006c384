"""Pictures and boxes of annotations in Pascal VOC's XML."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.formats.voc import ARCHIVES, Annotations, read_annotations
from shiftscope.sources import Listing, Source, sources
from shiftscope.sources.boxes import found_pictures, largest_labels, leave_out, listed
from shiftscope.sources.folder import class_folders


@sources.register(
    "voc",
    title="VOC annotations",
    reference="Everingham et al. 2010, IJCV 88; http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc",
)
class Voc(Source):
    """A folder of XML files, at any depth, or an archive of them, which is read where it lies. Boxes without area are left
    out; a file without objects is a picture without boxes."""

    annotations: Path
    """The folder, or a `.tar`, `.tar.gz` or `.tgz`."""
    images: Path | None = None
    """The folder of the pictures: each is sought under its annotation's path, with a picture's ending, and then under its
    name alone. Not set: only the boxes are looked at."""
    label: Literal["largest", "none"] = "largest"
    """`largest`: a picture's label is the category of its largest box; `none`: no labels."""
    one_based: bool = True
    """Whether corners count pixels from 1, both included, as VOC's do. `false` for tools that count from 0 and exclude the
    right and lower end."""

    @property
    def provides(self) -> frozenset[str]:
        labels = {"labels"} if self.label == "largest" else set()
        return frozenset({"boxes"} | labels | ({"pictures"} if self.images else set()))

    def check(self) -> None:
        """Raise a ShiftscopeError if a folder or the archive is not there."""
        if self.images is not None and not self.images.is_dir():
            raise ShiftscopeError(f"the folder of pictures {self.images} does not exist")
        if not self.annotations.exists():
            raise ShiftscopeError(f"the annotations {self.annotations} do not exist")
        if self.annotations.is_file() and not self.annotations.name.lower().endswith(ARCHIVES):
            raise ShiftscopeError(f"{self.annotations} is neither a folder of XML files nor one of {', '.join(ARCHIVES)}")

    @classmethod
    def recognise(cls, path: Path) -> dict[str, object] | None:
        pairs = (("Annotations", "JPEGImages"), ("annotations", "images"), (".", None))
        for annotations, images in pairs:
            if path.is_dir() and next((path / annotations).glob("*.xml"), None) is not None:
                pictures = {"images": path / images} if images and (path / images).is_dir() else {}
                return {"annotations": path / annotations, **pictures}
        return None

    def inputs(self) -> list[Path]:
        """The annotations and pictures: for a folder, it and those in it, whose dates change when a file comes or goes."""
        tops = [self.annotations, *([self.images] if self.images else [])]
        return [path for top in tops for path in (top, *(class_folders(top) if top.is_dir() else []))]

    def listing(self, folder: Path) -> Listing:
        """A picture for every XML file; `image_id` is its path below `annotations` without its ending."""
        self.check()
        found = self._read()
        pictures = found.files
        twice = pictures.filter(pl.col("image_id").is_duplicated())
        if twice.height:
            raise ShiftscopeError(f"{self.annotations} has two annotations called {twice['image_id'][0]}; remove one")
        if self.images is not None:
            pictures = found_pictures(pictures, self.images)
        labels = largest_labels(found.boxes) if self.label == "largest" else None
        return listed(pictures, labels, tuple(sorted(found.boxes["category"].unique())))

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes with an area, in the order of the files."""
        return self._read().boxes

    def _read(self) -> Annotations:
        found = _read(self.annotations, self.one_based)
        report(found, self.annotations, refuse=self.unusable == "refuse")
        return found


def report(found: Annotations, path: Path, *, refuse: bool) -> None:
    """Say what could not be read, or raise a ShiftscopeError about it."""
    if not found.faulty:
        return
    more = f"; and {len(found.faulty) - 5} more" if len(found.faulty) > 5 else ""
    message = f"{path}: {len(found.faulty)} annotations cannot be read: {'; '.join(found.faulty[:5])}{more}"
    leave_out(message, refuse=refuse or not len(found.files))


@lru_cache(2)
def _read(path: Path, one_based: bool) -> Annotations:
    return read_annotations(path, one_based=one_based)


def read_boxes(path: Path) -> pl.DataFrame:
    """The boxes of ImageNet's annotations, by the names of the pictures alone."""
    found = read_annotations(path)
    report(found, path, refuse=False)
    return found.boxes.with_columns(pl.col("image_id").str.split("/").list.last())
