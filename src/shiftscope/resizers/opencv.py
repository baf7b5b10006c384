"""The interpolations of OpenCV. Where a picture becomes smaller, `area` averages over all of its pixels; the others
look at a fixed number of pixels around each position and skip those between (no antialiasing)."""

import numpy as np
from numpy.typing import NDArray

from shiftscope.resizers import Resizer, resizers


def _function(flag: str) -> Resizer:
    def resize(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        import cv2

        cv2.setNumThreads(1)  # a job has the threads that Snakemake gave it
        resized = cv2.resize(pixels, (width, height), interpolation=getattr(cv2, flag))
        return np.asarray(resized, dtype=np.uint8)

    return resize


for _name, _flag in (
    ("linear", "INTER_LINEAR"),
    ("area", "INTER_AREA"),
    ("cubic", "INTER_CUBIC"),
    ("lanczos", "INTER_LANCZOS4"),
):
    resizers.register(f"opencv-{_name}", title=f"OpenCV {_name}", reference=f"cv2.resize, cv2.{_flag}")(_function(_flag))
