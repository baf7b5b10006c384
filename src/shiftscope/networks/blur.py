"""Low-pass filters (BlurPool) put into a network that has none."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks.order import Layer, called, role, strided_layers, tensors_in

if TYPE_CHECKING:
    from torch import Tensor, nn


def blurred(module: "nn.Module", name: str, size: int) -> "nn.Module":
    """`module` with a low-pass filter before each subsampling but that of its first convolutions, parameters untouched.

    The places are those of Zhang 2019, arXiv:1904.11486, section 3.2, and of timm's `aa_layer`. A convolution of stride 2
    becomes one of stride 1, and a blur of stride 2 comes behind its normalisation and its activation. A max pooling of
    stride 2 becomes one of stride 1 and a blur of stride 2. Convolutions that read the picture itself, 1 × 1 convolutions
    that only a sum reads (shortcuts), and average poolings, which are low-pass filters themselves, stay as they are. The
    blur is timm's: binomial, 3 × 3 taps, reflected at the border.

    What comes behind a layer is found by running the network once at `size` px. Raises ShiftscopeError where it does not
    run, subsamples by other steps than 2, where the order of its layers cannot be seen, or where there is nothing to blur.
    """
    layers = [layer for layer in strided_layers(module, name, size) if not _left_alone(layer)]
    if not layers:
        raise ShiftscopeError(
            f"{name} has neither a max pooling nor a convolution behind its first one that subsamples, and so nothing to "
            "blur; leave out 'anti_alias'"
        )
    for layer in layers:
        _check(layer, name)
    blur = _blur()
    layers[0].module.add_module("anti_alias", blur)  # somewhere, so that its filter goes to the device with the network
    dense = _dense(blur)
    for layer in layers:
        if layer.pooling:
            _make_dense_pooling(layer.module, blur)
        else:
            layer.module.stride = (1, 1)
            layer.module.register_forward_hook(lambda _module, _given, answer: answer.as_subclass(dense))
    return module


def _left_alone(layer: Layer) -> bool:
    shortcut = not layer.pooling and set(layer.module.kernel_size) == {1} and layer.read_by == {"sum"}
    return shortcut or (layer.reads_picture and not layer.pooling)


def _check(layer: Layer, name: str) -> None:
    what = f"the layer {layer.name} of {name}, a {type(layer.module).__name__},"
    advice = "so no BlurPool can be put in; leave out 'anti_alias' or take another architecture"
    if layer.stride != (2, 2):
        raise ShiftscopeError(f"{what} subsamples by {' × '.join(map(str, sorted(set(layer.stride))))} at once, {advice}")
    if getattr(layer.module, "return_indices", False):
        raise ShiftscopeError(f"{what} passes on where the largest values lay, {advice}")
    if not layer.pooling and not layer.read_by:
        raise ShiftscopeError(f"{what} subsamples, and what comes behind it cannot be seen, {advice}")


def _dense(blur: "nn.Module") -> "type[Tensor]":
    """The type of answers that await their `blur`: any function but a normalisation reads them blurred and subsampled, and
    an activation's answer is blurred and subsampled. The type is what tells where the blur belongs, and not the layer that
    is called, since a network may call one nn.ReLU at many places."""
    import torch

    class Dense(torch.Tensor):
        @classmethod
        def __torch_function__(
            cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            kwargs = kwargs or {}
            # In here they are plain tensors to every function.
            with torch._C.DisableTorchFunctionSubclass():
                tensors = list(tensors_in([args, kwargs]))
                what = role(called(func), tensors, [part for part in tensors if isinstance(part, Dense)])
                if what == "question":
                    return func(*_replaced(args, Dense, lambda part: part[..., ::2, ::2]), **kwargs)
                if what == "pass":
                    return func(*args, **kwargs).as_subclass(Dense)
                if what == "activation":
                    return blur(func(*args, **kwargs))
                return func(*_replaced(args, Dense, blur), **_replaced(kwargs, Dense, blur))

    return Dense


def _replaced(values: Any, kind: type, change: "Callable[[Tensor], Tensor]") -> Any:
    """Arguments of a function, with `change` of those of the type `kind`, in lists and mappings too."""
    if isinstance(values, kind):
        return change(values)  # type: ignore[arg-type]
    if isinstance(values, dict):
        return {name: _replaced(value, kind, change) for name, value in values.items()}
    if type(values) in (list, tuple):
        return type(values)(_replaced(value, kind, change) for value in values)
    return values


def _make_dense_pooling(pooling: Any, blur: "nn.Module") -> None:
    """Stride 1 and a blur for a max pooling of stride 2, with answers of the same size."""
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
    pooling.register_forward_hook(lambda _module, _given, answer: blur(answer))


def _last(value: Any) -> int:
    return int(value[-1]) if isinstance(value, list | tuple) else int(value)


def _blur() -> "nn.Module":
    from timm.layers.blur_pool import BlurPool2d
    from torch import Tensor
    from torch.nn import functional

    class Blur(BlurPool2d):
        """timm's, for maps of one row or column too: they have nothing to reflect, and repeat it."""

        def forward(self, x: Tensor) -> Tensor:
            high, wide = (int(length == 1) for length in x.shape[-2:])
            if high or wide:
                x = functional.pad(x, (0, wide, 0, high), mode="replicate")
            answer: Tensor = super().forward(x)
            return answer

    return Blur()
