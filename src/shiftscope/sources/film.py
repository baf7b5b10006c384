"""Films: video files, or folders that hold the frames of a film as pictures."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.films import FILM_SUFFIXES, film_gaps, film_size, frame_files, is_film
from shiftscope.data.pictures import is_picture
from shiftscope.sources import LISTING, Extent, Listing, Source, sources
from shiftscope.sources.folder import below_id, class_folders, utf8_name


@sources.register(
    "film",
    title="Films",
    reference="films whose neighbouring frames are the shifts of Azulay & Weiss 2018 and Shankar et al. 2019",
)
class Film(Source):
    """Films at or below `path`. A file is a film if its ending says so (`.mp4`, `.MOV`, `.mkv`, …); a folder that holds
    pictures, and no film at any depth, is the film whose frames they are, in natural order (`frame2.png` before
    `frame10.png`); where the numbers in their names leave frames out, those on either side are no neighbours. Other files
    and everything whose name begins with a dot are passed over. `limit` counts films, not clips."""

    path: Path
    """A film file, a folder of frames, or a folder that holds such films at any depth."""
    labels: Literal["none", "folders"] = "none"
    """`folders`: each folder in `path` is a class and holds its films; classes count in alphabetical order. `none`: the
    films have no labels."""
    clip: int | None = Field(None, ge=1, le=limits.COUNT)
    """Cut every film into clips of this many frames, each a picture of its own; what is left at a film's end is left out,
    unless the film has only that. Not set: a whole film is one clip."""

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"pictures", "film", "labels"} if self.labels == "folders" else {"pictures", "film"})

    def check(self) -> None:
        """Raise a ShiftscopeError if there are no films or, where classes are wanted, no class folders."""
        if not self.path.exists():
            raise ShiftscopeError(f"the film or folder of films {self.path} does not exist")
        if self.labels == "folders":
            if not self.path.is_dir():
                raise ShiftscopeError(
                    f"{self.path} is a file where a folder of class folders was expected; write `labels: none`"
                )
            if not class_folders(self.path):
                raise ShiftscopeError(
                    f"{self.path} has no class folders; put each class's films into a folder of its own or write"
                    " `labels: none`"
                )
        if not any(any(_films(top, [], set())) for top in self._tops()):
            raise ShiftscopeError(
                f"{self.path} has no films; files that end in {', '.join(sorted(FILM_SUFFIXES))} and folders of frames"
                " count"
            )

    @classmethod
    def recognise(cls, path: Path) -> dict[str, object] | None:
        files = [path] if path.is_file() else [entry for entry in path.iterdir() if entry.is_file()]
        return {"path": path, "protocols": ["natural"]} if any(is_film(file.name) for file in files) else None

    def class_count(self) -> int | None:
        """How many class folders there are, where they are the labels."""
        return len(class_folders(self.path)) if self.labels == "folders" and self.path.is_dir() else None

    def inputs(self) -> list[Path]:
        """The films and the folders they were found in: their dates change when a film or a frame comes or goes."""
        self.check()
        films = [film for top in self._tops() for film in _films(top, [], set())]
        parents = [film.parent for film in films if film != self.path]
        return list(dict.fromkeys([self.path, *self._tops(), *parents, *films]))

    def listing(self, folder: Path) -> Listing:
        """All films; `image_id` is the path below `path` without the ending, or the name of `path` if that is the film.

        A class folder without a film is listed as itself: what is unusable is found when films are opened, and is
        skipped or refused there.
        """
        self.check()
        labelled = self.labels == "folders"
        loose: list[Path] = []
        rows: list[tuple[str, str, str | None]] = []
        for top in self._tops():
            films = list(_films(top, loose, set())) or [top]
            rows += [(self._id(film), str(film), top.name if labelled else None) for film in films]
        if labelled:
            files = [entry for entry in self.path.iterdir() if entry.is_file()]
            loose += [file for file in files if is_film(file.name) or is_picture(file.name)]
        if loose:
            where = "are in no class folder, or lie beside films," if labelled else "lie beside films"
            logging.getLogger(__name__).warning(
                "%s: %d files such as %s %s and are left out", self.path, len(loose), min(loose).name, where
            )
        categories = tuple(utf8_name(top) for top in self._tops()) if labelled else ()
        return Listing(pl.DataFrame(rows, schema=LISTING, orient="row"), categories)

    def measure(self, path: str) -> list[Extent]:
        """The clips of one film."""
        width, height, frames = film_size(path)
        gaps = film_gaps(path)
        if gaps:
            names = [file.name for file in frame_files(Path(path))[gaps[0] - 1 : gaps[0] + 1]]
            logging.getLogger(__name__).warning(
                "%s: by the numbers in their names, %d of %d frames do not follow on the one before, such as %s on %s; no"
                " pair is made of such two",
                path, len(gaps), frames, names[1], names[0],
            )  # fmt: skip
        if self.clip is None:
            return [Extent(width, height, 0, frames)]
        length = min(self.clip, frames)
        return [Extent(width, height, first, length, f"@{first:06d}") for first in range(0, frames - length + 1, length)]

    def _tops(self) -> list[Path]:
        """Where films are looked for: the class folders, or `path` itself."""
        return class_folders(self.path) if self.labels == "folders" else [self.path]

    def _id(self, film: Path) -> str:
        below = film.relative_to(self.path) if film != self.path else Path(film.resolve().name)
        return below_id(below, suffix=not film.is_dir())


def _films(top: Path, loose: list[Path], entered: set[tuple[int, int]]) -> Iterator[Path]:
    """Film files and folders of frames at or below `top`, in order. Pictures beside films are put into `loose`.

    Links are followed, and no folder is entered twice (`entered`).
    """
    if not top.is_dir():
        if is_film(top.name):
            yield top
        return
    status = top.stat()
    if (status.st_dev, status.st_ino) in entered:
        return
    entered.add((status.st_dev, status.st_ino))
    try:
        entries = sorted(entry for entry in top.iterdir() if not entry.name.startswith("."))
    except PermissionError as error:
        raise ShiftscopeError(f"the folder {top} cannot be read: {error.strerror}") from None
    found = False
    for entry in entries:
        for film in _films(entry, loose, entered):
            found = True
            yield film
    pictures = [entry for entry in entries if is_picture(entry.name) and entry.is_file()]
    if not found and pictures:
        yield top
    else:
        loose += pictures
