"""The loop of inference on a device that works beside the processor: what overlaps, what waits for what, and the same answers
as on the processor. `double.py` is that device."""

import threading

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines.devices import devices
from shiftscope.engines.devices.cuda import CUT_AT_ONCE, Streaming
from shiftscope.stages import feeding
from shiftscope.stages.asking import Audit, Batched
from shiftscope.stages.describing import LOGITS
from shiftscope.stages.frames import make_frames
from shiftscope.stages.infer import predict

from .double import Double, Serial

SIZE, OUTPUTS, PICTURES, STEPS = 16, 9, 8, 5
WEIGHTS = np.random.default_rng(5).normal(0, 0.02, (SIZE * SIZE * 3, OUTPUTS))


def answer(frames):
    return (frames.reshape(len(frames), -1).astype(np.float64) @ WEIGHTS).astype(np.float32)


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    """Five windows each on the canvases of eight pictures; every picture has a table of its own."""
    folder = tmp_path_factory.mktemp("shard")
    rng = np.random.default_rng(1)
    rows = []
    for k in range(PICTURES):
        path = folder / f"{k}.png"
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
        label = None if k == 3 else k
        rows.append({"image_id": f"i{k}", "path": str(path), "label": label, "width": 40, "height": 30})
    images = tables.table(rows, tables.IMAGES)
    names = {name: folder / f"{name}.parquet" for name in ("canvases", "frames", "skipped")}
    make_frames(
        kind="crop", options={"offsets": f"0..{STEPS - 1}"}, images=images, boxes=None, size=SIZE, seed=0, refuse=True,
        **{f"{name}_path": path for name, path in names.items()},
    )  # fmt: skip
    return images, names


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(feeding, "ROWS", STEPS)


def predicted(device, run, shard, batch, keep_logits=False, audit=None):
    images, names = shard
    card = {"network": "n", "input_size": SIZE, "batch_size": batch, "device": "double"}
    made = []
    network = Batched(run, device, batch, "n")
    noted = predict(network, card, names["canvases"], names["frames"], images, made.extend, keep_logits, audit)
    return pl.concat(made), noted


def doubled(shard, batch=4, keep_logits=False, **more):
    device = Double(batches=-(-PICTURES * STEPS // batch), **more)
    return device, predicted(device, device.network(answer), shard, batch, keep_logits)[0]


def on_cpu(shard, batch=4, keep_logits=False):
    return predicted(devices["cpu"].item(), answer, shard, batch, keep_logits)[0]


@pytest.mark.parametrize("batch", [1, 4, 7, PICTURES * STEPS, 70])
@pytest.mark.parametrize("keep_logits", [False, True])
def test_a_device_gives_the_answers_of_the_processor(shard, batch, keep_logits):
    _, found = doubled(shard, batch, keep_logits)
    expected = on_cpu(shard, batch, keep_logits)
    assert found.schema == expected.schema == (LOGITS if keep_logits else tables.PREDICTIONS)
    exact = ["image_id", "step", "value", "label", "label_rank", "top5"] + ["logits"] * keep_logits
    assert found.select(exact).equals(expected.select(exact))
    for name in ("label_prob", "top5_prob", "prob_of_previous_top1"):
        one, other = (table[name].explode() for table in (found, expected))
        assert one.is_null().equals(other.is_null())
        # numpy and torch round exponentials differently, in float64.
        np.testing.assert_allclose(one.drop_nulls(), other.drop_nulls(), rtol=1e-6)


def test_copies_computation_and_description_overlap(shard):
    """Else the double raises `Serial`."""
    device, _ = doubled(shard, batch=4)
    threads = {what: {noted[-1] for noted in device.log if noted[0] == what} for what in ("sent", "cut", "run", "arrived")}
    assert threads["run"] == {threading.main_thread()}
    (ahead,), (behind,) = threads["cut"], threads["arrived"]
    assert threads["sent"] == {ahead}
    assert len({ahead, behind, threading.main_thread()}) == 3
    assert device.count("run") == device.count("cut") == 10
    assert device.count("arrived") == PICTURES


@pytest.mark.parametrize(
    ("name", "serial", "words"),
    [
        ("ahead", lambda items: (item for item in items), "nobody had begun to copy the next one"),
        ("behind", lambda items, use, length: use(iter(items)), "were waited for before the next one was begun"),
    ],
)
def test_a_loop_that_does_one_after_the_other_is_found_out(shard, monkeypatch, name, serial, words):
    monkeypatch.setattr(f"shiftscope.stages.infer.{name}", serial)
    with pytest.raises(Serial, match=words):
        doubled(shard, patience_s=0.2)


def test_a_loop_that_does_not_wait_for_copies_is_found_out(shard, monkeypatch):
    monkeypatch.setattr(Streaming, "take", lambda self, coming: coming[0])
    with pytest.raises(AssertionError, match="may not have arrived"):
        doubled(shard)


@pytest.mark.parametrize("batch", [2, 4, 64])
def test_each_pixel_is_sent_once_however_many_windows_and_batches_show_it(shard, batch):
    device, _ = doubled(shard, batch)
    frames = tables.read(shard[1]["frames"], tables.FRAMES)
    corners = frames.group_by("image_id").agg(
        (pl.col(f"window_{axis}").max() - pl.col(f"window_{axis}").min() + SIZE).alias(axis) for axis in "xy"
    )
    sent = [noted[1] for noted in device.log if noted[0] == "sent"]
    assert sum(sent) == (corners["x"] * corners["y"]).sum() < PICTURES * STEPS * SIZE**2
    # As many pictures at once as fill a batch: nine frames of a crop cost one transfer, or a part of one.
    assert len(sent) == -(-PICTURES // -(-batch // STEPS))


def test_frames_are_cut_in_any_order_from_canvases_of_any_size():
    device = Double(batches=1)
    rng = np.random.default_rng(0)
    canvases = [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in ((9, 20), (30, 8), (8, 8))]
    windows = [(1, 3, 0), (0, 1, 12), (2, 0, 0), (0, 0, 0), (1, 22, 0)] * CUT_AT_ONCE
    others = [canvases[1][5:20]]
    parts = [(device.send(canvases), np.array(windows)), (device.send(others), np.array([(0, 7, 0)]))]
    pixels = device.take(device.frames(parts, 8, len(windows) + 3)).numpy()
    expected = [canvases[place][top : top + 8, left : left + 8] for place, top, left in windows]
    expected += [others[0][7:15]] * 3
    np.testing.assert_array_equal(pixels, np.stack(expected))


def test_arrays_go_to_a_device_and_back():
    for device in (Double(batches=0), devices["cpu"].item()):
        array = np.arange(6, dtype=np.int64).reshape(2, 3)
        held = device.hold(array)
        assert isinstance(held, np.ndarray) == (device.xp is np)
        np.testing.assert_array_equal(device.host(held), array)


@pytest.mark.parametrize("name", ["send", "begin", "arrived"])
def test_a_failure_in_any_thread_ends_all_of_them(shard, monkeypatch, name):
    def raising(*_):
        raise ValueError("torn")

    monkeypatch.setattr(Double, name, raising)
    before = set(threading.enumerate())
    with pytest.raises(ValueError, match="torn"):
        doubled(shard)
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize(("room", "left"), [(8, 8), (7, 4), (3, 2), (1, 1)])
def test_where_memory_runs_out_batches_are_halved_and_answers_stay_the_same(shard, capsys, room, left):
    device = Double(batches=5, room=room)
    found, noted = predicted(device, device.network(answer), shard, 8)
    assert found.drop("label_prob", "top5_prob", "prob_of_previous_top1").equals(
        on_cpu(shard, 8).drop("label_prob", "top5_prob", "prob_of_previous_top1")
    )
    assert noted["batch_size"] == left
    assert device.freed == [8, 4, 2, 1].index(left)
    sizes = {noted[1] for noted in device.log if noted[0] == "run"}
    assert sizes == {left}  # all of one size, which compiled engines ask for
    assert ("memory is too small for 8 frames at a time; 4 from here on" in capsys.readouterr().err) == (left < 8)


def test_memory_for_no_frame_at_all_is_a_sentence(shard):
    device = Double(batches=5, room=0)
    with pytest.raises(
        ShiftscopeError, match=r"memory of the double is too small for network n in batches of 1 "
    ) as caught:
        predicted(device, device.network(answer), shard, 8)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("library", [np, torch])
def test_the_processor_knows_what_its_libraries_say_of_memory(library):
    cpu = devices["cpu"].item()
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        library.empty(2**58, dtype=library.uint8)
    assert cpu.out_of_memory(caught.value)
    # Of OpenVINO, whose own allocation fails only where memory is full in truth.
    said = "[CPU] Convolution node with name 'x' Check 'ptr' failed at cpu_memory.cpp:257:\nFailed to allocate 17179869184 bytes"
    assert cpu.out_of_memory(RuntimeError(said))
    assert not cpu.out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_memory_that_runs_out_while_frames_are_sent_is_a_sentence(shard, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(Double, "send", full)
    with pytest.raises(ShiftscopeError, match="memory of the double is too small for network n"):
        doubled(shard)


@pytest.mark.parametrize(("count", "size"), [(8, 8), (8, 3), (7, 2), (5, 4), (3, 5)])
def test_parts_of_one_size_cover_every_frame_once(count, size):
    asked = []

    def run(numbers):
        asked.append(len(numbers))
        return 10 * numbers

    found = Batched(run, devices["cpu"].item(), size, "n")(np.arange(count))
    assert found.tolist() == [10 * number for number in range(count)]
    assert set(asked) == {min(count, size)}


def test_an_audit_runs_on_the_device_too(shard):
    device = Double(batches=10)
    audit = Audit(Batched(lambda frames: torch.from_numpy(-answer(frames.numpy())), device, 4, "n"), 0.5, 0)
    _, noted = predicted(device, device.network(answer), shard, 4, audit=audit)
    windows = tables.read(shard[1]["frames"], tables.FRAMES)
    assert noted["audited"] == noted["audited_changed"] == audit.drawn(windows).sum()
    assert 5 < noted["audited"] < 35
