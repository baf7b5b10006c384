"""Which pixels a network's cells can depend on, whatever its weights: its own operations, made to hide nothing.

Each function of torch that it calls is replaced by one that looks at the same places, with equal positive weights and
no thresholds or maxima. Then a gradient is 0 only where there is no way from a pixel to a cell: none cancels, and none is
hidden by the zero of a ReLU or by a larger value beside it.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from shiftscope.networks.insertion import waiting_in
from shiftscope.networks.order import ACTIVATIONS, called, pair

if TYPE_CHECKING:
    from torch import Tensor

GATES = {"sigmoid", "hardsigmoid"}
NORMS = {"batch_norm", "layer_norm", "rms_norm", "group_norm", "instance_norm"}
LARGEST = 1e6
"""Norms bring maps down to 1 that exceed this, lest sums and products of maps overflow on the way."""
MASKED = -50.0
"""Scores of attention that lie so far below the largest are of places that a mask hides."""


def hiding_nothing() -> Any:
    """The context in which a network's operations are replaced. Its input must be float64 and positive."""
    from torch.overrides import TorchFunctionMode

    class Mode(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            kwargs = kwargs or {}
            waiting = waiting_in(types)
            return waiting.placed(func, args, kwargs, _replaced) if waiting else _replaced(func, args, kwargs)

    return Mode()


def _widened(given: Any) -> Any:
    """float32 as float64, where a float64 stands beside it."""
    import torch
    from torch.utils._pytree import tree_leaves, tree_map

    tensors = [leaf for leaf in tree_leaves(given) if isinstance(leaf, torch.Tensor)]
    kinds = {tensor.dtype for tensor in tensors}
    if torch.float64 not in kinds or not kinds & {torch.float32, torch.float16, torch.bfloat16}:
        return given

    def widen(leaf: Any) -> Any:
        return leaf.double() if isinstance(leaf, torch.Tensor) and leaf.is_floating_point() else leaf

    return tree_map(widen, given)


def _replaced(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    args, kwargs = _widened((tuple(args), kwargs))
    function = called(func)
    replace = _REPLACED.get(function)
    if replace is not None:
        return replace(*args, **kwargs)
    first: Any = args[0] if args else kwargs.get("input")
    if function in GATES:
        return first / first.detach().abs().clamp(min=1e-30)
    if function in ACTIVATIONS:
        return first
    if function in NORMS:
        return _norm(function, first, *args[1:2], **{key: kwargs[key] for key in kwargs if key != "input"})
    return func(*args, **kwargs)


def _conv2d(
    input: "Tensor",
    weight: "Tensor",
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> "Tensor":
    from torch.nn import functional

    means = input.unflatten(1, (groups, -1)).mean(2)
    taps = means.new_ones(groups, 1, *weight.shape[-2:]) / weight[0, 0].numel()
    answer = functional.conv2d(means, taps, None, stride, padding, dilation, groups)
    return answer.repeat_interleave(weight.shape[0] // groups, 1)


def _conv1d(input: "Tensor", weight: "Tensor", bias: Any = None, *more: Any, **options: Any) -> "Tensor":
    from torch.nn import functional

    return functional.conv1d(input, input.new_ones(weight.shape) / weight[0].numel(), None, *more, **options)


def _linear(input: "Tensor", weight: "Tensor", bias: Any = None) -> "Tensor":
    return input.mean(-1, keepdim=True).repeat_interleave(weight.shape[0], -1)


def _max_pool2d(
    input: "Tensor", kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    from torch.nn import functional

    if pair(dilation) == (1, 1) and not return_indices:
        return functional.avg_pool2d(input, kernel_size, stride or kernel_size, padding, ceil_mode)
    taps = input.new_ones(input.shape[1], 1, *pair(kernel_size)) / (pair(kernel_size)[0] * pair(kernel_size)[1])
    means = functional.conv2d(input, taps, None, stride or kernel_size, padding, dilation, input.shape[1])
    if not return_indices:
        return means
    found = functional.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)
    return means, found[1]


def _adaptive_max_pool2d(input: "Tensor", output_size: Any, return_indices: bool = False) -> "Tensor":
    from torch.nn import functional

    return functional.adaptive_avg_pool2d(input, output_size)


def _softmax(input: "Tensor", dim: int = -1, *more: Any, **options: Any) -> "Tensor":
    seen = (input.detach() > input.detach().amax(dim, keepdim=True) + MASKED).to(input.dtype)
    return seen / seen.sum(dim, keepdim=True)


def _attention(
    query: "Tensor", key: "Tensor", value: "Tensor", attn_mask: Any = None, *more: Any, **options: Any
) -> "Tensor":
    import torch

    if attn_mask is None:
        return value.mean(-2, keepdim=True).repeat_interleave(query.shape[-2], -2)
    seen = (attn_mask if attn_mask.dtype is torch.bool else attn_mask > MASKED).to(value.dtype)
    answer: Tensor = (seen / seen.sum(-1, keepdim=True).clamp(min=1)) @ value
    return answer


def _amax(input: "Tensor", dim: Any = (), keepdim: bool = False) -> "Tensor":
    return input.mean(dim, keepdim) if dim != () else input.mean()


def _norm(function: str, maps: "Tensor", over: Any = None, **options: Any) -> "Tensor":
    """What a norm depends on beside its own place: the rest of what it takes its mean of."""
    over = options.get("normalized_shape", options.get("num_groups", over))
    if function in ("layer_norm", "rms_norm") and len(over) > 1:
        maps = maps + maps.mean(tuple(range(-len(over), 0)), keepdim=True)
    if function == "group_norm":
        grouped = maps.unflatten(1, (int(over), -1))
        maps = (grouped + grouped.mean(tuple(range(2, grouped.ndim)), keepdim=True)).flatten(1, 2)
    if function == "instance_norm":
        maps = maps + maps.mean(tuple(range(2, maps.ndim)), keepdim=True)
    least, most = maps.detach().aminmax()  # absolute values would be a copy of the map
    largest = max(most, -least)
    return maps / largest if largest > LARGEST else maps


_REPLACED: dict[str, Callable[..., Any]] = {
    "conv2d": _conv2d,
    "conv1d": _conv1d,
    "linear": _linear,
    "max_pool2d": _max_pool2d,
    "max_pool2d_with_indices": lambda *args, **options: _max_pool2d(*args, **{**options, "return_indices": True}),
    "adaptive_max_pool2d": _adaptive_max_pool2d,
    "softmax": _softmax,
    "scaled_dot_product_attention": _attention,
    "amax": _amax,
}
