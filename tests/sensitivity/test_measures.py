"""Every measure against plain loops over whole probability vectors, and laws that hold for every registered measure."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shiftscope.core import tables
from shiftscope.sensitivity.measures import measures

from ..jobs import estimates_of

NAMES = [entry.name for entry in measures]
FREE = {entry.name for entry in measures if "labels" not in entry.needs}
PAIRED = [entry.name for entry in measures if entry.item().over == "pairs"]
TOTALS = {entry.name for entry in measures if entry.item().denominator is None}
SHARE = {entry.name: entry.name in TOTALS or entry.item().share_of is not None for entry in measures}


@dataclass
class Seen:
    """One frame as the loops see it."""

    step: int
    probability: np.ndarray
    label: int | None

    def rank(self):
        return 1 + int((self.probability > self.probability[self.label]).sum())


def sequences(seed, n=8, whole=False, unlabelled=0.0, classes=9):
    """Image → frames. Answers wander; unless `whole`, sequences differ in length and frames are missing."""
    rng = np.random.default_rng(seed)
    found = {}
    for image in range(n):
        label = None if rng.random() < unlabelled else int(rng.integers(classes))
        steps = 7 if whole else 23 if image % 5 == 4 else int(rng.integers(1, 9))
        logits = rng.normal(0, 1, classes) + np.cumsum(rng.normal(0, 0.8, (steps, classes)), 0)
        if image % 20 == 4:  # and some hardly move, most of them right
            logits = logits[:1] + 0.02 * (logits - logits[:1])
            label = None if label is None else int(logits[0].argmax())
        probability = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        found[f"image {image}"] = [Seen(step, one, label) for step, one in enumerate(probability)]
    if whole:
        return found
    kept = {name: [one for one in seen if len(seen) == 23 or rng.random() < 0.85] for name, seen in found.items()}
    return {name: seen for name, seen in kept.items() if seen} or found


def predictions(found, full):
    """The loops' frames as tables.PREDICTIONS; `full` has those that were left out, too."""
    rows = []
    for image_id, frames in found.items():
        before = {one.step + 1: one for one in full[image_id]}
        for one in frames:
            top = np.argsort(-one.probability)[:5]
            known = one.label is not None
            rows.append({
                "image_id": image_id, "step": one.step, "value": float(one.step), "label": one.label,
                "label_prob": float(one.probability[one.label]) if known else None,
                "label_rank": one.rank() if known else None,
                "top5": top.tolist(), "top5_prob": one.probability[top].tolist(),
                "prob_of_previous_top1": float(one.probability[before[one.step].probability.argmax()])
                if one.step in before else None,
            })  # fmt: skip
    return tables.table(rows, tables.PREDICTIONS)


def table(found):
    """`found` as predictions, its gaps filled with frames that no measure may look at."""
    full = {
        name: [next((one for one in seen if one.step == step), seen[0]) for step in range(seen[-1].step + 1)]
        for name, seen in found.items()
    }
    full = {name: [Seen(k, one.probability, one.label) for k, one in enumerate(seen)] for name, seen in full.items()}
    return predictions(found, full)


def measured(predicted, n_resamples=2, **more):
    rows = estimates_of(predicted, n_resamples=n_resamples, **more)
    return {(row["measure"], row["condition"]): row for row in rows.iter_rows(named=True)}


# -- the loops ---------------------------------------------------------------------------------------------------------


def crosses(first, second):
    return (first.rank() <= 5) != (second.rank() <= 5)


def leaves(first, second):
    return first.rank() <= 5 < second.rank()


def moved(first, second):
    k = first.probability.argmax()
    return abs(first.probability[k] - second.probability[k])


def every_pair(value):
    def mean(images):
        pairs = [pair for pairs in images for pair in pairs]
        return [value(*pair) for pair in pairs], len(pairs)

    return mean


def exits(images):
    inside = [pair for pairs in images for pair in pairs if pair[0].rank() <= 5]
    return [leaves(*pair) for pair in inside], len(inside)


def jagged(images):
    return [any(crosses(*pair) for pair in pairs) for pairs in images], sum(map(len, images))


def left(images):
    begun = [pairs for pairs in images if pairs[0][0].rank() <= 5]
    return [any(leaves(*pair) for pair in pairs) for pairs in begun], sum(map(len, begun))


def distance(before, now):
    """Ranks of all classes, moved past one another between 1 and 6: Hendrycks & Dietterich's double sum, as it is written."""
    rank = {int(k): place for place, k in enumerate(np.argsort(-now.probability), 1)}
    sigma = [rank[int(k)] for k in np.argsort(-before.probability)]
    return sum(1 <= j - 1 <= 5 for i in range(1, 6) for j in range(min(i, sigma[i - 1]) + 1, max(i, sigma[i - 1]) + 1))


def every_image(value):
    return lambda images: ([value([*pairs]) for pairs in images], sum(map(len, images)))


def flips(a, b):
    return a.probability.argmax() != b.probability.argmax()


LOOPS = {
    "top5_distance": every_image(lambda pairs: np.mean([distance(*pair) for pair in pairs])),
    "flip_probability": every_image(lambda pairs: np.mean([flips(*pair) for pair in pairs])),
    "worst_change": every_image(lambda pairs: max(moved(*pair) for pair in pairs)),
    "top1_change": every_pair(lambda a, b: a.probability.argmax() != b.probability.argmax()),
    "mac": every_pair(moved),
    "jaggedness": every_pair(crosses),
    "jaggedness_rate": every_pair(crosses),
    "jagged_images": jagged,
    "leaves_top5": left,
    "exit_rate": exits,
}


def pairs_of(frames, right):
    pairs = [(a, b) for a, b in pairwise(frames) if b.step == a.step + 1]
    return [pair for pair in pairs if pair[0].label is not None and pair[0].rank() == 1] if right else pairs


@settings(max_examples=60)
@given(seed=st.integers(0, 2**20), unlabelled=st.sampled_from([0, 0, 0.4]))
def test_measures_of_pairs_agree_with_loops(seed, unlabelled):
    found = sequences(seed, unlabelled=unlabelled)
    rows = measured(table(found))
    for name, loop in LOOPS.items():
        eligible = [f for f in found.values() if name in FREE or f[0].label is not None]
        for condition in ("all", "right"):
            images = [pairs for f in eligible if (pairs := pairs_of(f, condition == "right"))]
            values, n_pairs = loop(images)
            if (name, condition) not in rows:
                assert not any(pairs_of(f, False) for f in eligible if condition == "all" or f[0].label is not None)
                continue
            row = rows[name, condition]
            assert row["n_pairs"] == n_pairs
            if name in TOTALS and n_pairs:
                assert row["estimate"] == pytest.approx(sum(values))
            elif values:
                assert row["estimate"] == pytest.approx(np.mean(values), abs=1e-6)
            else:
                assert row["estimate"] is row["ci_low"] is row["ci_high"] is None


def consistent(frames):
    pairs = [(a, b) for k, a in enumerate(frames) for b in frames[:k]]
    return sum(not flips(*pair) for pair in pairs), len(pairs), len(frames) if pairs else 0


def whole(value):
    return lambda frames: (value(frames), 1, len(frames)) if len(frames) > 1 else (0, 0, 0)


def right_around(k):
    def value(frames):
        anchor = frames[len(frames) // 2].step
        near = [one for one in frames if abs(one.step - anchor) <= k]
        if len(near) < 2 * k + 1:
            return 0, 0, 0
        return all(one.rank() == 1 for one in near), 1, len(near)

    return value


SEQUENCES = {
    "consistency": consistent,
    "agreement": whole(lambda frames: len({one.probability.argmax() for one in frames}) == 1),
    "worst_accuracy": whole(lambda frames: all(one.rank() == 1 for one in frames)),
    "pm_0": right_around(0),
    "pm_1": right_around(1),
    "pm_10": right_around(10),
}


def test_every_measure_has_a_loop():
    assert set(LOOPS) == set(PAIRED)
    assert set(SEQUENCES) | {"accuracy", "top5_accuracy"} == set(NAMES) - set(PAIRED)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**20), unlabelled=st.sampled_from([0, 0, 0.4]), ordered=st.booleans())
def test_measures_of_sequences_agree_with_loops(seed, unlabelled, ordered):
    found = sequences(seed, unlabelled=unlabelled)
    rows = measured(table(found), ordered=ordered)
    assert ordered or not {name for name, _ in rows} & {*PAIRED, "pm_0", "pm_1", "pm_10"}
    for name, loop in SEQUENCES.items():
        for condition in ("all", "right") if name in FREE else ("all",):
            known = [f for f in found.values() if name in FREE or f[0].label is not None]
            if condition == "right":
                known = [f for f in known if f[0].label is not None and f[0].rank() == 1]
            values = np.array([loop(f) for f in known]).reshape(-1, 3).sum(0)
            if not values[1] or (not ordered and name.startswith("pm")):
                assert (name, condition) not in rows
                continue
            row = rows[name, condition]
            assert row["estimate"] == pytest.approx(values[0] / values[1])
            assert row["n_pairs"] == values[2]


def test_swapping_ranks_one_and_two_is_a_distance_of_two_and_five_and_six_of_one():
    """The examples that Hendrycks & Dietterich's definition is checked by."""
    for swapped, expected in (((0, 1), 2), ((4, 5), 1), ((5, 6), 0), ((0, 2), 4)):
        order = list(range(9))
        order[swapped[0]], order[swapped[1]] = order[swapped[1]], order[swapped[0]]
        first, second = (np.array([0.2 - 0.01 * ranks.index(k) for k in range(9)]) for ranks in (list(range(9)), order))
        found = {"a": [Seen(0, first, 0), Seen(1, second, 0)]}
        assert measured(table(found))["top5_distance", "all"]["estimate"] == expected


def test_predictions_1_1_2_2_3_flip_half_of_the_time():
    answers = [np.eye(4)[k] * 0.6 + 0.1 for k in (1, 1, 2, 2, 3)]
    rows = measured(table({"a": [Seen(step, one, 0) for step, one in enumerate(answers)]}))
    assert rows["flip_probability", "all"]["estimate"] == rows["top1_change", "all"]["estimate"] == 0.5
    assert rows["consistency", "all"]["estimate"] == 2 / 10
    assert rows["agreement", "all"]["estimate"] == 0


@pytest.mark.parametrize(("name", "k"), [("accuracy", 1), ("top5_accuracy", 5)])
def test_accuracy_agrees_with_a_loop(name, k):
    found = sequences(4, n=30, unlabelled=0.3)
    row = measured(table(found))[name, "all"]
    right = [one.rank() <= k for frames in found.values() for one in frames if one.label is not None]
    assert row["estimate"] == pytest.approx(np.mean(right))
    assert row["n_pairs"] == len(right)
    assert row["n_images"] == sum(frames[0].label is not None for frames in found.values())


def test_loops_tell_measures_apart():
    """Were the random answers too tame, measures that differ would agree and the tests above could not fail."""
    rows = measured(table(sequences(1, n=300)))
    assert all(row["estimate"] > 0 for row in rows.values())
    estimates = {name: row["estimate"] for (name, condition), row in rows.items() if condition == "all"}
    assert set(estimates) == set(NAMES)
    assert len(set(estimates.values())) == len(NAMES)


def test_top5_distance_is_the_mean_of_the_sequences_means():
    """A picture with one pair counts as much as a picture with three: Hendrycks & Dietterich 2019, section 3."""
    answers = [np.array([0.2 - 0.01 * order.index(k) for k in range(9)]) for order in ([*range(9)], [1, 0, *range(2, 9)])]
    long = [Seen(step, answers[0], 0) for step in range(4)]
    short = [Seen(step, answer, 0) for step, answer in enumerate(answers)]
    assert measured(table({"long": long, "short": short}))["top5_distance", "all"]["estimate"] == (0 + 2) / 2


# -- laws of every registered measure ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_facts(name):
    entry = measures[name]
    assert entry.title
    assert entry.unit
    assert entry.reference
    assert sum(other.title == entry.title for other in measures) == 1
    assert entry.needs <= {"labels"}


@pytest.mark.parametrize("name", PAIRED)
def test_network_that_always_says_the_same_has_no_change(name):
    still = {image: [Seen(one.step, seen[0].probability, one.label) for one in seen]
             for image, seen in sequences(3, n=30).items()}  # fmt: skip
    rows = measured(table(still))
    for condition in ("all", "right"):
        row = rows[name, condition]
        assert row["estimate"] == 0
        # Seen on few pictures, "never" is no certainty: a share has an interval with a width, a mean has none.
        assert (row["ci_low"] == 0 < row["ci_high"]) if SHARE[name] else (row["ci_low"] is None and row["reason"])
    assert measured(table(sequences(3, n=30)))[name, "all"]["estimate"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_order_of_the_rows_of_a_picture_does_not_matter(name):
    predicted = table(sequences(5, n=20))
    one, other = measured(predicted, 50), measured(predicted.sample(fraction=1, shuffle=True, seed=1), 50)
    assert one[name, "all"] == other[name, "all"]


@pytest.mark.parametrize("name", NAMES)
def test_twice_the_images_give_the_same_ratio_and_twice_the_total(name):
    predicted = table(sequences(6, n=20))
    twice = pl.concat([predicted, predicted.with_columns(pl.format("copy of {}", "image_id").alias("image_id"))])
    once, doubled = measured(predicted), measured(twice)
    for condition in {"all", "right"} if name in PAIRED else {"all"}:
        one, two = once[name, condition], doubled[name, condition]
        assert two["estimate"] == pytest.approx(one["estimate"] * (2 if name in TOTALS else 1))
        assert (two["n_images"], two["n_pairs"]) == (2 * one["n_images"], 2 * one["n_pairs"])


@pytest.mark.parametrize("name", NAMES)
def test_labels_matter_only_to_measures_that_need_them(name):
    found = sequences(7, n=20)
    nameless = {image: [Seen(one.step, one.probability, None) for one in seen] for image, seen in found.items()}
    rows, without = measured(table(found)), measured(table(nameless))
    assert (name, "right") not in without
    assert without.get((name, "all")) == (rows[name, "all"] if name in FREE else None)
