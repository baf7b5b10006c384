"""Inference on hand-made frames with a network whose answers are known by formula."""

from typing import ClassVar

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.randomness import generator
from shiftscope.core.registry import Entry
from shiftscope.data.canvases import read_canvases
from shiftscope.engines import Engine, engines
from shiftscope.engines.devices import devices
from shiftscope.stages.aggregate import aggregate, check_whole
from shiftscope.stages.describing import LOGITS, describe
from shiftscope.stages.frames import make_frames
from shiftscope.stages.infer import Inference
from shiftscope.stages.running import read_running

SIZE, OUTPUTS = 16, 7
WEIGHTS = np.random.default_rng(5).normal(0, 0.02, (SIZE * SIZE * 3, OUTPUTS))


def answer(frames):
    return (frames.reshape(len(frames), -1).astype(np.float64) @ WEIGHTS).astype(np.float32)


class Linear(Engine):
    """Answers by a formula, and counts what it was asked."""

    seen: ClassVar[list[np.ndarray]] = []

    def load(self, path, card, device, threads):
        def run(frames):
            Linear.seen.append(frames)
            return answer(frames)

        return run


@pytest.fixture
def card(monkeypatch):
    engines["eager"]  # discover first
    monkeypatch.setitem(engines._entries, "linear", Entry("linear", Linear, "", "", "", frozenset(), __name__))
    Linear.seen = []
    return {
        "engine": "linear",
        "device": "cpu",
        "precision": "float32",
        "batch_size": 5,
        "input_size": SIZE,
        "outputs": OUTPUTS,
        "network": "n",
    }


@pytest.fixture
def shard(tmp_path):
    rng = np.random.default_rng(1)
    rows = []
    for k in range(6):
        path = tmp_path / f"{k}.png"
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
        rows.append({"image_id": f"i{k}", "path": str(path), "label": k, "category": str(k), "width": 40, "height": 30})
    images = tables.table(rows, tables.IMAGES)
    names = {name: tmp_path / f"{name}.parquet" for name in ("canvases", "frames", "skipped")}
    # One step is there twice: the same frame, to be computed once.
    options = {"side": 8, "offsets": [0, 1, 3, 1]}
    make_frames(
        kind="embed", options=options, images=images, boxes=None, size=SIZE, seed=0, refuse=False,
        canvases_path=names["canvases"], frames_path=names["frames"], skipped_path=names["skipped"],
    )  # fmt: skip
    return images, names, tmp_path


def run(card, shard, keep_logits=False, **more):
    images, names, folder = shard
    inference = Inference(card=card, program_path="-", images=images, threads=1, keep_logits=keep_logits, **more)
    written = {"path": folder / "predictions.parquet", "running_path": folder / "running.json"}
    inference.answer(canvases_path=names["canvases"], frames_path=names["frames"], **written)
    return tables.read(folder / "predictions.parquet", tables.PREDICTIONS)


def test_predictions_are_those_of_a_plain_loop(card, shard):
    found = run(card, shard).rows(named=True)
    frames = tables.read(shard[1]["frames"], tables.FRAMES).rows(named=True)
    canvases = {name: pixels for group in read_canvases(shard[1]["canvases"]) for name, pixels in group.items()}
    assert [(row["image_id"], row["step"]) for row in found] == [(row["image_id"], row["step"]) for row in frames]
    before = None
    for row, frame in zip(found, frames, strict=True):
        y, x = frame["window_y"], frame["window_x"]
        logits = answer(canvases[frame["canvas_id"]][None, y : y + SIZE, x : x + SIZE])[0].astype(float)
        p = np.exp(logits) / np.exp(logits).sum()
        label = int(row["image_id"][1:])
        assert row["label"] == label
        assert row["label_prob"] == pytest.approx(p[label], abs=1e-6)
        assert row["label_rank"] == 1 + (p > p[label]).sum()
        assert row["top5"] == sorted(range(OUTPUTS), key=lambda k: -p[k])[:5]
        np.testing.assert_allclose(row["top5_prob"], np.sort(p)[::-1][:5], atol=1e-6)
        if frame["step"] == 0:
            assert row["prob_of_previous_top1"] is None
        else:
            assert row["prob_of_previous_top1"] == pytest.approx(p[before], abs=1e-6)
        before = int(p.argmax())


def test_each_distinct_frame_is_computed_once(card, shard):
    run(card, shard)
    noted = {"frames": 6 * 4, "windows": 6 * 3, "batch_size": 5, "audited": 0, "audited_changed": 0}
    assert read_running(shard[2] / "running.json") == noted
    assert all(len(batch) == card["batch_size"] for batch in Linear.seen)
    distinct = 6 * 3
    assert sum(map(len, Linear.seen)) == -(-distinct // card["batch_size"]) * card["batch_size"]


@pytest.mark.parametrize("audit", [0, 0.5])
def test_what_a_network_was_shown_before_changes_nothing(card, shard, tmp_path, audit, monkeypatch):
    """A job shows it the frames of one protocol after the other."""
    monkeypatch.setitem(card, "weights", "-")
    monkeypatch.setattr("shiftscope.stages.infer.load_program", lambda *_: lambda frames: answer(np.asarray(frames)))
    images, first, _ = shard
    second = {name: tmp_path / f"second_{name}.parquet" for name in first}
    make_frames(
        kind="embed", options={"side": 6, "offsets": [0, 2]}, images=images, boxes=None, size=SIZE, seed=0, refuse=False,
        canvases_path=second["canvases"], frames_path=second["frames"], skipped_path=second["skipped"],
    )  # fmt: skip

    def written(inference, names):
        files = {"path": tmp_path / "written.parquet", "running_path": tmp_path / "written.json"}
        inference.answer(canvases_path=names["canvases"], frames_path=names["frames"], **files)
        return files["path"].read_bytes(), read_running(files["running_path"])

    def loaded():
        return Inference(card=card, program_path="-", images=images, threads=1, keep_logits=True, audit=audit)

    apart = [written(loaded(), names) for names in (first, second)]
    together = loaded()
    assert [written(together, names) for names in (first, second)] == apart
    assert apart[0][0] != apart[1][0]
    assert all((noted["audited"] > 0) == (audit > 0) for _, noted in apart)


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_the_batch_size_changes_nothing(card, shard, batch_size):
    assert run(card, shard).equals(run({**card, "batch_size": batch_size}, shard))


@pytest.mark.parametrize("together", [7, 10, 64])
def test_the_network_sees_the_same_batches_however_many_come_together(card, shard, monkeypatch, together):
    seen = []
    for count in (1, together):
        monkeypatch.setattr(devices["cpu"].item, "together", count)
        rows = run(card, shard)
        seen.append((rows, Linear.seen.copy()))
        Linear.seen.clear()
    (one, alone), (other, many) = seen
    assert one.equals(other)
    assert len(alone) == len(many) == 4
    assert all(np.array_equal(*pair) for pair in zip(alone, many, strict=True))


def test_labels_beyond_the_outputs_are_refused(card, shard):
    with pytest.raises(ShiftscopeError, match="4 outputs, but the pictures have labels up to 5"):
        run({**card, "outputs": 4}, shard)
    assert not (shard[2] / "predictions.parquet").exists()


def test_a_reader_that_fails_is_not_swallowed(card, shard):
    shard[1]["canvases"].write_bytes(shard[1]["canvases"].read_bytes()[:-400])
    with pytest.raises(Exception, match=r"(?i)parquet|magic|footer"):
        run(card, shard)
    assert not (shard[2] / "predictions.parquet").exists()


def described(logits, label=None, steps=None, ids=None):
    count = len(logits)
    frames = pl.DataFrame(
        {
            "image_id": ids or ["i"] * count,
            "step": steps or list(range(count)),
            "value": [0.0] * count,
            "label": [label] * count,
        },
        schema_overrides={"step": pl.Int32, "label": pl.Int32},
    )
    return describe(frames, np.array(logits, np.float32), np.arange(count)).rows(named=True)


def test_equal_logits_are_ranked_by_index():
    (row,) = described([[1, 3, 3, 0]], 2)
    assert row["top5"] == [1, 2, 0, 3]
    assert row["label_rank"] == 2


def test_unlabelled_pictures_have_no_label_columns():
    (row,) = described(np.zeros((1, 3)))
    assert row["label_prob"] is row["label_rank"] is row["label"] is None


def test_the_step_before_is_one_step_before_and_of_the_same_image():
    logits = [[0, 1], [2, 0], [0, 3], [4, 0]]
    before = [row["prob_of_previous_top1"] for row in described(logits, steps=[0, 1, 3, 4], ids=["a", "a", "a", "a"])]
    assert before[0] is before[2] is None
    assert before[1] == pytest.approx(1 / (1 + np.exp(2)))
    assert before[3] == pytest.approx(1 / (1 + np.exp(4)))
    assert described(logits, steps=[0, 1, 0, 1], ids=["a", "a", "b", "b"])[2]["prob_of_previous_top1"] is None


def test_answers_that_are_not_finite_are_a_sentence(card, shard, monkeypatch):
    monkeypatch.setattr(Linear, "load", lambda self, *arguments: lambda frames: answer(frames) * np.nan)
    with pytest.raises(ShiftscopeError, match="network n answers with numbers that are not finite"):
        run(card, shard)
    assert not (shard[2] / "predictions.parquet").exists()


@pytest.fixture
def shards(card, shard):
    """What `aggregate` is given of two shards, the second one first, and the predictions to be; picture i3 was skipped."""
    images, names, folder = shard
    known = pl.col("image_id") != "i3"
    predictions, frames = run(card, shard).filter(known), tables.read(names["frames"], tables.FRAMES).filter(known)
    given = {"images": images, "running_path": folder / "together.json", "path": folder / "all.parquet"}
    given |= {"running": [folder / "running.json"] * 2, "shards": [], "frames": [], "skipped": []}
    skipped = tables.table([{"image_id": "i3", "stage": "frames"}], tables.SKIPPED)
    for part, ids in (("a", ["i4", "i5"]), ("b", ["i0", "i1", "i2"])):
        own = pl.col("image_id").is_in(ids)
        for what, table, schema in (
            ("shards", predictions.filter(own), tables.PREDICTIONS),
            ("frames", frames.filter(own), tables.FRAMES),
            ("skipped", skipped if part == "b" else skipped[:0], tables.SKIPPED),
        ):
            given[what].append(folder / f"{what}-{part}.parquet")
            tables.write(given[what][-1], table, schema)
    return given, predictions


@pytest.mark.parametrize("rows", [1, 5, 1000])
def test_aggregation_keeps_the_order_of_images_and_leaves_out_the_skipped(shards, monkeypatch, rows):
    given, predictions = shards
    monkeypatch.setattr("shiftscope.stages.aggregate.ROWS_AT_A_TIME", rows)
    aggregate(**given)
    assert tables.read(given["path"], tables.PREDICTIONS).equals(predictions)
    assert read_running(given["running_path"])["frames"] == 2 * 6 * 4


def test_predictions_in_any_order_are_put_in_order(shards):
    given, predictions = shards
    for what, schema in (("shards", tables.PREDICTIONS), ("frames", tables.FRAMES)):
        for seed, path in enumerate(given[what]):
            tables.write(path, tables.read(path, schema).sample(fraction=1, shuffle=True, seed=seed), schema)
    aggregate(**given)
    assert tables.read(given["path"], tables.PREDICTIONS).equals(predictions)


@pytest.mark.parametrize(
    ("what", "change", "words"),
    [
        ("shards", lambda table: table[:0], "lack step 0 of image 'i0'"),
        ("shards", lambda table: table[:-1], "lack step 3 of image 'i2'"),
        ("shards", lambda table: pl.concat([table, table[-1:]]), "predictions of image 'i2' are there twice"),
        ("frames", lambda table: table[:-1], "surplus step 3 of image 'i2'"),
        ("frames", lambda table: table[:-4], "predictions of image 'i2', which is not"),
        ("frames", lambda table: pl.concat([table, table]), "frames of image 'i0' are there twice"),
        ("skipped", lambda table: table[:0], "image 'i3' has no frames"),
    ],
)
def test_shards_that_are_not_whole_are_refused(shards, what, change, words):
    given, _ = shards
    schema = {"shards": tables.PREDICTIONS, "frames": tables.FRAMES, "skipped": tables.SKIPPED}[what]
    tables.write(given[what][1], change(tables.read(given[what][1], schema)), schema)
    if (what, words[-3:]) == ("frames", "not"):  # the picture was skipped instead
        more = tables.table([{"image_id": name, "stage": "frames"} for name in ("i2", "i3")], tables.SKIPPED)
        tables.write(given["skipped"][1], more, tables.SKIPPED)
    if words.startswith("frames"):  # and predicted
        table = tables.read(given["shards"][1], tables.PREDICTIONS)
        tables.write(given["shards"][1], pl.concat([table, table]), tables.PREDICTIONS)
    with pytest.raises(ShiftscopeError, match=words):
        aggregate(**given)
    assert not given["path"].exists()


def test_a_shard_that_is_there_twice_is_refused(shards):
    given, _ = shards
    twice = {what: [*given[what], given[what][0]] for what in ("shards", "frames", "skipped")}
    with pytest.raises(ShiftscopeError, match="frames of image 'i4' are there twice"):
        aggregate(**given | twice)


def test_a_sequence_must_be_whole():
    def rows(*pairs):
        return pl.DataFrame(pairs, schema={"image_id": pl.String, "step": pl.Int32}, orient="row")

    whole = rows(("a", 0), ("a", 1), ("b", 0), ("b", 1))
    ids = pl.Series(["a", "b"])
    check_whole(whole, whole, ids)
    for found, expected, names, words in (
        (whole[:3], whole, ids, "lack step 1 of image 'b'"),
        (whole, whole[:3], ids, "surplus step 1 of image 'b'"),
        (whole, whole, pl.Series(["a", "b", "c"]), "'c' has no frames"),
        (whole, whole, pl.Series(["a"]), "'b', which is not"),
    ):
        with pytest.raises(ShiftscopeError, match=words):
            check_whole(found, expected, names)


@pytest.mark.parametrize("rows", [1, 5, 9])
def test_frames_are_described_alike_in_pieces_of_any_size(card, shard, monkeypatch, rows):
    whole = run(card, shard)
    monkeypatch.setattr("shiftscope.stages.feeding.ROWS", rows)
    assert run(card, shard).equals(whole)


class Contrary(Linear):
    """Has another top class on frames whose first pixel is dark."""

    def load(self, path, card, device, threads):
        right = super().load(path, card, device, threads)

        def run(frames):
            dark = frames[:, 0, 0, 0] < DARK
            return np.where(dark[:, None], -right(frames), right(frames))

        return run


DARK = 100


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_an_audit_counts_the_frames_that_eager_torch_answers_differently(card, shard, monkeypatch, share):
    """`Linear` stands for eager torch, and the weights for its program."""
    monkeypatch.setitem(engines._entries, "eager", Entry("eager", Linear, "", "", "", frozenset(), __name__))
    monkeypatch.setitem(engines._entries, "contrary", Entry("contrary", Contrary, "", "", "", frozenset(), __name__))
    images, names, folder = shard
    make_frames(
        kind="crop", options={"offsets": "0..9"}, images=images, boxes=None, size=SIZE, seed=0, refuse=False,
        **{f"{name}_path": path for name, path in names.items()},
    )  # fmt: skip
    audited = {**card, "engine": "contrary", "weights": "w"}
    found = run(audited, shard, audit=share, seed=7)
    noted = read_running(folder / "running.json")
    frames = tables.read(names["frames"], tables.FRAMES)
    canvases = {name: pixels for group in read_canvases(names["canvases"]) for name, pixels in group.items()}
    dark = np.array(
        [canvases[row["canvas_id"]][row["window_y"], row["window_x"], 0] < DARK for row in frames.rows(named=True)]
    )
    assert 0 < dark.sum() < len(dark)
    drawn = np.concatenate([generator(7, "audit", f"i{k}").random(10) < share for k in range(6)])
    assert (noted["audited"], noted["audited_changed"]) == (drawn.sum(), (dark & drawn).sum())
    assert run(audited, shard).equals(found)  # it changes nothing
    run({**audited, "batch_size": 7}, shard, audit=share, seed=7)
    assert read_running(folder / "running.json") == {**noted, "batch_size": 7}


def test_kept_logits_make_the_same_predictions_again_to_the_bit(card, shard, monkeypatch):
    without = run(card, shard)
    monkeypatch.setattr("shiftscope.stages.feeding.ROWS", 1)
    assert run(card, shard, keep_logits=True).equals(without)
    kept = tables.read(shard[2] / "predictions.parquet", LOGITS)
    logits = np.array(kept["logits"].to_list(), np.float32)
    frames = kept.select("image_id", "step", "value", "label")
    assert describe(frames, logits, np.arange(len(kept)), keep_logits=True).equals(kept)
    coarse = logits.astype(np.float16).astype(np.float32)  # what half the size would cost
    assert not describe(frames, coarse, np.arange(len(kept))).equals(without)


def test_kept_logits_are_those_that_the_network_answered_and_a_row_group_holds_whole_images(card, shard, monkeypatch):
    monkeypatch.setattr("shiftscope.stages.feeding.ROWS", 5)  # two images of four frames
    run(card, shard, keep_logits=True)
    kept = tables.read(shard[2] / "predictions.parquet", LOGITS)
    canvases = {name: pixels for group in read_canvases(shard[1]["canvases"]) for name, pixels in group.items()}
    for row, frame in zip(
        kept.iter_rows(named=True), tables.read(shard[1]["frames"], tables.FRAMES).iter_rows(named=True), strict=True
    ):
        y, x = frame["window_y"], frame["window_x"]
        expected = answer(canvases[frame["canvas_id"]][None, y : y + SIZE, x : x + SIZE])[0]
        np.testing.assert_allclose(row["logits"], expected, rtol=1e-5, atol=1e-5)
    with pq.ParquetFile(shard[2] / "predictions.parquet") as file:
        groups = [file.read_row_group(group, ["image_id"])["image_id"].to_pylist() for group in range(file.num_row_groups)]
    assert [group[::4] for group in groups if group] == [["i0", "i1"], ["i2", "i3"], ["i4", "i5"]]


def test_a_network_that_fails_with_kept_logits_leaves_no_half_table(card, shard, monkeypatch):
    monkeypatch.setattr(Linear, "load", lambda self, *arguments: lambda frames: answer(frames) * np.nan)
    with pytest.raises(ShiftscopeError, match="not finite"):
        run(card, shard, keep_logits=True)
    assert {path.name for path in shard[2].glob("*pred*")} == set()
