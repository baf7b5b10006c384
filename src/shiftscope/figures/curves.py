"""Accuracy and change over what is swept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.paper_values import GREY, known_as
from shiftscope.figures.style import WIDEST, legend, looks, new_figure, plain, said_instead, short
from shiftscope.sensitivity.measures import measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("accuracy", "top5_accuracy", "top1_change", "mac")
ACROSS = 2
FEW, FEW_TICKS = 30, 4
DASHES = ("--", ":", "-.")

Line = tuple[tuple[float, ...], tuple[float, ...]]
"""x and y."""


@figure(
    "curves",
    title="Measures over what is swept",
    reference="curves.parquet: the mean at each value, with its interval; of pairs, the value of the second frame",
    tables=("curves",),
    protocol=("ordered",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the measures that have a curve, a panel for each, over the swept value, and the number of pictures where it
    falls."""
    return draw_curves(inputs, SHOWN)


def draw_curves(
    inputs: Inputs,
    shown: tuple[str, ...],
    published: Mapping[str, Mapping[str, Line]] | None = None,
    more: str = "",
) -> Drawing:
    """One panel for each of the measures `shown` that there are. `published`: measure → architecture or name → what others
    found, in the colour of the network that it is, else grey. `more` goes at the caption's end."""
    table = inputs.curves.filter(pl.col("protocol") == inputs.protocol, pl.col("estimate").is_not_null())
    present = [name for name in shown if name in set(table["measure"])]
    facts = inputs.protocols[inputs.protocol]
    if not present:
        drawn = said_instead("there is no value to draw these measures over")
        return Drawing(drawn, f"{inputs.protocol} has no curve: it sweeps one value only, or too many.")
    falls = {measure: _falls(table.filter(measure=measure)) for measure in present}
    across = min(ACROSS, len(present))
    down = -(-len(present) // across)
    labels = len(inputs.networks) + len({name for lines in (published or {}).values() for name in lines})
    heights = [2.1, 0.7] if any(falls.values()) else [2.1]
    drawn = new_figure(4.6 if across == 1 else WIDEST, sum(heights) * down + 0.5 + 0.18 * -(-labels // (2 * across)))
    grid = drawn.subplots(down * len(heights), across, squeeze=False, height_ratios=heights * down, sharex=True)
    axes = list(grid[:: len(heights)].flat)
    for ax in axes[len(present) :]:
        ax.set_visible(False)
    for place, (ax, measure) in enumerate(zip(axes, present, strict=False)):
        plain(ax)
        ax.set_title(measures[measure].title)
        lines = (published or {}).get(measure, {})
        own = table.filter(measure=measure)
        _draw_ours(ax, inputs, own, alone=not lines)
        _draw_published(ax, inputs, lines)
        ax.set_ylim(0, 1.02 * ax.get_ylim()[1])
        ax.tick_params(labelbottom=len(heights) == 1)
        if len(heights) > 1:
            _draw_counts(grid[1 :: len(heights)].flat[place], inputs, own)
    for ax in grid[1 :: len(heights)].flat[len(present) :] if len(heights) > 1 else ():
        ax.set_visible(False)
    drawn.supxlabel(f"{facts['title']}, {facts['unit']}" if facts["unit"] else facts["title"], fontsize=8)
    legend(drawn, axes)
    return Drawing(drawn, _caption(inputs, table, present, falls) + (f" {more}" if more else ""))


def _falls(rows: pl.DataFrame) -> bool:
    """Whether not all values of one measure are means over as many pictures."""
    return any(own["n_images"].n_unique() > 1 for _, own in rows.group_by("network"))


def _draw_ours(ax: "Axes", inputs: Inputs, table: pl.DataFrame, *, alone: bool) -> None:
    """`alone`: nothing published is beside it, so that the axis need show no more than its own values."""
    values = table["value"].unique().sort().to_list()
    if alone and len(values) < FEW_TICKS:
        ax.set_xticks(values, [f"{value:g}" for value in values])
    if alone and len(values) == 1:  # points, side by side
        ax.set_xlim(values[0] - 1, values[0] + 1)
    for place, (network, look) in enumerate(looks(inputs.networks).items()):
        rows = table.filter(pl.col("network") == network).sort("value")
        x, y = rows["value"].to_numpy(), rows["estimate"].to_numpy()
        if alone and len(values) == 1:
            x = x + (place - (len(inputs.networks) - 1) / 2) / len(inputs.networks)
        every = max(1, len(x) // FEW)  # markers that do not run into one another
        ax.plot(
            x, y, color=look.colour, linewidth=1.2, linestyle=look.dash, marker=look.marker, markevery=every,
            markersize=2.5, label=short(network),
        )  # fmt: skip
        known = rows.drop_nulls(["ci_low", "ci_high"])
        low, high = known["ci_low"].to_numpy(), known["ci_high"].to_numpy()
        if len(x) == len(known) == 1:  # a band would have no width
            ax.plot([x[0]] * 2, (low[0], high[0]), color=look.colour, linewidth=1)
        ax.fill_between(known["value"].to_numpy(), low, high, color=look.colour, alpha=0.15, linewidth=0)


def _draw_counts(ax: "Axes", inputs: Inputs, table: pl.DataFrame) -> None:
    """Over how many pictures each value is a mean."""
    plain(ax)
    for network, look in looks(inputs.networks).items():
        rows = table.filter(pl.col("network") == network).sort("value")
        ax.plot(rows["value"].to_numpy(), rows["n_images"].to_numpy(), color=look.colour, linewidth=1, linestyle=look.dash)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("pictures", fontsize=7)
    ax.locator_params(axis="y", nbins=3, integer=True)
    ax.tick_params(labelbottom=True)


def _draw_published(ax: "Axes", inputs: Inputs, lines: Mapping[str, Line]) -> None:
    look = looks(inputs.networks)
    greys = iter(DASHES * len(lines))
    for name, (x, y) in lines.items():
        own = [network for network in inputs.networks if known_as(inputs, network) == name]
        shade = look[own[0]].colour if own else GREY
        dashes = "none" if len(x) == 1 else "--" if own else next(greys)
        ax.plot(
            x, y, "D", linestyle=dashes, color=shade, markerfacecolor="white", markersize=4, linewidth=0.9,
            label=f"{name} (published)",
        )  # fmt: skip


def _caption(inputs: Inputs, table: pl.DataFrame, present: list[str], falls: Mapping[str, bool]) -> str:
    unit = inputs.protocols[inputs.protocol]["unit"]
    sentences = ["Bands are intervals; where a band is missing, too few pictures have that value."]
    if any(falls.values()):
        sentences.append("Below each panel: over how many pictures each point is a mean.")
    for measure in present:
        said = []
        for network in inputs.networks:
            rows = table.filter(pl.col("measure") == measure, pl.col("network") == network)
            if not len(rows):
                continue
            ends = [
                f"{row['estimate']:.3f} (at {_at(row['value'], unit)}"
                + (f", {row['n_images']} picture{'' if row['n_images'] == 1 else 's'})" if falls[measure] else ")")
                for row in (rows.sort("estimate", "value").row(place, named=True) for place in (0, -1))
            ]
            said.append(f"{network} {' to '.join(ends)}")
        sentences.append(f"{measures[measure].title}: {'; '.join(said)}.")
    return " ".join(sentences)


def _at(value: float, unit: str) -> str:
    return f"{value:g} {unit}".strip()
