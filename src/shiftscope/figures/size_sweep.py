"""Change between neighbours by the size of the object."""

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.curves import Line, draw_curves
from shiftscope.figures.paper_values import NAMES, SCRIPT, SIZE_SWEEP, SIZE_SWEEP_CHANGE, V4, published


@figure(
    "size_sweep",
    title="Change by the size of the object",
    reference=f"{V4}, the released script's seven sizes: crops up to 1.1, the whole picture made smaller above",
    tables=("curves",),
    protocol=("sizes",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the change between neighbours over the size of the object, beside the published values where it is that
    protocol."""
    lines: dict[str, Line] = {}
    more = ""
    if published(inputs, inputs.protocol, SCRIPT, SIZE_SWEEP_CHANGE):
        lines = {name: (SIZE_SWEEP, values) for name, values in SIZE_SWEEP_CHANGE.items()}
        said = "; ".join(
            f"{NAMES[name]} {min(values):g} (at {SIZE_SWEEP[values.index(min(values))]:g}) to {max(values):g} "
            f"(at {SIZE_SWEEP[values.index(max(values))]:g})"
            for name, values in SIZE_SWEEP_CHANGE.items()
        )
        more = f"Published, a third party's rerun of the released script without normalisation: P(top-1 change) {said}."
    return draw_curves(inputs, ("top1_change", "mac"), {"top1_change": lines}, more)
