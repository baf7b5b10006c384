"""Accuracy and change over what is swept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.paper_values import GREY, known_as
from shiftscope.figures.style import colours, new_figure, plain, short
from shiftscope.sensitivity.measures import measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("accuracy", "top5_accuracy", "top1_change", "mac")
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
    """Draw the measures that have a curve, a panel for each, over the swept value."""
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
        drawn = new_figure(5, 1.2)
        drawn.text(0.5, 0.5, "there is no value to draw these measures over", ha="center", va="center")
        return Drawing(drawn, f"{inputs.protocol} has no curve: it sweeps one value only, or too many.")
    labels = len(inputs.networks) + len({name for lines in (published or {}).values() for name in lines})
    across = min(4, labels) if len(present) > 1 else 2
    width = 4.6 if len(present) == 1 else 2.6 * len(present)
    drawn = new_figure(width, 2.7 + 0.18 * -(-labels // across))
    axes = drawn.subplots(1, len(present), squeeze=False)[0]
    for ax, measure in zip(axes, present, strict=True):
        plain(ax)
        ax.set_title(measures[measure].title)
        lines = (published or {}).get(measure, {})
        _draw_ours(ax, inputs, table.filter(pl.col("measure") == measure), alone=not lines)
        _draw_published(ax, inputs, lines)
        ax.set_ylim(0, 1.02 * ax.get_ylim()[1])
    drawn.supxlabel(f"{facts['title']}, {facts['unit']}" if facts["unit"] else facts["title"], fontsize=8)
    handles = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    drawn.legend(list(handles.values()), list(handles), loc="outside upper center", ncols=across, frameon=False, fontsize=7)
    return Drawing(drawn, _caption(inputs, table, present) + (f" {more}" if more else ""))


def _draw_ours(ax: "Axes", inputs: Inputs, table: pl.DataFrame, *, alone: bool) -> None:
    """`alone`: nothing published is beside it, so that the axis need show no more than its own values."""
    values = table["value"].unique().sort().to_list()
    if alone and len(values) < FEW_TICKS:
        ax.set_xticks(values, [f"{value:g}" for value in values])
    if alone and len(values) == 1:  # points, side by side
        ax.set_xlim(values[0] - 1, values[0] + 1)
    for place, (network, colour) in enumerate(colours(inputs.networks).items()):
        rows = table.filter(pl.col("network") == network).sort("value")
        x, y = rows["value"].to_numpy(), rows["estimate"].to_numpy()
        if alone and len(values) == 1:
            x = x + (place - (len(inputs.networks) - 1) / 2) / len(inputs.networks)
        marker = "o" if len(x) < FEW else None
        ax.plot(x, y, color=colour, linewidth=1.2, marker=marker, markersize=2.5, label=short(network))
        known = rows.drop_nulls(["ci_low", "ci_high"])
        low, high = known["ci_low"].to_numpy(), known["ci_high"].to_numpy()
        if len(x) == len(known) == 1:  # a band would have no width
            ax.plot([x[0]] * 2, (low[0], high[0]), color=colour, linewidth=1)
        ax.fill_between(known["value"].to_numpy(), low, high, color=colour, alpha=0.15, linewidth=0)


def _draw_published(ax: "Axes", inputs: Inputs, lines: Mapping[str, Line]) -> None:
    colour = colours(inputs.networks)
    greys = iter(DASHES * len(lines))
    for name, (x, y) in lines.items():
        own = [network for network in inputs.networks if known_as(inputs, network) == name]
        shade = colour[own[0]] if own else GREY
        dashes = "none" if len(x) == 1 else "--" if own else next(greys)
        ax.plot(
            x, y, "D", linestyle=dashes, color=shade, markerfacecolor="white", markersize=4, linewidth=0.9,
            label=f"{name} (published)",
        )  # fmt: skip


def _caption(inputs: Inputs, table: pl.DataFrame, present: list[str]) -> str:
    unit = inputs.protocols[inputs.protocol]["unit"]
    sentences = ["Bands are intervals."]
    for measure in present:
        said = []
        for network in inputs.networks:
            rows = table.filter(pl.col("measure") == measure, pl.col("network") == network)
            if not len(rows):
                continue
            low, high = (rows.sort("estimate", "value").row(place, named=True) for place in (0, -1))
            said.append(
                f"{network} {low['estimate']:.3f} (at {_at(low['value'], unit)}) to {high['estimate']:.3f} "
                f"(at {_at(high['value'], unit)})"
            )
        sentences.append(f"{measures[measure].title}: {'; '.join(said)}.")
    return " ".join(sentences)


def _at(value: float, unit: str) -> str:
    return f"{value:g} {unit}".strip()
