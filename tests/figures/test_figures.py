"""Figures over the registry, on small made-up results that are awkward on purpose."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from shiftscope import tables
from shiftscope.bias import BIAS
from shiftscope.bias.boxes import box_statistics
from shiftscope.figures import Material, figures, save
from shiftscope.frames import make_frames
from shiftscope.inference import describe
from shiftscope.sensitivity import SENSITIVITY
from shiftscope.sensitivity.summary import sensitivity, sums

SIZE, STEPS = 24, 5
AWKWARD = "a_very $long$ name <of> a network & more, №7"


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Results of some networks on some pictures: seven classes, five steps, two shards."""

    def build(networks=("one", "two", AWKWARD), images=14, labelled=True, steady=False):
        folder = tmp_path_factory.mktemp("figures")
        rng = np.random.default_rng(0)
        rows, boxes = [], []
        for k in range(images):
            path = folder / f"{k}.png"
            Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
            category = f"class_{k % 7} $x$"
            rows.append(
                {
                    "image_id": f"c/{k:02} $",
                    "path": str(path),
                    "label": k % 7 if labelled else None,
                    "category": category,
                    "width": 40,
                    "height": 30,
                }
            )
            x, y = rng.integers(0, 20, 2)
            boxes.append({"image_id": f"c/{k:02} $", "category": category, "x_min": x, "y_min": y, "x_max": x + 15, "y_max": y + 10,
                          "image_width": 40, "image_height": 30, "is_crowd": False})  # fmt: skip
        images_table, boxes_table = tables.table(rows, tables.IMAGES), tables.table(boxes, tables.BOXES)
        tables.write(folder / "images.parquet", images_table, tables.IMAGES)
        tables.write(folder / "boxes.parquet", boxes_table, tables.BOXES)
        tables.write(folder / "bias.parquet", box_statistics(boxes_table, seed=0), BIAS)
        shards = []
        for number, part in enumerate((images_table[: images // 2], images_table[images // 2 :])):
            paths = [folder / f"{name}{number}.parquet" for name in ("frames", "canvases", "skipped")]
            make_frames(kind="embed", options={"side": 12, "offsets": "0..4"}, images=part, boxes=None, size=SIZE, seed=0,
                        refuse=False, frames_path=paths[0], canvases_path=paths[1], skipped_path=paths[2])  # fmt: skip
            shards.append((paths[0], paths[1]))
        cells, files = {}, {}
        for network in networks:
            told = []
            for row in rows:
                logits = rng.normal(0, 2, (1 if steady else STEPS, 7)).astype(np.float32)
                logits = np.repeat(logits, STEPS, 0) if steady else logits
                told += describe(row["image_id"], logits, [float(step) for step in range(STEPS)], row["label"])
            predictions = tables.table(told, tables.PREDICTIONS)
            files["p $x$", network] = folder / f"predictions{len(files)}.parquet"
            tables.write(files["p $x$", network], predictions, tables.PREDICTIONS)
            cells["p $x$", network] = sums(predictions)
        table = sensitivity(cells, seed=0, level=0.95, n_resamples=100)
        tables.write(folder / "sensitivity.parquet", table, SENSITIVITY)
        names = ("images", "boxes", "bias", "sensitivity")
        return Material(
            files={name: folder / f"{name}.parquet" for name in names},
            networks=dict.fromkeys(networks, SIZE),
            protocol="p $x$",
            protocols={"p $x$": {"title": "picture $moved$ on a canvas", "unit": "px"}},
            prediction_files=files,
            frame_files={("p $x$", SIZE): shards},
            class_names=[f"class_{k} $x$" for k in range(7)],
        )

    return build


CASES = [
    {}, {"networks": ("one",)}, {"networks": ("one",), "images": 2}, {"steady": True}, {"labelled": False},
    {"networks": tuple(f"network {k}" for k in range(9)), "images": 4},
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", [entry.name for entry in figures])
def test_every_figure_is_drawn_of_whatever_there_is(make, name, case, tmp_path):
    entry = figures[name]
    if "labels" in entry.needs and not case.get("labelled", True):
        return  # such a data set has no such figure
    drawing = entry.item.draw(make(**case))
    save(drawing, png=tmp_path / "a.png", pdf=tmp_path / "a.pdf", caption=tmp_path / "a.txt")
    with Image.open(tmp_path / "a.png") as image:
        assert np.asarray(image.convert("L")).std() > 5  # not blank
        assert 200 < image.width < 4000
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    caption = (tmp_path / "a.txt").read_text()
    assert caption.strip().endswith(".")
    assert "nan" not in caption.split()


@pytest.mark.parametrize("name", [entry.name for entry in figures])
def test_the_same_results_are_the_same_bytes(make, name, tmp_path):
    material = make()
    for copy in "ab":
        drawing = figures[name].item.draw(material)
        save(drawing, png=tmp_path / f"{copy}.png", pdf=tmp_path / f"{copy}.pdf", caption=tmp_path / f"{copy}.txt")
    for suffix in ("png", "pdf", "txt"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_the_heat_map_says_how_far_rows_swing(make):
    material = make(networks=("one",))
    rows = material.predictions("one")
    swing = [max(own["label_prob"]) - min(own["label_prob"]) for _, own in rows.group_by("image_id")]
    caption = figures["heatmap"].item.draw(material).caption
    assert f"one: {np.median(swing):.2f} in the median picture" in caption
    assert f"more than ½ in {np.mean(np.array(swing) > 0.5):.0%}" in caption


def test_the_heat_map_shows_each_probability_where_it_belongs(make):
    material = make(networks=("one",))
    (ax, _) = figures["heatmap"].item.draw(material).figure.axes
    grid = np.asarray(ax.images[0].get_array())
    rows = [own.sort("step")["label_prob"].to_list() for _, own in material.predictions("one").group_by("image_id")]
    np.testing.assert_allclose(grid, sorted(rows, key=lambda row: -np.mean(row)), atol=1e-6)


def test_the_example_is_the_largest_fall_of_a_right_answer(make):
    material = make(networks=("one",), images=14)
    best = (0, None)
    for (image_id,), own in material.predictions("one").group_by("image_id"):
        rows = own.sort("step").rows(named=True)
        for before, after in pairwise(rows):
            if before["label_rank"] == 1 and before["top5"][0] != after["top5"][0]:
                best = max(best, (abs(before["label_prob"] - after["label_prob"]), image_id))
    caption = figures["examples"].item.draw(material).caption
    assert best[1] in caption


def test_a_steady_network_is_said_to_be_steady(make):
    caption = figures["examples"].item.draw(make(networks=("one",), steady=True)).caption
    assert "one gives the same answer on every frame of every picture" in caption


def test_frames_are_found_in_any_shard(make):
    material = make(networks=("one",))
    for image_id in (material.images["image_id"][0], material.images["image_id"][-1]):
        frames = material.frames(image_id, "one")
        assert len(frames) == STEPS
        assert all(frame.shape == (SIZE, SIZE, 3) for frame in frames)
    assert material.frames("nobody", "one") == []


def test_box_centres_say_what_was_tested(make):
    caption = figures["box_centres"].item.draw(make()).caption
    assert "No category has enough boxes to be tested" in caption
