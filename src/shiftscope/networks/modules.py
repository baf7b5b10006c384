"""Networks on torch as functions on frames: what engines and the facts of a network share."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import nn

Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Frames, uint8 (batch, height, width, 3), to logits, float32 (batch, outputs)."""


def normalised(
    module: "nn.Module", mean: Sequence[float], std: Sequence[float], channels: str = "rgb", answers: str = "logits"
) -> "nn.Module":
    """`module` with its normalisation in front: takes uint8 RGB (batch, height, width, 3), so that a frame travels to the
    device in a quarter of the bytes, and convolutions get their channels last, which they like best on every device.
    `channels` is the order in which the module, `mean` and `std` have them, rgb or bgr. `answers` is what the module says,
    logits or probabilities: the logarithm of these counts as logits, whose softmax they are again (0 counts as the smallest
    normal number)."""
    import torch
    from torch import Tensor, nn

    smallest = torch.finfo(torch.float32).tiny

    class Normalised(nn.Module):
        scale: Tensor
        shift: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.network = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.register_buffer("scale", 1 / (255 * torch.tensor(std)).view(1, 3, 1, 1))
            self.register_buffer("shift", (-torch.tensor(mean) / torch.tensor(std)).view(1, 3, 1, 1))

        def forward(self, frames: Tensor) -> Tensor:
            pixels: Tensor = (frames.flip(-1) if channels == "bgr" else frames).permute(0, 3, 1, 2).to(torch.float32)
            said: Tensor = self.network(pixels * self.scale + self.shift)
            return said.float().clamp(min=smallest).log() if answers == "probabilities" else said

    return Normalised().eval()


def exact(threads: int) -> None:
    """Full float32 on every device (cuDNN would take TF32 for convolutions unasked), on `threads` CPU threads."""
    import torch

    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def runner(module: "nn.Module", device: str) -> Run:
    """`module` on `device` as a function on numpy arrays."""
    import torch

    def run(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            answers = module(torch.from_numpy(frames).to(device, non_blocking=True))
            return np.asarray(answers.float().cpu().numpy())

    return run
