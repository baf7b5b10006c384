"""What sources of boxes have in common: finding their pictures, labels made from boxes, and faulty boxes."""

import logging
from pathlib import Path, PurePosixPath

import polars as pl

from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources import LISTING, Listing
from shiftscope.sources.folder import picture_files

CORNERS = ("x_min", "y_min", "x_max", "y_max")
ORDERED = pl.all_horizontal(
    pl.col(CORNERS).is_finite(), pl.col("x_min") <= pl.col("x_max"), pl.col("y_min") <= pl.col("y_max")
).fill_null(value=False)
"""Whether all four edges of a box are numbers, the lower one first."""
FLAT = (pl.col("x_min") == pl.col("x_max")) | (pl.col("y_min") == pl.col("y_max"))
"""Whether a box has no area."""


def found_pictures(pictures: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """`pictures` (image_id) with the column `path`, the file below `folder` that belongs to each.

    It is the file whose path below `folder`, without its ending, is the id. If there is none, it is the only file of that
    name at any depth. If there is none either, `path` is where the file was expected.

    Raises ShiftscopeError where several files have the name, or two ids the only file.
    """
    by_path: dict[str, list[Path]] = {}
    by_name: dict[str, list[Path]] = {}
    for file in picture_files(folder):
        by_path.setdefault(file.relative_to(folder).with_suffix("").as_posix(), []).append(file)
        by_name.setdefault(file.stem, []).append(file)
    paths, lost = [], []
    id_of: dict[Path, str] = {}
    for image_id in pictures["image_id"]:
        same = by_path.get(image_id) or by_name.get(PurePosixPath(image_id).name, [])
        if len(same) > 1:
            what = "remove one" if image_id in by_path else "lay the pictures out as their annotations are"
            raise ShiftscopeError(f"{image_id} could be {same[0]} or {same[1]}; {what}")
        path = same[0] if same else folder / image_id
        if id_of.setdefault(path, image_id) != image_id:
            raise ShiftscopeError(
                f"{id_of[path]} and {image_id} could both be {path}; lay the pictures out as their annotations are"
            )
        lost += [] if same else [image_id]
        paths.append(str(path))
    if len(lost) == len(paths) and paths:
        raise ShiftscopeError(f"{folder} has none of the {len(paths)} annotated pictures, such as {lost[0]}")
    extra = sum(map(len, by_path.values())) - (len(paths) - len(lost))
    if extra > 0:
        logging.getLogger(__name__).warning("%s has %d pictures without an annotation; they are left out", folder, extra)
    return pictures.with_columns(pl.Series("path", paths, dtype=pl.String))


def leave_out(message: str, *, refuse: bool) -> None:
    """Log that the boxes or points which `message` names are left out, or raise a ShiftscopeError with `refuse`."""
    if refuse:
        raise ShiftscopeError(f"{message}; mend them, or write `unusable: skip` to leave them out")
    logging.getLogger(__name__).warning("%s; they are left out", message)


def largest_labels(boxes: pl.DataFrame) -> pl.DataFrame:
    """The category of each picture's largest box that is no crowd, and of equally large ones the first: image_id, category.

    >>> corners = {"x_min": 0, "y_min": 0, "x_max": [2, 3], "y_max": 2}
    >>> largest_labels(pl.DataFrame({"image_id": "a", "category": ["cat", "dog"], **corners, "is_crowd": False})).row(0)
    ('a', 'dog')
    """
    area = (pl.col("x_max") - pl.col("x_min")) * (pl.col("y_max") - pl.col("y_min"))
    return (
        boxes.filter(~pl.col("is_crowd").fill_null(value=False))
        .group_by("image_id", maintain_order=True)
        .agg(pl.col("category").get(area.arg_max()))
    )


def listed(pictures: pl.DataFrame, labels: pl.DataFrame | None, categories: tuple[str, ...]) -> Listing:
    """A listing of `pictures` (image_id, width, height, and path for those that are here) with `labels` (image_id,
    category)."""
    if labels is None:
        pictures = pictures.with_columns(category=pl.lit(None, pl.String))
    else:
        pictures = pictures.join(labels, on="image_id", how="left", maintain_order="left")
    if "path" not in pictures.columns:
        pictures = pictures.with_columns(path=pl.lit(None, pl.String))
    known = [name for name in ("width", "height") if name in pictures.columns]
    return Listing(pictures.select(*LISTING, *known), categories)
