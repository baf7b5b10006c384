"""Shifts by less than a pixel, by band-limited interpolation: what the camera would have seen from a little further."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import Picture, Protocol, Sequence, protocols
from shiftscope.protocols.centre import centre_crop
from shiftscope.protocols.geometry import Axis
from shiftscope.resizers import ResizerName

LEAST_MARGIN = 4
"""px beyond the window: what wraps around at the canvas's edge has died away by then to a grey level or so."""


@protocols.register(
    "subpixel",
    title="sub-pixel shifts",
    unit="px",
    reference="Michaeli et al. 2023 (arXiv 2303.08085): shifts by fractions of a pixel, in the Fourier domain",
)
class Subpixel(Protocol):
    """The resized picture is shifted in the Fourier domain and rounded to 8 bits."""

    shifts: tuple[float, ...] = (0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1)
    """px, in the order of the sequence."""
    axis: Axis = "diagonal"
    """Which way it is shifted."""
    edge: Literal["real", "wrap"] = "real"
    """What comes in at the edge: `real`, the picture beyond the window; `wrap`, the other side of the window, as in the
    paper."""
    crop_fraction: float = Field(0.875, gt=0, le=1)
    """Input size as a fraction of the resized shorter side."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes."""

    def _margin(self, size: int) -> int:
        return 0 if self.edge == "wrap" else (round(size / self.crop_fraction) - size) // 2

    def check(self, size: int) -> None:
        needed = LEAST_MARGIN + max(map(abs, self.shifts))
        if self.edge == "real" and self._margin(size) < needed:
            raise ShiftscopeError(
                f"a window of {size} px of {round(size / self.crop_fraction)} px leaves {self._margin(size)} px on each "
                f"side, and {needed:g} are needed to shift real pixels in; write a smaller crop_fraction, smaller shifts "
                "or 'edge: wrap'"
            )

    def steps(self) -> int:
        return len(self.shifts)

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        margin = self._margin(size)
        crop, whole = centre_crop(picture.pixels, size, self.crop_fraction, self.resizer, margin)
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
    """`image`, periodic, moved `x` px to the right and `y` px down.

    Each frequency f (cycles per px) is multiplied by exp(−2πi f·shift) (the shift theorem). Along an even length the
    highest, ½, is taken out, whatever the shift: its phase is not known from the samples. So shifts compose and undo
    exactly, and a shift by a whole pixel is the same pixels moved, of what is left.

    Parameters
    ----------
    image : (height, width, channels).
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
