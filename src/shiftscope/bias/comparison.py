"""Whether two data sets, or training and validation, are framed alike."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.bias import FRAMING_COMPARISON
from shiftscope.bias import places as of_places
from shiftscope.bias.places import Places
from shiftscope.bias.rectangles import ALL, Rectangles, grouped
from shiftscope.bias.samples import PLANE, Known, Settings, Units, corrected, known_pairs, known_places, too_few, units_of
from shiftscope.bias.selection import USUAL, Inclusion, kept
from shiftscope.core import tables
from shiftscope.statistics import binned, uniformity
from shiftscope.statistics.binned import BLOCKS, CELLS, SIDE
from shiftscope.statistics.ratios import Floats
from shiftscope.statistics.uniformity import Single

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
    inclusion: Inclusion = USUAL,
) -> pl.DataFrame:
    """Return whether two data sets are framed alike, by two-sample tests with the picture as the unit.

    Where every picture has one box, `p_value` is that of the two-sample Kolmogorov–Smirnov test. Elsewhere it is that of
    999 random signs, one per picture, of the deviations from both samples together, at their 32-quantiles. In any case it
    is by signs for `centre`, at 8 × 8 places, and for the feasible null of boxes on whole pixels (`places`), at the ends of
    32 equal cells. The effect is the Wasserstein distance between the two; its interval resamples the pictures of both.

    Parameters
    ----------
    boxes_a, boxes_b : tables `tables.BOXES`, or scans of such files; corners in pixels.
    seed, minimum_n, level, inclusion : as in `boxes.box_statistics`.

    Returns
    -------
    A table `bias.FRAMING_COMPARISON`: a row for each category of either, and for all together (`ALL`), and each of
    `COMPARED`. Where there is no p-value or no effect, `reason` says why.

    Examples
    --------
    Boxes at the left edge against boxes at the right edge, with ten pixels of room between them and the other edge:

    >>> def of(left):
    ...     boxes = pl.DataFrame({"image_id": [str(k) for k in range(30)], "category": "dog", "x_min": left})
    ...     corners = {"y_min": 5.5, "x_max": left + 90, "y_max": 95.5, "image_width": 100, "image_height": 100}
    ...     return boxes.with_columns(**{name: pl.lit(value) for name, value in corners.items()})
    >>> found = compare_framing(of(0.5), of(9.5), seed=0).filter(category="dog", quantity="centre_x", null="feasible")
    >>> found.select("statistic", pl.col("effect", "difference").round(3), "n_a", "n_b").rows()
    [(1.0, 0.9, -0.9, 30, 30)]
    """
    a, b = (grouped(kept(boxes, inclusion), inclusion.margin) for boxes in (boxes_a, boxes_b))
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

    axes: tuple[Places, ...]
    """One, or two of a pair of coordinates."""
    known: Known
    units: Units
    n: int
    n_images: int

    def counts(self, side: int, ends: Floats | None = None) -> Floats:
        """Boxes of each unit in equal cells, or in those between `ends`."""
        if ends is None:
            return self.units.count(self.known, self.axes, side)
        cells = np.searchsorted(ends[1:-1], self.axes[0].start, side="right")
        return binned.count(self.units.of_boxes(self.known), cells, self.units.n, len(ends) - 1)

    def counts_alone(self, side: int, seed: int) -> Floats:
        """Boxes in equal cells where every box is a unit."""
        units = binned.blocks(self.n, np.random.default_rng(seed))
        return of_places.count(units, self.axes, side, min(self.n, BLOCKS))


def _compared(pair: list[tuple[Rectangles, Units]], quantity: str, null: str, settings: Settings) -> dict[str, object]:
    samples, reasons = [], []
    for name, (group, units) in zip("ab", pair, strict=True):
        axes: tuple[Places, ...]
        if quantity in PLANE:
            axes, known = known_pairs(group, quantity, null)
        else:
            places, known = known_places(group, ON_A_SCALE.get(quantity, quantity), null)
            axes = (places,)
        samples.append(Sample(axes, known, units, len(axes[0].start), units.pictures(known)))
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
    of_pictures = [sample.counts(SIDE) for sample in (a, b)]
    of_boxes = [sample.counts_alone(SIDE, settings.seed) for sample in (a, b)]
    p_value, statistic = _two_sample(of_pictures[0], of_pictures[1], signs, plane=True)
    return {
        "statistic": statistic,
        "p_value": p_value,
        "p_value_boxes": _two_sample(of_boxes[0], of_boxes[1], signs, plane=True)[0],
        "reason": "two-dimensional: the effect is given for each axis",
    }


def _line(a: Sample, b: Sample, settings: Settings, *, tested: bool) -> dict[str, object]:
    signs, weights = uniformity.multipliers(settings.seed)
    (places_a,), (places_b,) = a.axes, b.axes
    spread = places_a.spread or places_b.spread
    quantiles = None if spread else _quantiles(places_a.start, places_b.start)
    ends = np.linspace(0, 1, CELLS + 1) if quantiles is None else quantiles
    counts_a, counts_b = a.counts(CELLS, quantiles), b.counts(CELLS, quantiles)
    row: dict[str, object] = _moved(places_a, places_b)
    statistic, distance = of_places.distances_of_two(places_a, places_b)
    row["effect"] = distance
    shares = uniformity.resampled_shares(counts_a, weights), uniformity.resampled_shares(counts_b, weights[:, BLOCKS:])
    units = min(binned.filled(counts_a), binned.filled(counts_b))
    interval = uniformity.distance_interval(shares[0], distance, units, settings.level, ends, shares[1])
    row |= {"effect_low": interval.low, "effect_high": interval.high}
    if not tested:
        return row
    if spread:  # the Kolmogorov–Smirnov test would reject too rarely
        of_boxes = [sample.counts_alone(CELLS, settings.seed) for sample in (a, b)]
        boxes = _two_sample(of_boxes[0], of_boxes[1], signs, plane=False)[0]
    else:
        boxes = float(uniformity.ks_two_p(np.array([statistic]), np.array([a.n]), np.array([b.n]))[0])
    alone = (a.n_images, b.n_images) == (a.n, b.n)
    p_value = boxes if alone else _two_sample(counts_a, counts_b, signs, plane=False)[0]
    return {**row, "statistic": statistic, "p_value": p_value, "p_value_boxes": boxes}


def _moved(a: Places, b: Places) -> dict[str, object]:
    means = [float((sample.start.mean() + sample.end.mean()) / 2) for sample in (a, b)]
    return {"mean_a": means[0], "mean_b": means[1], "difference": means[0] - means[1]}


def _quantiles(a: Floats, b: Floats) -> Floats:
    """Ends of cells between the quantiles of both samples together; each sample weighs the same."""
    both = np.concatenate([uniformity.quantiles(sample, np.linspace(0, 1, 257)) for sample in (a, b)])
    inner = uniformity.quantiles(both, np.arange(1, CELLS) / CELLS)
    return np.concatenate([[min(a.min(), b.min())], np.unique(inner), [max(a.max(), b.max())]])


def _two_sample(counts_a: Floats, counts_b: Floats, signs: Single, *, plane: bool) -> tuple[float, float]:
    """p-value and distance of two samples on the same cells (units, K): the signs are of deviations from both together."""
    totals = counts_a.sum(0), counts_b.sum(0)
    n_a, n_b = (total.sum() for total in totals)
    shares = (totals[0] + totals[1]) / (n_a + n_b)
    axes = 2 if plane else 1

    def apart(counts: NDArray[np.floating], n: float) -> NDArray[np.floating]:
        return np.asarray((counts - counts.sum(-1, keepdims=True) * shares.astype(counts.dtype)) / n)

    def sums(apart: NDArray[np.floating]) -> NDArray[np.floating]:
        return binned.quadrants(binned.corners(apart)) if plane else np.cumsum(apart, -1)

    flipped = uniformity.product(signs, counts_a), uniformity.product(signs[:, len(counts_a) :], counts_b)
    drawn = binned.largest_sum(apart(flipped[0], n_a) - apart(flipped[1], n_b), axes)
    variance = (sums(apart(counts_a, n_a)) ** 2).sum(0) + (sums(apart(counts_b, n_b)) ** 2).sum(0)
    distance = float(np.abs(sums(apart(totals[0], n_a) - apart(totals[1], n_b))).max())
    return uniformity.tail_p(distance, drawn, float(variance.max())), distance
