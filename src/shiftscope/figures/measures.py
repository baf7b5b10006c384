"""Measures by network, with their intervals."""

import textwrap
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, colours, new_figure, plain, said_instead, short
from shiftscope.sensitivity.measures import measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OF_NEIGHBOURS = ("accuracy", "top1_change", "mac", "jaggedness_rate", "jagged_images", "leaves_top5", "exit_rate")
OF_CHOICES = ("accuracy", "worst_accuracy", "agreement", "consistency")
"""Where no step is the neighbour of another."""
NAMES_WIDTH, NETWORK_HIGH, BEYOND = 1.5, 0.24, 0.62
"""Inches: for the names at the left; of one network; of what is above and below a panel."""


class Mark(NamedTuple):
    """How the estimates under one condition are drawn."""

    marker: str
    filled: bool
    drop: float
    """Below the middle of the network's line, in lines."""
    said: str


MARKS = {
    "all": Mark("o", filled=True, drop=-0.25, said="filled circles: all frames, pairs or pictures"),
    "right": Mark("o", filled=False, drop=0, said="hollow circles: those that begin with a frame classified right"),
    "matched": Mark("D", filled=True, drop=0.25, said="diamonds: all pairs, at matched confidence"),
}
"""By condition, in the order of a network's line."""


@figure(
    "measures",
    title="Measures by network",
    reference="definitions, and how intervals are made: at the tables",
    tables=("sensitivity",),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw each measure with its interval, a row of panels for each protocol, a panel for each measure and a line for each
    network."""
    table = inputs.sensitivity.filter(pl.col("estimate").is_not_null())
    rows = {name: shown for name in inputs.protocols if (shown := _shown(table.filter(protocol=name)))}
    if not rows:
        return Drawing(said_instead("nothing could be measured"), "Nothing could be measured.")
    networks, across = list(inputs.networks), max(map(len, rows.values()))
    high = NETWORK_HIGH * len(networks) + BEYOND
    drawn = new_figure(min(WIDEST, NAMES_WIDTH + 1.2 * across), high * len(rows) + 0.2)
    grid = drawn.subplots(len(rows), across, squeeze=False, sharey=True)
    above: list[str] = [""] * across
    for line, (protocol, shown) in zip(grid, rows.items(), strict=True):
        line[0].set_yticks(range(len(networks)), [short(network) for network in networks], fontsize=7)
        line[0].set_ylabel(short(protocol, 20), fontweight="bold")
        line[0].set_ylim(len(networks) - 0.4, -0.6)
        for ax in line[len(shown) :]:
            ax.set_visible(False)
        for place, (ax, measure) in enumerate(zip(line, shown, strict=False)):
            _panel(ax, table.filter(measure=measure), protocol, networks)
            if measure != above[place]:  # a panel without a title has the measure of the one above it
                ax.set_title("\n".join(textwrap.wrap(measures[measure].title, 14)), fontsize=7)
        above = [*shown, *([""] * (across - len(shown)))]
    return Drawing(
        drawn, _caption(table.filter(pl.col("measure").is_in({name for shown in rows.values() for name in shown})))
    )


def _shown(table: pl.DataFrame) -> list[str]:
    """The measures of one protocol: those of neighbours, or where it has none, those of choices."""
    there = set(table["measure"])
    return [name for name in (OF_NEIGHBOURS if "top1_change" in there else OF_CHOICES) if name in there]


def _panel(ax: "Axes", rows: pl.DataFrame, protocol: str, networks: list[str]) -> None:
    """One line for each network: its estimates of one measure under each condition, one below the other. `rows` are of all
    protocols, which have one scale."""
    colour = colours(networks)
    plain(ax)
    for row in rows.filter(protocol=protocol).rows(named=True):
        mark, own = MARKS[row["condition"]], colour[row["network"]]
        y = networks.index(row["network"]) + mark.drop
        ends = row["ci_low"], row["ci_high"]
        if None not in ends:
            ax.plot(ends, (y, y), color=own, linewidth=1.2)
        ax.plot(row["estimate"], y, mark.marker, color=own, markerfacecolor=own if mark.filled else "white", markersize=3.5)
    furthest = rows.select(pl.max_horizontal("estimate", "ci_high").max()).item()
    ax.set_xlim(0, 1.05 * furthest or 1)
    ax.locator_params(axis="x", nbins=3)
    ax.tick_params(axis="x", labelsize=7)


def _caption(table: pl.DataFrame) -> str:
    """The marks that are there, and how far P(top-1 change) goes."""
    there = set(table["condition"])
    said = "; ".join(mark.said for condition, mark in MARKS.items() if condition in there)
    caption = (
        f"{said[:1].upper()}{said[1:]}. Lines: confidence intervals. Panels of one measure have one scale; one without a "
        "title has the measure of the panel above it."
    )
    change = table.filter(pl.col("measure") == "top1_change", pl.col("condition") == "all").sort("estimate")
    if len(change):
        low, high = change.row(0, named=True), change.row(-1, named=True)
        caption += (
            f" P(top-1 change) goes from {_said(low)} ({low['network']}, {low['protocol']}) to {_said(high)} "
            f"({high['network']}, {high['protocol']})."
        )
    return caption


def _said(row: dict[str, float]) -> str:
    interval = "" if row["ci_low"] is None else f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    return f"{row['estimate']:.3f}{interval}"
