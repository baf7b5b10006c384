"""The figures as the page carries them: small, and all of them together no more than a limit."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

LIMIT = 2_500_000
"""Bytes of all figures as they stand on the page, in base64."""
ALIKE = 1.0
"""A picture of 256 colours stands for one of more where they differ by no more than that in the mean (root of the mean
square, of 255): a drawing, but no photograph."""


class Carried(NamedTuple):
    """A figure as the page carries it."""

    data: str
    """The bytes of a WebP file, in base64; empty where the page has no room for it, and only leads to its file."""
    width: int
    """px, as it was drawn."""
    height: int


@dataclass
class _Figure:
    """A figure, and how much of it has been given up so far."""

    path: Path
    level: int = 0
    data: str = ""
    size: tuple[int, int] = (0, 0)
    levels: Sequence[Callable[["Image"], bytes]] = field(default_factory=list)

    def encode(self) -> None:
        """Encode it at its level; it is empty beyond the last one."""
        from PIL import Image

        with Image.open(self.path) as opened:
            picture = opened.convert("RGB")
        self.size = picture.size
        if not self.levels:
            few = _in_colours(picture, fast=False)  # takes longer than all else
            self.levels = DRAWN if _is_close(few, picture) else PHOTOGRAPHS
            found = _webp(few, lossless=True, quality=60) if self.levels is DRAWN else PHOTOGRAPHS[0](picture)
        else:
            found = self.levels[self.level](picture) if self.level < len(self.levels) else b""
        self.data = base64.b64encode(found).decode("ascii")


def carried(paths: Sequence[Path], limit: int = LIMIT) -> list[Carried]:
    """The figures in the files `paths`, encoded so that all together have no more than `limit` bytes.

    Drawings are kept in 256 colours, which loses nothing that can be seen, photographs as lossy WebP. As long as all are
    larger than `limit`, the largest one gives something up: colours, quality, size, and at last its place on the page.
    """
    figures = [_Figure(path) for path in paths]
    for figure in figures:
        figure.encode()
    while sum(len(figure.data) for figure in figures) > limit:
        largest = max(figures, key=lambda figure: len(figure.data))
        largest.level += 1
        largest.encode()
    return [Carried(figure.data, *figure.size) for figure in figures]


def _is_close(few: "Image", picture: "Image") -> bool:
    """Whether its 256 colours are enough for a picture."""
    difference = np.asarray(few, dtype=np.int16) - np.asarray(picture, dtype=np.int16)
    return bool(np.square(difference, dtype=np.int32).mean() <= ALIKE**2)


def _in_colours(picture: "Image", *, fast: bool) -> "Image":
    """`picture` in 256 colours; the fast way gives smaller files, and colours that are a little different."""
    from PIL import Image

    method = Image.Quantize.FASTOCTREE if fast else Image.Quantize.MEDIANCUT
    return picture.quantize(256, method=method, dither=Image.Dither.NONE).convert("RGB")


def _smaller(picture: "Image", share: float) -> "Image":
    from PIL import Image

    width, height = (max(1, round(side * share)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _drawn(*, fast: bool, share: float = 1) -> Callable[["Image"], bytes]:
    def encode(picture: "Image") -> bytes:
        own = picture if share == 1 else _smaller(picture, share)
        return _webp(_in_colours(own, fast=fast), lossless=True, quality=60)

    return encode


def _photograph(quality: int, share: float = 1) -> Callable[["Image"], bytes]:
    def encode(picture: "Image") -> bytes:
        return _webp(picture if share == 1 else _smaller(picture, share), lossless=False, quality=quality)

    return encode


def _webp(picture: "Image", *, lossless: bool, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", lossless=lossless, quality=quality, method=3)
    return file.getvalue()


DRAWN = (_drawn(fast=False), _drawn(fast=True), _drawn(fast=True, share=0.75), _drawn(fast=True, share=0.5))
"""From the best to the smallest."""
PHOTOGRAPHS = (_photograph(80), _photograph(60), _photograph(60, 0.75), _photograph(50, 0.5))


BY_NAME = {"measures": "tables"}
"""Figures that stand elsewhere than what they are drawn from says."""


def section(name: str, tables: frozenset[str], *, particular: bool) -> str:
    """In which section of the page a figure stands.

    Parameters
    ----------
    name : of the figure.
    tables : the names of the tables that it is drawn from.
    particular : whether it is made for certain kinds of protocol only.

    >>> section("gallery", frozenset({"frames"}), particular=False)
    'examples'
    """
    if name in BY_NAME:
        return BY_NAME[name]
    if tables & {"layers", "geometry", "maps"}:
        return "why"
    if tables & {"remedies", "augmentation", "training"}:
        return "helps"
    if "frames" in tables and not particular:
        return "examples"
    if tables & {"bias", "landmarks", "landmark_bias", "relation"}:
        return "framing"
    return "change"
