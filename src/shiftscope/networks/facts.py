"""Facts about a network that are read off its graph of gradients: parameters, depth, and how far it subsamples.

torch notes the operations of a run, with their strides and the shapes of their results, in order to compute gradients. This
graph looks the same however the network was written: layers, functions, exported graphs and TorchScript. It is followed
from the picture to the answer, and for each operation it is noted which layouts its result may have (`Seen`): as the same
numbers may be kept as a map, as tokens or as windows of a map, a shape alone does not always tell.
"""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor, nn

BATCH = 2
"""Black frames that are run. What an operation does to the first axis shows by how it differs from 2."""
MOST_PREFIXES = 10
"""Tokens, at most, that stand for no place in the picture (class, distillation, registers) beside those of a grid."""
PRODUCTS = {"ConvolutionBackward": (0, 1), "AddmmBackward": (1, 2), "MmBackward": (0, 1), "LinearBackward": (0, 1)}
"""Operations with weights, by the beginning of their names in the graph, and which two of their operands are multiplied.
Either of them may be the weight."""
POOLS = ("MaxPool2DWithIndicesBackward", "AvgPool2DBackward")
"""Poolings, by the beginning of their names in the graph."""


class Grid(NamedTuple):
    """A square map of features."""

    side: int
    """Cells in each direction."""
    area: float
    """px² of the picture that lie between a cell and its neighbours: the product of all strides, in both directions,
    between the picture and this map. It is the square of the stride."""


@dataclass(frozen=True)
class Facts:
    """What is known about a network at one input size. A fact is None where the network hides it, as a compiled one
    does."""

    parameters: int | None
    """How many learned numbers its answer depends on."""
    depth: int | None
    """How many convolutions and products with learned weights lie on the longest way through it: 50 for ResNet-50."""
    subsampling_stride: int | None
    """The product of all strides between the picture and the last feature map, px. Of stride² translations by whole pixels,
    only one moves that map by whole cells, and can leave its values unchanged."""
    subsampling_ratio: int | None
    """The width of the picture ÷ the width of the last feature map, rounded. It is larger than the stride where layers
    without padding lose the border."""


@dataclass(frozen=True)
class Seen:
    """What is known about the result of one operation."""

    from_input: bool
    """Whether it depends on the picture; weights, and what is made of weights alone, do not."""
    depth: int = 0
    """Convolutions and products with learned weights on the longest way from the picture to it."""
    grids: frozenset[Grid] = frozenset()
    """The layouts that the result may have; empty for a vector, and where no layout is known."""
    map: "frozenset[Grid] | None" = None
    """For an operation that works on each place of a map, such as a convolution, or makes a map smaller: the layouts that
    the result may have, empty where none is sure. None for all other operations."""
    resampled: bool = False
    """Whether it resizes maps by a factor that is no whole number."""


def facts(ready: "nn.Module", size: int) -> Facts:
    """The facts of a network at one input size.

    Parameters
    ----------
    ready : the network with its normalisation (`modules.normalised`); it is run once, and left as it was.
    size : width and height of the frames that it is shown, px.

    >>> from torch import nn
    >>> from shiftscope.networks.modules import normalised
    >>> layers = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 8 * 8, 10)
    >>> ready = normalised(nn.Sequential(*layers), (0, 0, 0), (1, 1, 1))
    >>> facts(ready, 32)  # 8 (3 × 3 × 3 + 1) + 10 (512 + 1) parameters; strides 2 × 2; 32 px ÷ 8 cells
    Facts(parameters=5354, depth=2, subsampling_stride=4, subsampling_ratio=4)
    """
    total = sum(parameter.numel() for parameter in ready.parameters()) or None
    end, start = _graph(ready, size)
    seen = seen_of([end], start, size)
    if end is None or not seen[end].from_input:  # a part that runs without gradients hides all before it
        return Facts(total, None, None, None)
    used = sum(node.variable.numel() for node in seen if hasattr(node, "variable") and node.variable is not start)
    maps = {node: here for node in seen if (here := seen[node].map) is not None}
    resampled = any(here.resampled for here in seen.values())
    last = None if resampled or not maps else maps[max(maps, key=lambda node: node._sequence_nr())]
    sides = {grid.side for grid in last or ()}
    ratio = round(size / sides.pop()) if len(sides) == 1 else None
    return Facts(used or None, seen[end].depth or None, stride_of(last or ()), ratio)


def seen_of(ends: Iterable[Any], start: "Tensor | None", size: int) -> dict[Any, Seen]:
    """What is known about each operation that leads to one of `ends`. An operation comes after all those whose results it
    reads.

    Parameters
    ----------
    ends : operations (`grad_fn`) of a run on a batch of `BATCH` black pictures; None is passed over.
    start : the pictures, a leaf that requires gradients.
    size : their width and height, px.
    """
    seen: dict[Any, Seen] = {}
    for node in _order(ends):
        seen[node] = _seen(node, seen, start, size)
    return seen


def stride_of(grids: Iterable[Grid]) -> int | None:
    """The stride in px that all layouts which a map may have agree in. None where they do not agree, or where the stride is
    no whole number.

    >>> stride_of([Grid(7, 1024.0)]), stride_of([Grid(7, 1024.0), Grid(14, 256.0)]), stride_of([Grid(8, 2.0)])
    (32, None, None)
    """
    areas = {grid.area for grid in grids}
    stride = math.sqrt(areas.pop()) if len(areas) == 1 else 0
    return int(stride) if stride and stride == int(stride) else None


@contextmanager
def with_gradients(module: "nn.Module") -> Iterator[None]:
    """A context in which all parameters of `module` require gradients, so that torch notes the graph of a run."""
    import torch

    parameters = [parameter for parameter in module.parameters() if parameter.is_floating_point()]
    wanted = [parameter.requires_grad for parameter in parameters]
    try:
        for parameter in parameters:
            parameter.requires_grad_(True)
        # TorchScript's optimised forms would hide operations in others.
        with torch.enable_grad(), torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            yield
    finally:
        for parameter, before in zip(parameters, wanted, strict=True):
            parameter.requires_grad_(before)


def _graph(ready: "nn.Module", size: int) -> "tuple[Any, Tensor | None]":
    """The last operation of a run on black frames, and the pixels that were given to the network inside `ready`.

    The operation is None where the network does not run with gradients or its answer has none.
    """
    import torch
    from torch.nn.modules.module import register_module_forward_pre_hook

    network = next(ready.children(), None)
    starts: list[Tensor] = []

    def begin(module: Any, given: tuple[Any, ...]) -> Any:
        if module is not network or starts:
            return None
        starts.append(given[0].detach().requires_grad_())
        return (starts[0], *given[1:])

    hook = register_module_forward_pre_hook(begin)  # of all modules: TorchScript's take no hook of their own
    try:
        with with_gradients(ready):
            answer = ready(torch.zeros(BATCH, size, size, 3, dtype=torch.uint8))
    except RuntimeError:
        return None, None
    finally:
        hook.remove()
    return answer.grad_fn, starts[0] if starts else None


def _order(ends: Iterable[Any]) -> list[Any]:
    """All operations that lead to `ends`, each after those whose results it reads."""
    order: dict[Any, None] = {}
    stack = [end for end in ends if end is not None]
    while stack:
        node = stack[-1]
        waiting = [found for found, _ in node.next_functions if found is not None and found not in order]
        if waiting:
            stack += waiting
            continue
        order.setdefault(stack.pop())
    return list(order)


def _seen(node: Any, seen: dict[Any, Seen], start: Any, size: int) -> Seen:
    """What is known about the result of `node`, given what is known about all results that it reads."""
    if hasattr(node, "variable"):
        own = node.variable is start
        return Seen(own, grids=frozenset({Grid(size, 1)} if own else ()))
    edges = [seen[found] if found is not None else None for found, _ in node.next_functions]
    inputs = [edge for edge in edges if edge is not None and edge.from_input]
    deepest = max((edge.depth for edge in inputs), default=0)
    grids = frozenset(grid for edge in inputs for grid in edge.grids)
    name = node.name()
    if not inputs:
        return Seen(False)
    operands = next((places for start, places in PRODUCTS.items() if name.startswith(start)), ())
    learned = [edge for edge in (edges[place] for place in operands) if edge is not None and not edge.from_input]
    depth = deepest + bool(learned)
    if name.startswith(("ConvolutionBackward", *POOLS)):
        return Seen(True, depth, *_of_windows(node, grids))
    if operands:
        return Seen(True, depth, *_of_rows(node, grids))
    if name.startswith("Upsample"):
        return _of_resizing(node, depth, grids)
    if name.startswith("PixelUnshuffle"):
        by = node._saved_downscale_factor
        fewer = frozenset(Grid(grid.side // by, grid.area * by**2) for grid in grids)
        return Seen(True, depth, fewer, fewer)
    if name.startswith("FftC2R"):
        return Seen(True, depth, *_of_spectrum(node, grids))
    if "Pad" in name:
        return Seen(True, depth, grids | _of_padding(node, grids))
    return Seen(True, depth, grids)


Layout = tuple[frozenset[Grid], "frozenset[Grid] | None"]
"""The two fields `Seen.grids` and `Seen.map`."""


def _of_windows(node: Any, grids: frozenset[Grid]) -> Layout:
    """The layout of the result of a convolution or pooling with the input layouts `grids`.

    Some networks cut a map into windows and put these along the batch, so the input may be a part of the map only.
    """
    before, after = _shape(*node.next_functions[0]), _shape(node, 0)
    if len(before) != 4:
        return _of_line(node, before, after, grids)
    if before[-1] != before[-2] or after[-1] != after[-2]:
        return frozenset(), frozenset()
    strides = node._saved_stride or node._saved_kernel_size
    factor = math.prod(strides) if len(strides) == 2 else strides[0] ** 2
    if getattr(node, "_saved_transposed", False):
        factor = 1 / factor
    parts = before[0] / BATCH
    whole = frozenset(grid for grid in grids if grid.side == before[-1])
    if not whole and parts == 1:  # lines of cells were cut off or added, fewer than a step of 2 would drop
        whole = frozenset(grid for grid in grids if (grid.side + 1) // 2 < before[-1] < 2 * grid.side)
    found = whole or _matching(grids, parts * before[-1] ** 2)[0]
    side = after[-1] if whole or parts == 1 else math.sqrt(parts) * after[-1]
    if side <= 1:
        return frozenset(), None
    here = frozenset(Grid(int(side), grid.area * factor) for grid in found) if side == int(side) else frozenset()
    return here, here


def _of_line(node: Any, before: tuple[int, ...], after: tuple[int, ...], grids: frozenset[Grid]) -> Layout:
    """The layout of the result of a convolution in one dimension, which may run along tokens or along something else."""
    same = len(before) == 3 and math.prod(node._saved_stride) == 1 and before[-1] == after[-1]
    return (grids, None) if same else (frozenset(), frozenset())


def _of_rows(node: Any, grids: frozenset[Grid]) -> Layout:
    """The layout of the result of a product with a matrix. Its rows are places, or channels where places are mixed."""
    rows = math.prod(_shape(node, 0)[:-1]) / BATCH
    if rows == 1:
        return frozenset(), None
    found, rest = _matching(grids, rows)
    return found | rest, found


def _matching(grids: frozenset[Grid], cells: float) -> tuple[frozenset[Grid], frozenset[Grid]]:
    """The layouts that a result of `cells` rows may have, given those of its input; and layouts that it may have besides.

    They are those of `grids` with as many cells, or with as many but a few tokens that stand for no place. If there are
    none, they are the layouts that `grids` become when patches of cells are merged into one. The second set is not empty
    only then: the rows need not be places at all, and the layout may still be that of the input.
    """
    exact = frozenset(grid for grid in grids if grid.side**2 == cells)
    if exact:
        return exact, frozenset()
    prefixed = frozenset(grid for grid in grids if 0 < cells - grid.side**2 <= MOST_PREFIXES)
    if prefixed:
        return prefixed, frozenset()
    side = math.isqrt(int(cells))
    if side < 2 or side**2 != cells:
        return frozenset(), grids
    merged = set()
    for grid in grids:
        steps = [step for step in range(2, grid.side) if side in (grid.side // step, -(-grid.side // step))]
        steps = [step for step in steps if side * step == grid.side] or steps
        merged |= {Grid(side, grid.area * step**2) for step in steps}
    return frozenset(merged), grids


def _of_resizing(node: Any, depth: int, grids: frozenset[Grid]) -> Seen:
    """What is known about the result of an interpolation: a map that is half as wide has four times the area per cell."""
    before, after = _shape(*node.next_functions[0])[-1], _shape(node, 0)[-1]
    resized = frozenset(Grid(after, grid.area * (before / after) ** 2) for grid in grids if grid.side == before)
    return Seen(True, depth, resized, resampled=bool(after % before and before % after))


def _of_spectrum(node: Any, grids: frozenset[Grid]) -> Layout:
    """The layouts of a map that was made of a part of another one's spectrum, of half as many cells, rounded up. Where that
    is done along one axis after the other, they are those of the larger map until both axes are done."""
    *_, height, width = _shape(node, 0)
    halved = frozenset(Grid(width, grid.area * 4) for grid in grids if (grid.side + 1) // 2 == width)
    return (halved, halved) if halved and height == width else (grids, None)


def _of_padding(node: Any, grids: frozenset[Grid]) -> frozenset[Grid]:
    """The layouts of a map with cells added or cut off at its edges: the area per cell stays as it was."""
    before, after = _shape(*node.next_functions[0])[-1], _shape(node, 0)[-1]
    return frozenset(Grid(after, grid.area) for grid in grids if grid.side == before)


def _shape(node: Any, place: int) -> tuple[int, ...]:
    """The shape of an operation's result number `place`, counted from 0."""
    return tuple(node._input_metadata[place].shape)
