"""What the graph of a network's gradients says of it: parameters that its answer depends on, depth, and subsampling.

The graph is the same for layers, functions, exported graphs and TorchScript: operations of torch with their strides and the
shapes of their answers.
"""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor, nn

BATCH = 2
MOST_PREFIXES = 10
"""Tokens of no place (class, distillation, registers) that may stand before a grid's own."""
PRODUCTS = {"ConvolutionBackward": (0, 1), "AddmmBackward": (1, 2), "MmBackward": (0, 1), "LinearBackward": (0, 1)}
"""Operations with weights, and which of their operands are input and weight, in either order."""
POOLS = ("MaxPool2DWithIndicesBackward", "AvgPool2DBackward")


class Grid(NamedTuple):
    """A square map of `side` × `side` cells; `area` is the product of its strides in both directions on the way to it."""

    side: int
    area: float


@dataclass(frozen=True)
class Facts:
    """Of a network at one input size; None where it hides them."""

    parameters: int | None
    """Numbers that were learned and that its answer depends on."""
    depth: int | None
    """Convolutions and products with learned weights on the longest way through it: 50 for ResNet-50."""
    subsampling_stride: int | None
    """Product of the strides on the way from the input to the last feature map, px: its cells move by whole cells for 1 of
    stride² translations."""
    subsampling_ratio: int | None
    """Input width ÷ width of the last feature map, rounded: more than the stride where borders are lost on the way."""


@dataclass(frozen=True)
class Seen:
    """What is known of one operation: of the part of the network from the input to it."""

    from_input: bool
    depth: int = 0
    grids: frozenset[Grid] = frozenset()
    """Layouts that its answer may have; none: a vector, or what is not known."""
    map: "frozenset[Grid] | None" = None
    """Of an operation that keeps places apart: the layout of its answer; empty where in doubt."""
    resampled: bool = False
    """Whether it resizes maps by something else than a whole number."""


def facts(ready: "nn.Module", size: int) -> Facts:
    """Facts of `ready`, which takes uint8 frames (batch, size, size, 3). Its parameters come back as they were."""
    total = sum(parameter.numel() for parameter in ready.parameters()) or None
    end, start = _graph(ready, size)
    seen = seen_of([end], start, size)
    if end is None or not seen[end].from_input:  # what runs without gradients hides what is before it
        return Facts(total, None, None, None)
    used = sum(node.variable.numel() for node in seen if hasattr(node, "variable") and node.variable is not start)
    maps = {node: here for node in seen if (here := seen[node].map) is not None}
    resampled = any(here.resampled for here in seen.values())
    last = None if resampled or not maps else maps[max(maps, key=lambda node: node._sequence_nr())]
    sides = {grid.side for grid in last or ()}
    ratio = round(size / sides.pop()) if len(sides) == 1 else None
    return Facts(used or None, seen[end].depth or None, stride_of(last or ()), ratio)


def seen_of(ends: Iterable[Any], start: "Tensor | None", size: int) -> dict[Any, Seen]:
    """What is known of each operation that leads to one of `ends`, the operations in an order in which each is behind those
    that it reads.

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
    """The stride, px, that the layouts which a map may have agree in; None where they do not, or it is no whole number.

    >>> stride_of([Grid(7, 1024.0)]), stride_of([Grid(7, 1024.0), Grid(14, 256.0)]), stride_of([Grid(8, 2.0)])
    (32, None, None)
    """
    areas = {grid.area for grid in grids}
    stride = math.sqrt(areas.pop()) if len(areas) == 1 else 0
    return int(stride) if stride and stride == int(stride) else None


@contextmanager
def with_gradients(module: "nn.Module") -> Iterator[None]:
    """Within it, all parameters of `module` and what is made of them have gradients."""
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
    """The last operation of a run on black frames, None where it has no gradient; and the pixels given to the network."""
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
    """All operations that lead to `ends`, each behind those that it reads."""
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
    if "Pad" in name:
        return Seen(True, depth, grids | _of_padding(node, grids))
    return Seen(True, depth, grids)


Layout = tuple[frozenset[Grid], "frozenset[Grid] | None"]
"""`Seen.grids` and `Seen.map`."""


def _of_windows(node: Any, grids: frozenset[Grid]) -> Layout:
    """Of a convolution or pooling: of the whole map, or of a part of it for each element of a larger batch."""
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
    """Of a convolution in one dimension, along tokens or along something else."""
    same = len(before) == 3 and math.prod(node._saved_stride) == 1 and before[-1] == after[-1]
    return (grids, None) if same else (frozenset(), frozenset())


def _of_rows(node: Any, grids: frozenset[Grid]) -> Layout:
    """Of a product with a matrix: each row is a place, or a channel where places are mixed."""
    rows = math.prod(_shape(node, 0)[:-1]) / BATCH
    if rows == 1:
        return frozenset(), None
    found, rest = _matching(grids, rows)
    return found | rest, found


def _matching(grids: frozenset[Grid], cells: float) -> tuple[frozenset[Grid], frozenset[Grid]]:
    """Those of `grids` that have so many cells, tokens of no place not counted; else those that they come down to if
    patches of cells were merged. The second set is what it may be beside them, as rows need not be places."""
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
    before, after = _shape(*node.next_functions[0])[-1], _shape(node, 0)[-1]
    resized = frozenset(Grid(after, grid.area * (before / after) ** 2) for grid in grids if grid.side == before)
    return Seen(True, depth, resized, resampled=bool(after % before and before % after))


def _of_padding(node: Any, grids: frozenset[Grid]) -> frozenset[Grid]:
    before, after = _shape(*node.next_functions[0])[-1], _shape(node, 0)[-1]
    return frozenset(Grid(after, grid.area) for grid in grids if grid.side == before)


def _shape(node: Any, place: int) -> tuple[int, ...]:
    """Of an operation's answer number `place`."""
    return tuple(node._input_metadata[place].shape)
