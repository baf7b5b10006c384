"""Where pairs of points are: the paper's figure 6."""

import numpy as np
import polars as pl

from shiftscope.bias.landmarks import EYES
from shiftscope.figures import Drawing, Material, figure
from shiftscope.figures.style import COLOURS, new_figure, plain, short

MOST_POINTS = 5000
MOST_CATEGORIES = 4


@figure(
    "landmarks",
    title="Midpoint and distance of two points",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 6",
    needs=("landmarks",),
    per_protocol=False,
)
def draw(material: Material) -> Drawing:
    (left_name, right_name) = _named(material.landmarks)
    pairs = _pairs(material.landmarks, left_name, right_name)
    what = "eyes" if (left_name, right_name) in EYES.values() else f"{left_name} and {right_name}"
    if not pairs.height:
        drawn = new_figure(5, 1.2)
        drawn.text(0.5, 0.5, f"no object has both {left_name} and {right_name}", ha="center", va="center")
        return Drawing(drawn, f"No object has both {left_name} and {right_name}.")
    counts = pairs["category"].value_counts().sort("count", "category", descending=[True, False]).head(MOST_CATEGORIES)
    drawn = new_figure(6, 2.7 * counts.height)
    axes = drawn.subplots(counts.height, 2, squeeze=False)
    said = []
    for (scatter, histogram), name in zip(axes, counts["category"], strict=True):
        group = pairs.filter(pl.col("category") == name)
        shown = group if group.height <= MOST_POINTS else group.sample(MOST_POINTS, seed=0)
        scatter.plot(shown["x"].to_numpy(), shown["y"].to_numpy(), ".", color=COLOURS[0], markersize=2.5, alpha=0.5, mew=0)
        scatter.set(xlim=(0, 1), ylim=(1, 0), aspect="equal", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        scatter.set_title(f"{short(name)}: midpoint, {short(what)} (n={group.height})")
        histogram.hist(group["distance"].to_numpy(), bins=np.linspace(0, 1, 41), color=COLOURS[4])
        histogram.set(xlabel=f"distance, {short(what)}, share of the picture's width", ylabel="objects", xlim=(0, 1))
        plain(histogram)
        middle = group.select(pl.col("x", "y", "distance").median()).row(0)
        said.append(f"{name}: median midpoint ({middle[0]:.2f}, {middle[1]:.2f}), median distance {middle[2]:.3f}")
    tested = material.landmark_bias.filter(
        pl.col("p_value").is_not_null(), pl.col("category").is_in(counts["category"].implode())
    )
    odd = [f"{c} {q} (q {v:.2g})" for c, q, v in tested.select("category", "quantity", "q_value").iter_rows() if v < 0.05]
    tail = f" Not uniform: {'; '.join(odd)}." if odd else ""
    return Drawing(drawn, f"{'; '.join(said)}.{tail}")


def _named(landmarks: pl.DataFrame) -> tuple[str, str]:
    """The eyes where there are any, else the two points that most objects have."""
    counts = landmarks["name"].value_counts().sort("count", "name", descending=[True, False])
    known = counts["name"].to_list()
    eyes = next(iter(EYES.values()))
    if set(eyes) <= set(known) or len(known) < 2:
        return eyes
    return known[0], known[1]


def _pairs(landmarks: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
    """Midpoint and distance, as shares of the picture, of every object that has both points."""
    keys = ["image_id", "category", "instance", "image_width", "image_height"]
    both = landmarks.filter(pl.col("name") == one).join(
        landmarks.filter(pl.col("name") == other), on=keys, suffix="_other", nulls_equal=True
    )
    across, down = pl.col("x") - pl.col("x_other"), pl.col("y") - pl.col("y_other")
    return both.select(
        "category",
        x=(pl.col("x") + pl.col("x_other")) / 2 / pl.col("image_width"),
        y=(pl.col("y") + pl.col("y_other")) / 2 / pl.col("image_height"),
        distance=(across**2 + down**2).sqrt() / pl.col("image_width"),
    )
