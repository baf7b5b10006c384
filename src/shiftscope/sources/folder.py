"""A folder of pictures, one folder per class or none at all."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Literal

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.classes import imagenet_wnids
from shiftscope.data.pictures import SUFFIXES, is_picture
from shiftscope.sources import LISTING, Listing, Source, sources


@sources.register(
    "folder",
    title="Folder of pictures",
    reference="the layout of ImageNet's training pictures: <path>/<class>/<picture>",
)
class Folder(Source):
    """Pictures below `path`. A file is a picture if its ending says so (`.jpg`, `.PNG`, `.tiff`, …); other files and
    everything whose name begins with a dot are passed over."""

    path: Path
    """The folder of the pictures."""
    labels: Literal["folders", "none"] = "folders"
    """`folders`: each folder in `path` is a class and holds its pictures at any depth; classes count in alphabetical
    order. `none`: the pictures at any depth below `path` have no labels."""

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"pictures", "labels"} if self.labels == "folders" else {"pictures"})

    def check(self) -> None:
        """Raise a ShiftscopeError if there is no such folder or, where classes are wanted, it has none."""
        if not self.path.exists():
            raise ShiftscopeError(f"the folder of pictures {self.path} does not exist")
        if not self.path.is_dir():
            raise ShiftscopeError(f"{self.path} is a file where a folder of pictures was expected")
        if self.labels == "folders" and not class_folders(self.path):
            raise ShiftscopeError(
                f"{self.path} has no class folders; put each class's pictures into a folder of its own"
                " or write `labels: none`"
            )

    @classmethod
    def recognise(cls, path: Path) -> dict[str, object] | None:
        if not path.is_dir() or next(picture_files(path), None) is None:
            return None
        names = [found.name for found in class_folders(path) if next(picture_files(found), None) is not None]
        if not names or any(is_picture(entry.name) for entry in path.iterdir()):
            return {"path": path, "labels": "none"}
        return {"path": path, **({"classes": "imagenet"} if set(names) <= set(imagenet_wnids()) else {})}

    def class_count(self) -> int | None:
        """How many class folders there are."""
        return len(class_folders(self.path)) if self.labels == "folders" and self.path.is_dir() else None

    def inputs(self) -> list[Path]:
        """The folder and its class folders: their dates change when a picture comes or goes."""
        self.check()
        return [self.path, *(class_folders(self.path) if self.labels == "folders" else [])]

    def listing(self, folder: Path) -> Listing:
        """All pictures; `image_id` is the path below `path` without the ending.

        A class folder without a picture is listed as itself: what is unusable is found when pictures are opened, and is
        skipped or refused there.
        """
        self.check()
        if self.labels == "none":
            listed = tables.table((self._row(file, None) for file in picture_files(self.path)), LISTING)
            categories: list[str] = []
        else:
            classes = class_folders(self.path)
            categories = [utf8_name(found) for found in classes]
            listed = tables.table((self._row(file, found.name) for found in classes for file in _files(found)), LISTING)
            self._warn_of_loose_pictures()
        if not any(is_picture(PurePath(path).name) for path in listed["path"]):
            raise ShiftscopeError(f"{self.path} has no pictures; files that end in {', '.join(sorted(SUFFIXES))} count")
        return Listing(listed, tuple(categories))

    def _row(self, file: Path, category: str | None) -> tuple[str, str, str | None]:
        return below_id(file.relative_to(self.path), suffix=is_picture(file.name)), str(file), category

    def _warn_of_loose_pictures(self) -> None:
        loose = sorted(file.name for file in self.path.iterdir() if is_picture(file.name) and file.is_file())
        if loose:
            logging.getLogger(__name__).warning(
                "%s: %d pictures such as %s are in no class folder and are left out", self.path, len(loose), loose[0]
            )


def class_folders(path: Path) -> list[Path]:
    """The folders in `path` in alphabetical order, those left out whose name begins with a dot."""
    try:
        found = [entry for entry in path.iterdir() if not entry.name.startswith(".") and entry.is_dir()]
    except PermissionError as error:
        raise ShiftscopeError(f"the folder {path} cannot be read: {error.strerror}") from None
    return sorted(found, key=lambda entry: entry.name)


def _files(folder: Path) -> Iterator[Path]:
    """The pictures of a class, or its folder where there is none."""
    files = picture_files(folder)
    yield next(files, folder)
    yield from files


def picture_files(top: Path) -> Iterator[Path]:
    """Picture files at any depth below `top`, in order. Links are followed, and no folder is entered twice."""
    entered: set[tuple[int, int]] = set()

    def refuse(error: OSError) -> None:
        raise ShiftscopeError(f"the folder {error.filename} cannot be read: {error.strerror}")

    for place, folders, files in os.walk(top, followlinks=True, onerror=refuse):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in entered:
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if is_picture(name):
                for part in Path(place, name).relative_to(top).parts:
                    utf8_name(Path(part))
                yield Path(place, name)


def utf8_name(path: Path) -> str:
    """The last part of a path; raises a ShiftscopeError where it is no text."""
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise ShiftscopeError(f"the name of {os.fsencode(path)!r} is no UTF-8; rename it") from None
    return path.name


def below_id(below: Path, *, suffix: bool) -> str:
    """A path below the source's folder as an image_id: without its ending where `suffix` says that it has one."""
    for part in (below, *below.parents[:-1]):
        utf8_name(part)
    return below.with_name(below.stem).as_posix() if suffix else below.as_posix()
