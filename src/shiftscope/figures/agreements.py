"""How often two resizers make a network say different things of the same picture."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, new_figure, said_instead, short

ACROSS = 3
CELL, NAMES_WIDTH, SCALE = 0.19, 1.5, 0.8
"""Inches: the side of a cell, the names beside the matrices, and the scale of colours."""
MOST_ANNOTATED = 20


@figure(
    "agreements",
    title="Flip rate between every two resizers",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177): one network, two resizers, two classes",
    tables=("predictions", "frames"),
    protocol=("resizers",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw a matrix of flip rates between every two resizers for each network, at most 3 side by side."""
    names = list(inputs.value_names.values())
    rates = {network: flip_rates(inputs.predictions(network)) for network in inputs.networks}
    if not names:
        return Drawing(
            said_instead("no picture could go through this protocol"), "No picture could go through this protocol."
        )
    count = len(names)
    room = WIDEST - NAMES_WIDTH - SCALE
    side = min(room, max(1.8, CELL * count))
    across = max(1, min(ACROSS, len(rates), int(room / (side + 0.1))))
    down = -(-len(rates) // across)
    drawn = new_figure(min(WIDEST, (side + 0.1) * across + NAMES_WIDTH + SCALE), (side + 0.3) * down + NAMES_WIDTH)
    axes = drawn.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    top = max(0.01, *(float(np.nanmax(grid)) for grid in rates.values()))
    for ax, (network, grid) in zip(axes.flat, rates.items(), strict=False):
        image = ax.imshow(grid, cmap="viridis", vmin=0, vmax=top)
        ax.set_title(short(network))
        ax.set_xticks(range(count), [short(name) for name in names], rotation=90, fontsize=7)
        ax.set_yticks(range(count), [short(name) for name in names], fontsize=7)
        for i, j in np.argwhere(~np.isnan(grid)) if count <= MOST_ANNOTATED else ():
            if i != j:
                shade = "white" if grid[i, j] < 0.6 * top else "black"
                ax.text(j, i, per_cent(grid[i, j]), ha="center", va="center", fontsize=7, color=shade)
    for ax in list(axes.flat)[len(rates) :]:
        ax.set_visible(False)
    if len(rates) > across * (down - 1) and down > 1:
        for ax in axes[-2, len(rates) - across * (down - 1) :]:
            ax.tick_params(labelbottom=True)  # there is no panel below it to name the columns
    drawn.colorbar(image, ax=axes, label="share of pictures with another answer", fraction=0.04)
    return Drawing(
        drawn,
        "Numbers are per cent of pictures; where there is none, no picture has another answer. "
        + " ".join(_said(names, rates)),
    )


def per_cent(rate: float) -> str:
    """A rate as a number for a small cell: nothing for 0, a decimal below 1 %.

    >>> per_cent(0), per_cent(0.0025), per_cent(0.0096), per_cent(0.126)
    ('', '.2', '1', '13')
    """
    rounded = f"{100 * rate:.1f}"
    if not rate:
        return ""
    return rounded.removeprefix("0") if rounded.startswith("0") else f"{100 * rate:.0f}"


def flip_rates(predictions: pl.DataFrame) -> NDArray[np.float64]:
    """(steps, steps): share of pictures whose top-1 differs between two steps; of pictures that have both, nan if none."""
    rows = predictions.select("image_id", "step", pl.col("top5").list.first().alias("top1"))
    wide = rows.pivot("step", index="image_id", values="top1", sort_columns=True).drop("image_id")
    steps = sorted(rows["step"].unique())
    answers = wide.select(str(step) for step in steps).to_numpy().astype(float)
    both = ~np.isnan(answers[:, :, None]) & ~np.isnan(answers[:, None, :])
    differ = (answers[:, :, None] != answers[:, None, :]) & both
    count = both.sum(0)
    return np.where(count > 0, differ.sum(0) / np.maximum(count, 1), np.nan)


def _said(names: list[str], rates: dict[str, NDArray[np.float64]]) -> list[str]:
    sentences = []
    for network, grid in rates.items():
        pairs = np.triu_indices(len(grid), 1)
        shares = grid[pairs]
        if np.isnan(shares).all():
            continue
        if np.nanmax(shares) == 0:
            sentences.append(f"{network}: with every resizer, the answer is the same on every picture.")
            continue
        most = int(np.nanargmax(shares))
        i, j = pairs[0][most], pairs[1][most]
        sentences.append(
            f"{network}: {np.nanmean(shares):.1%} on average over pairs of resizers, most between {names[i]} and "
            f"{names[j]} ({shares[most]:.1%})."
        )
    return sentences
