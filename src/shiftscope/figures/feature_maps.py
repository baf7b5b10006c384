"""Feature maps of one object at three places, at four layers: figure 4 of the paper."""

import numpy as np
import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.paper_values import V1
from shiftscope.figures.style import WIDEST, new_figure, said_instead, short

MOST_NETWORKS = 3


@figure(
    "feature_maps",
    title="One picture at three places, seen by four layers",
    reference=f"{V1}, figure 4",
    tables=("maps",),
    protocol=("inside",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw one channel of four layers at three places of one picture, in one scale of colours for each layer."""
    known = [network for network in inputs.networks if inputs.maps(network).height]
    networks = known[:MOST_NETWORKS]
    if not networks:
        return Drawing(
            said_instead("no network has layers that can be looked at"), "No network has layers that can be looked at."
        )
    tables = [inputs.maps(network) for network in networks]
    rows = max(table["layer"].n_unique() for table in tables)
    drawn = new_figure(min(WIDEST, 2.6 * len(networks) + 0.6), 1.0 * rows + 0.8)
    sentences = []
    for part, network, table in zip(drawn.subfigures(1, len(networks), squeeze=False)[0], networks, tables, strict=True):
        part.suptitle(short(network), fontsize=8, fontweight="bold")
        shifts = table.select("shift_x", "shift_y").unique(maintain_order=True).rows()
        axes = part.subplots(rows, len(shifts), squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for line, (_, maps) in zip(axes, table.group_by("layer", maintain_order=True), strict=False):
            lowest, highest = maps["values"].list.min().min(), maps["values"].list.max().max()
            for ax, row in zip(line, maps.rows(named=True), strict=True):
                ax.imshow(
                    np.reshape(row["values"], (row["height"], row["width"])), cmap="viridis", vmin=lowest, vmax=highest
                )
            first = maps.row(0, named=True)
            line[0].set_title(f"{short(first['layer'], 20)}, {first['width']} cells", fontsize=7, loc="left", pad=2)
        sentences.append(_said(network, table))
    (image_id,) = {table["image_id"][0] for table in tables[:1]}
    places = "; ".join(f"({x:g}, {y:g})" for x, y in shifts)
    explained = (
        f"{image_id}, moved by {places} px to the right and down; of each layer the channel that varies most, in one "
        "scale of colours for all places. "
    )
    more = f" The first {len(networks)} of {len(known)} networks are shown." if len(networks) < len(known) else ""
    return Drawing(drawn, explained + " ".join(sentences) + more)


def _said(network: str, table: pl.DataFrame) -> str:
    """How much the sum of the shown channel of the last layer differs between the places."""
    last = table.filter(layer=table["layer"][-1])
    sums = last["values"].list.sum().to_list()
    mean = float(np.mean(sums))
    if not mean:
        return f"{network}: the channel shown of {last['layer'][0]} sums to 0."
    away = max(abs(value - mean) for value in sums) / abs(mean)
    return f"{network}: over the places, the sum of the channel of {last['layer'][0]} is up to {away:.1%} off its mean."
