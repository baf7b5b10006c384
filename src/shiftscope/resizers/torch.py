"""The interpolations of torch, with and without antialiasing, which the transforms of torchvision use for tensors."""

import numpy as np
from numpy.typing import NDArray

from shiftscope.resizers import Resizer, resizers


def _function(mode: str, antialias: bool) -> Resizer:
    def resize(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        import torch
        from torch.nn.functional import interpolate

        planes = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].to(torch.float32)
        resized = interpolate(planes, (height, width), mode=mode, align_corners=False, antialias=antialias)
        return np.ascontiguousarray(resized[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).numpy())

    return resize


for _mode in ("bilinear", "bicubic"):
    for _antialias in (False, True):
        resizers.register(
            f"torch-{_mode}{'-antialias' if _antialias else ''}",
            title=f"torch {_mode}{', antialiased' if _antialias else ''}",
            reference=f"torch.nn.functional.interpolate, mode={_mode}, align_corners=False, antialias={_antialias}",
        )(_function(_mode, _antialias))
