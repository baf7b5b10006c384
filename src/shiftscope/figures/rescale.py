"""Top-5 accuracy by the size of the picture."""

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.curves import Line, draw_curves
from shiftscope.figures.paper_values import FIGURE_7, NAMES, RESCALE, RESCALE_PEOPLE, RESCALE_SIZES, V1, published


@figure(
    "rescale",
    title="Top-5 accuracy by the size of the picture",
    reference=f"{V1}, figure 7",
    tables=("curves",),
    source=("labels",),
    protocol=("scale",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw top-5 accuracy over the size of the picture, beside the paper's networks and people where it is the paper's
    protocol."""
    lines: dict[str, Line] = {}
    more = ""
    if published(inputs, inputs.protocol, FIGURE_7, RESCALE):
        size, people = RESCALE_PEOPLE
        sizes = tuple(float(side) for side in RESCALE_SIZES)
        lines = {name: (sizes, values) for name, values in RESCALE.items()} | {"people": ((float(size),), (people,))}
        at = RESCALE_SIZES.index(size)
        said = ", ".join(f"{NAMES[name]} {values[at]:g}" for name, values in RESCALE.items())
        more = f"The paper's at {size} px, read off its plot (±.004): {said}, people {people:g}."
    return draw_curves(inputs, ("top5_accuracy",), {"top5_accuracy": lines}, more)
