"""Another sampling put into a network: layers that subsample become dense, and what they answer is sampled behind them.

A max pooling is followed by the sampling at once. What a convolution answers waits for its normalisation and its
activation first, which are the places of Zhang 2019 (arXiv:1904.11486, section 3.2) and of timm's `aa_layer`. It is a
tensor of a type of its own, which any other function reads sampled. The type is what tells where the sampling belongs, and
not the layer that is called, since a network may call one nn.ReLU at many places.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from shiftscope.networks.order import Layer, Unsuitable, called, role, tensors_in

if TYPE_CHECKING:
    from torch import Tensor, nn


Call = Callable[[Any, Sequence[Any], dict[str, Any]], Any]
"""How a function is called: itself, its arguments, and those by name."""


def placed_within(mode: Any, func: Any, types: Sequence[type], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The answer of a function that `mode`, a TorchFunctionMode, was asked about, where an argument awaits its sampling:
    `mode` is asked about all functions that this comes down to, those of the sampling too. None where none waits, or where
    it is asked about one of these."""
    import torch

    waiting = waiting_in(types) if torch._C._is_torch_function_enabled() else None
    if waiting is None:
        return None
    with mode:
        return waiting.placed(func, args, kwargs, lambda function, given, named: function(*given, **named))


def waiting_in(types: Sequence[type]) -> Any:
    """The type of an argument that awaits its sampling, among those that torch tells a mode of; None where there is none.
    Its ``placed(func, args, kwargs, call)`` does what follows for this function, and has it called by `call`: for contexts
    that replace functions by others, which torch asks before it asks the type."""
    return next((kind for kind in types if hasattr(kind, "placed")), None)


def check_places(layers: Sequence[Layer]) -> None:
    """Raise Unsuitable for a layer behind which no sampling by 2 can be put."""
    for layer in layers:
        if layer.stride != (2, 2):
            raise Unsuitable(f"subsamples by {' × '.join(map(str, sorted(set(layer.stride))))} at once", layer.name)
        if getattr(layer.module, "return_indices", False):
            raise Unsuitable("has a max pooling that passes on where the largest values lay", layer.name)
        if layer.function == "conv2d" and not layer.read_by:
            raise Unsuitable("subsamples in a convolution, and what comes behind it cannot be seen", layer.name)


def insert(layers: Sequence[Layer], sampler: "nn.Module") -> None:
    """Make `layers`, which `check_places` lets pass, dense, and put `sampler` behind each. Parameters stay as they are.

    `sampler` takes a map (batch, channels, height, width) and answers with one of half as many rows and columns, rounded
    up. What it keeps for itself must not be persistent, so that the network's state dict stays as it is.
    """
    layers[0].module.add_module("sampling", sampler)  # somewhere, so that it goes to the device with the network
    waiting = _waiting(sampler)
    for layer in layers:
        if layer.function == "max_pool2d":
            _make_dense_pooling(layer.module, sampler)
        else:
            layer.module.stride = (1, 1)
            layer.module.register_forward_hook(lambda _module, _given, answer: answer.as_subclass(waiting))


def _waiting(sampler: "nn.Module") -> "type[Tensor]":
    """The type of answers that await their `sampler`: any function but a normalisation reads them sampled, and an
    activation's answer is sampled."""
    import torch

    def sampled(part: "Tensor") -> "Tensor":
        answer: Tensor = sampler(part.as_subclass(torch.Tensor))
        return answer

    class Waiting(torch.Tensor):
        @classmethod
        def __torch_function__(
            cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            return cls.placed(func, args, kwargs or {}, lambda function, given, named: function(*given, **named))

        @classmethod
        def placed(cls, func: Any, args: Sequence[Any], kwargs: dict[str, Any], call: Call) -> Any:
            # In here they are plain tensors to every function.
            with torch._C.DisableTorchFunctionSubclass():
                tensors = list(tensors_in([args, kwargs]))
                what = role(called(func), tensors, [part for part in tensors if isinstance(part, cls)])
                if what == "question":
                    return call(func, _replaced(args, cls, lambda part: part[..., ::2, ::2]), kwargs)
                if what == "pass":
                    return call(func, args, kwargs).as_subclass(cls)
                if what == "activation":
                    return sampled(call(func, args, kwargs))
                return call(func, _replaced(args, cls, sampled), _replaced(kwargs, cls, sampled))

    return Waiting


def _replaced(values: Any, kind: type, change: "Callable[[Tensor], Tensor]") -> Any:
    """Arguments of a function, with `change` of those of the type `kind`, in lists and mappings too."""
    if isinstance(values, kind):
        return change(values)  # type: ignore[arg-type]
    if isinstance(values, dict):
        return {name: _replaced(value, kind, change) for name, value in values.items()}
    if type(values) in (list, tuple):
        return type(values)(_replaced(value, kind, change) for value in values)
    return values


def _make_dense_pooling(pooling: Any, sampler: "nn.Module") -> None:
    """Stride 1 and a sampler for a max pooling of stride 2, with answers of the same size."""
    from torch.nn import functional

    rounds_up, pooling.ceil_mode, pooling.stride = pooling.ceil_mode, False, (1, 1)
    kernel, padding, dilation = (_last(getattr(pooling, name)) for name in ("kernel_size", "padding", "dilation"))
    reach = dilation * (kernel - 1)

    def longer(_module: Any, given: Any) -> Any:
        """The last window of one that rounds up lies partly outside: the edge is repeated, which no maximum notices."""
        high, wide = (int((length + 2 * padding - reach - 1) % 2 and reach > padding) for length in given[0].shape[-2:])
        return (functional.pad(given[0], (0, wide, 0, high), mode="replicate"),) if high or wide else None

    if rounds_up:
        pooling.register_forward_pre_hook(longer)
    pooling.register_forward_hook(lambda _module, _given, answer: sampler(answer))


def _last(value: Any) -> int:
    return int(value[-1]) if isinstance(value, list | tuple) else int(value)
