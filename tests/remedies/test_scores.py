"""The score of a frame: against a slow sum over its own pixels, and the crops that are chosen by it."""

import numpy as np
import pytest

from shiftscope.core import tables
from shiftscope.data.canvases import read_canvases
from shiftscope.remedies import Answers
from shiftscope.remedies.crop_selection import CropSelection
from shiftscope.remedies.scores import SCORES, frame_scores, window_scores
from shiftscope.stages.frames import make_frames


def slow_score(frame):
    """The sum as it is defined, pixel by pixel, of one frame, uint8 (size, size, 3)."""
    size = len(frame)
    red, green, blue = (frame[..., k].astype(float) for k in range(3))
    luma = np.floor((19595 * red + 38470 * green + 7471 * blue + 2**15) / 2**16) / 255  # BT.601 in whole grey levels
    middle, total, whole = size // 2, 0.0, 0.0
    reach = (size - 3) // 2
    for y in range(middle - reach, middle + reach + 1):
        for x in range(middle - reach, middle + reach + 1):
            along = [round(1024 * np.exp(-((at - middle) ** 2) / (2 * (size / 8) ** 2))) / 1024 for at in (y, x)]
            gradient = (luma[y, x + 1] - luma[y, x - 1]) / 2, (luma[y + 1, x] - luma[y - 1, x]) / 2
            total += along[0] * along[1] * (gradient[0] ** 2 + gradient[1] ** 2)
            whole += along[0] * along[1]
    return total / whole


@pytest.mark.parametrize("size", [8, 21, 32])
def test_scores_on_a_canvas_are_those_of_the_frames_alone(size):
    rng = np.random.default_rng(size)
    canvas = rng.integers(0, 256, (size + 9, size + 13, 3), dtype=np.uint8)
    tops, lefts = rng.integers(0, 10, 8), rng.integers(0, 14, 8)
    found = window_scores(canvas, tops, lefts, size)
    frames = [canvas[y : y + size, x : x + size] for y, x in zip(tops, lefts, strict=True)]
    np.testing.assert_allclose(found, [slow_score(frame) for frame in frames], rtol=1e-12)
    alone = [window_scores(frame, np.zeros(1, int), np.zeros(1, int), size)[0] for frame in frames]
    assert found.tolist() == alone  # to the bit


def test_what_lies_outside_the_frame_does_not_count():
    rng = np.random.default_rng(1)
    canvas = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    other = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    other[4:36, 5:37] = canvas[4:36, 5:37]
    assert window_scores(canvas, np.array([4]), np.array([5]), 32) == window_scores(other, np.array([4]), np.array([5]), 32)
    other[20, 21] ^= 255  # the middle counts
    assert window_scores(canvas, np.array([4]), np.array([5]), 32) != window_scores(other, np.array([4]), np.array([5]), 32)


def test_a_frame_of_one_colour_scores_nothing():
    assert window_scores(np.full((32, 32, 3), 77, np.uint8), np.array([0]), np.array([0]), 32) == 0


@pytest.mark.parametrize("surround", ["black", "inpaint"])
def test_the_table_of_a_shard_is_that_of_its_frames_one_by_one(tmp_path, surround):
    from PIL import Image

    rng, size, rows = np.random.default_rng(2), 24, []
    for name in ("b", "a"):
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(tmp_path / f"{name}.png")
        rows.append({"image_id": name, "path": str(tmp_path / f"{name}.png"), "width": 30, "height": 20})
    paths = {name: tmp_path / f"{name}.parquet" for name in ("canvases", "frames", "skipped")}
    make_frames(
        kind="embed", options={"side": 10, "offsets": [0, 3, 1], "surround": surround, "axis": "diagonal"},
        images=tables.table(rows, tables.IMAGES), boxes=None, size=size, seed=0, refuse=True,
        canvases_path=paths["canvases"], frames_path=paths["frames"], skipped_path=paths["skipped"],
    )  # fmt: skip
    found = frame_scores(paths["canvases"], paths["frames"], size)
    assert found.schema == SCORES
    canvases = {name: pixels for group in read_canvases(paths["canvases"]) for name, pixels in group.items()}
    frames = tables.read(paths["frames"], tables.FRAMES)
    assert found.select("image_id", "step").equals(frames.select("image_id", "step"))
    for row, score in zip(frames.iter_rows(named=True), found["score"], strict=True):
        y, x = row["window_y"], row["window_x"]
        assert score == pytest.approx(slow_score(canvases[row["canvas_id"]][y : y + size, x : x + size]), rel=1e-12)


# The choice of crops

SIZE, COUNT, STEPS = 16, 6, 20


def sequences(scored):
    """Pictures moved over a canvas by 0 … 19 px, as (pixels of each frame, scores of each frame by `scored`)."""
    rng = np.random.default_rng(5)
    for _ in range(12):
        canvas = rng.integers(0, 256, (SIZE, SIZE + STEPS - 1, 3), dtype=np.uint8)
        frames = [canvas[:, left : left + SIZE] for left in range(STEPS)]
        yield frames, scored(canvas, np.arange(STEPS))


def chosen(frames, scores):
    """The content of the crop that each position chooses."""
    remedy = CropSelection(counts=(COUNT,))
    numbers = np.arange(STEPS, dtype=np.float32)[:, None]  # the answer of a network that says which frame it is shown
    answers = Answers(numbers, np.arange(STEPS), scores)
    found = remedy.remedied(answers, COUNT, np.arange(STEPS - remedy.reach(COUNT, None)))
    return [frames[int(number)].tobytes() for number in found[:, 0]]


def moved_with(scored):
    """The shares of neighbouring positions that choose the same content: of those whose best crop is among the candidates of
    both, and of those in which it is not."""
    same, other = [], []
    for frames, scores in sequences(scored):
        content = chosen(frames, scores)
        for start in range(len(content) - 1):
            best = max(range(start, start + COUNT + 1), key=lambda place: scores[place])  # of both positions together
            stays = start + 1 <= best < start + COUNT
            (same if stays else other).append(content[start] == content[start + 1])
    return np.mean(same), np.mean(other), len(same)


def test_the_same_content_is_chosen_wherever_the_picture_is():
    def score(canvas, lefts):
        return window_scores(canvas, np.zeros_like(lefts), lefts, SIZE)

    stays, leaves, cases = moved_with(score)
    assert cases > 50
    assert stays == 1
    assert leaves < 1


def test_a_score_that_belongs_to_the_place_and_not_to_the_picture_does_not_do_it():
    def score(canvas, lefts):  # how near the frame is to a fixed place, whatever the picture
        return np.sin(lefts.astype(float))

    picks = [chosen(frames, scores) for frames, scores in sequences(score)]
    # The picture moved by a pixel: the same candidates but one, each at its neighbour's place.
    moved = []
    for frames, scores in sequences(score):
        later = Answers(np.arange(1, STEPS, dtype=np.float32)[:, None], np.arange(STEPS - 1), scores[: STEPS - 1])
        found = CropSelection().remedied(later, COUNT, np.arange(STEPS - COUNT))
        moved.append([frames[int(number)].tobytes() for number in found[:, 0]])
    same = [a == b for first, second in zip(picks, moved, strict=True) for a, b in zip(first[1:], second, strict=False)]
    assert np.mean(same) < 0.2


def test_the_first_of_equal_scores_is_chosen():
    answers = Answers(np.arange(4, dtype=np.float32)[:, None], np.arange(4), np.array([1.0, 3.0, 3.0, 0.0]))
    remedy = CropSelection()
    assert remedy.remedied(answers, 3, np.array([0, 1]))[:, 0].tolist() == [1, 1]
    assert remedy.remedied(answers, 1, np.arange(4))[:, 0].tolist() == [0, 1, 2, 3]
    assert (remedy.passes(3), remedy.reach(3, None), remedy.needs_scores()) == (1, 2, True)
