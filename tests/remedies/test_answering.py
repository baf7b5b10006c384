"""The table of the remedies that work on answers, against slow loops over the positions of every picture."""

import numpy as np
import polars as pl
import pytest

from shiftscope.core import tables
from shiftscope.remedies import REMEDIES
from shiftscope.remedies.answering import answer_remedies, kept_answers, ms_per_frame
from shiftscope.remedies.scores import SCORES
from shiftscope.sensitivity.summing import sums
from shiftscope.stages.describing import LOGITS, describe
from shiftscope.statistics.intervals import difference_intervals, intervals
from shiftscope.statistics.products import products

CLASSES, PICTURES = 6, 34
STEPS = {0: [0, 1, 2, 3, 5, 6, 7, 8], 1: [0, 1, 2]}  # a sequence with a gap, and a short one; all others have 8 frames
CARD = {
    "network": "net", "subsampling_stride": 4, "engine": "eager", "batch_size": 2,
    "calibration": [{"engine": "eager", "batch_size": 2, "ms_per_frame": 0.5}],
}  # fmt: skip
BOOTSTRAP = {"seed": 3, "level": 0.9, "n_resamples": 100}


def steps_of(picture):
    return STEPS.get(picture, list(range(8)))


def written(folder, labelled=True, shards=2):
    """Files of predictions with logits and of scores, in shards, and what is in them by picture."""
    rng = np.random.default_rng(11)
    known, pieces = {}, [[] for _ in range(shards)]
    for picture in range(PICTURES):
        steps = steps_of(picture)
        logits = (rng.normal(0, 1, CLASSES) + rng.normal(0, 0.7, (len(steps), CLASSES))).astype(np.float32)
        label = int(logits.sum(0).argmax()) if picture % 3 else 0
        name = f"p{picture:02}"
        frames = pl.DataFrame(
            {
                "image_id": name,
                "step": steps,
                "value": [float(step) for step in steps],
                "label": label if labelled else None,
            },
            schema_overrides={"step": pl.Int32, "label": pl.Int32},
        )
        scores = rng.uniform(0, 1, len(steps))
        known[name] = dict(zip(steps, zip(logits.astype(float), scores, strict=True), strict=True)), label
        table = describe(frames, logits, np.arange(len(steps)), keep_logits=True)
        pieces[picture % shards].append((table, frames.select("image_id", "step").with_columns(pl.Series("score", scores))))
    files, scores = [], []
    for number, shard in enumerate(pieces):
        files.append(folder / f"{number}.parquet")
        scores.append(folder / f"scores{number}.parquet")
        tables.write_pieces(
            files[-1], (pl.concat([a for a, _ in shard[k : k + 2]]) for k in range(0, len(shard), 2)), LOGITS
        )
        tables.write(scores[-1], pl.concat([score for _, score in shard]), SCORES)
    return files, scores, known


TRIED = {
    "mean": {"kind": "average", "options": {"counts": [1, 2, 4, 8]}},
    "chance": {"kind": "average", "options": {"counts": [3], "over": "probabilities", "apart": 2}},
    "crop": {"kind": "crop_selection", "options": {"counts": [3]}},
}


def tried(folder, labelled=True, remedies=TRIED, shards=2):
    files, scores, known = written(folder, labelled, shards)
    protocol = {"protocol": "shift", "moves": True, "remedies": remedies}
    found = answer_remedies(card=CARD, tried=[protocol], predictions=files, scores=scores, **BOOTSTRAP)
    return found, known


def softmax(row):
    return np.exp(row - row.max()) / np.exp(row - row.max()).sum()


def helped(name, count, frames, step):
    """The probabilities of the answer that begins at a step, by definition."""
    if name == "crop":
        best = max(range(step, step + count), key=lambda other: frames[other][1])
        return softmax(frames[best][0])
    apart = TRIED[name]["options"].get("apart", 1)
    shown = [frames[step + place * apart][0] for place in range(count)]
    if name == "chance":
        return np.mean([softmax(row) for row in shown], 0)
    return softmax(np.mean(shown, 0))


def slow(known, reach, answer, right_only=False):
    """P(top-1 change), mean absolute change and the number of pairs over the common positions, and the accuracy on them."""
    flips, moves, right = [], [], []
    for frames, label in known.values():
        steps = [step for step in frames if all(step + more in frames for more in range(reach + 1))]
        given = {step: answer(frames, step) for step in steps}
        right += [given[step].argmax() == label for step in steps]
        for step in steps:
            if step + 1 in given and (not right_only or given[step].argmax() == label):
                top = given[step].argmax()
                flips.append(given[step + 1].argmax() != top)
                moves.append(abs(given[step][top] - given[step + 1][top]))
    return np.mean(flips), np.mean(moves), len(flips), np.mean(right)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return tried(tmp_path_factory.mktemp("answers"))


def cell(found, remedy, setting, measure, condition="all"):
    (row,) = found.filter(remedy=remedy, setting=setting, measure=measure, condition=condition).rows(named=True)
    return row


@pytest.mark.parametrize(
    ("remedy", "setting", "reach"), [("mean", 1, 3), ("mean", 2, 3), ("mean", 4, 3), ("chance", 3, 4), ("crop", 3, 2)]
)
@pytest.mark.parametrize("condition", ["all", "right"])
def test_every_setting_is_what_a_slow_loop_over_the_common_positions_finds(table, remedy, setting, reach, condition):
    found, known = table
    ours = slow(known, reach, lambda frames, step: helped(remedy, setting, frames, step), condition == "right")
    plain = slow(known, reach, lambda frames, step: softmax(frames[step][0]), condition == "right")
    for place, measure in enumerate(("top1_change", "mac")):
        row = cell(found, remedy, setting, measure, condition)
        assert row["estimate"] == pytest.approx(ours[place], abs=1e-6)
        assert row["without"] == pytest.approx(plain[place], abs=1e-6)
        assert row["difference"] == pytest.approx(ours[place] - plain[place], abs=1e-6)
        assert row["n_pairs"] == ours[2]
    row = cell(found, remedy, setting, "accuracy")
    assert (row["estimate"], row["without"]) == pytest.approx((ours[3], plain[3]))


def test_it_does_something_and_the_mean_of_one_does_nothing(table):
    found, _ = table
    assert cell(found, "mean", 4, "top1_change")["difference"] < -0.02
    one = found.filter(remedy="mean", setting=1)
    assert (one["estimate"] == one["without"]).all()
    assert (one["difference"] == 0).all()


def test_what_does_not_fit_has_one_row_that_says_why(table):
    found, _ = table
    (row,) = found.filter(remedy="mean", setting=8).rows(named=True)
    assert row["measure"] is row["condition"] is row["estimate"] is row["without"] is row["time_ratio"] is None
    assert row["passes"] == 8
    assert "needs 9 frames in a row" in row["reason"]


def test_prices(table):
    found, _ = table
    rest = found.filter(pl.col("measure").is_not_null())
    assert rest.schema == REMEDIES
    assert (rest["parameters_added"] == 0).all()
    assert (rest["epochs"] == 0).all()
    for remedy, setting, passes in (("mean", 4, 4), ("mean", 1, 1), ("chance", 3, 3), ("crop", 3, 1)):
        row = cell(found, remedy, setting, "mac")
        assert row["passes"] == passes
        assert row["time_ratio"] > passes
    assert ms_per_frame({**CARD, "batch_size": 3}) is None


def test_intervals_are_those_of_the_predictions_of_each_position(tmp_path, table):
    found, known = table
    tables_of = {"with": [], "without": []}
    for name, (frames, label) in known.items():
        steps = [step for step in frames if all(step + more in frames for more in range(4))]
        rows = pl.DataFrame(
            {"image_id": name, "step": steps, "value": 0.0, "label": label},
            schema={"image_id": pl.String, "step": pl.Int32, "value": pl.Float64, "label": pl.Int32},
        )
        if not steps:
            continue
        plain = np.array([frames[step][0] for step in steps], np.float32)
        mean = np.array([np.mean([frames[step + k][0] for k in range(4)], 0) for step in steps]).astype(np.float32)
        for which, logits in (("with", mean), ("without", plain)):
            tables_of[which].append(describe(rows, logits, np.arange(len(steps))))
    ours, plain = (sums(pl.concat(parts)).ratios for parts in (tables_of["with"], tables_of["without"]))
    columns = sums(pl.concat(tables_of["with"])).columns
    found_ours, found_plain = (intervals(ratios, **BOOTSTRAP) for ratios in (ours, plain))
    low, high = difference_intervals(ours.totals(), plain.totals(), found_ours, found_plain, products(ours, plain))
    rows = found.filter(remedy="mean", setting=4)
    assert list(zip(rows["measure"], rows["condition"], strict=True)) == columns
    for name, expected in (
        ("estimate", found_ours.estimate), ("ci_low", found_ours.low), ("ci_high", found_ours.high),
        ("without", found_plain.estimate), ("difference_low", low), ("difference_high", high),
    ):  # fmt: skip
        np.testing.assert_array_equal(rows[name].to_numpy(), expected)
    assert rows["n_images"].to_list() == ours.counted.tolist()
    assert rows.filter(measure="mac")["ci_low"].is_not_null().any()


@pytest.mark.parametrize("shards", [1, PICTURES])  # of one picture each, some without any position
def test_the_number_of_shards_changes_no_number(tmp_path, table, shards):
    found, _ = tried(tmp_path, shards=shards)
    assert found.drop("time_ratio").equals(table[0].drop("time_ratio"))


def test_without_labels_what_needs_none_is_measured(tmp_path):
    found, _ = tried(tmp_path, labelled=False)
    assert set(found["condition"].drop_nulls()) == {"all"}
    measured = set(found["measure"].drop_nulls())
    assert {"top1_change", "mac", "consistency"} <= measured
    assert not {"accuracy", "jaggedness"} & measured


def test_two_protocols_each_have_their_own_files(tmp_path):
    files, scores, _ = written(tmp_path)
    (tmp_path / "other").mkdir()
    others, other_scores, _ = written(tmp_path / "other", labelled=False)
    mean, crop = {"mean": TRIED["mean"]}, {"crop": TRIED["crop"]}
    found = answer_remedies(
        card=CARD,
        tried=[{"protocol": name, "moves": True, "remedies": these} for name, these in (("a", mean), ("b", mean | crop))],
        predictions=[*files, *others],
        scores=other_scores,  # a needs none
        **BOOTSTRAP,
    )
    assert "accuracy" in found.filter(protocol="a")["measure"].to_list()
    assert "accuracy" not in found.filter(protocol="b")["measure"].to_list()
    assert set(found.filter(protocol="b")["remedy"]) == {"mean", "crop"}
    assert set(found["network"]) == {"net"}
    assert scores != other_scores


def test_phases_are_tried_where_the_picture_moves_by_pixels(tmp_path):
    phases = {"phases": {"kind": "average", "options": {"apart": "phases", "counts": [2]}}}
    files, _, _ = written(tmp_path)
    for moves, stride, measured in ((True, 4, True), (False, 4, False), (True, None, False)):
        found = answer_remedies(
            card={**CARD, "subsampling_stride": stride},
            tried=[{"protocol": "a", "moves": moves, "remedies": phases}],
            predictions=files,
            scores=[],
            **BOOTSTRAP,
        )
        assert (len(found) > 1) == measured
        if not measured:
            assert "not known for this network" in found["reason"].item()


def test_answers_are_read_a_few_whole_pictures_at_a_time(tmp_path):
    files, scores, known = written(tmp_path)
    seen = []
    for predictions, logits, found in kept_answers(files, scores):
        names = predictions["image_id"].unique(maintain_order=True).to_list()
        assert len(names) <= 2
        assert len(predictions) == sum(len(known[name][0]) for name in names)
        expected = [known[name][0][step] for name, step in predictions.select("image_id", "step").iter_rows()]
        np.testing.assert_array_equal(logits, np.array([row for row, _ in expected], np.float32))
        assert found.tolist() == [score for _, score in expected]
        seen += names
    assert sorted(seen) == sorted(known)
