"""Shifts by fractions of a pixel, by band-limited interpolation."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import Picture, Sequence, protocols
from shiftscope.protocols.centre import CentreCropping
from shiftscope.protocols.moving import Axial

LEAST_MARGIN = 4
"""px beyond the window. The shift is periodic, so that pixels wrap around at the edge of the canvas; at this distance
from the edge they change the frame by about one grey level."""


@protocols.register(
    "subpixel",
    title="sub-pixel shifts",
    unit="px",
    reference="Michaeli et al. 2023 (arXiv 2303.08085): shifts by fractions of a pixel, in the Fourier domain",
)
class Subpixel(Axial, CentreCropping):
    """The resized picture is shifted in the Fourier domain and rounded to 8 bits."""

    shifts: tuple[Annotated[float, Field(ge=-limits.PX, le=limits.PX)], ...] = Field(
        (0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1), min_length=1, max_length=limits.STEPS
    )
    """The shifts, px, in the order of the sequence."""
    edge: Literal["real", "wrap"] = "real"
    """What comes in at the edge of the frame: with `real` the pixels of the picture beyond it, with `wrap` those of its
    opposite side, as in the paper."""

    def _margin(self, size: int) -> int:
        return 0 if self.edge == "wrap" else (self.resized_side(size) - size) // 2

    def check(self, size: int) -> None:
        needed = LEAST_MARGIN + max(map(abs, self.shifts))
        if self.edge == "real" and self._margin(size) < needed:
            raise ShiftscopeError(
                f"a window of {size} px of {self.resized_side(size)} px leaves {self._margin(size)} px on each "
                f"side, and {needed:g} are needed to shift real pixels in; write a smaller crop_fraction, smaller shifts "
                "or 'edge: wrap'"
            )

    def steps(self) -> int:
        return len(self.shifts)

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        margin = self._margin(size)
        crop, whole = self.centre_crop(picture.pixels, size, margin)
        canvases, frames = [], []
        for step, shift in enumerate(self.shifts):
            x, y = (shift if self.axis in (axis, "diagonal") else 0.0 for axis in ("x", "y"))
            moved = fourier_shift(crop.astype(np.float64), x, y)
            canvases.append(np.clip(np.rint(moved), 0, 255).astype(np.uint8))
            frames.append(
                replace(whole, value=shift, canvas=step, window_x=margin, window_y=margin, warp="fourier", shift=(x, y))
            )
        return Sequence(canvases, frames)


def fourier_shift(image: NDArray[np.float64], x: float, y: float) -> NDArray[np.float64]:
    """`image`, taken as one period of a periodic image, moved `x` px to the right and `y` px down.

    Each frequency f (cycles per px) is multiplied by exp(−2πi f·shift) (the shift theorem). Along an axis of even
    length, the highest frequency, ½, is removed at every shift, because the samples do not determine its phase. Hence
    two shifts add up to their sum exactly, a shift can be undone, and a shift by a whole pixel moves the pixels of what
    is left.

    Parameters
    ----------
    image : (height, width, channels), in any unit.
    x, y : px, of any size and sign.

    Returns
    -------
    float64 (height, width, channels), in the unit of `image`.

    Examples
    --------
    >>> row = np.array([0.0, 3.0, 0.0])[None, :, None]
    >>> fourier_shift(row, 1, 0)[0, :, 0].round(6) + 0.0
    array([0., 0., 3.])
    """
    spectrum = np.fft.fft2(image, axes=(0, 1))
    for axis, shift in ((0, y), (1, x)):
        length = image.shape[axis]
        frequency = np.fft.fftfreq(length)
        phase = np.exp(-2j * np.pi * frequency * shift)
        if length % 2 == 0 and length > 1:
            phase[length // 2] = 0
        spectrum *= phase.reshape([-1 if k == axis else 1 for k in range(3)])
    return np.asarray(np.fft.ifft2(spectrum, axes=(0, 1)).real)
