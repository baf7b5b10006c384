"""Calls that subsample, and what they would answer with a stride of 1: found in the functions of torch that are called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shiftscope.networks.order import called, pair

if TYPE_CHECKING:
    from torch import Tensor

Dense = Callable[["Tensor"], "Tensor"]
"""The pictures' maps that a call was given, (batch, channels, height, width), to its answer with a stride of 1."""

_POOL = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode")
PARAMETERS = {
    "conv2d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "max_pool2d": _POOL,
    "max_pool2d_with_indices": _POOL,
    "avg_pool2d": ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
    "lp_pool2d": ("input", "norm_type", "kernel_size", "stride", "ceil_mode"),
    "adaptive_avg_pool2d": ("input", "output_size"),
    "adaptive_max_pool2d": ("input", "output_size"),
    "pixel_unshuffle": ("input", "downscale_factor"),
    "interpolate": ("input", "size", "scale_factor", "mode"),
}
"""Functions of torch that may subsample, and the names of what they are given, in its order."""


@dataclass(frozen=True)
class Call:
    """A call that subsamples."""

    function: str
    given: "Tensor"
    kernel: tuple[int, int] | None
    stride: tuple[int, int]
    """Along y and along x."""
    dense: Dense | None
    """None where it has no form with a stride of 1."""
    reason: str = ""
    """Why it has none."""


def subsampling(func: Any, args: Sequence[Any], kwargs: dict[str, Any], answer: Any) -> Call | None:
    """What a call of a function of torch says of itself, if it subsamples maps: (batch, channels, height, width) with more
    than one place left. None for any other call."""
    function = called(func)
    names = PARAMETERS.get(function)
    if names is None:
        return None
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    maps, after = given["input"], answer[0] if isinstance(answer, tuple) else answer
    if maps.ndim != 4 or after.ndim != 4 or max(after.shape[-2:]) <= 1:
        return None
    if function == "conv2d":
        return _of_convolution(given)
    if "pool2d" in function:
        return _of_pooling(function, given, after)
    if function == "pixel_unshuffle":
        by = int(given["downscale_factor"])
        cells = (after.shape[-2], after.shape[-1])

        def dense(maps: "Tensor") -> "Tensor":
            return interleaved(lambda moved: func(moved, by), maps, (by, by), cells)

        return Call(function, maps, (by, by), (by, by), dense)
    return _of_resizing(maps, after, str(given.get("mode", "nearest")))


def interleaved(
    apply: Callable[["Tensor"], "Tensor"], maps: "Tensor", stride: tuple[int, int], cells: tuple[int, int]
) -> "Tensor":
    """The answer with a stride of 1 of an `apply` that subsamples by `stride` to `cells` (height, width) cells, and looks
    at no more than `stride` cells at once: its answers to maps that were moved by each distance below the stride, put
    between each other. Ends at its last own cell, as beyond it there is no whole patch."""
    import torch

    (down, right), (height, width) = stride, cells
    dense: Any = None
    for dy in range(down):
        for dx in range(right):
            part = apply(torch.roll(maps, (-dy, -dx), (-2, -1)))
            if dense is None:
                dense = part.new_empty(*part.shape[:2], down * height, right * width)
            dense[..., dy::down, dx::right] = part
    return dense[..., : down * (height - 1) + 1, : right * (width - 1) + 1]  # type: ignore[no-any-return]


def _of_convolution(given: dict[str, Any]) -> Call | None:
    from torch.nn import functional

    stride = pair(given.get("stride", 1))
    if stride == (1, 1):
        return None
    weight, more = given["weight"], [given.get("padding", 0), given.get("dilation", 1), given.get("groups", 1)]

    def dense(maps: "Tensor") -> "Tensor":
        return functional.conv2d(maps, weight, given.get("bias"), 1, *more)

    return Call("conv2d", given["input"], (weight.shape[-2], weight.shape[-1]), stride, dense)


def _of_pooling(function: str, given: dict[str, Any], after: "Tensor") -> Call | None:
    maps = given["input"]
    if function.startswith("adaptive"):
        found = _whole(maps, after)
        if found is None:
            reason = "it pools windows of unequal size, so there is no one map that it takes samples of"
            return Call(function, maps, None, _rounded(maps, after), None, reason) if _smaller(maps, after) else None
        kernel = stride = found
    else:
        kernel = pair(given["kernel_size"])
        stride = pair(given["stride"]) if given.get("stride") not in (None, []) else kernel
    if stride == (1, 1):
        return None
    if function.startswith("lp"):
        return Call(function, maps, kernel, stride, None, "the power average is not made dense here")
    padding, dilation = pair(given.get("padding", 0)), pair(given.get("dilation", 1))
    beyond = tuple(
        max(0, (now - 1) * step + spread * (taps - 1) + 1 - before - 2 * pad)
        for now, step, spread, taps, before, pad in zip(
            after.shape[-2:], stride, dilation, kernel, maps.shape[-2:], padding, strict=True
        )
    )  # where the last window is partly outside, as when rounding up: cells beyond the padding
    if "max" in function:
        return Call(function, maps, kernel, stride, _maximum(kernel, padding, dilation, beyond))
    counts = given.get("count_include_pad", True), given.get("divisor_override")
    return Call(function, maps, kernel, stride, _average(kernel, padding, beyond, *counts))


def _maximum(kernel: Any, padding: Any, dilation: Any, beyond: Any) -> Dense:
    from torch.nn import functional

    def dense(maps: "Tensor") -> "Tensor":
        around = _around(padding, beyond)
        padded = functional.pad(maps, around, value=-float("inf")) if any(around) else maps
        return functional.max_pool2d(padded, kernel, 1, 0, dilation)

    return dense


def _average(kernel: Any, padding: Any, beyond: Any, padding_counts: bool, divisor: int | None) -> Dense:
    from torch.nn import functional

    def dense(maps: "Tensor") -> "Tensor":
        around = _around(padding, beyond)
        if not any(around):
            return functional.avg_pool2d(maps, kernel, 1, divisor_override=divisor)
        ones = maps.new_ones(1, 1, *maps.shape[-2:])
        if padding_counts:
            ones = functional.pad(ones, _around(padding, (0, 0)), value=1.0)
        ones = functional.pad(ones, _around((0, 0) if padding_counts else padding, beyond))
        sums = functional.avg_pool2d(functional.pad(maps, around), kernel, 1, divisor_override=1)
        return sums / (divisor or functional.avg_pool2d(ones, kernel, 1, divisor_override=1))

    return dense


def _around(padding: Any, beyond: Any) -> tuple[int, int, int, int]:
    """left, right, top, bottom, as torch's `pad` takes them."""
    return padding[1], padding[1] + beyond[1], padding[0], padding[0] + beyond[0]


def _of_resizing(maps: "Tensor", after: "Tensor", mode: str) -> Call | None:
    if not _smaller(maps, after):
        return None
    return Call("interpolate", maps, None, _rounded(maps, after), None, f"it resizes maps ({mode}), and has no stride")


def _smaller(maps: "Tensor", after: "Tensor") -> bool:
    return maps.shape[-2] > after.shape[-2] or maps.shape[-1] > after.shape[-1]


def _whole(maps: "Tensor", after: "Tensor") -> tuple[int, int] | None:
    down, right = (before // now for before, now in zip(maps.shape[-2:], after.shape[-2:], strict=True))
    return (down, right) if (down * after.shape[-2], right * after.shape[-1]) == tuple(maps.shape[-2:]) else None


def _rounded(maps: "Tensor", after: "Tensor") -> tuple[int, int]:
    down, right = (round(before / now) for before, now in zip(maps.shape[-2:], after.shape[-2:], strict=True))
    return down, right
