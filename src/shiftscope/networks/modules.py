"""torch's networks as functions on frames, and the devices and precision that they run with."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from shiftscope.core.errors import ShiftscopeError

if TYPE_CHECKING:
    from torch import nn

Run = Callable[[Any], Any]
"""A network as a function: frames, uint8 (batch, height, width, 3), to logits, float32 (batch, outputs). Both are arrays
that its device holds: numpy's on the processor, torch's on a GPU (`engines.devices`)."""


def normalised(
    module: "nn.Module", mean: Sequence[float], std: Sequence[float], channels: str = "rgb", answers: str = "logits"
) -> "nn.Module":
    """`module` with its normalisation in front, as a module that takes uint8 RGB frames (batch, height, width, 3).

    A frame travels to the device in a quarter of the bytes that way, and convolutions get their channels last, which is the
    fastest order for them on every device.

    Parameters
    ----------
    module : takes float32 (batch, 3, height, width), (pixel ÷ 255 − mean) ÷ std.
    mean, std : one number per channel, in the order of `channels`.
    channels : the order in which `module` wants the channels: ``rgb`` or ``bgr``.
    answers : what `module` answers with. ``probabilities`` are turned into logits by their logarithm, whose softmax gives
        them back; a probability of 0 counts as the smallest normal float32. ``logits`` are passed on.
    """
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


def available(device: str) -> str:
    """The device to use, ``cuda`` or ``cpu``, for what the config says: ``auto``, ``cuda`` or ``cpu``.

    Raises ShiftscopeError where ``cuda`` is demanded and torch finds no such device.
    """
    import torch

    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise ShiftscopeError("this machine has no CUDA device that torch can use; write 'device: auto' or 'device: cpu'")
    return "cuda" if cuda and device != "cpu" else "cpu"


Precision = Literal["float32", "tf32", "bfloat16", "float16"]
"""What convolutions and products of matrices are computed in."""
PRECISIONS: dict[str, tuple[Precision, ...]] = {"cpu": ("float32", "bfloat16"), "cuda": get_args(Precision)}
"""Those of each device."""


def check_precision(precision: str, device: str) -> None:
    """Raise ShiftscopeError unless networks can be run in `precision` on `device`, ``cpu`` or ``cuda``."""
    if precision not in PRECISIONS[device]:
        raise ShiftscopeError(
            f"networks are run in {precision} on GPUs only, and these are to run on the processor; write 'precision: "
            f"{' or '.join(PRECISIONS[device])}', or run it where torch finds a GPU"
        )


def exact(threads: int) -> None:
    """Make torch compute in full float32 on every device, with `threads` threads on the CPU, unless something else is asked
    for (`computing`)."""
    import torch

    torch.set_num_threads(threads)
    _allow_tf32(False)


def _allow_tf32(allowed: bool) -> None:
    """Without it, cuDNN would compute convolutions in TF32, which keeps 10 of the 23 bits of a float32's mantissa."""
    import torch

    torch.backends.cudnn.allow_tf32 = allowed
    torch.backends.cuda.matmul.allow_tf32 = allowed


@contextmanager
def computing(precision: str, device: str) -> Iterator[None]:
    """A context in which torch computes in `precision` on `device`, without gradients.

    In bfloat16 and float16, what loses most by it, such as sums and softmax, stays in float32 (torch.autocast).
    """
    import torch

    _allow_tf32(precision == "tf32")
    lower = precision in ("bfloat16", "float16")
    kind = getattr(torch, precision) if lower else torch.bfloat16
    with torch.inference_mode(), torch.autocast(device, kind, enabled=lower):
        yield
    _allow_tf32(False)


def runner(module: "nn.Module", device: str, precision: str = "float32") -> Run:
    """`module`, which is on `device` (``cpu`` or ``cuda``) and takes uint8 frames, as a function on arrays there that is
    computed in `precision`. Logits are float32 whatever they were computed in."""
    import torch

    def run(frames: Any) -> Any:
        with computing(precision, device):
            return module(frames).float()

    return run if device != "cpu" else lambda frames: np.asarray(run(torch.from_numpy(frames)).numpy())
