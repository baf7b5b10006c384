"""ImageNet (ILSVRC2012) as people have it: the tars, sorted folders, or Kaggle's layout."""

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple, cast

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.classes import imagenet_wnids
from shiftscope.data.downloads import download
from shiftscope.data.pictures import is_picture, member_path
from shiftscope.data.tars import members
from shiftscope.sources import LISTING, Listing, Source, sources
from shiftscope.sources.boxes import FLAT, ORDERED, leave_out
from shiftscope.sources.folder import class_folders, picture_files

IMAGES = {"val": "ILSVRC2012_img_val.tar", "train": "ILSVRC2012_img_train.tar"}
DEVKIT = "ILSVRC2012_devkit_t12.tar.gz"
TRUTH = "ILSVRC2012_validation_ground_truth.txt"
KAGGLE = Path("ILSVRC/Data/CLS-LOC")
SOLUTION = "LOC_val_solution.csv"
BOXES = {
    "val": ("ILSVRC2012_bbox_val_v3.tgz", "ILSVRC/Annotations/CLS-LOC/val"),
    "train": ("ILSVRC2012_bbox_train_v2.tar.gz", "ILSVRC/Annotations/CLS-LOC/train"),
}
"""Where annotations are looked for in `path`."""

Rows = Iterator[tuple[str, str, str]]
"""image_id, path, wnid"""


class Layout(NamedTuple):
    """One way in which a split may lie in a folder."""

    pictures: Path
    labels: Path | None
    """Where labels are, if not in the names of folders."""


@sources.register(
    "imagenet",
    title="ImageNet (ILSVRC2012)",
    reference="Russakovsky et al. 2015, arXiv:1409.0575; https://image-net.org, which asks for an account",
)
class ImageNet(Source):
    """What `path` holds is found out: `ILSVRC2012_img_val.tar` with `ILSVRC2012_devkit_t12.tar.gz` (nothing is unpacked),
    `ILSVRC2012_img_train.tar`, folders `val/<wnid>/` and `train/<wnid>/` or wnid folders themselves, or Kaggle's
    `ILSVRC/` with `LOC_val_solution.csv`. Boxes are taken from `ILSVRC2012_bbox_val_v3.tgz` or
    `ILSVRC2012_bbox_train_v2.tar.gz` beside them, or from Kaggle's files."""

    path: Path
    """The folder of the data set."""
    split: Literal["val", "train"] = "val"
    """Which of the data set's own splits is used."""
    download_boxes: bool = False
    """Fetch the archive of the split's boxes where it is not in `path`; that needs no account."""
    mirror: str | None = None
    """Another place that has it: `<mirror>/ILSVRC2012_bbox_val_v3.tgz`."""
    classes: Literal["own", "imagenet"] = "imagenet"
    """Labels are ImageNet's indices; `own`: indices among the classes that are there."""

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"pictures", "labels"} | ({"boxes"} if self.download_boxes or self._box_files() else set()))

    def check(self) -> None:
        """Raise a ShiftscopeError where none of the layouts is there; it names what is missing."""
        self._layout()

    @classmethod
    def recognise(cls, path: Path) -> dict[str, object] | None:
        for split in ("val", "train"):
            own = [path / IMAGES[split], path / KAGGLE / split, path / split]
            if path.is_dir() and any(found.exists() for found in own):
                try:
                    cls(path=path, split=split).check()
                except ShiftscopeError:
                    continue
                return {"path": path, "split": split, "limit": 1000}
        return None

    def inputs(self) -> list[Path]:
        """The archives, or the folders and files, whose change makes the pictures others."""
        layout = self._layout()
        sorted_folders = class_folders(layout.pictures) if layout.pictures.is_dir() and layout.labels is None else []
        labels = [] if layout.labels is None else [layout.labels]
        return [layout.pictures, *labels, *sorted_folders, *self._box_files()]

    def fetch(self, folder: Path, seed: int) -> None:
        """Fetch the archive of boxes, where it is wanted and not here."""
        if self.download_boxes and not self._box_files():
            download(f"imagenet-boxes-{self.split}", folder, mirror=self.mirror)

    def listing(self, folder: Path) -> Listing:
        """All pictures of the split; `image_id` is the file's name without its ending, in every layout."""
        layout = self._layout()
        listed = tables.table(self._rows(layout), LISTING)
        if not listed.height:
            raise ShiftscopeError(f"{layout.pictures} has no pictures")
        return Listing(listed, tuple(listed["category"].unique().sort()))

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes, from the annotation archive, or, for Kaggle's validation pictures, from the table of solutions."""
        here = self._box_files()
        file = here[0] if here else folder / BOXES[self.split][0]
        if file.name == SOLUTION:
            return _solution_boxes(file)
        from shiftscope.sources.voc import read_boxes

        return read_boxes(file)

    def _box_files(self) -> list[Path]:
        candidates = [self.path / name for name in BOXES[self.split]]
        candidates += [self.path / SOLUTION] if self.split == "val" else []
        return [path for path in candidates if path.exists()][:1]

    def _layout(self) -> Layout:
        """The first of the layouts that is there."""
        if not self.path.is_dir():
            raise ShiftscopeError(f"the folder of ImageNet {self.path} does not exist")
        archive, kaggle, own = self.path / IMAGES[self.split], self.path / KAGGLE / self.split, self.path / self.split
        devkit = next((path for path in (self.path / DEVKIT, self.path / "devkit" / DEVKIT) if path.is_file()), None)
        if archive.is_file() and self.split == "train":
            return Layout(archive, None)
        if archive.is_file():
            if devkit is None:
                raise ShiftscopeError(f"{archive} is there, but its labels are in {DEVKIT}; put that file beside it")
            return Layout(archive, devkit)
        for folder in (kaggle, own, self.path):
            if folder.is_dir() and any(found.name in _wnids() for found in class_folders(folder)):
                return Layout(folder, None)
            if self.split == "val" and folder.is_dir() and any(is_picture(entry.name) for entry in folder.iterdir()):
                labels = next(
                    (path for path in (self.path / SOLUTION, devkit) if path is not None and path.is_file()), None
                )
                if labels is None:
                    raise ShiftscopeError(f"{folder} has pictures, and their labels are missing: {SOLUTION} or {DEVKIT}")
                return Layout(folder, labels)
        raise ShiftscopeError(
            f"{self.path} has no ImageNet: ask for an account at https://image-net.org/download.php and put "
            f"{IMAGES[self.split]}{f' and {DEVKIT}' if self.split == 'val' else ''} there, or Kaggle's folder ILSVRC, or "
            f"sorted folders {self.split}/<wnid>/"
        )

    def _rows(self, layout: Layout) -> Rows:
        if layout.pictures.is_file() and self.split == "train":
            return _train_tar(layout.pictures)
        if layout.labels is None:
            return _folders(layout.pictures)
        wnid_of = _solution(layout.labels) if layout.labels.name == SOLUTION else _truth(layout.labels)
        if layout.pictures.is_file():
            files = [
                (PurePosixPath(member.name).stem, member_path(layout.pictures, member.offset, member.size, member.name))
                for member in members(layout.pictures)
                if is_picture(PurePosixPath(member.name).name)
            ]
        else:
            files = [(path.stem, str(path)) for path in picture_files(layout.pictures)]
        return _labelled(sorted(files), wnid_of, layout.labels)


def _wnids() -> frozenset[str]:
    return frozenset(imagenet_wnids())


def _folders(top: Path) -> Rows:
    for found in class_folders(top):
        for path in picture_files(found):
            yield path.stem, str(path), found.name


def _train_tar(archive: Path) -> Rows:
    """A tar of tars, one for each class."""
    for outer in members(archive):
        wnid = PurePosixPath(outer.name).stem
        for inner in members(archive, outer.offset, outer.offset + outer.size):
            if is_picture(PurePosixPath(inner.name).name):
                yield PurePosixPath(inner.name).stem, member_path(archive, inner.offset, inner.size, inner.name), wnid


def _labelled(files: list[tuple[str, str]], wnid_of: dict[str, str], labels: Path) -> Rows:
    for name, path in files:
        if name not in wnid_of:
            raise ShiftscopeError(f"{labels} has no label for {path}; are they of the same version?")
        yield name, path, wnid_of[name]


def _solution(path: Path) -> dict[str, str]:
    """Kaggle's table: ImageId, PredictionString, which begins with the wnid."""
    table = _read_solution(path)
    return dict(zip(table["ImageId"], table["PredictionString"].str.split(" ").list.first(), strict=True))


def _read_solution(path: Path) -> pl.DataFrame:
    try:
        text = {"PredictionString": pl.String}
        return pl.read_csv(path, columns=["ImageId", "PredictionString"], schema_overrides=text, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ShiftscopeError(f"{path} is not Kaggle's {SOLUTION}: {str(error).splitlines()[0]}") from None


def _solution_boxes(path: Path) -> pl.DataFrame:
    """Groups of five: wnid, left, top, right, bottom. The corners are VOC's, counted from 1 and inclusive, as in the
    annotation archive that they were taken from."""
    words = pl.col("PredictionString").str.strip_chars().str.split(" ")
    groups = (
        _read_solution(path)
        .select(pl.col("ImageId").alias("image_id"), words.alias("word"))
        .explode("word")
        .with_columns(place=pl.int_range(pl.len()).over("image_id"))
        .with_columns(box=pl.col("place") // 5, part=pl.col("place") % 5)
    )
    table = groups.pivot("part", index=["image_id", "box"], values="word")
    edges = [
        pl.col(str(k)).cast(pl.Float64, strict=False).alias(name)
        for k, name in enumerate(("x_min", "y_min", "x_max", "y_max"), start=1)
    ]
    found = table.select("image_id", pl.col("0").alias("category"), *edges).filter(pl.col("category") != "")
    found = found.with_columns(pl.col("x_min", "y_min") - 1)
    bad = found.filter(~ORDERED)
    if bad.height:
        said = f"{bad.height} boxes are not of four numbers, the lower one first, such as one of {bad['image_id'][0]}"
        leave_out(f"{path}: {said}", refuse=False)
    return pl.concat([tables.BOXES.to_frame(), found.filter(ORDERED & ~FLAT)], how="diagonal")


def _truth(devkit: Path) -> dict[str, str]:
    """The development kit: a number 1 to 1000 for each picture, and what the numbers stand for, which is not sorted."""
    import io

    from scipy.io import loadmat

    found: dict[str, bytes] = {}
    try:
        with tarfile.open(devkit) as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                if name in (TRUTH, "meta.mat") and member.isreg():
                    opened = tar.extractfile(member)
                    found[name] = opened.read() if opened else b""
        numbers = [int(line) for line in found[TRUTH].split()]
        synsets = loadmat(cast(Any, io.BytesIO(found["meta.mat"])), squeeze_me=True, struct_as_record=True)["synsets"]
        wnids = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in synsets if int(row["num_children"]) == 0}
        return {f"ILSVRC2012_val_{place:08}": wnids[number] for place, number in enumerate(numbers, start=1)}
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError) as error:
        raise ShiftscopeError(
            f"{devkit} is not ImageNet's development kit ({error}); it has {TRUTH} and meta.mat"
        ) from None
