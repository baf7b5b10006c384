"""In which order a layer's answer has batch, channels and places, and how it becomes a map (NCHW)."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from shiftscope.cause import Layout
from shiftscope.networks.facts import BATCH, MOST_PREFIXES

if TYPE_CHECKING:
    from torch import Tensor


class Laid(NamedTuple):
    """How a tensor is a map."""

    layout: Layout
    channels: int
    height: int
    width: int
    prefix: int = 0
    """Tokens in front that belong to no place."""


def hint_of(module: Any) -> Layout | None:
    """The layout that modules of this class answer in, whatever the network; None where they take any."""
    from torch import nn

    if isinstance(module, nn.Linear):
        return "NHWC"
    if isinstance(module, nn.LayerNorm):  # timm's LayerNorm2d is one too, and takes maps with their channels first
        return "NCHW" if "2d" in type(module).__name__ else "NHWC"
    first = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.Upsample, nn.PixelUnshuffle)
    pools = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
    return "NCHW" if isinstance(module, (*first, *pools)) else None


def laid(shape: tuple[int, ...], hint: Layout | None, sides: Collection[int], usual: Layout = "NCHW") -> Laid | None:
    """How a tensor of this shape is a map; None where it is none, or nothing says how.

    Parameters
    ----------
    shape : of an answer to a batch of `facts.BATCH` pictures.
    hint : what the module itself says (`hint_of`).
    sides : cells along one side of the square grids that the operations before it may have led to (`facts.Seen.grids`);
        none: nobody knows.
    usual : the layout to take where both would do.

    >>> laid((2, 49, 49, 96), None, {49})[:2], laid((2, 7, 7, 768), None, {7})[:2], laid((2, 197, 192), None, {14})
    (('NHWC', 96), ('NHWC', 768), Laid(layout='tokens', channels=192, height=14, width=14, prefix=1))
    >>> laid((2, 12, 196, 196), None, {14}) is None  # a matrix of attention
    True
    """
    if len(shape) not in (3, 4) or shape[0] != BATCH:
        return None
    if len(shape) == 3:
        found = _on_grid(shape[1], sides)
        return Laid("tokens", shape[2], found[0], found[0], found[1]) if found else None
    first, last = Laid("NCHW", *shape[1:]), Laid("NHWC", shape[3], shape[1], shape[2])
    possible = [here for here in (first, last) if min(here.height, here.width) > 1 and _fits(here, hint, sides)]
    layouts = {here.layout: here for here in possible}
    return layouts.get(hint or usual) or (possible[0] if possible and hint is None else None)


def _fits(here: Laid, hint: Layout | None, sides: Collection[int]) -> bool:
    if hint == here.layout:
        return True
    return here.height == here.width and (not sides or here.width in sides)


def _on_grid(tokens: int, sides: Collection[int]) -> tuple[int, int] | None:
    """Side of the grid that so many tokens lie on, and the tokens of no place in front of them."""
    for side in sorted(sides, reverse=True):
        if side > 1 and 0 <= tokens - side**2 <= MOST_PREFIXES:
            return side, tokens - side**2
    return None


def as_maps(tensor: "Tensor", how: "Laid | Any") -> "Tensor":
    """A view (batch, channels, height, width), float, of a layer's answer. `how`: a Laid or a Layer."""
    tensor = plain(tensor)
    if how.layout == "NHWC":
        tensor = tensor.permute(0, 3, 1, 2)
    elif how.layout == "tokens":
        tensor = tensor[:, how.prefix :].transpose(1, 2).unflatten(2, (how.height, how.width))
    return tensor.float() if tensor.element_size() < 4 else tensor


def plain(tensor: "Tensor") -> "Tensor":
    """The tensor as it is, without what a type of its own would do at the first look: an answer that waits to be sampled
    (`networks.insertion`) would be sampled by it."""
    import torch

    if type(tensor) in (torch.Tensor, torch.nn.Parameter):
        return tensor
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.as_subclass(torch.Tensor)


def as_given(maps: "Tensor", layout: Layout) -> "Tensor":
    """The inverse of `as_maps`, without tokens of no place."""
    if layout == "NHWC":
        return maps.permute(0, 2, 3, 1)
    return maps.flatten(2).transpose(1, 2) if layout == "tokens" else maps


def parts(answer: Any, keys: tuple[Any, ...] = ()) -> "Iterator[tuple[tuple[Any, ...], Tensor]]":
    """The tensors in a module's answer, with the keys that lead to them through tuples, lists and dicts."""
    from torch import Tensor

    if isinstance(answer, Tensor):
        yield keys, plain(answer)
    elif isinstance(answer, dict | list | tuple):
        for key, value in answer.items() if isinstance(answer, dict) else enumerate(answer):
            yield from parts(value, (*keys, key))


def part(answer: Any, keys: tuple[Any, ...]) -> Any:
    """The one of `parts` that these keys lead to."""
    for key in keys:
        answer = answer[key]
    return answer
