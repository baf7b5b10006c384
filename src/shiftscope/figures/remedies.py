"""What remedies gain, against what they cost."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, colours, new_figure, plain, said_instead, short
from shiftscope.remedies.choices import choices, pareto
from shiftscope.wording.remedies import cheapest_sentence, hurting_sentences

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^v<>Pph8X"
"""One for each remedy, in their order."""
PANELS = (("", "P(top-1 change)"), ("accuracy_", "accuracy"))
"""Prefix of the columns of `remedies.choices`, and label."""
RING: dict[str, Any] = {"color": "none", "markeredgecolor": "black", "markeredgewidth": 0.7, "markersize": 8}
TOGETHER = 3
"""How many networks can be told apart in one pair of axes."""
COLUMNS = 4
"""How many networks stand side by side where each has its own axes."""
TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
NARROWEST = (0.8, 2.2)
"""The axis of the price reaches from one to the other at least."""


@figure(
    "remedies",
    title="What helps, and what it costs",
    reference="remedies.parquet; docs/remedies.md says how each is measured. Both values are of the same frames",
    tables=("remedies",),
    protocol=("ordered",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw P(top-1 change) and accuracy against the time of one answer, a point for each remedy and setting."""
    chosen = choices(inputs.remedies).filter(protocol=inputs.protocol)
    priced = chosen.filter(pl.col("time_ratio").is_not_null())
    if priced.is_empty():
        return Drawing(
            said_instead("no remedy was tried whose price is known"),
            f"No remedy was tried on {inputs.protocol} whose price is known.",
        )
    panels = PANELS if priced["accuracy_estimate"].count() else PANELS[:1]
    marks = dict(zip(priced["remedy"].unique(maintain_order=True), MARKERS * len(priced), strict=False))
    networks = [name for name in inputs.networks if name in set(priced["network"])]
    drawn, groups = _layout(networks, [label for _, label in panels])
    for names, axes in groups:
        for ax, (prefix, _) in zip(axes, panels, strict=True):
            for network in names:
                own = priced.filter(pl.col(f"{prefix}estimate").is_not_null(), network=network)
                if len(own):
                    _network(ax, own, prefix, colours(inputs.networks)[network], marks)
        _front(axes[0], priced, names)
    for _, axes in groups:  # once everything is drawn: axes share their limits
        for ax in axes:
            _priced(ax)
    _legend(drawn, networks, colours(inputs.networks), marks)
    return Drawing(drawn, _caption(chosen, networks))


def _layout(networks: list[str], labels: list[str]) -> "tuple[Figure, list[tuple[list[str], list[Axes]]]]":
    """The figure, and which networks go into which axes, one for each label: all networks into the same ones while they can
    be told apart there, else each into its own."""
    if len(networks) <= TOGETHER:
        drawn = new_figure(min(WIDEST, 4.2 * len(labels) + 1.8), 3.4)
        groups = [(networks, list(drawn.subplots(1, len(labels), squeeze=False)[0]))]
        first = groups
    else:
        rows = -(-len(networks) // COLUMNS)
        drawn = new_figure(WIDEST, 2 * rows * len(labels) + 0.3)
        grid = drawn.subplots(rows * len(labels), COLUMNS, sharex=True, sharey="row")
        blocks = grid.reshape(rows, len(labels), COLUMNS).transpose(0, 2, 1).reshape(-1, len(labels))
        groups = [([network], list(axes)) for network, axes in zip(networks, blocks, strict=False)]
        for (network,), axes in groups:
            axes[0].set_title(short(network))
        for ax in blocks[len(networks) :].flat:
            ax.remove()
        first = groups[::COLUMNS]
    for _, axes in first:
        for ax, label in zip(axes, labels, strict=True):
            ax.set_ylabel(label)
    drawn.supxlabel("time of one answer ÷ time without a remedy", fontsize=8)
    return drawn, groups


def _network(ax: "Axes", own: pl.DataFrame, prefix: str, colour: str, marks: dict[str, str]) -> None:
    """The points of one network: a star without any remedy, and a line through the settings of each remedy."""
    ax.plot(1, _without(own, prefix), "*", color=colour, markersize=10, zorder=3)
    for remedy in own["remedy"].unique(maintain_order=True):
        rows = own.filter(remedy=remedy).sort("setting")
        x, y = rows["time_ratio"].to_numpy(), rows[f"{prefix}estimate"].to_numpy()
        ax.plot(x, y, marks[remedy], linestyle="-", color=colour, markersize=4, linewidth=0.8)
        known = rows.drop_nulls([f"{prefix}ci_low", f"{prefix}ci_high"])
        ends = known[f"{prefix}ci_low"].to_numpy(), known[f"{prefix}ci_high"].to_numpy()
        ax.vlines(known["time_ratio"].to_numpy(), *ends, color=colour, linewidth=0.8, alpha=0.6)


def _without(own: pl.DataFrame, prefix: str = "") -> float:
    """The value of a network without a remedy, from the remedy that was tried on the most pairs."""
    return float(own.sort("n_pairs", descending=True, maintain_order=True)[f"{prefix}without"][0])


def _priced(ax: "Axes") -> None:
    plain(ax)
    ax.set_xscale("log")
    low, high = min(ax.get_xlim()[0], NARROWEST[0]), max(ax.get_xlim()[1], NARROWEST[1])
    ax.set_xlim(low, high)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.tick_params(labelbottom=True)  # also where the axes below share it
    ax.set_ylim(0, 1.02 * ax.get_ylim()[1])


def _front(ax: "Axes", priced: pl.DataFrame, networks: list[str]) -> None:
    """A ring around each point of a network than which no other of its points is both cheaper and steadier."""
    for network in networks:
        own = priced.filter(network=network)
        price = np.concatenate([[1.0], own["time_ratio"].to_numpy()])
        change = np.concatenate([[_without(own)], own["estimate"].to_numpy()])
        front = pareto(price, change)
        ax.plot(price[front], change[front], "o", gid="front", **RING)


def _legend(drawn, networks: list[str], colour: dict[str, str], marks: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], marker="*", linestyle="-", color=colour[name], label=short(name)) for name in networks]
    handles += [
        Line2D([], [], marker=mark, linestyle="", color="black", markersize=4, label=short(name))
        for name, mark in marks.items()
    ]
    handles.append(Line2D([], [], marker="o", linestyle="", label="Pareto front", **RING))
    drawn.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=7)


def _caption(chosen: pl.DataFrame, networks: list[str]) -> str:
    sentences = [
        "Stars: networks without a remedy. Lines join the settings of one remedy; vertical lines are intervals. Circled: "
        "no other point of the same network is both cheaper and steadier."
    ]
    sentences += [cheapest_sentence(network, chosen) for network in networks]
    hurts = hurting_sentences(chosen)
    sentences += hurts or ["No remedy hurts: none raises P(top-1 change) or lowers the accuracy beyond its interval."]
    hidden = len(chosen) - chosen["time_ratio"].count()
    if hidden:
        sentences.append(f"Not drawn, since their price is not known: {hidden} of {len(chosen)} settings.")
    return " ".join(sentences)
