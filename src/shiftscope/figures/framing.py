"""Which categories are framed most alike, for ten categories or a thousand."""

import numpy as np
import polars as pl

from shiftscope.bias.boxes import ALL
from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import COLOURS, SMALLEST, WIDEST, new_figure, plain, said_instead, short
from shiftscope.wording.framing import verdict_sentence

MOST = 30
"""Categories that are named."""
Q = 0.05
AXES = ("x", "y")
LABELS = {"x": "across", "y": "down"}
SHADE = {"x": COLOURS[0], "y": COLOURS[1]}


@figure(
    "framing",
    title="Categories by how tightly they are framed",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), section 4, with effect sizes: Wasserstein distance to U(0, 1)",
    tables=("bias",),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the categories in the order of their distance from uniform framing, and the largest ones by name."""
    rows = ranked(inputs.bias)
    if not rows.height:
        return Drawing(said_instead("no category has enough boxes to be tested"), verdict_sentence(inputs.bias))
    named = rows if rows.height <= MOST else pl.concat([rows.head(MOST // 2), rows.tail(MOST // 2)])
    drawn = new_figure(WIDEST, max(3.2, 0.22 * named.height + 1.2))
    left, middle, right = drawn.subplots(1, 3, width_ratios=[1.5, 1, 1])
    _ranking(left, named, rows.height)
    _all_ranks(middle, rows, ranked(inputs.bias, "naive"))
    _sizes(right, rows)
    clear = {axis: rows.filter(pl.col(f"q_{axis}") < Q).height for axis in AXES}
    shown = f"the {MOST // 2} first and last of {rows.height} are named" if rows.height > MOST else "all are named"
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    caption = (
        "Left: how far the places of a category's boxes are from uniform, given their size (0: uniform, .25: all in the "
        f"middle, .5: all at one end), across and down, with intervals over pictures; filled: q < {Q:g} ({clear['x']} "
        f"across, {clear['y']} down, of {rows.height}); {shown}. Middle: all of them, mean of both axes, in order; and "
        "under the naive null, which no large object can obey. Right: against the mean height. Tightest: "
        f"{first['category']} ({first['strength']:.2f}), least: {last['category']} ({last['strength']:.2f})."
    )
    return Drawing(drawn, caption)


def ranked(bias: pl.DataFrame, null: str = "feasible") -> pl.DataFrame:
    """Categories that were tested on both axes, the tightest first: `category`, `strength` (mean of both effects), `height`
    (mean), and for each axis `effect_…`, `low_…`, `high_…`, `q_…`."""
    own = bias.filter(pl.col("category") != ALL)
    table = own.filter(quantity="height", null="naive").select("category", "n", height="mean")
    for axis in AXES:
        rows = own.filter(pl.col("p_value").is_not_null(), pl.col("effect").is_not_null())
        rows = rows.filter(quantity=f"centre_{axis}", null=null)
        names = {
            f"effect_{axis}": "effect",
            f"low_{axis}": "effect_low",
            f"high_{axis}": "effect_high",
            f"q_{axis}": "q_value",
        }
        table = table.join(rows.select("category", **names), on="category")
    strength = pl.mean_horizontal("effect_x", "effect_y")
    return table.with_columns(strength=strength).sort("strength", "category", descending=[True, False])


def _ranking(ax, rows: pl.DataFrame, total: int) -> None:  # type: ignore[no-untyped-def]
    for axis, shift, marker in (("x", -0.17, "o"), ("y", 0.17, "s")):
        y = np.arange(rows.height) + shift
        effect, low, high = (rows[f"{name}_{axis}"].to_numpy() for name in ("effect", "low", "high"))
        ax.hlines(y, np.where(np.isnan(low), effect, low), np.where(np.isnan(high), effect, high), color=SHADE[axis], lw=1)
        clear = (rows[f"q_{axis}"] < Q).to_numpy()
        ax.plot(effect[clear], y[clear], marker, color=SHADE[axis], markersize=3.5)
        ax.plot(effect[~clear], y[~clear], marker, color=SHADE[axis], markersize=3.5, markerfacecolor="white")
    if rows.height < total:
        ax.axhline(MOST // 2 - 0.5, color="#404040", linewidth=0.8, linestyle=":")
    names = [f"{short(name, 22)} ({n})" for name, n in rows.select("category", "n").iter_rows()]
    ax.set_yticks(np.arange(rows.height), names, fontsize=SMALLEST)
    ax.set(xlabel="distance from uniform, given the size", ylim=(rows.height - 0.5, -0.5))
    ax.set_xlim(left=0)
    handles = [
        ax.plot([], [], marker, color=SHADE[axis], label=LABELS[axis])[0] for axis, marker in zip(AXES, "os", strict=True)
    ]
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    plain(ax)


def _all_ranks(ax, place: pl.DataFrame, naive: pl.DataFrame) -> None:  # type: ignore[no-untyped-def]
    for rows, colour, label, dash in ((place, COLOURS[0], "feasible", "-"), (naive, COLOURS[3], "naive", "--")):
        rank = np.arange(1, rows.height + 1)
        ax.plot(
            rank,
            rows["strength"].to_numpy(),
            color=colour,
            label=label,
            linestyle=dash,
            marker="." if rows.height < MOST else "",
        )
    ax.set(xlabel="rank of the category", ylabel="distance from uniform, mean of both axes")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=7)
    plain(ax)


def _sizes(ax, rows: pl.DataFrame) -> None:  # type: ignore[no-untyped-def]
    ax.plot(rows["height"].to_numpy(), rows["strength"].to_numpy(), ".", color=COLOURS[0], markersize=4, alpha=0.6)
    ax.set(xlabel="mean height, share of the picture", ylabel="distance from uniform, given the size", xlim=(0, 1))
    ax.set_ylim(0, 1.08 * float(np.max(rows["strength"].to_numpy())))
    plain(ax)
