"""The tables once more, from predictions by plain loops over frames, pairs, pictures and draws, as the docstrings of
`shiftscope.statistics` define their numbers. Nothing of the library is used, and nothing is summed before it is resampled."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from scipy.stats import norm, t

BY_ROW = ("top1_change", "mac", "exit_rate", "jaggedness_rate")


@dataclass
class Column:
    """One measure under one condition: what each picture adds."""

    kind: str
    """Share of `rows` or of `images`, `total`, or `mean`."""
    numerator: dict[str, float]
    denominator: dict[str, float]
    rows: dict[str, int]

    def of(self, images):
        """Numerators, denominators and the largest numbers of trials and events, on these pictures."""
        rows = sum(self.rows[image] for image in images)
        num = np.array([self.numerator[image] for image in images])
        den = np.array([self.denominator[image] for image in images])
        if self.kind == "total":
            return num, np.full(len(images), (rows > 0) / len(images)), rows, max(rows, 1)
        return num, den, {"rows": rows, "images": np.count_nonzero(den), "mean": None}[self.kind], 1


def sequences(predictions):
    """Picture → frames, as mappings, in the order of their steps."""
    found = defaultdict(list)
    for row in predictions.sort("image_id", "step").iter_rows(named=True):
        row["right"] = None if row["label_rank"] is None else row["label_rank"] == 1
        row["in5"] = None if row["label_rank"] is None else row["label_rank"] <= 5
        found[row["image_id"]].append(row)
    return dict(sorted(found.items()))


def pairs_of(frames):
    return [(one, two) for one, two in pairwise(frames) if two["step"] == one["step"] + 1]


def bin_of(pair):
    return next(k for k in range(10) if pair[0]["top5_prob"][0] <= (k + 1) / 10 or k == 9)


def value(measure, pair):
    """What a pair adds to numerator and denominator."""
    one, two = pair
    if measure == "top1_change":
        return one["top5"][0] != two["top5"][0], 1
    if measure == "mac":
        return abs(one["top5_prob"][0] - two["prob_of_previous_top1"]), 1
    if one["in5"] is None:
        return 0, 0
    if measure == "jaggedness_rate":
        return one["in5"] != two["in5"], 1
    return one["in5"] and not two["in5"], int(one["in5"])


def columns_of(predictions, weights=None):
    """Some measures of each kind, by name and condition. `weights` are those of the bins of confidence."""
    found = {}

    def add(image, name, condition, kind, of_picture):
        column = found.setdefault((name, condition), Column(kind, {}, {}, {}))
        for part, number in zip((column.numerator, column.denominator, column.rows), of_picture, strict=True):
            part[image] = number

    for image, frames in sequences(predictions).items():
        known = [frame["right"] for frame in frames if frame["right"] is not None]
        add(image, "accuracy", "all", "rows", (sum(known), len(known), len(known)))
        several = len(frames) > 1
        same = sum(a["top5"][0] == b["top5"][0] for a, b in combinations(frames, 2))
        begins = bool(frames[0]["right"])
        of_frames = {
            "consistency": ("rows", 2 * same, len(frames) * (len(frames) - 1)),
            "agreement": ("images", several and len({frame["top5"][0] for frame in frames}) == 1, several),
        }
        for name, (kind, top, bottom) in of_frames.items():
            add(image, name, "all", kind, (top, bottom, several * len(frames)))
            add(image, name, "right", kind, (begins * top, begins * bottom, begins * several * len(frames)))
        pairs = pairs_of(frames)
        for condition, chosen in (("all", pairs), ("right", [pair for pair in pairs if pair[0]["right"]])):
            for name in BY_ROW:
                tops, bottoms = np.array([value(name, pair) for pair in chosen]).reshape(-1, 2).sum(0)
                add(image, name, condition, "mean" if name == "mac" else "rows", (tops, bottoms, int(bottoms)))
            moved = [value("mac", pair)[0] for pair in chosen]
            add(image, "worst_change", condition, "mean", (max(moved, default=0), bool(moved), len(moved)))
            crossings = [value("jaggedness_rate", pair) for pair in chosen]
            total = sum(top for top, _ in crossings), 0, sum(bottom for _, bottom in crossings)
            add(image, "jaggedness", condition, "total", total)
        for name in BY_ROW if weights is not None else ():
            weighed = [(weights[bin_of(pair)], *value(name, pair)) for pair in pairs if weights[bin_of(pair)]]
            tops, bottoms = sum(w * top for w, top, _ in weighed), sum(w * bottom for w, _, bottom in weighed)
            counted = sum(bottom for _, _, bottom in weighed)
            add(image, name, "matched", "mean" if name == "mac" else "rows", (tops, bottoms, counted))
    # A measure of frames that no sequence is of the kind for has no row.
    return {
        at: one for at, one in found.items() if at[0] not in ("consistency", "agreement") or any(one.denominator.values())
    }


def matching(networks):
    """Network → weights of the bins of confidence that give all networks the mean of their distributions."""
    counts = {
        name: np.bincount([bin_of(pair) for frames in sequences(table).values() for pair in pairs_of(frames)], minlength=10)
        for name, table in networks.items()
    }
    shares = {name: count / count.sum() for name, count in counts.items()}
    common = np.mean(list(shares.values()), axis=0) * np.all([share > 0 for share in shares.values()], axis=0)
    return {
        name: [target / own if target else 0 for target, own in zip(common / common.sum(), share, strict=True)]
        for name, share in shares.items()
    }


def mean_and_error(num, den):
    estimate = num.sum() / den.sum()
    return estimate, np.sqrt(((num - estimate * den) ** 2).sum()) / den.sum()


def interval(num, den, trials, scale, *, seed, level, n_resamples):
    """Estimate and ends; nan where there is none."""
    counted = np.count_nonzero(den)
    if not counted:
        return np.nan, np.nan, np.nan
    estimate = num.sum() / den.sum()
    if trials is None:
        return estimate, *bootstrap_t(num, den, seed=seed, level=level, n_resamples=n_resamples)
    if counted < 2:
        return estimate, np.nan, np.nan
    share, residual = estimate / scale, (num - estimate * den) / den.sum() / scale
    worth = den.sum() ** 2 / (den**2).sum()
    variance = counted / (counted - 1) * (residual**2).sum()
    largest, freedom = max(trials, worth / 2), counted - 1
    if 0 < share < 1 and variance > 0:
        worth = min(max(share * (1 - share) / variance, worth / 2), largest)
        between = max(0, 1 - worth / largest)
        freedom = 1 / (1 / (counted - 1) + between**2 * (residual**4).sum() / (residual**2).sum() ** 2 / 2)
    z2 = t.ppf((1 + level) / 2, freedom) ** 2
    middle = (share + z2 / (2 * worth)) / (1 + z2 / worth)
    half = np.sqrt(z2 * (share * (1 - share) / worth + z2 / (4 * worth**2))) / (1 + z2 / worth)
    return estimate, scale * min(max(middle - half, 0), share), scale * max(min(middle + half, 1), share)


def bootstrap_t(num, den, *, seed, level, n_resamples):
    n, rng = len(num), np.random.default_rng(seed)
    estimate, error = mean_and_error(num, den)
    if np.count_nonzero(den) < 30 or error <= 1e-12 * estimate:
        return np.nan, np.nan
    distances = []
    for _ in range(n_resamples):
        drawn = rng.integers(0, n, n)
        if den[drawn].any():
            other, its_error = mean_and_error(num[drawn], den[drawn])
            if its_error > 1e-6 * other:
                distances.append((other - estimate) / its_error)
    if 1 - len(distances) / n_resamples > (1 - level) / 4:
        return np.nan, np.nan
    low, high = estimate - np.quantile(distances, [(1 + level) / 2, (1 - level) / 2]) * error
    return min(max(low, 0), estimate), max(high, estimate)


def difference(a, b, ends_a, ends_b):
    """Ends of the interval of the difference of two networks, from numerators and denominators and their own intervals."""
    f, g = ((num - num.sum() / den.sum() * den) / den.sum() for num, den in (a, b))
    spread = np.sqrt((f**2).sum() * (g**2).sum())
    together = (f * g).sum() / spread if spread else 0
    together = min(together, 1 - 2 / max(2, np.count_nonzero(a[1]), np.count_nonzero(b[1])))
    (pa, la, ha), (pb, lb, hb) = ends_a, ends_b
    below, above = (
        np.sqrt(np.maximum(0, one**2 - 2 * together * one * other + other**2))
        for one, other in ((pa - la, hb - pb), (ha - pa, pb - lb))
    )
    return pa - pb - below, pa - pb + above


def p_value(a, b, *, seed, n_draws):
    """The paired test, a draw after the other."""
    (num_a, den_a), (num_b, den_b) = a, b
    common = (num_a.sum() + num_b.sum()) / (den_a.sum() + den_b.sum())
    r_a, r_b = num_a - common * den_a, num_b - common * den_b
    f = r_a / den_a.sum() - r_b / den_b.sum()
    size = ((r_a**2).sum() + (r_b**2).sum()) / ((den_a**2).sum() + (den_b**2).sum())
    more = sum((size * (den**2).sum() - (r**2).sum()) / den.sum() ** 2 for r, den in ((r_a, den_a), (r_b, den_b)))
    scale = np.sqrt(max(1, 1 + more / (f**2).sum())) if f.any() else 1
    observed = abs(num_a.sum() / den_a.sum() - num_b.sum() / den_b.sum())
    rng, far = np.random.default_rng([seed, 1]), 0
    for _ in range(n_draws):
        signs = 2 * rng.integers(0, 2, len(f)) - 1
        far += abs((signs * f).sum()) * scale >= observed * (1 - 1e-9) - 1e-14
    p = (1 + far) / (1 + n_draws)
    spread = np.sqrt((f**2).sum()) * scale
    return min(p, max(2 * norm.sf(observed / spread), 1e-9)) if far < 10 and spread else p


def both_tables(networks, *, seed, level, n_resamples):
    """(network, measure, condition) → estimate and ends; (network, network, measure, condition) → difference, ends and p.
    `networks` are predictions on one protocol."""
    draws = {"seed": seed, "level": level, "n_resamples": n_resamples}
    weights = matching(networks) if len(networks) > 1 else {}
    columns = {name: columns_of(table, weights.get(name)) for name, table in networks.items()}
    single, paired = {}, {}
    for name, own in columns.items():
        for at, column in own.items():
            single[name, *at] = interval(*column.of(list(column.numerator)), **draws)
    for a, b in combinations(networks, 2):
        for at in (at for at in columns[a] if at in columns[b]):
            one, other = columns[a][at], columns[b][at]
            images = [image for image in one.numerator if image in other.numerator]
            parts = [column.of(images) for column in (one, other)]
            ends = [interval(*part, **draws) for part in parts]
            if any(not part[1].any() for part in parts):
                paired[a, b, *at] = (np.nan,) * 4
                continue
            num_den = [part[:2] for part in parts]
            low, high = difference(*num_den, *ends)
            p = p_value(*num_den, seed=seed, n_draws=n_resamples)
            paired[a, b, *at] = ends[0][0] - ends[1][0], low, high, p
    return single, paired
