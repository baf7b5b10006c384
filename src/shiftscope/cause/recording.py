"""One run of a network, and what was seen of it: which modules answered with which tensors, and which calls subsampled."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shiftscope.cause import Layout
from shiftscope.cause.layouts import hint_of, parts
from shiftscope.cause.steps import Call, subsampling
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks.facts import BATCH, with_gradients
from shiftscope.networks.insertion import placed_within
from shiftscope.networks.order import called

if TYPE_CHECKING:
    from torch import Tensor, nn

PRODUCTS = ("conv2d", "linear", "conv1d", "conv3d", "conv_transpose2d")
BLUR = ".blur"


@dataclass
class Shown:
    """A tensor that a module answered with."""

    module: str
    """What its module is called (`Ran.name`)."""
    path: str
    """Of the module in the network; empty for the network itself."""
    call: int
    """Which of the calls of this module, from 1."""
    keys: tuple[Any, ...]
    """Where the tensor is in the answer."""
    kind: str
    hint: Layout | None
    shape: tuple[int, ...]
    node: Any
    """The operation that made it; None where it has no gradient."""
    at: int
    """When, in events."""
    products: int
    """Products with weights until then."""
    same_as: "Shown | None" = None
    """Who answered with this very map before."""

    @property
    def name(self) -> str:
        """The module's, with the keys to the tensor."""
        return self.module + "".join(f"[{key!r}]" for key in self.keys)


@dataclass
class Ran:
    """A module that ran: from the event `start` to `at`, and the tensor that it was given first."""

    name: str
    """That of the module, with #2, #3 … for later calls of it; of a blur that runs outside of the module that it lies in,
    that of the layer whose answer it blurs, with ``.blur``."""
    path: str
    call: int
    kind: str
    leaf: bool
    """Whether there is no module in it."""
    learned: bool
    """Whether it has weights of its own."""
    rolls: bool
    """Whether it says that its dense form is found by `steps.interleaved`, though it looks at whole maps."""
    start: int
    given: tuple[int, ...] = ()
    given_node: Any = None
    at: int = 0
    functions: set[str] = field(default_factory=set)
    """Names of the functions of torch that were called meanwhile."""


@dataclass
class Stepped:
    """A call that subsamples, the `number`-th one (from 1) of the module `path` that is none of a module inside it."""

    module: str
    """What this module is called (`Ran.name`)."""
    path: str
    number: int
    kind: str
    leaf: bool
    call: Call
    cells: tuple[int, int]
    """Height and width of its answer."""
    node: Any
    at: int
    products: int

    @property
    def name(self) -> str:
        """The module's, or the function's where the module is more than this call."""
        if self.leaf and self.module.endswith(BLUR):
            return self.module
        own = self.path if self.leaf else f"{self.path}.{self.call.function}()".lstrip(".")
        return own + (f"#{self.number}" if self.number > 1 else "")


class Recorder:
    """Sees every module and every function that runs."""

    def __init__(self, module: "nn.Module") -> None:
        self.names = {id(part): path for path, part in module.named_modules()}
        self.calls: Counter[str] = Counter()
        self.numbers: Counter[str] = Counter()
        self.blurs: Counter[str] = Counter()
        self.running: list[Ran] = []
        self.shown: list[Shown] = []
        self.ran: list[Ran] = []
        self.stepped: list[Stepped] = []
        self.at = self.products = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """With its hooks on all modules, TorchScript's too, and on functions."""
        from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
        from torch.overrides import TorchFunctionMode

        recorder = self

        class Mode(TorchFunctionMode):
            def __torch_function__(
                self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
            ) -> Any:
                answer = placed_within(self, func, types, args, kwargs or {})
                if answer is not None:
                    return answer
                recorder.at += 1
                answer = func(*args, **(kwargs or {}))
                recorder.called(func, args, kwargs or {}, answer)
                return answer

        hooks = [register_module_forward_pre_hook(self.enter), register_module_forward_hook(self.leave)]
        try:
            with Mode():
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def enter(self, module: "nn.Module", given: Any) -> None:
        """Note that a module begins to run."""
        path = self.names.get(id(module))
        if path is None:
            return
        self.calls[path] += 1
        self.at += 1
        leaf = next(module.children(), None) is None
        learned = next(module.parameters(recurse=False), None) is not None
        rolls = bool(getattr(module, "rolls", False))
        kind = type(module).__name__
        ran = Ran(self._name(path, kind), path, self.calls[path], kind, leaf, learned, rolls, self.at)
        for _, tensor in parts(given):
            ran.given, ran.given_node = tuple(tensor.shape), tensor.grad_fn
            break
        self.running.append(ran)

    def _name(self, path: str, kind: str) -> str:
        """`Ran.name` of a module that begins to run. One blur may serve many layers and lie in the first of them only."""
        holder = path.rpartition(".")[0]
        if "blur" not in kind.lower() or not self.ran or any(ran.path == holder for ran in self.running):
            return (path or "network") + _count(self.calls[path])
        # Within an activation it comes before the answer of this; else it is given the answer of the module that ran last.
        layer = self.running[-1] if self.running[-1].leaf else self.ran[-1]
        name = layer.name + BLUR
        self.blurs[name] += 1
        return name + _count(self.blurs[name])

    def leave(self, module: "nn.Module", given: Any, answer: Any) -> None:
        """Note what a module answered with."""
        if id(module) not in self.names:
            return
        self.at += 1
        ran = self.running.pop()
        ran.at = self.at
        self.ran.append(ran)
        for above in self.running[-1:]:
            above.functions |= ran.functions
        for keys, tensor in parts(answer):
            if tensor.ndim in (3, 4):
                shown = Shown(
                    ran.name, ran.path, ran.call, keys, ran.kind, hint_of(module), tuple(tensor.shape), tensor.grad_fn,
                    self.at, self.products,
                )  # fmt: skip
                shown.same_as = _first_to_show(tensor, shown)
                self.shown.append(shown)

    def called(self, func: Any, args: Sequence[Any], kwargs: dict[str, Any], answer: Any) -> None:
        """Note a call of a function of torch, and whether it subsamples."""
        function = called(func)
        self.products += function in PRODUCTS
        if not self.running:
            return
        owner = self.running[-1]
        owner.functions.add(function)
        call = subsampling(func, args, kwargs, answer)
        if call is not None:
            self.numbers[owner.path] += 1
            after = answer[0] if isinstance(answer, tuple) else answer
            stepped = Stepped(
                owner.name, owner.path, self.numbers[owner.path], owner.kind, owner.leaf, call, tuple(after.shape[-2:]),
                after.grad_fn, self.at, self.products,
            )  # fmt: skip
            self.stepped.append(stepped)


def record(module: "nn.Module", size: int) -> "tuple[Recorder, Tensor]":
    """What was seen of a run on a batch of black pictures of `size` px, and these pictures.

    Raises ShiftscopeError where the network does not run on them.
    """
    import torch

    parameter = next(module.parameters(), torch.empty(0))
    dtype = parameter.dtype if parameter.is_floating_point() else torch.float32
    start = torch.zeros(BATCH, 3, size, size, device=parameter.device, dtype=dtype, requires_grad=True)
    for gradients in (True, False):
        recorder = Recorder(module)
        try:
            if gradients:
                with with_gradients(module), recorder.watching():
                    module(start * 1)  # a leaf must not be changed in place, as some networks do with what they are given
            else:
                with torch.no_grad(), recorder.watching():
                    module(start.detach())
            break
        except (RuntimeError, ValueError, AssertionError) as error:
            if not gradients:
                reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
                raise ShiftscopeError(
                    f"the network does not run on {size} × {size} px ({reason}); write another 'input_size'"
                ) from None
    return recorder, start


def _count(call: int) -> str:
    return f"#{call}" if call > 1 else ""


def _first_to_show(tensor: "Tensor", shown: Shown) -> Shown | None:
    """Who answered with the same numbers at the same place in memory before: a view of all of them counts, a tensor that
    was changed in place since does not."""
    root: Any = tensor if tensor._base is None else tensor._base
    before: list[tuple[int, int, Shown]] = root.__dict__.setdefault("shown_by", [])
    for version, count, first in before:
        if (version, count) == (tensor._version, tensor.numel()):
            return first
    before.append((tensor._version, tensor.numel(), shown))
    return None
