"""Circular padding for all convolutions and poolings of a network: a map goes on at its opposite border."""

from typing import TYPE_CHECKING, Any

from shiftscope.networks.order import Layer, Order, Unsuitable, pair

if TYPE_CHECKING:
    from torch import nn


def check_circular(order: Order) -> None:
    """Raise Unsuitable where circular padding would not make a network's maps move with the picture: where it pads outside
    of its layers, where a layer changes map sizes by more than its stride, or subsamples a map of an odd length."""
    for what in order.padding:
        raise Unsuitable(f"pads, or looks through windows, in a call of {what} that circular padding does not reach")
    for layer in order.layers:
        for height, width, rows, columns in sorted(layer.shapes):
            down, right = layer.stride
            if height % down or width % right:
                raise Unsuitable(
                    f"subsamples a map of {height} × {width} cells, and circular padding needs even lengths", layer.name
                )
            if (rows * down, columns * right) != (height, width):
                raise Unsuitable("has maps that lose their border or grow, which circular padding cannot mend", layer.name)


def make_circular(order: Order) -> None:
    """Make all convolutions and poolings, which `check_circular` lets pass, pad circularly. A window begins where it did
    before; with a stride of 1, there are as many windows as cells."""
    for layer in order.layers:
        if max(pair(layer.module.kernel_size)) > 1:
            layer.module.register_forward_pre_hook(_wrapping(_around(layer)))
            layer.module.padding = (0, 0)
            layer.module.padding_mode = "zeros"
            layer.module.ceil_mode = False


def _around(layer: Layer) -> tuple[int, int, int, int]:
    """Left, right, top and bottom, as torch's `pad` takes them: together one less than the window."""
    reach = [
        spread * (taps - 1)
        for taps, spread in zip(pair(layer.module.kernel_size), pair(getattr(layer.module, "dilation", 1)), strict=True)
    ]
    padding = layer.module.padding
    if isinstance(padding, str):
        top, left = (each // 2 if padding == "same" else 0 for each in reach)
    else:
        top, left = pair(padding)
    return left, reach[1] - left, top, reach[0] - top


def _wrapping(around: tuple[int, int, int, int]) -> Any:
    from torch.nn import functional

    def wrap(_module: "nn.Module", given: Any) -> Any:
        return (functional.pad(given[0], around, mode="circular"), *given[1:])

    return wrap
