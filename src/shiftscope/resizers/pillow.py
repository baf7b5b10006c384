"""The filters of Pillow, which the transforms of torchvision and timm use for pictures from files. All but `nearest`
are antialiased: the more a picture is reduced, the wider they are."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shiftscope.resizers import Resizer, resizers


def _function(method: Image.Resampling) -> Resizer:
    def resize(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        return np.asarray(Image.fromarray(pixels).resize((width, height), method))

    return resize


for _name in ("NEAREST", "BOX", "BILINEAR", "HAMMING", "BICUBIC", "LANCZOS"):
    _method = Image.Resampling[_name]
    resizers.register(
        f"pillow-{_method.name.lower()}",
        title=f"Pillow {_method.name.lower()}",
        reference=f"PIL.Image.Image.resize, Image.Resampling.{_method.name}",
    )(_function(_method))
