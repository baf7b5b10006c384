"""Layer by layer: how much of the shift is lost, with the subsampling steps marked."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from shiftscope.cause.losses import handed_on, of_layers, unseen
from shiftscope.cause.measures import measures
from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, colours, new_figure, plain, short
from shiftscope.wording.cause import loss_sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = (("nonshiftability", "share"), ("shift_error", "interior"))
"""Measures and their quantities, a row of panels each."""
ACROSS = 4
"""Networks side by side."""


@figure(
    "layer_curves",
    title="Where the shift is lost",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177), section 3: subsampling that ignores the sampling theorem",
    tables=("layers", "sensitivity"),
    protocol=("inside",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw nonshiftability and shift error by depth for each network."""
    networks = list(inputs.networks)
    across = min(ACROSS, len(networks))
    blocks = -(-len(networks) // across)
    drawn = new_figure(min(WIDEST, 1.2 + 2.2 * across), 4.4 * blocks)
    grid = drawn.subplots(len(SHOWN) * blocks, across, squeeze=False)
    axes = np.concatenate(np.split(grid, blocks), axis=1)  # a column for each network
    sentences = []
    for ax in axes[:, len(networks) :].flat:
        ax.set_visible(False)
    for place, network in enumerate(networks):
        axes[1, place].sharex(axes[0, place])
        layers, colour = inputs.layers(network), colours(inputs.networks)[network]
        for row, (measure, quantity) in enumerate(SHOWN):
            _curve(axes[row, place], of_layers(layers, measure, quantity), colour)
        change = inputs.top1_change(network)
        said = "" if change is None else f"\nP(top-1 change)\n{_interval(change)}"
        axes[0, place].set_title(f"{short(network)}{said}", fontsize=8, pad=13)
        axes[-1, place].set_xlabel("depth, layers with weights")
        axes[-1, place].locator_params(axis="x", integer=True)
        sentences += _said(network, layers)
    for row, (measure, _) in enumerate(SHOWN):
        entry = measures[measure]
        highest = max(ax.get_ylim()[1] for ax in axes[row, : len(networks)])
        for place, ax in enumerate(axes[row, : len(networks)]):
            ax.set_ylim(0, highest)  # one scale for all networks
            if place % across == 0:
                ax.set_ylabel(f"{entry.title.lower()},\n{entry.unit}")
    explained = (
        "Dots: all layers. Line: the last layer of each depth, but no convolution or normalisation where there is another, "
        "since the sums of their maps are near 0. Vertical lines: the map becomes smaller; above each, the subsampling "
        "factor behind it. "
    )
    return Drawing(drawn, explained + " ".join(sentences))


def _curve(ax: "Axes", rows: pl.DataFrame, colour: str) -> None:
    plain(ax)
    known = rows.drop_nulls("estimate").sort("depth", maintain_order=True)  # side branches run after deeper layers
    if not known.height:
        ax.text(0.5, 0.5, "no layer to measure", transform=ax.transAxes, ha="center", va="center", fontsize=7)
        return
    # Normalisations and activations lie between the layers with weights that they follow and the next.
    depth = (
        known["depth"].to_numpy()
        + (np.arange(known.height) - known["depth"].rank("min").to_numpy() + 1)
        / (
            known.group_by("depth", maintain_order=True).len().join(known.select("depth"), on="depth", how="right")["len"]
        ).to_numpy()
    )
    low, high = (known[name].fill_null(known["estimate"]).to_numpy() for name in ("ci_low", "ci_high"))
    values = known["estimate"].to_numpy()
    ax.plot(depth, values, ".", color=colour, alpha=0.35, markersize=4, markeredgewidth=0)
    last = known["layer"].is_in(handed_on(known, "depth")["layer"].to_list()).to_numpy()
    ax.plot(depth[last], values[last], color=colour, linewidth=1.2)
    ax.fill_between(depth[last], low[last], high[last], color=colour, alpha=0.25, linewidth=0)
    factor = known["subsampling_factor"].to_numpy()
    for k in range(1, len(factor)):
        if factor[k] > factor[:k].max():
            ax.axvline((depth[k - 1] + depth[k]) / 2, color="#808080", linewidth=0.7, linestyle=":")
            ax.annotate(
                f"{factor[k]:.3g}", (depth[k], 1), xycoords=("data", "axes fraction"), fontsize=7, va="bottom", ha="center"
            )


def _said(network: str, layers: pl.DataFrame) -> list[str]:
    said = [f"{network}: {reason}" for reason in unseen(layers)]
    return [sentence for sentence in (*said, loss_sentence(network, layers)) if sentence]


def _interval(row: dict[str, Any]) -> str:
    ends = "" if row["ci_low"] is None else f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    return f"{row['estimate']:.3f}{ends}"
