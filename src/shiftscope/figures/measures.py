"""Measures by network, with their intervals."""

import textwrap
from typing import NamedTuple

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import colours, new_figure, plain, short
from shiftscope.sensitivity.measures import measures

SHOWN = ("accuracy", "top1_change", "mac", "jaggedness_rate", "jagged_images", "leaves_top5", "exit_rate")


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
    """Draw each measure with its interval, a panel for each measure and a line for each network."""
    table = inputs.sensitivity.filter(pl.col("estimate").is_not_null())
    present = [name for name in SHOWN if name in set(table["measure"])]
    protocols = [name for name in inputs.protocols if name in set(table["protocol"])]
    networks = list(inputs.networks)
    rows_high = 0.4 * len(networks) + 0.25
    drawn = new_figure(1.5 * len(present) + 1.6, rows_high * len(protocols) + 0.9)
    grid = drawn.subplots(len(protocols), len(present), squeeze=False, sharex="col", sharey=True)
    titled: set[str] = set()
    for down, protocol in enumerate(protocols):
        for across, measure in enumerate(present):
            ax = grid[down, across]
            plain(ax)
            rows = table.filter(pl.col("protocol") == protocol, pl.col("measure") == measure)
            _estimates(ax, rows, networks)
            if not len(rows) and across:
                ax.set_visible(False)  # a protocol of one step has no pairs
            ends = table.filter(pl.col("measure") == measure).select(pl.max_horizontal("estimate", "ci_high").max()).item()
            ax.set_xlim(0, 1.05 * ends or 1)
            if len(rows) and measure not in titled:
                titled.add(measure)
                ax.set_title("\n".join(textwrap.wrap(measures[measure].title, 18)))
            if across == 0:
                ax.set_yticks(range(len(networks)), [short(network) for network in networks])
                ax.set_ylabel(short(protocol), fontweight="bold")
    for column in grid.T:
        lowest = [ax for ax in column if ax.get_visible()][-1]
        lowest.tick_params(labelbottom=True)  # the panels below it, which would name its values, are empty
    return Drawing(drawn, _caption(table.filter(pl.col("measure").is_in(present))))


def _estimates(ax, rows: pl.DataFrame, networks: list[str]) -> None:  # type: ignore[no-untyped-def]
    """One line for each network: its estimates under each condition, one below the other."""
    colour = colours(networks)
    for row in rows.rows(named=True):
        mark, own = MARKS[row["condition"]], colour[row["network"]]
        y = networks.index(row["network"]) + mark.drop
        ends = row["ci_low"], row["ci_high"]
        if None not in ends:
            ax.plot(ends, (y, y), color=own, linewidth=1.2)
        ax.plot(row["estimate"], y, mark.marker, color=own, markerfacecolor=own if mark.filled else "white", markersize=3.5)
    ax.set_ylim(len(networks) - 0.4, -0.6)


def _caption(table: pl.DataFrame) -> str:
    """The marks that are there, and how far P(top-1 change) goes."""
    there = set(table["condition"])
    said = "; ".join(mark.said for condition, mark in MARKS.items() if condition in there)
    caption = f"{said[:1].upper()}{said[1:]}. Lines: confidence intervals."
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
