"""One picture through one resizer after the other: nothing moves, and nobody would see a difference."""

from dataclasses import replace

import numpy as np
from pydantic import Field, field_validator

from shiftscope.protocols import Picture, Protocol, Sequence, protocols
from shiftscope.protocols.centre import centre_crop
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
class Resizers(Protocol):
    """The centre crop of the picture as each function resizes it. The swept value is the function's place in the list."""

    resizers: tuple[ResizerName, ...] = Field(ALL, min_length=2)
    """The functions, by their names."""
    crop_fraction: float = Field(0.875, gt=0, le=1)
    """Input size as a fraction of the resized shorter side: .875 is 224 of 256."""

    @field_validator("resizers")
    @classmethod
    def _once(cls, functions: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in functions if functions.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: named twice")
        return functions

    def steps(self) -> int:
        return len(self.resizers)

    def ordered(self) -> bool:
        return False

    def uses_resizers(self) -> tuple[str, ...]:
        return self.resizers

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        crops = [centre_crop(picture.pixels, size, self.crop_fraction, name) for name in self.resizers]
        frames = [replace(frame, value=float(place), canvas=place) for place, (_, frame) in enumerate(crops)]
        return Sequence([canvas for canvas, _ in crops], frames)
