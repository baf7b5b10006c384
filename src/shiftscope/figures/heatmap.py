"""Probability of the true class over pictures × shift, networks side by side."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import new_figure, short

ACROSS = 4


@figure(
    "heatmap",
    title="P(true class) over pictures and steps",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 2A: rows sorted, colour map hot, 0 to 1",
    tables=("predictions",),
    source=("labels",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the probability of the true class, a row for each picture and a column for each step."""
    return draw_map(
        inputs,
        order=lambda _image_id, row: -float(np.nanmean(row)),
        order_said="pictures, the surest first",
        absent="#808080",
        absent_said="grey where a picture has no such step",
    )


def draw_map(
    inputs: Inputs,
    *,
    order: Callable[[str, NDArray[np.float64]], float],
    order_said: str,
    absent: str,
    absent_said: str,
) -> Drawing:
    """The heat map with its rows, each an image's id and its probabilities, sorted by `order`."""
    from matplotlib import colormaps

    maps = {network: _map(inputs.predictions(network), order) for network in inputs.networks}
    across = min(ACROSS, len(maps))
    down = -(-len(maps) // across)
    drawn = new_figure(max(3.2, 1.9 * across + 0.8), 2.9 * down + 0.3)
    colour = colormaps["hot"].with_extremes(bad=absent)
    # Pictures that fit at one input size may not at another, and maps of fewer rows would not fill a common axis.
    alike = len({len(grid) for _, grid, _ in maps.values()}) == 1
    axes = drawn.subplots(down, across, squeeze=False, sharey=alike)
    for ax, (network, (values, grid, _)) in zip(axes.flat, maps.items(), strict=False):
        image = ax.imshow(np.ma.masked_invalid(grid), cmap=colour, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        ticks = np.unique(np.linspace(0, len(values) - 1, min(5, len(values))).round().astype(int))
        ax.set_xticks(ticks, [f"{values[tick]:g}" for tick in ticks])
        ax.set_title(short(network))
    for ax in list(axes.flat)[len(maps) :]:
        ax.set_visible(False)
    facts = inputs.protocols[inputs.protocol]
    by_value = facts["unit"] and all(swept for _, _, swept in maps.values())
    drawn.supxlabel(f"{facts['title']}, {facts['unit']}" if by_value else "step", fontsize=8)
    drawn.supylabel(order_said, fontsize=8)
    drawn.colorbar(image, ax=axes, label="P(true class)", fraction=0.03)
    caption = (
        f"Each row is a picture, each column a step; a row of one colour is a steady answer. Rows: {order_said}; "
        f"{absent_said}. Largest − smallest along a row: {_swings({name: grid for name, (_, grid, _) in maps.items()})}."
    )
    return Drawing(drawn, caption)


def _swings(grids: Mapping[str, NDArray[np.float64]]) -> str:
    """How far P(true class) moves along a row, (pictures, values), for each network."""
    swings = {network: np.nanmax(grid, 1) - np.nanmin(grid, 1) for network, grid in grids.items()}
    return "; ".join(
        f"{network}: {np.median(swing):.2f} in the median picture, more than ½ in {np.mean(swing > 0.5):.0%}"
        for network, swing in swings.items()
    )


def _map(
    predictions: pl.DataFrame, order: Callable[[str, NDArray[np.float64]], float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """The swept values in order; P(true class) as (pictures, values), nan where a picture lacks one, rows in order; and
    whether columns are values: steps, where a picture has a value twice (a grid, or one size at several places)."""
    predictions = predictions.filter(pl.col("label").is_not_null())
    by_value = not predictions.select("image_id", "value").is_duplicated().any()
    columns = predictions["value" if by_value else "step"].cast(pl.Float64)
    values = columns.unique().sort().to_numpy()
    ids, row = np.unique(predictions["image_id"].to_numpy(), return_inverse=True)
    grid = np.full((len(ids), len(values)), np.nan)
    grid[row, np.searchsorted(values, columns.to_numpy())] = predictions["label_prob"].to_numpy()
    keys = [order(str(image_id), own) for image_id, own in zip(ids, grid, strict=True)]
    return values, grid[np.argsort(keys, kind="stable")], by_value
