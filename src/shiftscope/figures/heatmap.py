"""Probability of the true class over pictures × shift, networks side by side."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.figures import Drawing, Material, figure
from shiftscope.figures.style import new_figure, short

ACROSS = 4


@figure(
    "heatmap",
    title="P(true class) over pictures and steps",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 2A: rows sorted, colour map hot, 0 to 1",
    needs=("predictions", "labels"),
    per_protocol=True,
)
def draw(material: Material) -> Drawing:
    from matplotlib import colormaps

    maps = {network: _map(material.predictions(network)) for network in material.networks}
    across = min(ACROSS, len(maps))
    down = -(-len(maps) // across)
    drawn = new_figure(max(3.2, 1.9 * across + 0.8), 2.9 * down + 0.3)
    colour = colormaps["hot"].with_extremes(bad="#808080")
    axes = drawn.subplots(down, across, squeeze=False, sharey=True)
    for ax, (network, (values, grid)) in zip(axes.flat, maps.items(), strict=False):
        image = ax.imshow(np.ma.masked_invalid(grid), cmap=colour, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        ticks = np.unique(np.linspace(0, len(values) - 1, min(5, len(values))).round().astype(int))
        ax.set_xticks(ticks, [f"{values[tick]:g}" for tick in ticks])
        ax.set_title(short(network))
    for ax in list(axes.flat)[len(maps) :]:
        ax.set_visible(False)
    unit = material.protocols[material.protocol]["unit"]
    drawn.supxlabel(f"{material.protocols[material.protocol]['title']}, {unit}" if unit else "step", fontsize=8)
    drawn.supylabel("pictures, the surest first", fontsize=8)
    drawn.colorbar(image, ax=axes, label="P(true class)", fraction=0.03)
    swings = {network: np.nanmax(grid, 1) - np.nanmin(grid, 1) for network, (_, grid) in maps.items()}
    said = "; ".join(
        f"{network}: {np.median(swing):.2f} in the median picture, more than ½ in {np.mean(swing > 0.5):.0%}"
        for network, swing in swings.items()
    )
    caption = (
        "Each row is a picture, each column a step; a row of one colour is a steady answer. Rows are sorted for each "
        f"network by their mean, grey where a picture has no such step. Largest − smallest along a row: {said}."
    )
    return Drawing(drawn, caption)


def _map(predictions: pl.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The swept values in order, and P(true class) as (pictures, values), nan where a picture lacks one, rows by mean."""
    values = predictions["value"].unique().sort().to_numpy()
    ids, row = np.unique(predictions["image_id"].to_numpy(), return_inverse=True)
    grid = np.full((len(ids), len(values)), np.nan)
    grid[row, np.searchsorted(values, predictions["value"].to_numpy())] = predictions["label_prob"].to_numpy()
    return values, grid[np.argsort(-np.nanmean(grid, 1), kind="stable")]
