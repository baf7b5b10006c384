"""How often each network changes its answer on each protocol: one dot with its interval, and one at matched confidence."""

from typing import Any

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, colours, new_figure, plain, said_instead, short
from shiftscope.wording.answer import changes, matched

ACROSS = 4
"""Panels side by side."""


@figure(
    "overview",
    title="How often the answer changes",
    reference="P(top-1 change), or 1 − agreement where steps are choices; definitions: at the tables",
    tables=("sensitivity",),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw how often each network changes its answer, a panel for each protocol and a line for each network."""
    known: dict[str, Any] = {name: rows for name in inputs.protocols if (rows := changes(inputs.sensitivity, name))}
    if not known:
        return Drawing(said_instead("nothing was measured that changes"), _caption(inputs.sensitivity, known))
    networks, across = list(inputs.networks), min(ACROSS, len(known))
    down = -(-len(known) // across)
    drawn = new_figure(min(WIDEST, 2 * across + 1.5), (0.2 * len(networks) + 0.75) * down + 0.1)
    axes = drawn.subplots(down, across, squeeze=False, sharey=True)
    for ax, (protocol, rows) in zip(axes.flat, known.items(), strict=False):
        _panel(ax, rows, matched(inputs.sensitivity, protocol), networks)
        of_pairs = any(row["measure"] == "top1_change" for row in rows.values())
        ax.set_title(f"{short(protocol)}\n{'% of cases' if of_pairs else '% of pictures'}")
    for ax in axes.flat[len(known) :]:
        ax.set_visible(False)
    return Drawing(drawn, _caption(inputs.sensitivity, known))


def _panel(ax: Any, rows: dict[str, Any], at_matched: dict[str, Any], networks: list[str]) -> None:
    """One protocol: the networks from top to bottom, in the order of the config."""
    plain(ax)
    colour = colours(networks)
    for place, network in enumerate(networks):
        for row, marker, drop in ((rows.get(network), "o", -0.14), (at_matched.get(network), "D", 0.18)):
            if row is None:
                continue
            own = colour[network]
            if row["ci_low"] is not None:
                ax.plot((100 * row["ci_low"], 100 * row["ci_high"]), (place + drop,) * 2, color=own, linewidth=1.2)
            face = own if marker == "o" else "white"
            ax.plot(100 * row["estimate"], place + drop, marker, color=own, markerfacecolor=face, markersize=4)
    ax.set_yticks(range(len(networks)), [short(network) for network in networks])
    ax.set_ylim(len(networks) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.grid(axis="x", color="#dddddd", linewidth=0.5)
    ax.set_axisbelow(True)


def _caption(sensitivity: pl.DataFrame, known: dict[str, Any]) -> str:
    if not known:
        return "No network was shown more than one frame of a picture."
    said = "Filled circles: all cases. Lines: confidence intervals."
    if any(matched(sensitivity, protocol) for protocol in known):
        said += " Hollow diamonds: at matched confidence, as if all networks were equally sure of their answers."
    ends = [row["estimate"] for rows in known.values() for row in rows.values()]
    return (
        f"{said} Networks change their answers in {100 * min(ends):.3g} % to {100 * max(ends):.3g} % of cases or pictures."
    )
