"""Where a photographer puts what: box centres and heights per category."""

import numpy as np
import polars as pl

from shiftscope.bias.boxes import ALL, centre_q
from shiftscope.bias.rectangles import CORNERS
from shiftscope.bias.selection import is_of, kept
from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import COLOURS, WIDEST, new_figure, plain, short
from shiftscope.wording.framing import verdict_sentence

MOST_CATEGORIES = 11
ACROSS = 6
MOST_POINTS = 2000
KNOWN = pl.all_horizontal(pl.col(*CORNERS).is_finite()).fill_null(value=False)
KINDS = {"crowd": "of a crowd", "difficult": "difficult", "truncated": "truncated", "edge": "at an edge"}


@figure(
    "box_centres",
    title="Box centres and heights per category",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), section 4; feasible null: centres given the size of each box",
    tables=("boxes", "bias"),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the boxes of each category that the statistics count, with their centres and their verdict."""
    boxes = _shares(kept(inputs.boxes, inputs.inclusion).filter(KNOWN).collect())
    centres = centre_q(inputs.bias)
    counts = boxes["category"].value_counts().sort("count", "category", descending=[True, False])
    frequent = counts["category"].head(MOST_CATEGORIES).sort().to_list()
    groups = {ALL: boxes} | {name: boxes.filter(pl.col("category") == name) for name in frequent}
    across = min(ACROSS, len(groups))
    blocks = -(-len(groups) // across)
    drawn = new_figure(min(WIDEST, 1.5 * across + 0.6), 2.75 * blocks)
    axes = drawn.subplots(2 * blocks, across, squeeze=False, height_ratios=[1.6, 0.75] * blocks)
    for place in range(blocks * across):
        upper, lower = axes[2 * (place // across), place % across], axes[2 * (place // across) + 1, place % across]
        if place >= len(groups):
            upper.set_visible(False)
            lower.set_visible(False)
            continue
        name, group = list(groups.items())[place]
        _centres(upper, group)
        q = dict(centres.filter(pl.col("category") == name).select("null", "q_value").iter_rows())
        said = "\n".join(f"{null} {_q(value)}" for null in ("naive", "feasible") if (value := q.get(null)) is not None)
        upper.set_title(f"{short(name, 16)} (n={len(group)})\n{said or 'too few to test'}", fontsize=7)
        _heights(lower, group)
        lower.set_xlabel("height" if place // across == blocks - 1 or place + across >= len(groups) else "", fontsize=7)
    caption = (
        "Points: box centres as a fraction of the picture; dotted square: where the centre of a box of the median size can "
        "be at all; below, box heights against the uniform density (dotted). In the titles: q of both axes together. "
        + _by_themselves(boxes, counts.height)
        + verdict_sentence(inputs.bias)
    )
    return Drawing(drawn, f"{caption}{_left_out(inputs, len(boxes))}")


def _shares(boxes: pl.DataFrame) -> pl.DataFrame:
    """The boxes with their centres `x`, `y` and sides `w`, `h` as shares of the picture."""
    return boxes.with_columns(
        ((pl.col("x_min") + pl.col("x_max")) / 2 / pl.col("image_width")).alias("x"),
        ((pl.col("y_min") + pl.col("y_max")) / 2 / pl.col("image_height")).alias("y"),
        ((pl.col("x_max") - pl.col("x_min")) / pl.col("image_width")).alias("w"),
        ((pl.col("y_max") - pl.col("y_min")) / pl.col("image_height")).alias("h"),
    )


def _by_themselves(boxes: pl.DataFrame, categories: int) -> str:
    """Where there are more categories or boxes than a figure can show."""
    said = ""
    if categories > MOST_CATEGORIES:
        said += f"Of {categories} categories, the {MOST_CATEGORIES} with the most boxes have their own panels. "
    if len(boxes) > MOST_POINTS:
        said += f"Of more than {MOST_POINTS} boxes, as many points are drawn, taken at random. "
    return said


def _left_out(inputs: Inputs, shown: int) -> str:
    """How many boxes the statistics leave out, and why: a box may have several reasons."""
    lazy, total = inputs.boxes.lazy(), len(inputs.boxes)
    if shown == total:
        return ""
    reasons = {KINDS[kind]: is_of(lazy, kind) for kind in inputs.inclusion.left_out}
    reasons["without known corners"] = ~KNOWN
    found = lazy.select(reason.sum().alias(words) for words, reason in reasons.items()).collect().row(0, named=True)
    why = ", ".join(f"{count} {words}" for words, count in found.items() if count)
    return f" Left out, as in the statistics: {total - shown} of {total} boxes ({why})."


def _centres(ax, group: pl.DataFrame) -> None:  # type: ignore[no-untyped-def]
    points = group if len(group) <= MOST_POINTS else group.sample(MOST_POINTS, seed=0)
    ax.plot(
        points["x"].to_numpy(), points["y"].to_numpy(), ".", color=COLOURS[0], markersize=2.5, alpha=0.5, markeredgewidth=0
    )
    if len(group):
        w, h = float(group["w"].median() or 0), float(group["h"].median() or 0)  # type: ignore[arg-type]
        ax.plot(
            [w / 2, 1 - w / 2, 1 - w / 2, w / 2, w / 2],
            [h / 2, h / 2, 1 - h / 2, 1 - h / 2, h / 2],
            ":",
            color="#404040",
            lw=0.9,
        )
    ax.set(xlim=(0, 1), ylim=(1, 0), aspect="equal", xticks=[], yticks=[])


def _heights(ax, group: pl.DataFrame) -> None:  # type: ignore[no-untyped-def]
    """A histogram of the heights, and the uniform density."""
    plain(ax)
    if len(group):
        ax.hist(group["h"].to_numpy(), bins=np.linspace(0, 1, 21), density=True, color=COLOURS[4])
    ax.axhline(1, color="#404040", linewidth=0.8, linestyle=":")
    ax.set_xlim(0, 1)
    ax.set_yticks([])
    ax.set_xticks([0, 0.5, 1], ["0", ".5", "1"])


def _q(value: float) -> str:
    if value >= 0.001:
        return f"q={value:.2f}" if value >= 0.01 else "q<.01"
    return f"q≈1e{int(np.floor(np.log10(value)))}" if value > 0 else "q<1e-300"
