"""The maps of chosen layers while a network runs, and those just before its subsampling steps: shown, and forgotten."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.cause.found import Layers, StepPlace
from shiftscope.cause.layouts import Laid, as_given, as_maps, part
from shiftscope.cause.steps import interleaved, subsampling
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks.insertion import placed_within

if TYPE_CHECKING:
    from torch import Tensor, nn

See = Callable[["Layer | Step", "Tensor", NDArray[np.int64]], None]
"""What is done with maps, (frames, channels, height, width), float: those of these rows of the batch. They are views of
what the network goes on with: to be read, not to be changed or kept."""
Rows = Callable[["Layer | Step"], Sequence[int] | NDArray[np.int64]]
"""The rows of the batch, ascending, whose maps somebody wants."""
DENSE_NUMBERS = 2**25
"""Of a map before subsampling that are made at once; more frames are made one after the other."""


@contextmanager
def watch(
    module: "nn.Module",
    layers: Layers,
    see: See,
    rows: Rows,
    chosen: "Sequence[Layer | Step] | None" = None,
    any_size: bool = False,
) -> Iterator[None]:
    """Within it, whenever `module` runs, `see` is called with the maps of what is `chosen`, while the network runs: none is
    kept until its end. Nothing is attached to other layers, and nothing is copied but rows that are not all of a batch.

    Parameters
    ----------
    module, layers : the network, and what `find_layers` found of it.
    rows : asked for each of what is chosen, and each batch.
    chosen : layers and steps of `layers`; not given: all. A step without a map before it (`Step.reason`) is passed over.
    any_size : whether maps may have another size than in `layers`, as those of a larger input do.

    The map before a step is the answer of the same operation with a stride of 1: each `Step.stride`-th of its cells, from
    the first on, is the real answer's. If a run takes another way through the network than the one that `layers` were
    found on, the maps of what it passes over are not seen; ShiftscopeError is raised where a map has another size.
    """
    wanted = [*layers.layers, *layers.steps] if chosen is None else chosen
    watcher = _Watcher(layers, see, rows, any_size)
    steps = {layers.step_places[item.name]: item for item in wanted if isinstance(item, Step) and not item.reason}
    calls = {(place.path, place.number): step for place, step in steps.items() if place.merges is None}
    hooks = watcher.hooked(module, [item for item in wanted if isinstance(item, Layer)], steps)
    try:
        if calls:
            with _mode(watcher, calls):
                yield
        else:
            yield
    finally:
        for hook in hooks:
            hook.remove()


def _mode(watcher: "_Watcher", calls: dict[tuple[str, int], Step]) -> Any:
    from torch.overrides import TorchFunctionMode

    class Mode(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            answer = placed_within(self, func, types, args, kwargs or {})
            if answer is not None:
                return answer
            answer = func(*args, **(kwargs or {}))
            if watcher.owners and not watcher.busy:
                watcher.called(calls, func, args, kwargs or {}, answer)
            return answer

    return Mode()


class _Watcher:
    def __init__(self, layers: Layers, see: See, rows: Rows, any_size: bool) -> None:
        self.layers, self.see, self.rows, self.any_size = layers, see, rows, any_size
        self.calls: Counter[str] = Counter()
        self.owners: list[str] = []
        self.busy = False
        """Whether a map before a subsampling is being made, by calling parts of the network again."""

    def hooked(self, module: "nn.Module", chosen: Sequence[Layer], steps: dict[StepPlace, Step]) -> list[Any]:
        """Hooks on what is to be seen, and nowhere else."""
        hooks: list[Any] = [module.register_forward_pre_hook(self.begin)]
        for path, found in self.by_path(chosen).items():
            hooks.append(module.get_submodule(path).register_forward_hook(self.on_answer(found), prepend=True))
        for place, step in steps.items():
            if place.merges is not None:
                merge = self.on_merge(step, *place.merges, place.number)
                hooks.append(module.get_submodule(place.path).register_forward_hook(merge, with_kwargs=True, prepend=True))
        # Of all that subsample, wanted or not: whose call it is must be known.
        known = self.layers.step_places.values() if any(place.merges is None for place in steps) else ()
        for path in sorted({place.path for place in known if place.merges is None}):
            hooks.append(module.get_submodule(path).register_forward_pre_hook(self.entering(path)))
            hooks.append(module.get_submodule(path).register_forward_hook(self.leave))
        return hooks

    def begin(self, _module: Any, _given: Any) -> None:
        if not self.busy:
            self.calls.clear()
            self.owners.clear()

    def by_path(self, chosen: Sequence[Layer]) -> dict[str, list[Layer]]:
        found: dict[str, list[Layer]] = {}
        for layer in chosen:
            found.setdefault(self.layers.places[layer.name].path, []).append(layer)
        return found

    def on_answer(self, chosen: list[Layer]) -> Callable[[Any, Any, Any], None]:
        path = self.layers.places[chosen[0].name].path

        def hook(_module: Any, _given: Any, answer: Any) -> None:
            if self.busy:
                return
            self.calls[path] += 1
            for layer in chosen:
                place = self.layers.places[layer.name]
                rows = self.rows(layer) if place.call == self.calls[path] else ()
                if len(rows):
                    maps = as_maps(part(answer, place.keys), layer)
                    self._check(layer, maps)
                    self.see(layer, maps if len(rows) == len(maps) else maps[rows], np.asarray(rows))

        return hook

    def on_merge(self, step: Step, given: Laid, how: Laid, call: int) -> Callable[[Any, Any, Any, Any], None]:
        key = f"{step.name} merges"

        def hook(module: Any, args: Any, kwargs: Any, answer: Any) -> None:
            if self.busy:
                return
            self.calls[key] += 1
            if self.calls[key] != call:
                return

            def apply(maps: "Tensor") -> "Tensor":
                return as_maps(module.forward(as_given(maps, given.layout), *args[1:], **kwargs), how)

            self._show(
                step,
                lambda maps: interleaved(apply, maps, step.stride, (how.height, how.width)),
                as_maps(args[0], given),
            )

        return hook

    def entering(self, path: str) -> Callable[[Any, Any], None]:
        def hook(_module: Any, _given: Any) -> None:
            if not self.busy:
                self.owners.append(path)

        return hook

    def leave(self, _module: Any, _given: Any, _answer: Any) -> None:
        if not self.busy:
            self.owners.pop()

    def called(self, calls: dict[tuple[str, int], Step], func: Any, args: Any, kwargs: Any, answer: Any) -> None:
        call = subsampling(func, args, kwargs, answer)
        if call is None:
            return
        owner = self.owners[-1]
        key = f"{owner} calls"
        self.calls[key] += 1
        step = calls.get((owner, self.calls[key]))
        if step is not None and call.dense is not None:
            self._show(step, call.dense, call.given)

    def _show(self, step: Step, dense: Callable[["Tensor"], "Tensor"], given: "Tensor") -> None:
        rows = self.rows(step)
        together = max(1, DENSE_NUMBERS // (step.channels * step.height * step.width))
        self.busy = True
        try:
            for start in range(0, len(rows), together):
                some = rows[start : start + together]
                maps = dense(given if len(some) == len(given) else given[some])
                maps = maps.float() if maps.element_size() < 4 else maps
                self._check(step, maps)
                self.see(step, maps, np.asarray(some))
        finally:
            self.busy = False

    def _check(self, item: Layer | Step, maps: "Tensor") -> None:
        known, here = (item.channels, item.height, item.width), tuple(maps.shape[1:])
        if here != known and not self.any_size:
            raise ShiftscopeError(
                f"the map of {item.name} has {here} channels, rows and columns, and had {known} when layers were listed: "
                "other pictures have another one; choose other 'layers'"
            )
