"""Where pairs of points are: the paper's figure 6."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from shiftscope.bias.landmarks import spanned
from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import COLOURS, new_figure, plain, said_instead, short

MOST_POINTS = 5000
Q = 0.05
MOST_CATEGORIES = 4
MOST_ROWS = 12
"""Of several pairs, fewer categories each: at least one."""


@figure(
    "landmarks",
    title="Midpoint and distance of two points",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 6",
    tables=("landmarks", "landmark_bias"),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the midpoints and the distances of each pair of points."""
    rows = list(_rows(inputs))
    said = _said(rows, inputs)
    if not rows:
        return Drawing(said_instead("no object has both points of a pair"), said)
    drawn = new_figure(6, 2.7 * len(rows))
    axes = drawn.subplots(len(rows), 2, squeeze=False)
    for (scatter, histogram), row in zip(axes, rows, strict=True):
        group = row.objects
        shown = group if group.height <= MOST_POINTS else group.sample(MOST_POINTS, seed=0)
        scatter.plot(shown["x"].to_numpy(), shown["y"].to_numpy(), ".", color=COLOURS[0], markersize=2.5, alpha=0.5, mew=0)
        scatter.set(xlim=(0, 1), ylim=(1, 0), aspect="equal", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        scatter.set_title(f"{short(row.category)}: midpoint, {short(row.pair)} (n={group.height})")
        histogram.hist(group["distance"].to_numpy(), bins=np.linspace(0, 1, 41), color=COLOURS[4])
        histogram.set(xlabel=f"distance, {short(row.pair)}, share of the picture's width", ylabel="objects", xlim=(0, 1))
        plain(histogram)
    return Drawing(drawn, said)


class _Row(NamedTuple):
    """One category's objects that have both points of a pair, in one line of the figure."""

    pair: str
    category: str
    objects: pl.DataFrame
    """`x`, `y` of the midpoint, shares of the picture; `distance`, in widths of it."""
    of: int
    """How many categories have such objects."""


def _rows(inputs: Inputs) -> Iterator[_Row]:
    """Of every pair, in the order of the config, the categories with the most objects that have both points."""
    most = max(1, min(MOST_CATEGORIES, MOST_ROWS // len(inputs.landmark_pairs)))
    for pair, (first, second) in inputs.landmark_pairs.items():
        objects = _objects(inputs.landmarks, first, second)
        counts = objects["category"].value_counts().sort("count", "category", descending=[True, False])
        for category in counts["category"].head(most):
            yield _Row(pair, category, objects.filter(pl.col("category") == category), counts.height)


def _objects(landmarks: pl.DataFrame, first: str, second: str) -> pl.DataFrame:
    """The objects that the statistics are of."""
    width, height = (pl.col(f"{axis}_max") - pl.col(f"{axis}_min") for axis in "xy")
    return (
        spanned(landmarks.lazy(), first, second)
        .select(
            pl.col("category").fill_null("without a category"),
            x=(pl.col("x_min") + pl.col("x_max")) / 2 / pl.col("image_width"),
            y=(pl.col("y_min") + pl.col("y_max")) / 2 / pl.col("image_height"),
            distance=(width**2 + height**2).sqrt() / pl.col("image_width"),
        )
        .collect()
    )


def _said(rows: list[_Row], inputs: Inputs) -> str:
    """What each row shows, pair by pair, and what the tests say of it."""
    sentences = []
    for pair, points in inputs.landmark_pairs.items():
        own = [row for row in rows if row.pair == pair]
        if not own:
            sentences.append(f"{pair}: no object has both {' and '.join(points)}.")
            continue
        which = f", the {len(own)} of {own[0].of} categories with the most" if len(own) < own[0].of else ""
        parts = []
        for row in own:
            x, y, distance = row.objects.select(pl.col("x", "y", "distance").median()).row(0)
            parts.append(f"{row.category}: median midpoint ({x:.2f}, {y:.2f}), median distance {distance:.3f}")
        sentences.append(f"{pair} ({' and '.join(points)}){which}: {'; '.join(parts)}.{_odd(pair, own, inputs)}")
    if any(row.objects.height > MOST_POINTS for row in rows):
        sentences.append(f"Of more than {MOST_POINTS} objects, as many are drawn, taken at random.")
    return " ".join(sentences)


def _odd(pair: str, rows: list[_Row], inputs: Inputs) -> str:
    """The quantities of a pair that are not uniform, of the categories that are shown."""
    several = len(inputs.landmark_pairs) > 1  # then the quantities in the table begin with the pair's name
    tested = inputs.landmark_bias.filter(
        pl.col("q_value") < Q,
        pl.col("category").is_in([row.category for row in rows]),
        pl.col("quantity").str.starts_with(f"{pair} " if several else ""),
    )
    found = tested.select("category", "quantity", "null", "q_value").iter_rows()
    odd = [f"{category} {quantity} ({null}; q {q:.2g})" for category, quantity, null, q in found]
    return f" Not uniform (q < {Q:g}): {'; '.join(odd)}." if odd else ""
