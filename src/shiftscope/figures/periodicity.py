"""Whether what a network computes repeats with its stride as the picture moves."""

from typing import TYPE_CHECKING, Any

import polars as pl

from shiftscope.cause.losses import of_layers
from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, colours, new_figure, plain, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACROSS = 4
"""Networks side by side."""


@figure(
    "periodicity",
    title="Does the representation repeat with the stride?",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177), section 3: exact for 1 of stride² translations",
    tables=("layers", "geometry"),
    protocol=("inside",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the similarity of the last map to that of shift 0, and the multiples of the stride."""
    networks = list(inputs.networks)
    across = min(ACROSS, len(networks))
    down = -(-len(networks) // across)
    drawn = new_figure(min(WIDEST, 1.0 + 2.4 * across), 2.4 * down + 0.2)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    sentences = []
    for ax in grid.flat[len(networks) :]:
        ax.set_visible(False)
    for ax, network in zip(grid.flat, networks, strict=False):
        layers = inputs.layers(network).filter(measure="periodicity")
        last = _last(layers)
        plain(ax)
        ax.set_title(short(network))
        ax.set_xlabel("shift, px")
        if last is None:
            ax.text(0.5, 0.5, "no layer to measure", transform=ax.transAxes, ha="center", va="center", fontsize=7)
            sentences.append(f"{network}: no layer to measure.")
            continue
        stride = inputs.stride(network)
        _curve(ax, layers.filter(layer=last["layer"]), stride, colours(inputs.networks)[network])
        sentences.append(_said(network, layers.filter(layer=last["layer"]), last["layer"], stride))
    for ax in grid[:, 0]:
        ax.set_ylabel("cosine similarity with\nthe pooled map at shift 0")
    explained = "The last map before the pooling, summed over space; bands: intervals. Dotted: multiples of its stride. "
    return Drawing(drawn, explained + " ".join(sentences))


def _last(layers: pl.DataFrame) -> dict[str, Any] | None:
    known = of_layers(layers, "periodicity", "similarity").drop_nulls("estimate")
    return known.row(-1, named=True) if known.height else None


def _curve(ax: "Axes", rows: pl.DataFrame, stride: int | None, colour: str) -> None:
    curve = rows.filter(quantity="similarity").drop_nulls("estimate").sort("shift")
    low, high = (curve[name].fill_null(curve["estimate"]).to_numpy() for name in ("ci_low", "ci_high"))
    shift = curve["shift"].to_numpy()
    ax.fill_between(shift, low, high, color=colour, alpha=0.25, linewidth=0)
    ax.plot(shift, curve["estimate"].to_numpy(), color=colour, linewidth=1)
    for multiple in range(stride, int(shift.max()) + 1, stride) if stride else ():
        ax.axvline(multiple, color="#808080", linewidth=0.7, linestyle=":")


def _said(network: str, rows: pl.DataFrame, layer: str, stride: int | None) -> str:
    peak = rows.filter(quantity="peak")
    tested = peak.row(0, named=True) if peak.height else {"estimate": None, "p_value": None, "reason": "not tested"}
    of = f"{network}, {layer} (stride {stride or 'unknown'})"
    if tested["estimate"] is None:
        return f"{of}: {tested['reason']}."
    height = float(tested["estimate"])
    side = "above" if height >= 0 else "below"
    return (
        f"{of}: at multiples of the stride the similarity is {abs(height):.3f} {side} a parabola through its "
        f"neighbours (p = {tested['p_value']:.3g} against shuffled shifts)."
    )
