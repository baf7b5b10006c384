"""Where pictures, labels and boxes come from: one file per kind of source."""

from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl
from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.options import Options
from shiftscope.core.registry import Registry
from shiftscope.data.pictures import read_turned

LISTING = pl.Schema({"image_id": pl.String, "path": pl.String, "category": pl.String})


class Listing(NamedTuple):
    """What a source has, before any picture was opened."""

    pictures: pl.DataFrame
    """One row per picture, columns of `LISTING`; `category` is null where it is unknown. A source that knows sizes from
    annotations may add `width` and `height` (px, null where unknown): they count where `path` is null, which is a picture
    that is not here and known by its annotations alone."""
    categories: tuple[str, ...]
    """All categories in the order of their class indices, those without a picture included."""


class Extent(NamedTuple):
    """What was found by opening a listed file: one row of `tables.IMAGES`."""

    width: int
    """px, as it is shown"""
    height: int
    first_frame: int | None = None
    """Of a film: where in the file it begins."""
    frames: int | None = None
    """Of a film: how many frames it has."""
    suffix: str = ""
    """Put behind the `image_id` of the listing, so that several extents of one file have names of their own."""
    orientation: int = 1
    """EXIF's, 1 to 8, which was undone: width and height are those of the picture upright."""


class Source(Options):
    """Base of all sources. Fields are what a user sets; methods are called by `shiftscope.stages.images`."""

    kind: str = ""
    """Which of the registered kinds it is; not set: the one that its own name says."""
    limit: int | None = Field(None, ge=1, le=limits.COUNT)
    """Use only this many pictures, drawn at random by the seed; all of them if not set."""
    classes: Literal["own", "imagenet"] = "own"
    """What labels count: `own`, the source's categories in their order; `imagenet`, categories are wnids (n01440764)
    and labels are ImageNet's indices 0 to 999."""
    unusable: Literal["skip", "refuse"] = "skip"
    """What happens to a picture that cannot be used (broken file, too long for a protocol): it is named and left out, or
    the run is refused."""
    protocols: tuple[str, ...] | None = None
    """Names of the protocols that its pictures go through; not set: all of them."""
    networks: tuple[str, ...] | None = None
    """Names of the networks that are shown them; not set: all of them."""
    annotated: Literal["auto", "shown", "stored"] = "auto"
    """What boxes and points of a picture with an EXIF rotation are relative to: `shown`, the upright picture; `stored`, the
    pixels as the file holds them; `auto`, what the annotated size says, and `shown` where it says nothing."""
    compare_with: tuple[str, ...] = ()
    """Names of other data sets with boxes, such as the one that networks were trained on: is this one framed as they are,
    and do networks lose accuracy on pictures that are framed unlike theirs?"""
    evaluate: bool = True
    """Whether networks are measured on it; `false` for pictures that are only trained on."""

    @property
    def provides(self) -> frozenset[str]:
        """What it knows of its pictures, as it is set: ``pictures`` (themselves), ``labels``, ``boxes``, ``landmarks``,
        ``film``."""
        return frozenset({"pictures"})

    def check(self) -> None:
        """Raise a ShiftscopeError if what the user gave is not there. Cheap: it runs whenever the workflow is read."""

    def class_count(self) -> int | None:
        """How many classes its labels have, where that is known without reading much; else None. For messages."""
        return None

    def at_most(self) -> int | None:
        """How many pictures there are at most, where the settings say it; else None."""
        return self.limit

    def inputs(self) -> list[Path]:
        """Files of the user's whose change makes everything made of this source stale."""
        return []

    @classmethod
    def recognise(cls, path: Path) -> dict[str, object] | None:
        """The options of this kind for what lies at `path`, or None where it is nothing of this kind. Cheap.

        `shiftscope init` asks all kinds, and takes the answer that says most (has most options).
        """
        return None

    def fetch(self, folder: Path, seed: int) -> None:
        """Bring into `folder` what is not on this machine yet. The default brings nothing."""

    def trial(self, folder: Path, seed: int, count: int) -> "tuple[Source, int] | None":
        """For estimates before `fetch` has run: a source of about `count` pictures such as `fetch` would bring, which are
        brought into `folder` in a few seconds and without the internet, and how many `fetch` would bring. None where this
        cannot be."""
        return None

    def listing(self, folder: Path) -> Listing:
        """All pictures. `folder` is the one that `fetch` filled.

        Raises ShiftscopeError where nothing is found.
        """
        raise NotImplementedError

    def measure(self, path: str) -> list[Extent]:
        """Open one file of the listing, and decode it to its end: one still picture, or what there is to measure in it.

        Raises ShiftscopeError where it cannot be used. Called in several threads at a time.
        """
        pixels, orientation = read_turned(path)
        height, width, _ = pixels.shape
        return [Extent(width, height, orientation=orientation)]

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes: columns of `tables.BOXES`. Only called where `provides` has ``boxes``."""
        raise NotImplementedError

    def landmarks(self, folder: Path) -> pl.DataFrame:
        """All points: columns of `tables.LANDMARKS`. Only called where `provides` has ``landmarks``."""
        raise NotImplementedError


sources: Registry[type[Source]] = Registry("kind of data set", __name__)
