"""Which layers of a network have a map, how large it is, and what subsampled it: found by running the network once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from shiftscope.cause import Layer, Step
from shiftscope.cause.found import Layers, Place, StepPlace
from shiftscope.cause.layouts import Laid, laid
from shiftscope.cause.recording import Recorder, Shown, Stepped, record
from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.networks.facts import Seen, seen_of, stride_of
from shiftscope.networks.order import ACTIVATIONS, NORMS, QUESTIONS, SUMS, resting

if TYPE_CHECKING:
    from torch import nn

Which = Literal["all", "stages"] | Sequence[str]
"""``all`` layers; the last one of each of the ``stages`` between two subsamplings; or layers by their names."""

REARRANGING = {
    "reshape", "view", "permute", "transpose", "movedim", "flatten", "unflatten", "getitem", "cat", "concat", "stack",
    "chunk", "split", "unbind", "pad", "linear", "layer_norm", "mul", "rms_norm", "reshape_as", "view_as",
}  # fmt: skip
LOCAL = REARRANGING | QUESTIONS | ACTIVATIONS | NORMS | SUMS
"""Functions of torch of which a module may consist that looks at a patch of places and at nothing else."""
REORDERING = {"reshape", "view", "permute", "transpose", "flatten", "unflatten", "contiguous"} | QUESTIONS
MOST_NAMED = 3


def find_layers(module: "nn.Module", size: int, which: Which = "all") -> Layers:
    """The layers of `module` whose answer is a map of more than one place, on pictures of `size` px.

    Every module counts, a whole block as well, since a block's answer may be a sum that no layer in it gives. Where several
    modules answer with the same map, as a block does with that of its last layer, it is listed once: by the name of the
    innermost one that is called once, or else of the innermost one, as ``layer1.0.relu#3`` for its third call. `which` may
    name any of them.

    Parameters
    ----------
    module : takes float (batch, 3, size, size). It is run once, on black pictures, as it answers (`eval`).

    Raises ShiftscopeError where it does not run, or a layer that is asked for by its name is not there.
    """
    with resting(module):
        recorder, start = record(module, size)
        nodes = [shown.node for shown in recorder.shown] + [stepped.node for stepped in recorder.stepped]
        seen = seen_of([*nodes, *(ran.given_node for ran in recorder.ran)], start, size)
    maps = _maps(recorder, seen)
    merges = list(_merges(recorder, seen, maps))
    steps = sorted([*(_step(stepped, seen) for stepped in recorder.stepped), *merges], key=lambda step: step.at)
    listed = _listed(maps, steps, seen)
    sorted_at = _sorted_at(recorder)
    found = [here for here in listed if here.layer.layout != "tokens" or here.at < sorted_at]
    wrong = [here.layer.name for here in listed if here not in found]
    last = listed[-1] if listed else None
    resampled = any(here.resampled for here in seen.values())
    return replace(
        _layers(size, _chosen(found, which), steps),
        factor=size / last.layer.width if last else None,
        stride=last.stride if last and not resampled else None,
        missing=_missing(recorder, found, seen, wrong),
    )


def _layers(size: int, found: "list[_Found]", steps: "list[_Stepping]") -> Layers:
    return Layers(
        size,
        tuple(here.layer for here in found),
        tuple(step.step for step in steps),
        places={here.layer.name: here.place for here in found},
        step_places={step.step.name: step.place for step in steps},
    )


class _Found(NamedTuple):
    at: int
    layer: Layer
    place: Place
    stride: int | None
    names: frozenset[str]


class _Stepping(NamedTuple):
    step: Step
    place: StepPlace
    at: int
    cells: tuple[int, int]
    """Height and width of the map behind it."""
    said: str


@dataclass
class _Map:
    """A map, and all who answered with it, the innermost first: in its own layout, or in another one."""

    how: Laid
    answers: list[tuple[Laid, Shown]]

    @property
    def named(self) -> Shown:
        same = [shown for how, shown in self.answers if how == self.how]
        return next((shown for shown in same if shown.call == 1), same[0])


def _sides(node: Any, seen: dict[Any, Seen]) -> set[int]:
    return {grid.side for grid in seen[node].grids} if node in seen else set()


def _maps(recorder: Recorder, seen: dict[Any, Seen]) -> list[_Map]:
    """Those that modules answered with, in the order in which they did so first."""
    found: dict[int, _Map] = {}
    layouts: dict[tuple[int, ...], Any] = {}
    for shown in recorder.shown:
        first = shown.same_as or shown
        usual = layouts.get(shown.shape, "NCHW")
        how = laid(shown.shape, shown.hint, _sides(shown.node, seen), usual)
        if how is None:
            continue
        layouts[shown.shape] = how.layout
        here = found.setdefault(id(first), _Map(how, []))
        if how[1:4] == here.how[1:4]:
            here.answers.append((how, shown))
    return list(found.values())


def _depth(node: Any, seen: dict[Any, Seen], products: int) -> int:
    return seen[node].depth if node in seen else products


def _listed(maps: list[_Map], steps: list[_Stepping], seen: dict[Any, Seen]) -> list[_Found]:
    found: list[_Found] = []
    before = 0
    for here in maps:
        named, how, first = here.named, here.how, here.answers[0][1]
        between = [step for step in steps if before < step.at <= first.at and step.cells == (how.height, how.width)]
        grids = [grid for grid in seen[first.node].grids if grid.side == how.width] if first.node in seen else []
        stride = stride_of(grids)
        layer = Layer(
            named.name, named.kind, _depth(first.node, seen, first.products), how.layout, how.channels, how.height,
            how.width, stride, how.prefix, between[-1].said if between else "",
        )  # fmt: skip
        place = Place(named.path, named.call, named.keys)
        found.append(_Found(first.at, layer, place, stride, frozenset(shown.name for _, shown in here.answers)))
        before = first.at
    return found


def _step(stepped: Stepped, seen: dict[Any, Seen]) -> _Stepping:
    call, channels, height, width = stepped.call, 0, 0, 0
    if call.dense is not None:
        channels, height, width = call.dense(call.given[:1].detach().to("meta")).shape[1:]
    kind = stepped.kind if stepped.leaf else call.function
    step = Step(
        stepped.name, kind, _depth(stepped.node, seen, stepped.products), channels, height, width, call.stride, call.reason
    )
    return _Stepping(step, StepPlace(stepped.path, stepped.number), stepped.at, stepped.cells, _said(step, call.kernel))


def _said(step: Step, kernel: tuple[int, int] | None) -> str:
    """A step in words, such as ``layer3.0.conv2 (Conv2d 3 × 3, stride 2)``."""
    window = f" {kernel[0]} × {kernel[1]}" if kernel else ""
    stride = step.stride[0] if step.stride[0] == step.stride[1] else f"{step.stride[0]} × {step.stride[1]}"
    return f"{step.name} ({step.kind}{window}, stride {stride})"


def _merges(recorder: Recorder, seen: dict[Any, Seen], maps: list[_Map]) -> Iterator[_Stepping]:
    """Modules that subsample as a whole, such as those that put each patch of 2 × 2 places into one."""
    answers = {(shown.path, shown.call): (how, shown) for here in maps for how, shown in here.answers if not shown.keys}
    steps = [stepped.at for stepped in recorder.stepped]
    for ran in recorder.ran:  # inner ones first
        how, shown = answers.get((ran.path, ran.call), (None, None))
        if how is None or shown is None or any(ran.start < at <= ran.at for at in steps):
            continue
        given = laid(ran.given, None, _sides(ran.given_node, seen), how.layout)
        stride = _merged(given, how)
        if given is None or stride is None or "conv2d" in ran.functions:
            continue
        mixes = [] if ran.rolls else sorted(ran.functions - LOCAL)
        reason = ""
        if mixes or given.prefix or how.prefix:
            reason = f"it looks at more than a patch of places ({', '.join(mixes) or 'tokens of no place'})"
        depth = _depth(shown.node, seen, shown.products)
        cells = (stride[0] * (how.height - 1) + 1, stride[1] * (how.width - 1) + 1)
        name = (ran.path or "network") + (f"#{ran.call}" if ran.call > 1 else "")
        step = Step(name, ran.kind, depth, how.channels, *cells, stride, reason)
        steps.append(ran.start + 1)
        place = StepPlace(ran.path, ran.call, (given, how))
        yield _Stepping(step, place, ran.start, (how.height, how.width), _said(step, stride))


def _merged(given: Laid | None, how: Laid) -> tuple[int, int] | None:
    """The whole number of cells, along y and x, that become one."""
    if given is None:
        return None
    down, right = round(given.height / how.height), round(given.width / how.width)
    whole = how.height == -(-given.height // down) and how.width == -(-given.width // right) if down and right else False
    return (down, right) if whole and (down, right) != (1, 1) else None


def _sorted_at(recorder: Recorder) -> float:
    """When tokens were first put into another order, as Hiera does, whose windows of tokens then lie one behind the other:
    by a module without weights that answers with as many tokens as it was given, and only rearranges them."""
    answers = {(shown.path, shown.call): shown.shape for shown in recorder.shown if not shown.same_as}
    for ran in recorder.ran:
        same = len(ran.given) == 3 and answers.get((ran.path, ran.call)) == ran.given
        if same and ran.leaf and {"permute", "transpose"} & ran.functions and not ran.functions - REORDERING:
            return ran.start
    return float("inf")


def _chosen(found: list[_Found], which: Which) -> list[_Found]:
    if which == "all":
        return found
    if which == "stages":
        return _ends(found)
    wanted = [which] if isinstance(which, str) else list(which)
    by_name = {name: place for place, here in enumerate(found) for name in here.names}
    for name in wanted:
        if name not in by_name:
            raise ShiftscopeError(unknown("layer", name, by_name))
    return [found[place] for place in sorted({by_name[name] for name in wanted})]


def _ends(found: list[_Found]) -> list[_Found]:
    """The last layer of each width that no later layer reaches again (side branches that are narrow for a while do not
    count) and behind which something subsamples; and the last of all."""
    widest = 0
    ends: list[_Found] = []
    subsampled = True
    for here in reversed(found):
        if here.layer.width > widest and subsampled:
            ends.insert(0, here)
            subsampled = False
        widest = max(widest, here.layer.width)
        subsampled |= bool(here.layer.subsampled_by)
    return ends


def _missing(recorder: Recorder, found: list[_Found], seen: dict[Any, Seen], wrong: list[str]) -> str:
    """What is not found, and why."""
    if not found and not any(ran.path and ran.learned for ran in recorder.ran):
        return (
            "This network hides its layers: it runs as a whole, as TorchScript, ONNX and exported files do, and no map "
            "inside it can be seen."
        )
    if not found:
        return "No layer of this network answers with a map: none of them keeps places apart, and so none can lose them."
    said = []
    lost = [one for one in recorder.shown if len(one.shape) == 3 and one.node not in seen and not one.same_as]
    if lost:
        names = _some([one.name for one in lost])
        said.append(f"Sequences of tokens whose places in the picture are not known are left out: {names}.")
    if wrong:
        said.append(f"Sequences of tokens that do not lie row by row are left out: {_some(wrong)}.")
    if all(one.node is None for one in recorder.shown):
        said.append("The network runs without gradients, so that depth is counted in calls and its stride is not known.")
    return " ".join(said)


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
