"""Which layers of a network subsample, and what reads their answers: found by running it once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shiftscope.core.errors import ShiftscopeError

if TYPE_CHECKING:
    from torch import Tensor, nn

# Functions of torch, by the names that `called` gives them.
ACTIVATIONS = {
    "relu", "relu6", "hardtanh", "silu", "gelu", "hardswish", "hardsigmoid", "leaky_relu", "rrelu", "prelu", "elu", "celu",
    "selu", "mish", "softplus", "sigmoid", "tanh",
}  # fmt: skip
NORMS = {"batch_norm", "group_norm", "instance_norm", "dropout", "dropout2d", "feature_dropout", "contiguous", "clone"}
SUMS = {"add", "iadd", "radd", "sub", "isub", "rsub"}
AFFINE = SUMS | {"mul", "imul", "rmul", "div", "idiv", "truediv", "itruediv", "true_divide", "divide"}
QUESTIONS = {"get", "dim", "size", "numel", "ndimension", "stride", "is_contiguous", "is_floating_point", "is_complex"}
WEIGHTED = {"conv2d", "linear", "matmul", "einsum", "bmm"}


@dataclass
class Layer:
    """A convolution or max pooling with a stride, and what was seen of it while the network ran."""

    name: str
    module: Any
    stride: tuple[int, int]
    pooling: bool
    reads_picture: bool = False
    """Whether it reads the picture itself, before any layer with weights."""
    read_by: set[str] = field(default_factory=set)
    """Of ``activation``, ``sum`` and ``other``: what comes behind a convolution and its normalisation."""


def strided_layers(module: "nn.Module", name: str, size: int) -> list[Layer]:
    """The layers with a stride that run, in the order in which they do, on a black picture of `size` px.

    Raises ShiftscopeError where the network does not run on that, or subsamples in a function that is no layer.
    """
    import torch

    watch = Watch(name)
    parameter = next(module.parameters(), torch.empty(0))
    picture: Any = torch.zeros(1, 3, size, size, device=parameter.device, dtype=parameter.dtype)
    picture.reads_picture = True
    with resting(module), torch.no_grad(), watch.hooked(module), watch.mode():
        try:
            module(picture)
        except ShiftscopeError:
            raise
        except (RuntimeError, ValueError, AssertionError) as error:
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            raise ShiftscopeError(
                f"{name} does not run on {size} × {size} px ({reason}); write another 'input_size'"
            ) from None
    return list(watch.found.values())


def role(function: str, tensors: "Sequence[Tensor]", waiting: "Sequence[Tensor]") -> str:
    """What a function of torch does with `waiting`, those of its `tensors` that come from a convolution with a stride.

    ``pass``: a normalisation, a factor or summand per channel, or the sum of two that wait: its answer waits on;
    ``activation``; ``sum``: with a map that does not wait; ``question``: it needs no values; ``other``: all else.
    """
    from torch import nn

    if function in QUESTIONS:
        return "question"
    if function in ACTIVATIONS:
        return "activation"
    if function in NORMS:
        return "pass"
    others = [part for part in tensors if not any(part is other for other in waiting)]
    if function in AFFINE and len(waiting) == 1 and all(_per_channel(part) for part in others):
        return "pass"
    if function in SUMS and not others and all(part.shape == waiting[0].shape for part in waiting):
        return "pass"
    return "sum" if function in SUMS and not any(isinstance(part, nn.Parameter) for part in others) else "other"


def called(func: Any) -> str:
    """The name of a function of torch's, alike for its forms: in place, as an operator, as a method."""
    return str(func.__name__).strip("_")


def tensors_in(values: Any) -> "Iterator[Tensor]":
    """All tensors in arguments of a function, in lists and mappings too."""
    from torch import Tensor

    for value in values.values() if isinstance(values, dict) else values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple | dict):
            yield from tensors_in(value)


class Watch:
    """Sees every function that is called on tensors. What it notes are attributes of the tensors: `waits`, the convolutions
    that they come from, only normalisations between, and `reads_picture`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: dict[nn.Module, Layer] = {}
        self.inside = False

    def mode(self) -> Any:
        """The context in which it sees."""
        from torch.overrides import TorchFunctionMode

        watch = self

        class Mode(TorchFunctionMode):
            def __torch_function__(
                self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
            ) -> Any:
                answer = func(*args, **(kwargs or {}))
                watch.note(called(func), args, kwargs or {}, answer)
                return answer

        return Mode()

    def note(self, function: str, args: Sequence[Any], kwargs: dict[str, Any], answer: Any) -> None:
        """Note on `answer` what is known of the tensors that it was made of."""
        import torch

        if not self.inside and function in ("conv2d", "max_pool2d") and _step(function, args, kwargs) > 1:
            raise ShiftscopeError(
                f"{self.name} subsamples in a call of {function} that belongs to no layer of its own, where no BlurPool "
                "can be put in; leave out 'anti_alias' or take another architecture"
            )
        tensors: list[Any] = list(tensors_in([args, kwargs]))
        waiting = [part for part in tensors if getattr(part, "waits", ())]
        if waiting:
            what = role(function, tensors, waiting)
            layers = [layer for part in waiting for layer in part.waits]
            if what == "pass":
                answer.waits = layers
            elif what != "question":
                for layer in layers:
                    layer.read_by.add(what)
                if answer is waiting[0]:
                    answer.waits = []  # in place
        seen = any(hasattr(part, "reads_picture") for part in tensors)
        if seen and function not in WEIGHTED and isinstance(answer, torch.Tensor):
            answer.reads_picture = True  # type: ignore[attr-defined]

    @contextmanager
    def hooked(self, module: "nn.Module") -> Iterator[None]:
        """With its hooks on all convolutions and max poolings, and on blurs that are there already."""
        from timm.layers.blur_pool import BlurPool2d
        from torch import nn

        hooks = []
        for path, part in module.named_modules():
            if isinstance(part, nn.Conv2d | nn.MaxPool2d | BlurPool2d):
                hooks.append(part.register_forward_pre_hook(self._enter))
                hooks.append(part.register_forward_hook(self._leaver(path)))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _enter(self, _module: "nn.Module", _given: Any) -> None:
        self.inside = True

    def _leaver(self, path: str) -> "Callable[[nn.Module, Any, Any], None]":
        from torch import nn

        def leave(module: nn.Module, given: Any, answer: Any) -> None:
            self.inside = False
            stride = pair(module.stride)
            if stride != (1, 1) and isinstance(module, nn.Conv2d | nn.MaxPool2d):
                layer = self.found.setdefault(module, Layer(path, module, stride, isinstance(module, nn.MaxPool2d)))
                layer.reads_picture |= hasattr(given[0], "reads_picture")
                if not layer.pooling:
                    answer.waits = [layer]

        return leave


@contextmanager
def resting(module: "nn.Module") -> Iterator[None]:
    """`module` as it is when it answers, and then as it was."""
    before = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in before.items():
            part.training = training


def _per_channel(tensor: "Tensor") -> bool:
    return tensor.ndim == 0 or all(length == 1 for length in tensor.shape[-2:])


def _step(function: str, args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    """The larger stride of a call of conv2d or max_pool2d."""
    place = 3 if function == "conv2d" else 2
    stride = args[place] if len(args) > place else kwargs.get("stride")
    if stride is None or stride == []:
        stride = 1 if function == "conv2d" else args[1] if len(args) > 1 else kwargs["kernel_size"]
    return max(pair(stride))


def pair(value: Any) -> tuple[int, int]:
    return (int(value[0]), int(value[-1])) if isinstance(value, list | tuple) else (int(value), int(value))
