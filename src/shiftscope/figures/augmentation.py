"""Does augmentation help, by the framing of the pictures that networks were trained on?"""

from typing import TYPE_CHECKING

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import SMALLEST, WIDEST, colours, new_figure, plain, said_instead, short
from shiftscope.remedies.augmentation import ALIKE, OTHERWISE
from shiftscope.wording.remedies import claim_sentence, main_protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAID = {ALIKE: "framed like\nthese pictures", OTHERWISE: "framed\notherwise"}


@figure(
    "augmentation",
    title="Training with augmentation",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177): augmentation makes networks invariant only for pictures like those "
    "that they were trained on; augmentation.parquet",
    tables=("augmentation",),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw P(top-1 change) without and with augmentation, a panel for each protocol, grouped by the training set."""
    table = inputs.augmentation.filter(pl.col("estimate").is_not_null(), of="network")
    protocols = [name for name in inputs.protocols if name in set(table["protocol"])]
    if not protocols:
        return Drawing(said_instead("no picture was seen by all networks"), "There is no picture that all networks have.")
    groups = table["trained_on"].unique(maintain_order=True).to_list()
    places = _places(table, groups)
    wide = max(1.8, 0.35 * (len(places) + len(groups) + 1))
    across = max(1, min(len(protocols), int((WIDEST - 0.8) // wide)))
    down = -(-len(protocols) // across)
    drawn = new_figure(min(WIDEST, wide * across + 0.8), 3.4 * down)
    grid = drawn.subplots(down, across, squeeze=False, sharey=True)
    for ax in grid.flat[len(protocols) :]:
        ax.set_visible(False)
    for ax, protocol in zip(grid.flat, protocols, strict=False):
        plain(ax)
        ax.set_title(short(protocol))
        for row in table.filter(protocol=protocol).rows(named=True):
            _pair(ax, row, places[row["network"]], colours(inputs.networks)[row["network"]])
        _groups(ax, table, groups, places)
    grid[0, 0].set_ylim(0, 1.35 * max(table["plain"].max(), table["estimate"].max()) or 1)  # type: ignore[type-var,operator]
    for ax in grid[:, 0]:
        ax.set_ylabel("P(top-1 change)")
    main = main_protocol(inputs.protocols, set(protocols))
    first = "Each line goes from a network trained without augmentation (hollow) to the same one trained with it (filled)."
    return Drawing(drawn, f"{first} {claim_sentence(inputs.augmentation, str(main))}{_distances(table)}")


def _places(table: pl.DataFrame, groups: list[str]) -> dict[str, int]:
    """Where each network is on the axis: those of one training set side by side, a place between the sets left free."""
    places: dict[str, int] = {}
    for number, group in enumerate(groups):
        for network in table.filter(trained_on=group)["network"].unique(maintain_order=True):
            places[network] = len(places) + number
    return places


def _pair(ax: "Axes", row: dict[str, float], place: int, colour: str) -> None:
    ends = (place - 0.2, place + 0.2)
    ax.plot(ends, (row["plain"], row["estimate"]), color=colour, linewidth=1.2)
    ax.plot(ends[0], row["plain"], "o", color=colour, markerfacecolor="white", markersize=4)
    ax.plot(ends[1], row["estimate"], "o", color=colour, markersize=4)


def _groups(ax: "Axes", table: pl.DataFrame, groups: list[str], places: dict[str, int]) -> None:
    ax.set_xlim(-1, max(places.values()) + 1)  # so that the words above the outermost groups have room
    ax.set_xticks(list(places.values()), [short(name) for name in places], rotation=60, ha="right", rotation_mode="anchor")
    for group in groups:
        own = table.filter(trained_on=group)
        middle = sum(places[name] for name in set(own["network"])) / own["network"].n_unique()
        framing = own["framing"][0]
        text = short(group) + (f"\n{SAID[framing]}" if framing else "")
        ax.text(middle, 1, text, transform=ax.get_xaxis_transform(), ha="center", va="top", fontsize=SMALLEST)


def _distances(table: pl.DataFrame) -> str:
    """How far the framing of each training set is from that of these pictures, where it is known."""
    known = table.filter(pl.col("distance").is_not_null()).select("trained_on", "distance").unique(maintain_order=True)
    if known.is_empty():
        return ""
    said = ", ".join(f"{name} {distance:.3f}" for name, distance in known.iter_rows())
    return f" Distance of the framing from that of these pictures (0 to 1): {said}."
