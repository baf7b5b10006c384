"""One picture resized by several functions, which all mean to give the same picture: no object moves."""

from dataclasses import replace

import numpy as np
from pydantic import Field, field_validator

from shiftscope.protocols import Picture, Sequence, protocols
from shiftscope.protocols.centre import CentreFraction, centre_crop
from shiftscope.resizers import ResizerName

ALL = (
    "pillow-nearest", "pillow-box", "pillow-bilinear", "pillow-hamming", "pillow-bicubic", "pillow-lanczos",
    "opencv-linear", "opencv-area", "opencv-cubic", "opencv-lanczos",
    "torch-bilinear", "torch-bilinear-antialias", "torch-bicubic", "torch-bicubic-antialias",
    "tf1-bilinear",
)  # fmt: skip


@protocols.register(
    "resizers",
    title="resizers",
    unit="",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177): one network, two resizers, two classes",
)
class Resizers(CentreFraction):
    """The centre crop of the picture, made by each resizer in turn. The swept value is the place of the resizer in the
    list, from 0. Frames are no neighbours of each other."""

    resizers: tuple[ResizerName, ...] = Field(ALL, min_length=2)
    """The names of the resizers, each at most once."""

    @field_validator("resizers")
    @classmethod
    def _once(cls, resizers: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in resizers if resizers.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: named twice")
        return resizers

    def steps(self) -> int:
        return len(self.resizers)

    def ordered(self) -> bool:
        return False

    def uses_resizers(self) -> tuple[str, ...]:
        return self.resizers

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        crops = [centre_crop(picture.pixels, size, self.resized_side(size), name) for name in self.resizers]
        frames = [replace(frame, value=float(place), canvas=place) for place, (_, frame) in enumerate(crops)]
        return Sequence([canvas for canvas, _ in crops], frames)
