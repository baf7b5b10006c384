"""How often the true class enters or leaves the top five, and the readings of the paper's 28 %."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.paper_values import (
    FAINT,
    FIGURE_2,
    FIGURE_3,
    GREY,
    JAGGEDNESS,
    JAGGEDNESS_STEPS,
    NAMES,
    READING,
    V1,
    known_as,
    not_in_run,
    published,
)
from shiftscope.figures.style import WIDEST, looks, new_figure, plain, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READINGS = {
    "jagged_images": "(a) pictures\nwith a\ntransition",
    "leaves_top5": "(b) pictures\nthat leave\nthe top five",
    "exit_rate": "(c) exits per\nstep in the\ntop five",
}

Cells = dict[tuple[str, str], dict[str, Any]]
"""Rows of the table by measure and network."""


@figure(
    "jaggedness",
    title="Transitions of the true class into and out of the top five",
    reference=f"{V1}, figures 2B and 3",
    tables=("sensitivity",),
    source=("labels",),
    protocol=("ordered",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw transitions, transitions per step, and three shares of pictures and steps, beside the paper's values where it is
    the paper's protocol."""
    table = inputs.sensitivity.filter(
        pl.col("protocol") == inputs.protocol, pl.col("condition") == "all", pl.col("estimate").is_not_null()
    )
    cells = {(row["measure"], row["network"]): row for row in table.iter_rows(named=True)}
    second = published(inputs, inputs.protocol, FIGURE_2, JAGGEDNESS["embed"])
    counts = second or published(inputs, inputs.protocol, FIGURE_3, JAGGEDNESS["box_crop"])
    rates = {name: count / JAGGEDNESS_STEPS for name, count in second.items()}
    rows = len(inputs.networks) + len(not_in_run(inputs, counts))
    drawn = new_figure(WIDEST, max(2.2, 1.0 + 0.26 * rows))
    count_ax, rate_ax, reading_ax = drawn.subplots(1, 3, width_ratios=(1, 1, 1.5))
    # Of another number of pictures: beside ours as they are per step where that is known, else as counts.
    _bars(count_ax, inputs, cells, "jaggedness", {} if rates else counts, "{:,.0f}")
    _bars(rate_ax, inputs, cells, "jaggedness_rate", rates, "{:.1%}")
    count_ax.set_xlabel("transitions")
    rate_ax.set_xlabel("transitions per step")
    labels = [short(network) for network in inputs.networks]
    labels += [f"{NAMES[name]} (paper)" for name in not_in_run(inputs, counts)]
    for ax in (count_ax, rate_ax):
        ax.set_ylim(rows - 0.4, -0.6)
        ax.set_yticks(range(rows), labels if ax is count_ax else [""] * rows)
    _readings(reading_ax, inputs, cells, papers=bool(rates))
    return Drawing(drawn, _caption(inputs, cells, counts, rates))


def _readings(ax: "Axes", inputs: Inputs, cells: Cells, *, papers: bool) -> None:
    """Three shares, a bar with its interval for each network, from left to right in the order of the names, and the share
    that the paper gives, which may be each of them."""
    width = 0.8 / len(inputs.networks)
    for place, (network, look) in enumerate(looks(inputs.networks).items()):
        for k, measure in enumerate(READINGS):
            row = cells.get((measure, network))
            if row is not None:
                x = k + (place - (len(inputs.networks) - 1) / 2) * width
                ax.bar(x, row["estimate"], width * 0.9, facecolor=look.colour, hatch=look.hatch, alpha=FAINT)
                if row["ci_low"] is not None:
                    ax.plot((x, x), (row["ci_low"], row["ci_high"]), color="#202020", linewidth=1)
    plain(ax)
    if papers:
        ax.axhline(READING, color=GREY, linewidth=0.8, linestyle="--")
        ax.annotate(
            f"{READING:.0%}",
            (1, READING),
            (2, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
        )
    ax.set_xticks(range(len(READINGS)), list(READINGS.values()), fontsize=7)
    ax.set_xlim(-0.6, len(READINGS) - 0.4)
    ax.set_ylim(0, max(0.3 if papers else 0.05, ax.get_ylim()[1]))
    ax.set_ylabel("share")


def _bars(ax: "Axes", inputs: Inputs, cells: Cells, measure: str, paper: Mapping[str, float], form: str) -> None:
    """A bar with its interval for each network, the paper's value beside it; below, the paper's that the run has not."""
    networks, elsewhere = list(inputs.networks), not_in_run(inputs, paper)
    for place, (network, look) in enumerate(looks(networks).items()):
        row, ends = cells.get((measure, network)), [0.0]
        if row is not None:
            ax.barh(place, row["estimate"], 0.6, facecolor=look.colour, hatch=look.hatch, alpha=FAINT)
            ends += [row["estimate"]]
            if row["ci_low"] is not None:
                ax.plot((row["ci_low"], row["ci_high"]), (place, place), color="#202020", linewidth=1)
                ends += [row["ci_high"]]
        given = paper.get(known_as(inputs, network))
        if given is not None:
            ax.plot(given, place, "D", color="white", markeredgecolor=look.colour, markersize=5, zorder=5)
            ends += [given]
        if row is not None:
            _beside(ax, max(ends), place, form.format(row["estimate"]))
    for place, name in enumerate(elsewhere, len(networks)):
        ax.plot(paper[name], place, "D", color="white", markeredgecolor=GREY, markersize=5, zorder=5)
        _beside(ax, paper[name], place, form.format(paper[name]))
    plain(ax)
    ax.set_xlim(0, 1.25 * max(ax.get_xlim()[1], 1e-3))


def _beside(ax: "Axes", x: float, y: float, text: str) -> None:
    ax.annotate(text, (x, y), (6, 0), textcoords="offset points", va="center", fontsize=7)


def _caption(inputs: Inputs, cells: Cells, counts: Mapping[str, float], rates: Mapping[str, float]) -> str:
    sentences = []
    for network in inputs.networks:
        rate, total = cells.get(("jaggedness_rate", network)), cells.get(("jaggedness", network))
        if rate is not None and total is not None:
            sentences.append(
                f"{network}: {total['estimate']:.0f} transitions in {total['n_pairs']:,} steps of {total['n_images']:,} "
                f"pictures ({rate['estimate']:.1%})."
            )
    if counts:
        values = ", ".join(f"{NAMES[name]} {value:.0f}" for name, value in counts.items())
        steps = f"in {JAGGEDNESS_STEPS:,} steps" if rates else "in a number of steps that is not known"
        sentences.append(f"The paper's counts (diamonds), read off its plot: {values} {steps}.")
    sentences.append(
        "Right: (a) of all pictures, (b) of those that begin in the top five, (c) of the frames in the top five."
    )
    if rates:
        sentences.append(
            f"Dashed: the paper's “{READING:.0%} of images”; of which network it is, and which of the three it is, is not "
            "known."
        )
    return " ".join(sentences)
