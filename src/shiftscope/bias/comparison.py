"""Whether two data sets, or training and validation, are framed alike."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope import tables, uniformity
from shiftscope.bias import FRAMING_COMPARISON
from shiftscope.bias.rectangles import ALL, EDGE, Rectangles, grouped, kept
from shiftscope.bias.samples import PLANE, Known, Settings, Units, corrected, known_pairs, known_values, too_few, units_of
from shiftscope.statistics.ratios import Floats
from shiftscope.uniformity import BLOCKS, CELLS, SIDE, Ints

COMPARED = (
    ("centre_x", "naive"),
    ("centre_x", "feasible"),
    ("centre_y", "naive"),
    ("centre_y", "feasible"),
    ("centre", "naive"),
    ("centre", "feasible"),
    ("height", "naive"),
    ("width", "naive"),
    ("area", "naive"),
    ("aspect", "naive"),
)
ON_A_SCALE = {"aspect": "flatness"}
"""What a quantity without an upper end is compared as."""


def compare_framing(
    boxes_a: pl.DataFrame | pl.LazyFrame,
    boxes_b: pl.DataFrame | pl.LazyFrame,
    *,
    seed: int,
    minimum_n: int = 20,
    level: float = 0.95,
    crowd: bool = False,
    difficult: bool = True,
    truncated: bool = True,
    edge: bool = True,
) -> pl.DataFrame:
    """FRAMING_COMPARISON of two tables of boxes: a row for each category of either, and for all together, × quantity.

    The parameters are those of `boxes.box_statistics`, and so are the units: `p_value` is that of the two-sample
    Kolmogorov–Smirnov test where every picture has one box, else by 999 random signs, one per picture, of the deviations
    from both samples together, at their 32-quantiles (`centre`: at 8 × 8 places, always by signs). The effect is the
    Wasserstein distance between the two, its interval by resampling the pictures of both.
    """
    margin = 0.0 if edge else EDGE
    a, b = (
        grouped(kept(boxes, crowd=crowd, difficult=difficult, truncated=truncated, edge=edge), seed + which, margin)
        for which, boxes in enumerate((boxes_a, boxes_b))
    )
    settings = Settings(seed, minimum_n, level)
    rows: list[dict[str, object]] = []
    for category in (ALL, *sorted({*a.categories, *b.categories})):
        pair = [(group, units_of(group, category, seed)) for group in (a.of(category), b.of(category))]
        for quantity, null in COMPARED:
            rows.append(
                {"category": category, "quantity": quantity, "null": null, **_compared(pair, quantity, null, settings)}
            )
    return corrected(tables.table(rows, FRAMING_COMPARISON), FRAMING_COMPARISON)


class Sample(NamedTuple):
    """One of the two."""

    values: Floats
    """(n,), or (2, n) of a pair of coordinates."""
    known: Known
    units: Units
    n: int
    n_images: int

    def counts(self, cells: Ints, n_cells: int) -> Floats:
        return self.units.count(self.known, cells, n_cells)


def _compared(pair: list[tuple[Rectangles, Units]], quantity: str, null: str, settings: Settings) -> dict[str, object]:
    samples, reasons = [], []
    for name, (group, units) in zip("ab", pair, strict=True):
        if quantity in PLANE:
            both, known = known_pairs(group, quantity, null)
            values = np.stack(both)
        else:
            values, known = known_values(group, ON_A_SCALE.get(quantity, quantity), null)
        samples.append(Sample(values, known, units, values.shape[-1], units.pictures(known)))
        if said := too_few(samples[-1].n, samples[-1].n_images, len(group), settings):
            reasons.append(f"{name}: {said}")
    a, b = samples
    row: dict[str, object] = {"n_a": a.n, "n_b": b.n, "n_images_a": a.n_images, "n_images_b": b.n_images}
    if min(a.n, b.n):
        row |= (_plane if quantity in PLANE else _line)(a, b, settings, tested=not reasons)
    return row | {"reason": "; ".join(reasons)} if reasons else row


def _plane(a: Sample, b: Sample, settings: Settings, *, tested: bool) -> dict[str, object]:
    if not tested:
        return {}
    signs = uniformity.multipliers(settings.seed).signs
    cells = [uniformity.cell(x, SIDE) * SIDE + uniformity.cell(y, SIDE) for x, y in (a.values, b.values)]
    of_pictures = [sample.counts(own, SIDE**2) for sample, own in zip((a, b), cells, strict=True)]
    of_boxes = [_boxes_alone(own, SIDE**2, settings.seed) for own in cells]
    p_value, statistic = _two_sample(of_pictures[0], of_pictures[1], signs, plane=True)
    return {
        "statistic": statistic,
        "p_value": p_value,
        "p_value_boxes": _two_sample(of_boxes[0], of_boxes[1], signs, plane=True)[0],
        "reason": "two-dimensional: the effect is given for each axis",
    }


def _line(a: Sample, b: Sample, settings: Settings, *, tested: bool) -> dict[str, object]:
    from scipy.stats import wasserstein_distance

    signs, weights = uniformity.multipliers(settings.seed)
    cells, ends = _quantile_cells(a.values, b.values)
    counts_a, counts_b = a.counts(cells[0], len(ends) - 1), b.counts(cells[1], len(ends) - 1)
    row: dict[str, object] = _moved(a.values, b.values)
    row["effect"] = distance = float(wasserstein_distance(a.values, b.values))
    shares = uniformity.resampled_shares(counts_a, weights), uniformity.resampled_shares(counts_b, weights[:, BLOCKS:])
    units = min(uniformity.filled(counts_a), uniformity.filled(counts_b))
    interval = uniformity.distance_interval(shares[0], distance, units, settings.level, ends, shares[1])
    row |= {"effect_low": interval.low, "effect_high": interval.high}
    if not tested:
        return row
    statistic = uniformity.ks_two(np.sort(a.values), np.sort(b.values))
    boxes = float(uniformity.ks_two_p(np.array([statistic]), np.array([a.n]), np.array([b.n]))[0])
    alone = (a.n_images, b.n_images) == (a.n, b.n)
    p_value = boxes if alone else _two_sample(counts_a, counts_b, signs, plane=False)[0]
    return {**row, "statistic": statistic, "p_value": p_value, "p_value_boxes": boxes}


def _moved(a: Floats, b: Floats) -> dict[str, object]:
    return {"mean_a": float(a.mean()), "mean_b": float(b.mean()), "difference": float(a.mean() - b.mean())}


def _quantile_cells(a: Floats, b: Floats) -> tuple[list[Ints], Floats]:
    """Cells between the quantiles of both samples together, and their ends; each sample weighs the same."""
    inner = np.quantile(
        np.concatenate([np.quantile(v, np.linspace(0, 1, 257)) for v in (a, b)]), np.arange(1, CELLS) / CELLS
    )
    ends = np.concatenate([[min(a.min(), b.min())], np.unique(inner), [max(a.max(), b.max())]])
    return [np.searchsorted(ends[1:-1], values, side="right") for values in (a, b)], ends


def _boxes_alone(cells: Ints, n_cells: int, seed: int) -> Floats:
    """Counts where every box is a unit."""
    units = uniformity.blocks(len(cells), np.random.default_rng(seed))
    return uniformity.count(units, cells, min(len(cells), BLOCKS), n_cells)


def _two_sample(counts_a: Floats, counts_b: Floats, signs: NDArray[np.float32], *, plane: bool) -> tuple[float, float]:
    """p-value and distance of two samples on the same cells (units, K): the signs are of deviations from both together."""
    n_a, n_b = counts_a.sum(), counts_b.sum()
    k = counts_a.shape[1]
    shares = (counts_a.sum(0) + counts_b.sum(0)) / (n_a + n_b)

    def apart(counts: NDArray[np.floating]) -> NDArray[np.floating]:
        mine = [
            (part - part.sum(-1, keepdims=True) * shares.astype(part.dtype)) / n
            for part, n in ((counts[..., :k], n_a), (counts[..., k:], n_b))
        ]
        difference = mine[0] - mine[1]
        return uniformity.quadrants(uniformity.corners(difference)) if plane else np.cumsum(difference, -1)

    both = np.concatenate(
        [np.concatenate([counts_a, np.zeros_like(counts_a)], 1), np.concatenate([np.zeros_like(counts_b), counts_b], 1)]
    )
    return uniformity.sign_flip_p(both, signs, apart), float(np.abs(apart(both.sum(0))).max())
