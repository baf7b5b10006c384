"""COCO's validation pictures of 2017, downloaded."""

from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope.data.archives import extract
from shiftscope.data.downloads import download
from shiftscope.sources import Listing, Source, sources
from shiftscope.sources.coco import Coco


@sources.register(
    "coco2017", title="COCO 2017", reference="Lin et al. 2014, arXiv:1405.0312; https://cocodataset.org/#download"
)
class Coco2017(Source):
    """val2017 is downloaded, 5,000 pictures (778 MB) and all annotations (241 MB), with boxes, and with people's key points
    where `points` says so. Of train2017 the annotations alone are."""

    split: Literal["val", "train"] = "val"
    """`train`: the boxes and points of 118,287 pictures, without the pictures."""
    points: bool = False
    """Whether people's key points are wanted: then the boxes are people's, too."""
    label: Literal["largest", "none"] = "largest"
    """As for `kind: coco`."""
    mirror: str | None = None
    """Another place that has the archives: `<mirror>/val2017.zip`, `<mirror>/annotations_trainval2017.zip`."""

    @property
    def provides(self) -> frozenset[str]:
        labels = {"labels"} if self.label == "largest" else set()
        points = {"landmarks"} if self.points else set()
        return frozenset({"boxes"} | labels | points | ({"pictures"} if self.split == "val" else set()))

    def fetch(self, folder: Path, seed: int) -> None:
        """Download and unpack what is needed."""
        extract(download("coco-annotations2017", folder, mirror=self.mirror), folder / "annotations2017")
        if self.split == "val":
            extract(download("coco-val2017", folder, mirror=self.mirror), folder / "pictures2017")

    def listing(self, folder: Path) -> Listing:
        """All pictures of the annotation file, see `Coco.listing`."""
        return self._coco(folder).listing(folder)

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes with an area, see `Coco.boxes`."""
        return self._coco(folder).boxes(folder)

    def landmarks(self, folder: Path) -> pl.DataFrame:
        """All labelled key points, see `Coco.landmarks`."""
        return self._coco(folder).landmarks(folder)

    def _coco(self, folder: Path) -> Coco:
        what = "person_keypoints" if self.points else "instances"
        return Coco(
            images=folder / "pictures2017" / "val2017" if self.split == "val" else None,
            annotations=folder / "annotations2017" / "annotations" / f"{what}_{self.split}2017.json",
            label=self.label,
        )
