"""Probability of the true class over pictures × shift, networks side by side, with the changes of the answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, new_figure, said_instead, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 4
MOST_ROWS = 120
"""Pictures that a panel has room for."""
ABSENT, CHANGED = "#bccbdd", "#0090ff"
"""Colours that the colour map, from black over red and yellow to white, does not have."""


class Map(NamedTuple):
    """What one network answered, pictures × columns, the pictures in the order of the figure."""

    columns: NDArray[np.float64]
    """The swept values, or the steps."""
    truth: NDArray[np.float64]
    """P(true class); nan where the picture has no such column."""
    changed: NDArray[np.bool_]
    """Whether the answer is another one than a step before."""
    by_value: bool
    """Whether columns are values: steps, where a picture has a value twice (a grid, or one size at several places)."""


@figure(
    "heatmap",
    title="P(true class) over pictures and steps",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 2A: rows sorted, colour map hot, 0 to 1",
    tables=("predictions",),
    source=("labels",),
    protocol=("ordered", "long"),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the probability of the true class, a row for each picture and a column for each step, and each change of the
    answer."""
    means = pl.concat([inputs.predictions(network).select("image_id", "label_prob") for network in inputs.networks])
    order = (
        means.group_by("image_id")
        .agg(pl.col("label_prob").cast(pl.Float64).mean())
        .sort("label_prob", "image_id", descending=[True, False])
    )
    return draw_map(
        inputs,
        order["image_id"].to_list(),
        "the surest first: by the mean over all networks and steps",
        "the picture has no such step",
    )


def draw_map(inputs: Inputs, order: Sequence[str], order_said: str, absent_said: str) -> Drawing:
    """The heat maps of all networks with their rows, one for each picture of `order`, in that order."""
    tables = {network: inputs.predictions(network).filter(pl.col("label").is_not_null()) for network in inputs.networks}
    seen = set().union(*(table["image_id"] for table in tables.values()))
    ids = [*(image_id for image_id in order if image_id in seen), *sorted(seen.difference(order))]
    if not ids:
        return Drawing(said_instead("no picture with a label"), "There is no picture with a label.")
    maps = {network: _map(table, ids) for network, table in tables.items()}
    shown = np.unique(np.linspace(0, len(ids) - 1, min(MOST_ROWS, len(ids))).round().astype(int))
    across = min(ACROSS, len(maps))
    down = -(-len(maps) // across)
    drawn = new_figure(min(WIDEST, 2 * across + 2.4), 3 * down + 0.6)
    axes = drawn.subplots(down, across, squeeze=False, sharey=True)
    for ax, (network, one) in zip(axes.flat, maps.items(), strict=False):
        _panel(ax, one, shown, WIDEST / across * 0.8)
        ax.set_title(short(network))
    for ax in list(axes.flat)[len(maps) :]:
        ax.set_visible(False)
    facts = inputs.protocols[inputs.protocol]
    by_value = facts["unit"] and all(one.by_value for one in maps.values())
    drawn.supxlabel(f"{facts['title']}, {facts['unit']}" if by_value else "step", fontsize=8)
    number = f"{len(shown)}" if len(shown) == len(ids) else f"{len(shown)} of {len(ids)}"
    drawn.supylabel(f"{number} pictures, {order_said.partition(':')[0]}", fontsize=8)
    drawn.colorbar(axes.flat[0].images[0], ax=axes, label="P(true class)", fraction=0.03)
    some_absent = any(np.isnan(one.truth).any() for one in maps.values())
    absent_said = absent_said if some_absent else ""
    _legend(drawn, absent_said)
    return Drawing(drawn, _caption(maps, len(ids), len(shown), order_said, absent_said))


def _panel(ax: "Axes", one: Map, shown: NDArray[np.int64], width: float) -> None:
    """The rows `shown` of one map, `width` inches wide."""
    from matplotlib import colormaps

    colour = colormaps["hot"].with_extremes(bad=ABSENT)
    grid = np.ma.masked_invalid(one.truth[shown])
    ax.imshow(grid, cmap=colour, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    rows, columns = np.nonzero(one.changed[shown])
    line = min(1.6, 0.45 * 72 * width / len(one.columns))
    ax.vlines(columns - 0.5, rows - 0.5, rows + 0.5, color=CHANGED, linewidth=line)
    ticks = np.unique(np.linspace(0, len(one.columns) - 1, min(5, len(one.columns))).round().astype(int))
    ax.set_xticks(ticks, [f"{one.columns[tick]:g}" for tick in ticks])
    ax.set_yticks([])


def _legend(drawn: "Figure", absent_said: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    mark = Line2D([], [], marker="|", linestyle="none", color=CHANGED, markersize=7, markeredgewidth=1.5)
    labels = ["the answer changes", *([absent_said] if absent_said else [])]
    drawn.legend(
        [mark, Patch(color=ABSENT)][: len(labels)], labels, loc="outside upper center", ncols=2, frameon=False, fontsize=7
    )


def _caption(maps: dict[str, Map], total: int, shown: int, order_said: str, absent_said: str) -> str:
    some = "" if shown == total else f" {shown} of {total} pictures are drawn, at even distances in this order."
    absent = f" Light blue: {absent_said}." if absent_said else ""
    said = "; ".join(f"{network}: {_said(one)}" for network, one in maps.items())
    return (
        "Each row is a picture, each column a step; blue marks: from one step to the next, the answer changes. A row of "
        "one colour without marks is a steady answer; where a row keeps its colour and has marks, other classes take turns."
        f" Rows are in one order for all networks, {order_said}.{some}{absent} Of all pictures: {said}."
    )


def _said(one: Map) -> str:
    """How many pictures have two answers, and how far P(true class) moves along a row."""
    known = ~np.isnan(one.truth).all(1)
    truth = one.truth[known]
    swing = np.nanmax(truth, 1) - np.nanmin(truth, 1)
    return (
        f"the answer changes in {np.mean(one.changed[known].any(1)):.0%}, and P(true class) moves by "
        f"{np.median(swing):.2f} in the median picture, by more than ½ in {np.mean(swing > 0.5):.0%}"
    )


def _map(predictions: pl.DataFrame, ids: Sequence[str]) -> Map:
    """What one network answered on these pictures, a row each."""
    rows = predictions.sort("image_id", "step").with_columns(top1=pl.col("top5").list.first())
    before = pl.col("top1", "step").shift(1).over("image_id").name.prefix("past_")
    rows = rows.with_columns(before).with_columns(
        changed=((pl.col("top1") != pl.col("past_top1")) & (pl.col("step") == pl.col("past_step") + 1)).fill_null(
            value=False
        )
    )
    by_value = not rows.select("image_id", "value").is_duplicated().any()
    column = rows["value" if by_value else "step"].cast(pl.Float64)
    columns = column.unique().sort().to_numpy()
    place = {image_id: row for row, image_id in enumerate(ids)}
    at = (
        np.array([place[image_id] for image_id in rows["image_id"]], dtype=int),
        np.searchsorted(columns, column.to_numpy()),
    )
    truth, changed = np.full((len(ids), len(columns)), np.nan), np.zeros((len(ids), len(columns)), dtype=bool)
    truth[at], changed[at] = rows["label_prob"].to_numpy(), rows["changed"].to_numpy()
    return Map(columns, truth, changed, by_value)
