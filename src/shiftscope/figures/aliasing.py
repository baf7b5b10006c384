"""What each subsampling step of a network folds: how much of the map before it the next grid cannot carry."""

from typing import TYPE_CHECKING

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, legend, new_figure, plain, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = {
    "non_aliased": ("kept", "#0072b2"),
    "tangled": ("tangled", "#e69f00"),
    "aliased": ("aliased", "#d55e00"),
    "empty": ("empty", "#d9d9d9"),
}
"""Ribeiro & Schön's four kinds of frequencies of the smaller map: name in the figure, and colour."""
HATCHES = {"tangled": "////", "aliased": "xxxx"}
ACROSS = 3
"""Networks side by side."""


@figure(
    "aliasing",
    title="Aliasing at each subsampling step",
    reference="Ribeiro & Schön 2021 (arXiv 2102.07757): kinds of frequencies; share of energy: the sampling theorem",
    tables=("layers",),
    protocol=("inside",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the kinds of frequencies and the energy above the limit for each subsampling step."""
    networks = list(inputs.networks)
    steps = {network: _steps(inputs.layers(network)) for network in networks}
    rows = max(1, *(table.select(pl.col("layer").n_unique()).item() for table in steps.values()))
    down = -(-len(networks) // ACROSS)
    across = -(-len(networks) // down)
    drawn = new_figure(min(WIDEST, 1.2 + 2.6 * across), (0.8 + 0.26 * rows) * down + 0.4)
    axes = drawn.subplots(down, across, squeeze=False).flatten()
    sentences = []
    for ax in axes[len(networks) :]:
        ax.set_visible(False)
    for ax, network in zip(axes, networks, strict=False):
        _bars(ax, steps[network])
        ax.set_title(short(network))
        sentences.append(_said(network, steps[network]))
    legend(drawn, list(axes), 1.1)
    explained = (
        "Bars: frequencies of the smaller map, by what is folded into them (20 dB apart). Dots: share of the energy before "
        "the step that is above what the smaller map can carry. "
    )
    return Drawing(drawn, explained + " ".join(sentences))


def _steps(layers: pl.DataFrame) -> pl.DataFrame:
    return layers.filter(of="step", measure="aliasing").drop_nulls("estimate")


def _bars(ax: "Axes", table: pl.DataFrame) -> None:
    plain(ax)
    names = table["layer"].unique(maintain_order=True).to_list()
    if not names:
        ax.text(0.5, 0.5, "no step to measure", transform=ax.transAxes, ha="center", va="center", fontsize=7)
        ax.set_yticks([])
        return
    value = {(row["layer"], row["quantity"]): row for row in table.rows(named=True)}
    left = [0.0] * len(names)
    for kind, (label, colour) in KINDS.items():
        width = [value.get((name, kind), {"estimate": 0.0})["estimate"] for name in names]
        ax.barh(range(len(names)), width, left=left, facecolor=colour, hatch=HATCHES.get(kind, ""), label=label, height=0.7)
        left = [start + more for start, more in zip(left, width, strict=True)]
    above = [value[name, "energy_above"] for name in names if (name, "energy_above") in value]
    if above:
        middle = [row["estimate"] for row in above]
        ends = [(row["ci_low"] or row["estimate"], row["ci_high"] or row["estimate"]) for row in above]
        error = [
            [m - low for m, (low, _) in zip(middle, ends, strict=True)],
            [h - m for m, (_, h) in zip(middle, ends, strict=True)],
        ]
        ax.errorbar(
            middle, range(len(names)), xerr=error, fmt="o", color="black", markersize=3.5, linewidth=1, label="energy above"
        )
    ax.set_yticks(range(len(names)), [short(name, 18) for name in names], fontsize=7)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set(xlim=(0, 1), xlabel="share")


def _said(network: str, table: pl.DataFrame) -> str:
    above = table.filter(quantity="energy_above").sort("estimate")
    if not above.height:
        return f"{network}: no subsampling step could be measured."
    row = above.row(-1, named=True)
    ends = "" if row["ci_low"] is None else f" [{row['ci_low']:.1%}, {row['ci_high']:.1%}]"
    return f"{network}: most at {row['layer']}, {row['estimate']:.1%}{ends} of the energy."
