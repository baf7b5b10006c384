"""Every measure by network, with its interval."""

import textwrap

import polars as pl

from shiftscope.figures import Drawing, Material, figure
from shiftscope.figures.style import colours, new_figure, plain, short
from shiftscope.sensitivity.measures import measures

SHOWN = ("accuracy", "top1_change", "mac", "jaggedness_rate", "jagged_images", "leaves_top5", "exit_rate")


@figure(
    "measures",
    title="Measures by network",
    reference="definitions below the tables; 95 % intervals by bootstrap over pictures unless set otherwise",
    needs=("sensitivity",),
    per_protocol=False,
)
def draw(material: Material) -> Drawing:
    table = material.sensitivity.filter(pl.col("estimate").is_not_null())
    present = [name for name in SHOWN if name in set(table["measure"])]
    protocols = [name for name in material.protocols if name in set(table["protocol"])]
    networks = list(material.networks)
    colour = colours(networks)
    rows_high = 0.13 * len(networks) * 2 + 0.25
    drawn = new_figure(1.5 * len(present) + 1.6, rows_high * len(protocols) + 0.9)
    grid = drawn.subplots(len(protocols), len(present), squeeze=False, sharex="col", sharey=True)
    titled: set[str] = set()
    for down, protocol in enumerate(protocols):
        for across, measure in enumerate(present):
            ax = grid[down, across]
            plain(ax)
            rows = table.filter(pl.col("protocol") == protocol, pl.col("measure") == measure).rows(named=True)
            for row in rows:
                right = row["condition"] == "right"
                y = networks.index(row["network"]) + (0.2 if right else -0.2)
                ends = row["ci_low"], row["ci_high"]
                face = "white" if right else colour[row["network"]]
                if None not in ends:
                    ax.plot(ends, (y, y), color=colour[row["network"]], linewidth=1.2)
                ax.plot(row["estimate"], y, "o", color=colour[row["network"]], markerfacecolor=face, markersize=3.5)
            if not rows and across:
                ax.set_visible(False)  # a protocol of one step has no pairs
            ax.set_ylim(len(networks) - 0.4, -0.6)
            ends = table.filter(pl.col("measure") == measure).select(pl.max_horizontal("estimate", "ci_high").max()).item()
            ax.set_xlim(0, 1.05 * ends or 1)
            if rows and measure not in titled:
                titled.add(measure)
                ax.set_title("\n".join(textwrap.wrap(measures[measure].title, 18)))
            if across == 0:
                ax.set_yticks(range(len(networks)), [short(network) for network in networks])
                ax.set_ylabel(short(protocol), fontweight="bold")
    caption = "Filled: all pairs; hollow: pairs whose first frame is classified right. Lines are confidence intervals."
    change = table.filter(pl.col("measure") == "top1_change", pl.col("condition") == "all").sort("estimate")
    if len(change):
        low, high = change.row(0, named=True), change.row(-1, named=True)
        caption += (
            f" P(top-1 change) goes from {_said(low)} ({low['network']}, {low['protocol']}) to {_said(high)} "
            f"({high['network']}, {high['protocol']})."
        )
    return Drawing(drawn, caption)


def _said(row: dict[str, float]) -> str:
    interval = "" if row["ci_low"] is None else f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    return f"{row['estimate']:.3f}{interval}"
