"""A few photographs that ship inside scikit-image, so that real pictures are there without a download."""

from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.packages import package_folder
from shiftscope.sources import LISTING, Listing, Source, sources

PROJECT = "scikit-image"
Name = Literal["astronaut", "cat", "coffee", "motorcycle", "rocket"]
FILES: dict[Name, str] = {
    "astronaut": "astronaut.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "motorcycle": "motorcycle_left.png",
    "rocket": "rocket.jpg",
}


@sources.register(
    "photographs",
    title="Photographs that ship inside scikit-image",
    reference="van der Walt et al. 2014, PeerJ 2:e453; public domain: NASA (astronaut), S. van der Walt (cat), "
    "R. Michetti (coffee), Scharstein et al. 2014 (motorcycle), SpaceX (rocket)",
)
class Photographs(Source):
    """Five photographs that are installed with the package `scikit-image`: examples, and too few to say how often something
    happens. They have no labels, since for none of them one of ImageNet's classes is the right one beyond doubt.
    `pip install scikit-image` brings them, and so does `make run`."""

    names: tuple[Name, ...] = Field(tuple(FILES), min_length=1)
    """Which of them are used."""

    def check(self) -> None:
        """Raise a ShiftscopeError where the package is not installed or lacks a picture."""
        for path in self.inputs():
            if not path.is_file():
                raise ShiftscopeError(f"the package {PROJECT} has no file {path}; install version 0.26.0")

    def at_most(self) -> int:
        """As many as are named, or fewer by ``limit``."""
        return min(len(self.names), self.limit or len(self.names))

    def inputs(self) -> list[Path]:
        """The pictures in the package."""
        folder = package_folder("skimage", PROJECT) / "data"
        return [folder / FILES[name] for name in self.names]

    def listing(self, folder: Path) -> Listing:
        """The pictures; `image_id` is their name here."""
        rows = [(name, str(path), None) for name, path in zip(self.names, self.inputs(), strict=True)]
        return Listing(pl.DataFrame(rows, schema=LISTING, orient="row"), ())
