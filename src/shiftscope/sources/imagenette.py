"""Imagenette: ten classes of ImageNet that anybody may download."""

from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.archives import extract
from shiftscope.data.downloads import download
from shiftscope.sources import LISTING, Listing, Source, sources
from shiftscope.sources.folder import class_folders, picture_files


@sources.register(
    "imagenette", title="Imagenette", reference="Howard 2019, https://github.com/fastai/imagenette; ten classes of ImageNet"
)
class Imagenette(Source):
    """Downloaded where `path` is not set: 1.5 GB, 326 MB (320) or 94 MB (160). Its folders are wnids, so the answers of any
    ImageNet network count."""

    size: Literal["full", "320", "160"] = "320"
    """Of the shorter side, px; `full`: as in ImageNet."""
    split: Literal["val", "train"] = "val"
    """Which of the data set's own splits is used."""
    path: Path | None = None
    """The folder `imagenette2…` where it was unpacked before; not set: it is downloaded."""
    mirror: str | None = None
    """Another place that has the archive: `<mirror>/imagenette2-320.tgz`."""
    classes: Literal["own", "imagenet"] = "imagenet"
    """Labels are ImageNet's indices; `own`: 0 to 9."""

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"pictures", "labels"})

    def check(self) -> None:
        """Raise a ShiftscopeError if there is a path, and nothing at it."""
        if self.path is not None:
            self._split(self.path)

    def fetch(self, folder: Path, seed: int) -> None:
        """Download, verify and unpack it."""
        if self.path is None:
            extract(download(f"imagenette-{self.size}", folder, mirror=self.mirror), folder / "unpacked")

    def listing(self, folder: Path) -> Listing:
        """All pictures of the split; `image_id` is the file's name without its ending."""
        top = self._split(self.path or next((folder / "unpacked").iterdir()))
        rows = [(file.stem, str(file), found.name) for found in class_folders(top) for file in picture_files(found)]
        categories = tuple(found.name for found in class_folders(top))
        return Listing(pl.DataFrame(rows, schema=LISTING, orient="row"), categories)

    def _split(self, path: Path) -> Path:
        top = path / self.split
        if not top.is_dir() or not class_folders(top):
            raise ShiftscopeError(f"{path} has no folder {self.split} with class folders; is it Imagenette's?")
        return top
