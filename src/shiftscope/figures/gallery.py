"""What the frames of a protocol look like."""

import numpy as np
import polars as pl

from shiftscope.core import tables
from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, new_figure, short

FRAMES = 8


@figure(
    "gallery",
    title="What the frames look like",
    reference="first and last frame of each sequence, and those between at even distances",
    tables=("frames",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw up to a row of frames for each of the first pictures, as the network with the largest input sees them."""
    network = max(inputs.networks, key=lambda name: inputs.networks[name])
    size = inputs.networks[network]
    paths = inputs.frame_files[inputs.protocol, size]
    rows = tables.read(paths, tables.FRAMES).select("image_id", "step", "value", "resizer").sort("image_id", "step")
    ids = rows["image_id"].unique(maintain_order=True).to_list()
    drawn = new_figure(5, 1.2)
    if not ids:
        drawn.text(0.5, 0.5, "no picture could go through this protocol", ha="center", va="center")
        return Drawing(drawn, "No picture could go through this protocol.")
    facts = inputs.protocols[inputs.protocol]
    chosen = list(dict.fromkeys(ids[place] for place in (0, len(ids) // 2, -1)))
    sequences = [rows.filter(pl.col("image_id") == image_id) for image_id in chosen]
    most = max(min(FRAMES, len(own)) for own in sequences)
    drawn.set_size_inches(min(WIDEST, max(3.2, 1.15 * most)), 1.4 * len(chosen) + 0.2)
    axes = drawn.subplots(len(chosen), most, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for row, image_id, own in zip(axes, chosen, sequences, strict=True):
        frames = inputs.frames(image_id, network)
        shown = np.unique(np.linspace(0, len(own) - 1, min(FRAMES, len(own))).round().astype(int))
        for ax, place in zip(row, shown.tolist(), strict=False):
            ax.imshow(frames[place], interpolation="nearest")
            label = own["resizer"][place] if facts["kind"] == "resizers" else f"{own['value'][place]:.4g}"
            ax.text(0.5, -0.03, short(label, 18), ha="center", va="top", fontsize=7, transform=ax.transAxes)
        row[0].set_title(short(image_id, 40), loc="left", fontsize=7)
    lengths = rows.group_by("image_id").len()["len"].to_list()
    steps = f"{min(lengths)}" if min(lengths) == max(lengths) else f"{min(lengths)} to {max(lengths)}"
    below = "the resizer" if facts["kind"] == "resizers" else f"what is swept, {facts['unit'] or 'without a unit'}"
    pictures = "1 picture" if len(ids) == 1 else f"{len(ids)} pictures"
    seeing = "networks see" if len(set(inputs.networks.values())) == 1 else f"{network}, of the largest input, sees"
    caption = (
        f"{pictures} of {steps} frames, {size} × {size} px, as {seeing} them; shown are {len(chosen)} of them, each "
        f"in up to {most} frames. Below each frame: {below}."
    )
    return Drawing(drawn, caption)
