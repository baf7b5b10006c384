"""The paper's table and bars: P(top-1 change) and mean absolute change by protocol and network."""

from typing import TYPE_CHECKING, Any

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.paper_values import FAINT, GREY, NAMES, PAIRS, SIZE, TABLE_1, V4, known_as, not_in_run, published
from shiftscope.figures.style import WIDEST, looks, new_figure, plain, said_instead, short

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

MEASURES = {"top1_change": "P(top-1 change)", "mac": "mean absolute change"}
GAP = 0.8
"""Between two protocols, in bars."""


@figure(
    "paper_table",
    title="Change from one step to the next, by protocol",
    reference=f"{V4}, table 1 and its bars; the paper's values beside the same protocol on ImageNet's classes",
    tables=("sensitivity",),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw P(top-1 change) and mean absolute change of each network on each protocol, beside the paper's values where it is
    the paper's protocol."""
    table = inputs.sensitivity.filter(
        pl.col("condition") == "all", pl.col("measure").is_in(list(MEASURES)), pl.col("estimate").is_not_null()
    )
    protocols = [name for name in inputs.protocols if name in set(table["protocol"])]
    if not protocols:
        drawn = said_instead("no protocol here has neighbouring steps")
        return Drawing(drawn, "No protocol of this data set has neighbouring steps.")
    first, places = 0.0, {}
    for protocol in protocols:
        places[protocol] = first
        first += len(inputs.networks) + len(_elsewhere(inputs, protocol)) + GAP
    drawn = new_figure(WIDEST, 0.9 + 0.15 * -(-len(inputs.networks) // 4) + (0.17 if first < 40 else 0.13) * first)
    axes = drawn.subplots(1, len(MEASURES), sharey=True)
    for ax, (measure, title) in zip(axes, MEASURES.items(), strict=True):
        plain(ax)
        ax.set_xlabel(title)
        cells = {
            (row["protocol"], row["network"]): row
            for row in table.filter(pl.col("measure") == measure).iter_rows(named=True)
        }
        for protocol, top in places.items():
            _draw_group(ax, inputs, cells, measure, protocol, top)
        ax.set_xlim(0, 1.15 * max(ax.get_xlim()[1], 1e-3))
    axes[0].set_ylim(first - GAP, -GAP)
    middles = [top + (len(inputs.networks) + len(_elsewhere(inputs, name)) - 1) / 2 for name, top in places.items()]
    axes[0].set_yticks(middles, [short(name) for name in protocols])
    for ax in axes:
        ax.tick_params(axis="y", length=0)
    handles = _handles(inputs, protocols)
    drawn.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=7)
    return Drawing(drawn, _caption(inputs, table, protocols))


def _handles(inputs: Inputs, protocols: list[str]) -> "list[Artist]":
    """What the legend explains: the networks' colours, and the paper's diamonds where there are any."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Artist] = [
        Patch(facecolor=look.colour, hatch=look.hatch, alpha=FAINT, label=short(name))
        for name, look in looks(inputs.networks).items()
    ]
    if any(_paper(inputs, protocol, "top1_change") for protocol in protocols):
        handles += [
            Line2D([], [], marker="D", linestyle="none", color="white", markeredgecolor="#202020", markersize=4.5,
                   label=f"the paper's (in grey: not run here at its {SIZE} px)")
        ]  # fmt: skip
    return handles


def _draw_group(
    ax: "Axes", inputs: Inputs, cells: dict[tuple[str, str], dict[str, Any]], measure: str, protocol: str, top: float
) -> None:
    """The bars of one protocol from `top` down, and below them the paper's networks that the run has not."""
    paper = _paper(inputs, protocol, measure)
    for place, (network, look) in enumerate(looks(inputs.networks).items()):
        row, given = cells.get((protocol, network)), paper.get(known_as(inputs, network))
        if row is None:
            continue
        y, ends = top + place, [row["estimate"]]
        ax.barh(y, row["estimate"], 0.85, facecolor=look.colour, hatch=look.hatch, alpha=FAINT)
        if row["ci_low"] is not None:
            ax.plot((row["ci_low"], row["ci_high"]), (y, y), color="#202020", linewidth=1)
            ends += [row["ci_high"]]
        if given is not None:
            ax.plot(given, y, "D", color="white", markeredgecolor=look.colour, markersize=4.5, zorder=5)
            ends += [given]
        _beside(ax, max(ends), y, f"{row['estimate']:.3f}")
    for place, name in enumerate(_elsewhere(inputs, protocol), len(inputs.networks)):
        ax.plot(paper[name], top + place, "D", color="white", markeredgecolor=GREY, markersize=4.5, zorder=5)
        _beside(ax, paper[name], top + place, f"{NAMES[name]} {paper[name]:g}", GREY)


def _beside(ax: "Axes", x: float, y: float, text: str, colour: str = "#202020") -> None:
    ax.annotate(text, (x, y), (5, 0), textcoords="offset points", va="center", fontsize=7, color=colour)


def _part(inputs: Inputs, protocol: str) -> str | None:
    """Which part of the paper's table a protocol is: `crop`, `black`, or none of them."""
    return next((part for part, settings in PAIRS.items() if published(inputs, protocol, settings, {"": 0})), None)


def _paper(inputs: Inputs, protocol: str, measure: str) -> dict[str, float]:
    part = _part(inputs, protocol)
    return TABLE_1[measure, part] if part else {}


def _elsewhere(inputs: Inputs, protocol: str) -> list[str]:
    return not_in_run(inputs, _paper(inputs, protocol, "top1_change"))


def _caption(inputs: Inputs, table: pl.DataFrame, protocols: list[str]) -> str:
    sentences = ["Bars are estimates, lines their intervals."]
    for protocol in protocols:
        said = []
        for measure, title in MEASURES.items():
            rows = table.filter(pl.col("protocol") == protocol, pl.col("measure") == measure).sort("estimate")
            if len(rows):
                low, high = rows.row(0, named=True), rows.row(-1, named=True)
                most = f" to {high['estimate']:.3f} ({high['network']})" if len(rows) > 1 else ""
                said.append(f"{title} {low['estimate']:.3f} ({low['network']}){most}")
        sentences.append(f"{protocol}: {', '.join(said)}.")
    for part in PAIRS:
        beside = [name for name in protocols if _part(inputs, name) == part]
        if beside:
            values = ", ".join(f"{NAMES[name]} {value:g}" for name, value in TABLE_1["top1_change", part].items())
            sentences.append(f"The paper's P(top-1 change), {part}: {values} (beside {', '.join(beside)}).")
    return " ".join(sentences)
