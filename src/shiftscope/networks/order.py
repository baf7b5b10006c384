"""Which layers of a network subsample, and what is done with their results: found out by running the network once.

Another sampling belongs behind the normalisation and the activation that follow a convolution of stride 2
(`networks/insertion.py`). No list of a network's layers says what follows what, so the functions that are called on the
result of such a convolution are watched.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shiftscope.core.errors import ShiftscopeError

if TYPE_CHECKING:
    from torch import Tensor, nn

# Functions of torch, by the names that `called` gives them, and what `role` says of them.
ACTIVATIONS = {
    "relu", "relu6", "hardtanh", "silu", "gelu", "hardswish", "hardsigmoid", "leaky_relu", "rrelu", "prelu", "elu", "celu",
    "selu", "mish", "softplus", "sigmoid", "tanh",
}  # fmt: skip
NORMS = {"batch_norm", "group_norm", "instance_norm", "dropout", "dropout2d", "feature_dropout", "contiguous", "clone"}
SUMS = {"add", "iadd", "radd", "sub", "isub", "rsub"}
AFFINE = SUMS | {"mul", "imul", "rmul", "div", "idiv", "truediv", "itruediv", "true_divide", "divide"}
QUESTIONS = {"get", "dim", "size", "numel", "ndimension", "stride", "is_contiguous", "is_floating_point", "is_complex"}
WEIGHTED = {"conv2d", "linear", "matmul", "einsum", "bmm"}


WINDOWED = {"conv2d", "max_pool2d", "avg_pool2d"}
SHRINKING = {
    "avg_pool2d",
    "lp_pool2d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "interpolate",
    "pixel_unshuffle",
    "getitem",
}


class Unsuitable(ShiftscopeError):
    """Why a network cannot have another sampling, in words that go on from its name: ``subsamples by 4 at once``.

    `where` names the layer where that was found; it is empty where it holds for the network as a whole.
    """

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(reason)
        self.reason, self.where = reason, where


@dataclass
class Layer:
    """A convolution or pooling, and what was seen of it while the network ran."""

    name: str
    """Its dotted name in the network."""
    module: Any
    function: str
    """``conv2d``, ``max_pool2d`` or ``avg_pool2d``."""
    stride: tuple[int, int]
    """Down and across."""
    reads_picture: bool = False
    """Whether it reads the picture itself: there is no layer with weights before it."""
    read_by: set[str] = field(default_factory=set)
    """What reads the result of a convolution after its normalisation: some of ``activation``, ``sum`` and ``other``."""
    shapes: set[tuple[int, int, int, int]] = field(default_factory=set)
    """Height and width of the maps that it was given, and of those that it answered with."""

    @property
    def whole(self) -> bool:
        """Whether it is an average pooling over whole maps, after which there are no places left."""
        kernel = pair(self.module.kernel_size)
        return self.function == "avg_pool2d" and all(
            shape[2:] == (1, 1) and kernel >= shape[:2] for shape in self.shapes
        )  # fmt: skip

    @property
    def strided(self) -> bool:
        """Whether its stride is above 1 in a direction."""
        return self.stride != (1, 1)


@dataclass
class Order:
    """What was seen of a run."""

    layers: list[Layer]
    """All convolutions and poolings but those over whole maps, in the order in which they ran first."""
    shrinking: list[str]
    """What makes a map smaller and is neither a convolution nor a max pooling: functions, layers of blur."""
    padding: list[str]
    """Calls outside these layers that add a border to maps or look through a window at them: what they do at the border
    cannot be changed in a layer."""


def observed(module: "nn.Module", name: str, size: int) -> Order:
    """What a run on a black picture of `size` × `size` px shows of the order of a network's layers.

    `name` is what the network is called in messages. Raises ShiftscopeError where the network does not run on that picture,
    and Unsuitable where it subsamples in a call of a convolution or max pooling that belongs to no layer.
    """
    import torch

    watch = Watch()
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
    return Order([layer for layer in watch.found.values() if not layer.whole], watch.shrinking, watch.padding)


def role(function: str, tensors: "Sequence[Tensor]", waiting: "Sequence[Tensor]") -> str:
    """What a function of torch means for `waiting`: those of its `tensors` whose filter has not been placed yet, since only
    normalisations lie between them and their convolution.

    ``pass`` : a normalisation, a factor or summand per channel, or the sum of two waiting tensors. The result waits, too.
    ``activation`` : the filter belongs behind it.
    ``sum`` : a sum with a map that does not wait, as where a shortcut ends.
    ``question`` : the function asks for a shape or a type, and needs no values.
    ``other`` : any other function.
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
    """The name of a function of torch, the same for all its forms: in place, as an operator, as a method.

    >>> import torch
    >>> called(torch.Tensor.add_), called(torch.Tensor.__add__), called(torch.add)
    ('add', 'add', 'add')
    """
    return str(func.__name__).strip("_")


def tensors_in(values: Any) -> "Iterator[Tensor]":
    """All tensors among the arguments of a function, those inside lists, tuples and mappings included."""
    from torch import Tensor

    for value in values.values() if isinstance(values, dict) else values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple | dict):
            yield from tensors_in(value)


class Watch:
    """Watches every function that is called on tensors, and notes what it learns as attributes of the results.

    `waits` : the convolutions that a tensor comes from with nothing but normalisations between.
    `reads_picture` : there where a tensor was made of the picture without any weights.
    """

    def __init__(self) -> None:
        self.found: dict[nn.Module, Layer] = {}
        self.shrinking: list[str] = []
        self.padding: list[str] = []
        self.inside: nn.Module | None = None
        """The convolution, pooling or blur that runs."""

    def mode(self) -> Any:
        """The context in which functions are watched."""
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
        """Note on the result of a function, `answer`, what follows from what was noted on its arguments.

        Raises Unsuitable for a convolution or max pooling that subsamples outside any layer.
        """
        import torch

        self._note_window(function, args, kwargs, answer)
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

    def _note_window(self, function: str, args: Sequence[Any], kwargs: dict[str, Any], answer: Any) -> None:
        """Note a call that pads maps or makes them smaller, and belongs to no layer that was found."""
        if function == "pad" and getattr(self.inside, "padding_mode", "zeros") == "zeros" and _pads_maps(args, kwargs):
            self.padding.append(function)
        if self.inside is not None:
            return
        if function in ("conv2d", "max_pool2d") and _step(function, args, kwargs) > 1:
            raise Unsuitable(f"subsamples in a call of {function} that belongs to no layer of its own")
        if function in SHRINKING and _shrinks(function, args, kwargs, answer):
            self.shrinking.append(function)
        elif function in WINDOWED and _window(function, args, kwargs) > 1:
            self.padding.append(function)

    @contextmanager
    def hooked(self, module: "nn.Module") -> Iterator[None]:
        """The context in which convolutions, poolings and blurs that are there already say when they run."""
        from timm.layers.blur_pool import BlurPool2d
        from torch import nn

        hooks = []
        for path, part in module.named_modules():
            if isinstance(part, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d | BlurPool2d):
                hooks.append(part.register_forward_pre_hook(self._enter))
                hooks.append(part.register_forward_hook(self._leaver(path)))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _enter(self, module: "nn.Module", _given: Any) -> None:
        self.inside = module

    def _leaver(self, path: str) -> "Callable[[nn.Module, Any, Any], None]":
        from torch import nn

        kinds = {nn.Conv2d: "conv2d", nn.MaxPool2d: "max_pool2d", nn.AvgPool2d: "avg_pool2d"}

        def leave(module: nn.Module, given: Any, answer: Any) -> None:
            self.inside = None
            function = next((function for kind, function in kinds.items() if isinstance(module, kind)), None)
            if function is None:
                self.shrinking.append(path)
                return
            layer = self.found.setdefault(module, Layer(path, module, function, pair(module.stride)))
            layer.reads_picture |= hasattr(given[0], "reads_picture")
            after = answer[0] if isinstance(answer, tuple) else answer
            layer.shapes.add((*given[0].shape[-2:], *after.shape[-2:]))
            if layer.strided and function == "conv2d":
                answer.waits = [layer]

        return leave


@contextmanager
def resting(module: "nn.Module") -> Iterator[None]:
    """A context in which `module` is in evaluation mode; afterwards each of its parts is in the mode that it was in."""
    before = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in before.items():
            part.training = training


def _per_channel(tensor: "Tensor") -> bool:
    """Whether a tensor has one number per channel, or a single one, and so treats all places of a map alike."""
    return tensor.ndim == 0 or all(length == 1 for length in tensor.shape[-2:])


def _step(function: str, args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    """The stride of a call of conv2d or max_pool2d, the larger one of its two directions."""
    place = 3 if function == "conv2d" else 2
    stride = args[place] if len(args) > place else kwargs.get("stride")
    if stride is None or stride == []:
        return 1 if function == "conv2d" else _window(function, args, kwargs)
    return max(pair(stride))


def _window(function: str, args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    """The side of the window of a call of conv2d or of a pooling, the larger one of its two directions."""
    if function == "conv2d":
        return int(max((args[1] if len(args) > 1 else kwargs["weight"]).shape[-2:]))
    return max(pair(args[1] if len(args) > 1 else kwargs["kernel_size"]))


def _shrinks(function: str, args: Sequence[Any], kwargs: dict[str, Any], answer: Any) -> bool:
    """Whether a map became a smaller one of more than one cell; indexing counts if it takes every so many cells."""
    if function == "getitem":
        index = args[1] if isinstance(args[1], tuple) else (args[1],)
        return any(isinstance(part, slice) and part.step not in (None, 1) for part in index)
    before, after = _input(args, kwargs), answer[0] if isinstance(answer, tuple) else answer
    if before.ndim != 4 or after.ndim != 4:
        return False
    return tuple(before.shape[-2:]) > tuple(after.shape[-2:]) and max(after.shape[-2:]) > 1


def _pads_maps(args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether a call of `pad` adds rows or columns; it may add channels instead."""
    amounts = args[1] if len(args) > 1 else kwargs.get("pad", ())
    return _input(args, kwargs).ndim == 4 and any(amounts[:4])


def _input(args: Sequence[Any], kwargs: dict[str, Any]) -> "Tensor":
    """What a function is called on."""
    first: Tensor = args[0] if args else kwargs["input"]
    return first


def pair(value: Any) -> tuple[int, int]:
    """A setting of a layer for both directions, down and across, from a number or a pair of numbers.

    >>> pair(2), pair((1, 2))
    ((2, 2), (1, 2))
    """
    return (int(value[0]), int(value[-1])) if isinstance(value, list | tuple) else (int(value), int(value))
