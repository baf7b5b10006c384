"""Where boxes are and how large, per category, against two null hypotheses.

The *naive* null takes every centre and every height for equally likely: U(0, 1) of the picture. No large object can obey
it, however it was photographed. The *feasible* null takes every place where a box of its size fits for equally likely.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from shiftscope import tables
from shiftscope.bias import BIAS
from shiftscope.randomness import generator
from shiftscope.statistics import Floats, benjamini_hochberg, bootstrap_mean_like, ks_uniform, wasserstein_uniform

ALL = "(all)"
"""The category that stands for all of them together."""

TESTS = (
    ("centre_x", "naive"),
    ("centre_x", "feasible"),
    ("centre_y", "naive"),
    ("centre_y", "feasible"),
    ("height", "naive"),
)

RESAMPLES = 500


class Verdict(NamedTuple):
    """How many categories are not uniform, for one quantity and null."""

    quantity: str
    null: str
    rejected: int
    tested: int


def box_statistics(boxes: pl.DataFrame, *, seed: int, minimum_n: int = 20, level: float = 0.95) -> pl.DataFrame:
    """Kolmogorov–Smirnov tests and effect sizes of `boxes` (tables.BOXES): BIAS.

    One row for each category, and for all together, × centre_x, centre_y, height × null (the height has only the naive
    one). Crowd boxes are left out. The effect is the Wasserstein distance to U(0, 1). Where there are fewer than
    `minimum_n` boxes, or all are as large as the picture, `reason` says why there is no p-value.
    """
    boxes = boxes.filter(~pl.col("is_crowd").fill_null(False))
    values = _positions(boxes, seed)
    rows: list[dict[str, object]] = []
    groups = [
        (ALL, values),
        *sorted(((str(key[0]), group) for key, group in values.group_by("category")), key=lambda item: item[0]),
    ]
    for category, group in groups:
        for quantity, null in TESTS:
            sample = group[f"{quantity} {null}"].drop_nulls().to_numpy()
            rows.append(
                {
                    "category": category,
                    "quantity": quantity,
                    "null": null,
                    **_described(sample, group.height, minimum_n, seed, level),
                }
            )
    table = tables.table(rows, BIAS)
    families = (pl.col("quantity"), pl.col("null"), pl.col("category") == ALL)
    corrected = pl.col("p_value").map_batches(
        lambda p: pl.Series(benjamini_hochberg(p.to_numpy())), return_dtype=pl.Float64
    )
    return table.with_columns(corrected.over(families).alias("q_value")).fill_nan(None)


def _positions(boxes: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The quantities under their nulls, each in [0, 1]; null where a box leaves nothing to ask."""
    columns: dict[str, pl.Series | Floats] = {"category": boxes["category"]}
    rng = generator(seed, "places within a pixel")
    for axis, side in (("x", "image_width"), ("y", "image_height")):
        low, high = boxes[f"{axis}_min"].to_numpy(), boxes[f"{axis}_max"].to_numpy()
        extent = boxes[side].to_numpy().astype(np.float64)
        columns[f"centre_{axis} naive"] = np.clip((low + high) / 2 / extent, 0, 1)
        columns[f"centre_{axis} feasible"] = feasible_place(low, high, extent, rng)
    height = (boxes["y_max"] - boxes["y_min"]).to_numpy() / boxes["image_height"].to_numpy()
    columns["height naive"] = np.clip(height, 0, 1)
    return pl.DataFrame(columns).fill_nan(None)


def feasible_place(low: Floats, high: Floats, extent: Floats, rng: np.random.Generator) -> Floats:
    """Where each box [low, high) lies among the places that its size leaves it in [0, extent): u = (c − s/2) ÷ (1 − s).

    A box on whole pixels has only extent − size + 1 places: u is drawn within its cell, so that it is exactly U(0, 1) where
    all places are equally likely. nan for a box as large as the picture, which has one place.
    """
    room = extent - (high - low)
    whole = (low == np.round(low)) & (high == np.round(high))
    within = rng.uniform(size=len(low))
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.where(whole, (low + within) / (room + 1), low / room)
    return np.where(room > 0, np.clip(u, 0, 1), np.nan)


def _described(sample: Floats, n_boxes: int, minimum_n: int, seed: int, level: float) -> dict[str, object]:
    n = len(sample)
    effect = bootstrap_mean_like(sample, wasserstein_uniform, seed=seed, level=level, n_resamples=RESAMPLES) if n else None
    described: dict[str, object] = {
        "n": n,
        "mean": float(sample.mean()) if n else None,
        "sd": float(sample.std(ddof=1)) if n > 1 else None,
        "effect": effect.estimate if effect else None,
        "effect_low": effect.low if effect else None,
        "effect_high": effect.high if effect else None,
    }
    if n >= minimum_n:
        statistic, p_value = ks_uniform(sample)
        return {**described, "statistic": statistic, "p_value": p_value}
    if n_boxes >= minimum_n:
        return {**described, "reason": f"{n_boxes - n} of {n_boxes} boxes are as large as the picture"}
    return {**described, "reason": f"{n} boxes, fewer than {minimum_n}"}


def verdicts(bias: pl.DataFrame, q: float = 0.05) -> list[Verdict]:
    """How many categories have q < `q`, for each quantity and null that was tested, `centre` meaning either axis."""
    own = bias.filter((pl.col("category") != ALL) & pl.col("p_value").is_not_null())
    centre = centre_q(own).with_columns(quantity=pl.lit("centre"))
    found = []
    for quantity, null in (("centre", "naive"), ("centre", "feasible"), ("height", "naive")):
        tested = (centre if quantity == "centre" else own).filter(pl.col("quantity") == quantity, pl.col("null") == null)
        if len(tested):
            found.append(Verdict(quantity, null, int((tested["q_value"] < q).sum()), len(tested)))
    return found


def centre_q(bias: pl.DataFrame) -> pl.DataFrame:
    """`category`, `null`, `q_value` of both axes of the centre together: the smaller one counts twice (Bonferroni)."""
    tested = bias.filter(pl.col("quantity").str.starts_with("centre"), pl.col("q_value").is_not_null())
    return tested.group_by("category", "null").agg((pl.col("q_value").min() * pl.len()).clip(0, 1))


def verdict_sentence(bias: pl.DataFrame, q: float = 0.05) -> str:
    """The verdicts as a sentence for the report."""
    words = {
        ("centre", "naive"): "{} of {} categories are not centred uniformly over the picture (naive null)",
        ("centre", "feasible"): "{} of {} not even given the size of their boxes (feasible null)",
        ("height", "naive"): "{} of {} do not have uniform heights",
    }
    parts = [words[v.quantity, v.null].format(v.rejected, v.tested) for v in verdicts(bias, q)]
    return f"{'; '.join(parts)} (q < {q:g})." if parts else "No category has enough boxes to be tested."
