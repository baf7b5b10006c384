"""Figures over the registry, on small made-up results that are awkward on purpose."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from shiftscope.association import ACCURACY_BY_SURPRISAL, CORRELATION
from shiftscope.association.accuracy import accuracy_in_quarters
from shiftscope.association.classes import per_class
from shiftscope.association.correlation import bias_against_sensitivity
from shiftscope.association.surprisal import surprisal
from shiftscope.association.tightness import tightness
from shiftscope.bias import BIAS
from shiftscope.bias.boxes import box_statistics
from shiftscope.bias.landmarks import landmark_statistics
from shiftscope.bias.selection import Inclusion
from shiftscope.config import Config
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.canvases import cut, read_canvases
from shiftscope.figures import DOTS_PER_INCH, Drawing, Inputs, figures, save, style
from shiftscope.figures.agreements import flip_rates
from shiftscope.figures.inputs import draw_files, inputs_of
from shiftscope.figures.paper_values import GREY, JAGGEDNESS, RESCALE, RESCALE_SIZES, SIZE_SWEEP_CHANGE, TABLE_1
from shiftscope.figures.style import new_figure, short
from shiftscope.sensitivity import CURVES, SENSITIVITY
from shiftscope.sensitivity.estimates import curves, sensitivity
from shiftscope.sensitivity.stored import read_sums
from shiftscope.stages.describing import describe
from shiftscope.stages.frames import make_frames
from shiftscope.stages.learning_curve import LEARNING_CURVE
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

from ..jobs import summed
from . import inside, remedied

SIZE, STEPS = 24, 5
OPTIONS = {
    "embed": {"side": 12, "offsets": "0..4"},
    "scale": {"sides": "8..16 by 2"},
    "sizes": {"shifts": 3, "margin": 3},
    "box_crop": {"reach": 3},
    "resizers": {"resizers": ["pillow-nearest", "opencv-area", "pillow-bicubic", "tf1-bilinear", "pillow-hamming"]},
}
PAPERS = {
    "embed": {"side": "120", "surround": "inpaint", "axis": "y", "step": "1"},
    "scale": {"surround": "inpaint", "place": "corner", "resize": "square"},
    "sizes": {"surround": "mean"},
    "box_crop": {"axis": "x", "side": "None"},
}
"""Settings that make a protocol one of the papers'."""
LARGER = 28
"""px, of networks that are shown more."""
AWKWARD = "a_very $long$ name <of> a network & more, №7"


@pytest.fixture(autouse=True)
def papers_size(monkeypatch):
    """The papers' networks saw 224 px; ours here are as good as that."""
    monkeypatch.setattr("shiftscope.figures.paper_values.SIZE", SIZE)


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Results of some networks on some pictures: seven classes, five steps, two shards."""

    @cache
    def build(
        networks=("one", "two", AWKWARD), images=14, labelled=True, steady=False, kind="embed", imagenet=False, larger=()
    ):
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
        sizes = {network: LARGER if network in larger else SIZE for network in networks}
        shards = {size: [] for size in sizes.values()}
        for size in shards:
            for number, part in enumerate((images_table[: images // 2], images_table[images // 2 :])):
                paths = [folder / f"{name}{number}-{size}.parquet" for name in ("frames", "canvases", "skipped")]
                make_frames(kind=kind, options=OPTIONS[kind], images=part, boxes=boxes_table, size=size, seed=0,
                            refuse=False, frames_path=paths[0], canvases_path=paths[1], skipped_path=paths[2])  # fmt: skip
                shards[size].append(paths[0])
        files, ordered = {}, kind != "resizers"
        for network in networks:
            seen = tables.read(shards[sizes[network]], tables.FRAMES)
            seen = seen.join(images_table, on="image_id").sort("image_id", "step")
            logits = rng.normal(0, 2, (len(seen), 7)).astype(np.float32)
            if steady:
                logits = logits[seen["image_id"].rank("dense").to_numpy() - 1]
            predictions = describe(seen.select("image_id", "step", "value", "label"), logits, np.arange(len(seen)))
            files["p $x$", network] = folder / f"predictions{len(files)}.parquet"
            tables.write(files["p $x$", network], predictions, tables.PREDICTIONS)
        sums = summed(files, ordered=ordered)
        tables.write(folder / "sensitivity.parquet", sensitivity(sums, level=0.95), SENSITIVITY)
        curve = curves({cell: each.draws for cell, each in sums.items()}, level=0.95)
        tables.write(folder / "curves.parquet", curve, CURVES)
        cells = {cell: read_sums(each.sums) for cell, each in sums.items()}
        points = [
            {"image_id": box["image_id"], "category": "person $x$", "instance": k, "name": name, "x": box["x_min"] + shift, "y": box["y_min"] + 3.0,
             "image_width": 40, "image_height": 30}
            for k, box in enumerate(boxes) for name, shift in (("left_eye", 9.0), ("right_eye", 4.0))
        ]  # fmt: skip
        points_table = tables.table(points, tables.LANDMARKS)
        tables.write(folder / "landmarks.parquet", points_table, tables.LANDMARKS)
        tables.write(folder / "landmark_bias.parquet", landmark_statistics(points_table, seed=0, minimum_n=10), BIAS)
        tight = tightness(box_statistics(boxes_table, seed=0, minimum_n=2))
        relation = bias_against_sensitivity(tight, per_class(cells, images_table), seed=0)
        tables.write(folder / "relation.parquet", relation, CORRELATION)
        unlike = accuracy_in_quarters(
            {"other $x$": surprisal(boxes_table, boxes_table, seed=0)}, cells, seed=0, n_resamples=50
        )
        tables.write(folder / "accuracy_by_surprisal.parquet", unlike, ACCURACY_BY_SURPRISAL)
        remedied.write(folder / "remedies.parquet", folder / "augmentation.parquet", networks, "p $x$", labelled)
        training = {network: folder / f"training{k}.parquet" for k, network in enumerate(networks)}
        for k, path in enumerate(training.values()):
            tables.write(path, inside.learning_curve(k), LEARNING_CURVE)
        layers = {("p $x$", network): folder / f"layers{k}.parquet" for k, network in enumerate(networks)}
        geometry = {("p $x$", network): folder / f"geometry{k}.parquet" for k, network in enumerate(networks)}
        maps = {("p $x$", network): folder / f"maps{k}.parquet" for k, network in enumerate(networks)}
        for cell, path in layers.items():
            inside.write(path, maps[cell], geometry[cell], "c/00 $", hidden=cell[1] == "two")
        names = (
            "images",
            "boxes",
            "bias",
            "landmarks",
            "landmark_bias",
            "relation",
            "accuracy_by_surprisal",
            "sensitivity",
            "curves",
            "remedies",
            "augmentation",
        )
        return Inputs(
            files={name: folder / f"{name}.parquet" for name in names},
            networks=sizes,
            protocol="p $x$",
            architectures=dict(zip(networks, ("vgg16", "squeezenet1_0", "resnet50"), strict=False)),
            class_space="imagenet" if imagenet else "own",
            protocols={
                "p $x$": {
                    "title": "picture $moved$ on a canvas",
                    "unit": "px",
                    "kind": kind,
                    "reference": "",
                    "note": "",
                    "ordered": "yes" if ordered else "no",
                    **PAPERS.get(kind, {}),
                }
            },
            prediction_files=files,
            layer_files=layers,
            training_files=training,
            map_files=maps,
            geometry_files=geometry,
            frame_files={("p $x$", size): paths for size, paths in shards.items()},
            recipes={"p $x$": {"kind": kind, "options": OPTIONS[kind], "seed": 0}},
            class_names=[f"class_{k} $x$" for k in range(7)],
        )

    return lambda **case: replace(build(**case))  # nothing that a test reads or changes is seen by another


CASES = [
    {}, {"networks": ("one",)}, {"networks": ("one",), "images": 2}, {"steady": True}, {"labelled": False},
    {"networks": tuple(f"network {k} of a <script> with $a$ long name" for k in range(12)), "images": 4}, {"imagenet": True},
    {"larger": ("two",), "imagenet": True},
]  # fmt: skip


def kind_for(entry):
    """A kind of protocol that the figure is about."""
    return next((kind for kind in OPTIONS if kind in entry.item.protocol), "embed")


def shown_texts(figure):
    """The texts of a figure that has been drawn which somebody sees: not the labels of ticks that are out of view."""
    axes = [ax for part in (figure, *figure.subfigs) for ax in part.axes]
    inside = {label for ax in axes if ax.get_visible() for axis in (ax.xaxis, ax.yaxis) for label in seen_labels(axis)}
    ticks = {label for ax in axes for axis in (ax.xaxis, ax.yaxis) for label in axis.get_ticklabels(which="both")}
    hidden = {text for ax in axes if not ax.get_visible() or not ax.axison for text in ax.findobj(mpl.text.Text)}
    texts = figure.findobj(lambda artist: isinstance(artist, mpl.text.Text) and artist.get_text() and artist.get_visible())
    return [text for text in texts if text not in hidden and (text not in ticks or text in inside)]


def seen_labels(axis):
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high and tick.label1.get_visible()]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", [entry.name for entry in figures])
def test_every_figure_is_drawn_of_whatever_there_is(make, name, case, tmp_path):
    entry = figures[name]
    if "labels" in entry.needs and not case.get("labelled", True):
        return  # such a data set has no such figure
    drawing = entry.item.draw(make(**case, kind=kind_for(entry)))
    with mpl.rc_context({"pdf.fonttype": 3}):  # cutting TrueType fonts takes longer than drawing; the next test does that
        save(drawing, png=tmp_path / "a.png", pdf=tmp_path / "a.pdf", caption=tmp_path / "a.txt")
    with Image.open(tmp_path / "a.png") as image:
        assert np.asarray(image.convert("L")).std() > 5  # not blank
        assert 200 < image.width <= style.WIDEST * 150
    for text in drawing.figure.findobj(mpl.text.Text):  # as large on the page, which shows the widest figures in 860 px
        assert text.get_fontsize() >= style.SMALLEST or not text.get_text() or not text.get_visible(), text.get_text()
    drawing.figure.draw_without_rendering()  # the PDF was drawn last, in another resolution
    page = drawing.figure.bbox
    for text in shown_texts(drawing.figure):
        box = text.get_window_extent()
        outside = max(page.x0 - box.x0, box.x1 - page.x1, page.y0 - box.y0, box.y1 - page.y1)
        assert outside < 4, f"{text.get_text()!r} lies {outside:.0f} px outside of the figure"
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    caption = (tmp_path / "a.txt").read_text()
    assert caption.strip().endswith(".")
    assert "nan" not in caption.split()


@pytest.mark.parametrize("name", [entry.name for entry in figures])
def test_the_same_results_are_the_same_bytes(make, name, tmp_path):
    inputs = make(kind=kind_for(figures[name]), images=6)
    for copy in "ab":
        drawing = figures[name].item.draw(inputs)
        save(drawing, png=tmp_path / f"{copy}.png", pdf=tmp_path / f"{copy}.pdf", caption=tmp_path / f"{copy}.txt")
    for suffix in ("png", "pdf", "txt"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_a_layout_is_found_once_for_both_pictures(make, tmp_path, monkeypatch):
    found, original = [], ConstrainedLayoutEngine.execute

    def execute(engine, figure):
        found.append(figure)
        return original(engine, figure)

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", execute)
    drawing = figures["measures"].item.draw(make())
    save(drawing, png=tmp_path / "a.png", pdf=tmp_path / "a.pdf", caption=tmp_path / "a.txt")
    assert found == [drawing.figure]


@pytest.mark.parametrize("name", ["measures", "examples", "gallery"])
def test_pictures_are_those_of_matplotlibs_savefig_and_each_is_drawn_once(make, name, tmp_path, monkeypatch):
    drawn, original = [], Figure.draw
    saved, other = (figures[name].item.draw(make()) for _ in range(2))
    with monkeypatch.context() as counted:
        counted.setattr(Figure, "draw", lambda figure, renderer: drawn.append(figure) or original(figure, renderer))
        save(saved, png=tmp_path / "a.png", pdf=tmp_path / "a.pdf", caption=tmp_path / "a.txt")
    assert drawn == [saved.figure] * 2
    other.figure.set_dpi(DOTS_PER_INCH)
    other.figure.get_layout_engine().execute(other.figure)
    other.figure.set_layout_engine("none")
    other.figure.savefig(tmp_path / "b.png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    other.figure.savefig(tmp_path / "b.pdf", dpi=DOTS_PER_INCH, metadata={"CreationDate": None, "Creator": None})
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_the_heat_map_says_how_far_rows_swing(make):
    inputs = make(networks=("one",))
    rows = inputs.predictions("one")
    swing = [max(own["label_prob"]) - min(own["label_prob"]) for _, own in rows.group_by("image_id")]
    caption = figures["heatmap"].item.draw(inputs).caption
    assert f"P(true class) moves by {np.median(swing):.2f} in the median picture" in caption
    assert f"more than ½ in {np.mean(np.array(swing) > 0.5):.0%}" in caption
    changed = [own.sort("step")["top5"].list.first().n_unique() > 1 for _, own in rows.group_by("image_id")]
    assert f"one: the answer changes in {np.mean(changed):.0%}" in caption


def changes_marked(ax):
    """(row, column) of the marks in a heat map: where, from the column before, the answer changes."""
    (marks,) = ax.collections
    return sorted((round(segment[:, 1].mean()), round(segment[0, 0] + 0.5)) for segment in marks.get_segments())


def test_rows_of_all_networks_are_the_same_pictures_and_changes_of_the_answer_are_marked(make):
    inputs = make(networks=("one", "two"))
    drawn = {name: inputs.predictions(name).sort("image_id", "step") for name in inputs.networks}
    means = pl.concat(drawn.values()).group_by("image_id").agg(pl.col("label_prob").cast(pl.Float64).mean())
    order = means.sort("label_prob", descending=True)["image_id"].to_list()
    first, second, *_ = figures["heatmap"].item.draw(inputs).figure.axes
    for ax, rows in zip((first, second), drawn.values(), strict=True):
        grid, marks = np.asarray(ax.images[0].get_array()), []
        for row, image_id in enumerate(order):
            own = rows.filter(image_id=image_id)
            np.testing.assert_allclose(grid[row], own["label_prob"], atol=1e-6)
            answers = [answer[0] for answer in own["top5"]]
            marks += [(row, step) for step in range(1, STEPS) if answers[step] != answers[step - 1]]
        assert changes_marked(ax) == marks
        assert 10 < len(marks) < 14 * STEPS
    steady = figures["heatmap"].item.draw(make(networks=("one",), steady=True)).figure.axes[0]
    assert not changes_marked(steady)


def test_no_change_is_marked_from_one_run_to_the_next(make):
    """At another size, the first place is no neighbour of the last place at the size before."""
    inputs = make(networks=("one",), kind="sizes", images=6)
    rows = inputs.predictions("one").sort("image_id", "step")
    columns = sorted(rows["step"].unique())
    apart = [columns.index(after) for before, after in pairwise(columns) if after != before + 1]
    assert apart
    marks = changes_marked(figures["heatmap"].item.draw(inputs).figure.axes[0])
    assert marks
    assert not {column for _, column in marks} & set(apart)


def test_absent_places_have_a_colour_that_no_probability_has(make):
    image = figures["box_heatmap"].item.draw(make(networks=("one",), kind="box_crop", images=9)).figure.axes[0].images[0]
    absent = np.array(image.get_cmap().get_bad()[:3])
    scale = image.get_cmap()(np.linspace(0, 1, 256))[:, :3]
    assert np.linalg.norm(scale - absent, axis=1).min() > 0.2
    marked = np.array(mpl.colors.to_rgb("#0090ff"))
    assert np.linalg.norm([*(scale - marked), absent - marked], axis=1).min() > 0.5


def test_of_many_pictures_some_are_drawn_and_the_caption_says_so(make, monkeypatch):
    monkeypatch.setattr("shiftscope.figures.heatmap.MOST_ROWS", 5)
    drawing = figures["heatmap"].item.draw(make(networks=("one",)))
    ax = drawing.figure.axes[0]
    assert ax.images[0].get_array().shape[0] == 5
    assert "5 of 14 pictures are drawn" in drawing.caption
    means = sorted(
        (own["label_prob"].mean() for _, own in make(networks=("one",)).predictions("one").group_by("image_id")),
        reverse=True,
    )
    np.testing.assert_allclose(ax.images[0].get_array().mean(1), [means[k] for k in (0, 3, 6, 10, 13)], atol=1e-6)


def test_sequences_of_fewer_than_8_steps_and_choices_are_no_heat_map():
    raw = {
        "datasets": {"d": {"kind": "digits", "framing": "centred"}},
        "networks": {"a": {"kind": "timm", "architecture": "resnet18", "outputs": 10, "input_size": 64, "train": {"dataset": "d"}}},
        "protocols": {"seven": {"kind": "crop", "offsets": "0..6"}, "eight": {"kind": "crop", "offsets": "0..7"},
                      "box_crop": {}, "resizers": {}},
    }  # fmt: skip
    drawn = Plan(Config.load(raw)).drawn("d")
    assert {protocol for name, protocol in drawn if name == "heatmap"} == {"eight", "box_crop"}
    assert {protocol for name, protocol in drawn if name == "curves"} == {"seven", "eight", "box_crop"}


def test_the_heat_map_shows_each_probability_where_it_belongs(make):
    inputs = make(networks=("one",))
    (ax, _) = figures["heatmap"].item.draw(inputs).figure.axes
    grid = np.asarray(ax.images[0].get_array())
    rows = [own.sort("step")["label_prob"].to_list() for _, own in inputs.predictions("one").group_by("image_id")]
    np.testing.assert_allclose(grid, sorted(rows, key=lambda row: -np.mean(row)), atol=1e-6)


def test_the_example_is_the_largest_fall_of_a_right_answer(make):
    inputs = make(networks=("one",), images=14)
    best = (0, None)
    for (image_id,), own in inputs.predictions("one").group_by("image_id"):
        rows = own.sort("step").rows(named=True)
        for before, after in pairwise(rows):
            if before["label_rank"] == 1 and before["top5"][0] != after["top5"][0]:
                best = max(best, (abs(before["label_prob"] - after["label_prob"]), image_id))
    caption = figures["examples"].item.draw(inputs).caption
    assert best[1] in caption


def test_without_labels_the_example_is_the_flip_between_the_surest_answers(make):
    inputs = make(networks=("one",), images=14, labelled=False)
    best = (0,)
    for (image_id,), own in inputs.predictions("one").group_by("image_id"):
        rows = own.sort("step").rows(named=True)
        for before, after in pairwise(rows):
            if before["top5"][0] != after["top5"][0]:
                best = max(best, (min(before["top5_prob"][0], after["top5_prob"][0]), image_id, before["step"], rows))
    _, image_id, step, rows = best
    before, after = rows[step], rows[step + 1]
    drawing = figures["examples"].item.draw(inputs)
    assert f"of {image_id} at" in drawing.caption
    fallen = dict(zip(after["top5"], after["top5_prob"], strict=True)).get(
        before["top5"][0], after["prob_of_previous_top1"]
    )
    assert f"goes from {before['top5_prob'][0]:.2f} to {fallen:.2f}" in drawing.caption
    (ax,) = [ax for ax in drawing.figure.axes if ax.get_legend()]
    curves = {line.get_label(): line.get_ydata() for line in ax.lines if not line.get_label().startswith("_")}
    assert len(curves) == 2
    for row, curve in zip((before, after), curves.values(), strict=True):
        expected = [dict(zip(r["top5"], r["top5_prob"], strict=True)).get(row["top5"][0], np.nan) for r in rows]
        np.testing.assert_allclose(curve, expected)


def test_every_network_has_an_example(make):
    names = tuple(f"n{k}" for k in range(7))
    drawing = figures["examples"].item.draw(make(networks=names, images=4))
    assert [part.get_suptitle().partition(":")[0] for part in drawing.figure.subfigs] == list(names)
    for part, network in zip(drawing.figure.subfigs, names, strict=True):
        assert sum(bool(ax.images) for ax in part.axes) == 3
        assert f"{network} says " in drawing.caption


def test_the_frames_and_the_curve_of_an_example_are_those_of_its_picture(make):
    inputs = make(networks=("one",))
    drawing = figures["examples"].item.draw(inputs)
    *strip, curve = drawing.figure.subfigs[0].axes
    image_id = drawing.figure.subfigs[0].get_suptitle().partition(": ")[2].partition(" (label")[0].replace("\\$", "$")
    rows, frames = inputs.predictions("one").filter(image_id=image_id).sort("step"), inputs.frames(image_id, "one")
    np.testing.assert_allclose(curve.lines[0].get_xydata(), rows.select("value", "label_prob").to_numpy(), atol=1e-6)
    assert curve.get_xlabel().endswith(", px")
    answers = [answer[0] for answer in rows["top5"]]
    for place, ax in enumerate(strip):
        (step,) = [k for k in range(STEPS) if np.array_equal(frames[k], ax.images[0].get_array())]
        assert ax.get_title() == f"{step} px"
        assert ax.get_xlabel() == f"class_{answers[step]} \\$x\\$: {rows['top5_prob'][step][0]:.2f}"
        changed = place > 0 and answers[step] != answers[step - 1]
        assert (ax.spines["left"].get_linewidth() > 2) == changed


def test_no_line_joins_resizers_and_each_has_its_name(make):
    inputs = make(kind="resizers", networks=("one", "two"))
    for part, network in zip(figures["examples"].item.draw(inputs).figure.subfigs, inputs.networks, strict=True):
        *strip, ax = part.axes
        assert all(line.get_linestyle() == "None" for line in ax.lines)
        assert [label.get_text() for label in ax.get_yticklabels()] == OPTIONS["resizers"]["resizers"]
        pictures = inputs.predictions(network).sort("step").group_by("image_id")
        assert ax.lines[0].get_xdata().tolist() in [pytest.approx(own["label_prob"].to_list()) for _, own in pictures]
        assert len(strip) == 2
        assert len({one.get_xlabel().partition(":")[0] for one in strip}) == 2


def test_of_choices_the_example_is_the_largest_fall_between_any_two(make):
    inputs = make(kind="resizers", networks=("one",))
    best = (0, None)
    for (image_id,), own in inputs.predictions("one").group_by("image_id"):
        for first in own.rows(named=True):
            for then in own.rows(named=True):
                if first["label_rank"] == 1 and then["top5"][0] != first["top5"][0]:
                    best = max(best, (abs(first["label_prob"] - then["label_prob"]), image_id, first, then))
    caption = figures["examples"].item.draw(inputs).caption
    assert f"of {best[1]} at {inputs.value_names[best[2]['value']]} and " in caption
    assert f"goes from {best[2]['label_prob']:.2f} to {best[3]['label_prob']:.2f}." in caption


def test_a_steady_network_is_said_to_be_steady(make):
    caption = figures["examples"].item.draw(make(networks=("one",), steady=True)).caption
    assert "one gives the same answer on every frame of every picture" in caption


@pytest.mark.parametrize("kind", list(OPTIONS))
def test_the_frames_of_figures_are_to_the_bit_those_that_networks_were_shown(make, kind):
    inputs = make(networks=("one", "two"), kind=kind, larger=("two",))
    for network, size in (("one", SIZE), ("two", LARGER)):
        for path in inputs.frame_files["p $x$", size]:  # first and last shard
            images = tables.read(path, tables.FRAMES).group_by("image_id", maintain_order=True)
            canvases = read_canvases(path.with_name(path.name.replace("frames", "canvases")))
            for ((image_id,), rows), own in zip(images, canvases, strict=True):
                found = inputs.frames(image_id, network)
                for frame, shown in zip(found, cut(own, rows, size), strict=True):
                    np.testing.assert_array_equal(frame, shown)


def test_box_centres_say_what_was_tested(make):
    caption = figures["box_centres"].item.draw(make()).caption
    assert "No category has enough boxes to be tested" in caption


def test_flip_rates_are_those_of_a_loop(make):
    predictions = make(kind="resizers", networks=("one",)).predictions("one")
    grid = flip_rates(predictions)
    answers = {(row["image_id"], row["step"]): row["top5"][0] for row in predictions.iter_rows(named=True)}
    names = {name for name, _ in answers}
    for i in range(5):
        for j in range(5):
            assert grid[i, j] == pytest.approx(np.mean([answers[name, i] != answers[name, j] for name in names]))
    assert 0.5 < grid[np.triu_indices(5, 1)].mean() < 1
    one_less = predictions.filter(~((predictions["step"] == 2) & (predictions["image_id"] == predictions["image_id"][0])))
    assert flip_rates(one_less)[2, 2] == 0
    assert flip_rates(one_less)[0, 1] == grid[0, 1]


def test_the_matrix_names_the_resizers_and_says_the_worst_pair(make):
    inputs = make(kind="resizers", networks=("one",))
    drawing = figures["agreements"].item.draw(inputs)
    ax = drawing.figure.axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == OPTIONS["resizers"]["resizers"]
    grid = flip_rates(inputs.predictions("one"))
    assert f"({grid.max():.1%})" in drawing.caption
    np.testing.assert_allclose(ax.images[0].get_array(), grid)


def test_examples_name_the_resizers_and_not_their_places_in_the_list(make):
    drawing = figures["examples"].item.draw(make(kind="resizers", networks=("one",)))
    names = OPTIONS["resizers"]["resizers"]
    assert any(f" at {name} and " in drawing.caption for name in names)
    assert any(f" at {name}:" in drawing.caption for name in names)
    assert " at 1 " not in drawing.caption
    titles = {ax.get_title() for part in drawing.figure.subfigs for ax in part.axes} - {""}
    assert titles <= {short(name, 26) for name in names}


def test_cells_of_the_matrix_say_nothing_where_no_answer_differs_and_else_how_many(make):
    inputs = make(kind="resizers", networks=("one",))
    grid = flip_rates(inputs.predictions("one"))
    texts = figures["agreements"].item.draw(inputs).figure.axes[0].texts
    found = {text.get_position(): text.get_text() for text in texts if text.get_text()}
    assert found == {(j, i): f"{100 * grid[i, j]:.0f}" for i in range(5) for j in range(5) if grid[i, j] > 0}
    same = figures["agreements"].item.draw(make(kind="resizers", networks=("one",), steady=True)).figure.axes[0]
    assert not any(text.get_text() for text in same.texts)


def test_no_pair_of_resizers_is_the_worst_where_none_differs(make):
    caption = figures["agreements"].item.draw(make(kind="resizers", networks=("one",), steady=True)).caption
    assert "one: with every resizer, the answer is the same on every picture." in caption
    assert "most between" not in caption


@pytest.mark.parametrize("kind", ["embed", "scale"])
def test_curves_are_drawn_where_the_table_has_them(make, kind):
    inputs = make(kind=kind)
    axes = figures["curves"].item.draw(inputs).figure.axes
    assert [ax.get_title() for ax in axes] == ["Accuracy", "Top-5 accuracy", "P(top-1 change)", "Mean absolute change"]
    table = inputs.curves
    for ax, measure in zip(axes, ("accuracy", "top5_accuracy", "top1_change", "mac"), strict=True):
        for line, network in zip(ax.lines, inputs.networks, strict=True):
            rows = table.filter((table["measure"] == measure) & (table["network"] == network)).sort("value")
            np.testing.assert_allclose(line.get_xydata(), rows.select("value", "estimate").to_numpy())


def test_published_values_stand_beside_ours_where_they_are_of_the_same_kind(make):
    axes = figures["rescale"].item.draw(make(kind="scale", imagenet=True)).figure.axes
    lines = {line.get_label(): line for line in axes[0].lines}
    np.testing.assert_allclose(lines["vgg16 (published)"].get_ydata(), RESCALE["vgg16"])
    np.testing.assert_allclose(lines["vgg16 (published)"].get_xdata(), RESCALE_SIZES)
    assert lines["vgg16 (published)"].get_color() == lines["one"].get_color()
    assert lines["inception_resnet_v2 (published)"].get_color() == "#808080"
    np.testing.assert_allclose(lines["people (published)"].get_xydata(), [[100, 0.85]])
    sweep = figures["size_sweep"].item.draw(make(kind="sizes", imagenet=True)).figure.axes[0]
    lines = {line.get_label(): line for line in sweep.lines}
    np.testing.assert_allclose(lines["resnet50 (published)"].get_ydata(), SIZE_SWEEP_CHANGE["resnet50"])
    for kind, name in (("scale", "rescale"), ("sizes", "size_sweep")):
        for inputs in (make(kind=kind), unlike_the_papers(make(kind=kind, imagenet=True), surround="black")):
            own = figures[name].item.draw(inputs)
            assert not any("published" in str(line.get_label()) for line in own.figure.axes[0].lines)
            assert "aper" not in own.caption


def unlike_the_papers(inputs, **settings):
    """The inputs with other settings of the protocol."""
    return replace(inputs, protocols={name: {**facts, **settings} for name, facts in inputs.protocols.items()})


@pytest.mark.parametrize(
    "other", [{"surround": "black"}, {"axis": "diagonal"}, {"side": "100"}, {"step": "4"}, {"kind": "pad"}], ids=str
)
def test_the_papers_counts_and_its_28_per_cent_stand_beside_its_protocol_alone(make, other):
    papers = figures["jaggedness"].item.draw(make(imagenet=True))
    assert any("28%" in text.get_text() for text in papers.figure.axes[2].texts)
    assert "28%" in papers.caption
    for inputs in (unlike_the_papers(make(imagenet=True), **other), make()):
        drawing = figures["jaggedness"].item.draw(inputs)
        assert not any(diamonds(ax) for ax in drawing.figure.axes)
        assert not drawing.figure.axes[2].texts
        assert all(len(set(line.get_xdata())) == 1 for line in drawing.figure.axes[2].lines)  # intervals, no line across
        assert "28%" not in drawing.caption
        assert "aper" not in drawing.caption


def test_curves_show_over_how_many_pictures_each_value_is_a_mean_where_that_differs(make):
    inputs = make(kind="box_crop", networks=("one",), images=9)
    drawing = figures["curves"].item.draw(inputs)
    counts = [ax for ax in drawing.figure.axes if ax.get_ylabel() == "pictures"]
    assert len(counts) == 4
    for ax, measure in zip(counts, ("accuracy", "top5_accuracy", "top1_change", "mac"), strict=True):
        rows = inputs.curves.filter(measure=measure).sort("value")
        np.testing.assert_allclose(ax.lines[0].get_xydata(), rows.select("value", "n_images").to_numpy())
        assert rows["n_images"].n_unique() > 1
    low = inputs.curves.filter(measure="accuracy").sort("estimate", "value").row(0, named=True)
    many = f"{low['n_images']} picture{'' if low['n_images'] == 1 else 's'}"
    assert f"Accuracy: one {low['estimate']:.3f} (at {low['value']:g} px, {many})" in drawing.caption
    assert drawing.figure.get_supxlabel().endswith(", px")
    assert not [ax for ax in figures["curves"].item.draw(make()).figure.axes if ax.get_ylabel() == "pictures"]


def test_curves_are_of_what_there_is(make):
    axes = figures["curves"].item.draw(make(labelled=False)).figure.axes
    assert [ax.get_title() for ax in axes] == ["P(top-1 change)", "Mean absolute change"]
    bare = replace(make(), protocol="other", protocols={"other": make().protocols["p $x$"]})
    drawing = figures["curves"].item.draw(bare)
    assert not drawing.figure.axes
    assert "other has no curve" in drawing.caption


def test_bands_are_the_intervals(make):
    inputs = make(networks=("one",))
    ax = figures["curves"].item.draw(inputs).figure.axes[2]
    rows = inputs.curves.filter(pl.col("measure") == "top1_change").sort("value")
    (band,) = ax.collections
    corners = {(x, round(y, 9)) for x, y in band.get_paths()[0].vertices.tolist()}
    for value, low, high in rows.select("value", "ci_low", "ci_high").iter_rows():
        assert {(value, round(low, 9)), (value, round(high, 9))} <= corners


def test_networks_at_a_single_value_stand_side_by_side(make):
    inputs = make()
    pairs = inputs.curves.filter((pl.col("measure") == "top1_change") & (pl.col("value") == 1))
    inputs.__dict__["curves"] = pairs
    (ax,) = figures["curves"].item.draw(inputs).figure.axes
    points = [line for line in ax.lines if line.get_marker() == "o"]
    found = dict(pairs.select("network", "estimate").iter_rows())
    assert [line.get_ydata()[0] for line in points] == [found[network] for network in inputs.networks]
    assert len({line.get_xdata()[0] for line in points}) == 3
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1"]


def diamonds(ax):
    """Published values as (x, y, grey)."""
    lines = [line for line in ax.lines if line.get_marker() == "D"]
    return [
        (*(float(end[0]) for end in (line.get_xdata(), line.get_ydata())), line.get_markeredgecolor() == GREY)
        for line in lines
    ]


def test_bars_are_as_long_as_the_table_says(make):
    inputs = make(networks=("one", "two"))
    table = inputs.sensitivity
    for ax, measure in zip(figures["paper_table"].item.draw(inputs).figure.axes, ("top1_change", "mac"), strict=True):
        rows = table.filter((table["measure"] == measure) & (table["condition"] == "all"))
        by = {name: found for name, *found in rows.select("network", "estimate", "ci_low", "ci_high").iter_rows()}
        assert [bar.get_width() for bar in ax.patches] == pytest.approx([by["one"][0], by["two"][0]])
        # Fourteen pictures are too few for the interval of a mean: then a bar has none.
        ends = [tuple(by[name][1:]) for name in ("one", "two") if by[name][1] is not None]
        assert len(ends) == (2 if measure == "top1_change" else 0)
        assert [tuple(line.get_xdata()) for line in ax.lines] == ends
        assert not diamonds(ax)


@pytest.mark.parametrize(
    ("protocols", "parts"),
    [
        ({"a": {"surround": "black"}, "black": {"surround": "mean"}, "c": {"surround": "inpaint"}}, ("black", None, None)),
        (
            {
                "a": {"surround": "black", "side": "120"},
                "b": {"surround": "black", "step": "2"},
                "c": {"surround": "black"},
            },
            (None, None, "black"),
        ),
        ({"a": {"surround": "black", "axis": "x"}, "b": {"surround": "black", "axis": "diagonal"}}, (None, "black")),
        ({"a": {"kind": "crop", "axis": "diagonal"}, "b": {"kind": "crop", "axis": "y"}}, ("crop", None)),
        ({"a": {"kind": "crop"}, "black scale": {"kind": "scale"}}, ("crop", None)),
    ],
)
def test_the_papers_table_stands_beside_diagonal_crops_and_black_alone(make, protocols, parts):
    inputs = make(imagenet=True)
    names = list(protocols)
    common = {"title": "t", "unit": "px", "kind": "embed", "axis": "diagonal", "side": "100", "step": "1"}
    facts = {name: {**common, **more} for name, more in protocols.items()}
    renamed = replace(inputs, protocols=facts, protocol="")
    renamed.__dict__["sensitivity"] = pl.concat(inputs.sensitivity.with_columns(protocol=pl.lit(name)) for name in names)
    drawing = figures["paper_table"].item.draw(renamed)
    for ax, measure in zip(drawing.figure.axes, ("top1_change", "mac"), strict=True):
        shown = [TABLE_1[measure, part] for part in parts if part]
        expected = [(value, name not in ("vgg16", "resnet50")) for values in shown for name, value in values.items()]
        assert sorted((x, grey) for x, _, grey in diamonds(ax)) == sorted(expected)
        bars = {round(bar.get_y() + bar.get_height() / 2, 6) for bar in ax.patches}
        assert all((round(y, 6) in bars) != grey for _, y, grey in diamonds(ax))  # beside the bar of its own network


def test_jaggedness_is_the_tables_and_the_papers_counts_are_per_step(make):
    inputs = make(imagenet=True)
    table = inputs.sensitivity
    count_ax, rate_ax, reading_ax = figures["jaggedness"].item.draw(inputs).figure.axes
    for ax, measure in ((count_ax, "jaggedness"), (rate_ax, "jaggedness_rate")):
        rows = table.filter((table["measure"] == measure) & (table["condition"] == "all"))
        by = dict(rows.select("network", "estimate").iter_rows())
        assert [bar.get_width() for bar in ax.patches] == pytest.approx([by[name] for name in inputs.networks])
        assert ax.get_ylim() == count_ax.get_ylim()
    published = {name: JAGGEDNESS["embed"][name] / 20_600 for name in ("vgg16", "resnet50", "inception_resnet_v2")}
    assert diamonds(rate_ax) == [(published["vgg16"], 0, False), (published["resnet50"], 2, False),
                                 (published["inception_resnet_v2"], 3, True)]  # fmt: skip
    assert not diamonds(count_ax)
    assert len(reading_ax.patches) == 9
    leaves = table.filter((table["measure"] == "leaves_top5") & (table["condition"] == "all"), network="two")
    assert leaves["estimate"].item() == pytest.approx(reading_ax.patches[4].get_height())


def test_counts_of_an_unknown_number_of_steps_are_shown_as_counts(make):
    drawing = figures["jaggedness"].item.draw(make(kind="box_crop", imagenet=True))
    count_ax, rate_ax, _ = drawing.figure.axes
    assert [x for x, *_ in diamonds(count_ax)] == [352, 527, 460]
    assert not diamonds(rate_ax)
    assert "VGG16 352" in drawing.caption
    assert "a number of steps that is not known" in drawing.caption
    own = figures["jaggedness"].item.draw(make(kind="box_crop"))
    assert not any(diamonds(ax) for ax in own.figure.axes)


def test_jaggedness_is_that_of_a_loop(make):
    inputs = make(networks=("one",), kind="box_crop")
    count = 0
    for _, own in inputs.predictions("one").group_by("image_id"):
        ranks = own.sort("step")["label_rank"].to_list()
        count += sum((before <= 5) != (after <= 5) for before, after in pairwise(ranks))
    assert figures["jaggedness"].item.draw(inputs).figure.axes[0].patches[0].get_width() == pytest.approx(count)


def test_rows_of_the_box_heat_map_begin_with_the_largest_box(make):
    inputs = make(networks=("one",), kind="box_crop", images=9)
    boxes = inputs.boxes.with_row_index("k").with_columns(x_max=pl.col("x_min") + 6 + pl.col("k") % 5)
    inputs.__dict__["boxes"] = boxes
    (ax, _) = figures["box_heatmap"].item.draw(inputs).figure.axes
    grid = ax.images[0].get_array()
    rows = {image_id: own.sort("step") for (image_id,), own in inputs.predictions("one").group_by("image_id")}
    widths = dict(boxes.select("image_id", pl.col("x_max") - pl.col("x_min")).iter_rows())
    order = sorted(rows, key=lambda image_id: (-widths[image_id], image_id))
    for row, image_id in zip(np.ma.asarray(grid), order, strict=True):
        np.testing.assert_allclose(row.compressed(), rows[image_id]["label_prob"].to_numpy(), atol=1e-6)


def test_the_gallery_shows_frames_and_their_values(make):
    inputs = make(networks=("one",), kind="scale")
    axes = [ax for ax in figures["gallery"].item.draw(inputs).figure.axes if ax.images]
    ids = sorted(inputs.images["image_id"])
    shown = iter(axes)
    for image_id in (ids[0], ids[len(ids) // 2], ids[-1]):
        for frame, value in zip(inputs.frames(image_id, "one"), (8, 10, 12, 14, 16), strict=True):
            ax = next(shown)
            np.testing.assert_array_equal(ax.images[0].get_array(), frame)
            assert ax.texts[0].get_text() == f"{value}"


def test_the_gallery_names_resizers(make):
    inputs = make(networks=("one",), kind="resizers")
    axes = [ax for ax in figures["gallery"].item.draw(inputs).figure.axes if ax.images]
    assert [ax.texts[0].get_text() for ax in axes[:5]] == OPTIONS["resizers"]["resizers"]


def test_the_gallery_shows_sequences_of_any_length(make):
    inputs = make(networks=("one", "two"), kind="box_crop")
    drawing = figures["gallery"].item.draw(inputs)
    lengths = inputs.predictions("one").group_by("image_id", maintain_order=True).len()["len"].to_list()
    assert len(set(lengths)) > 1
    chosen = [lengths[0], lengths[len(lengths) // 2], lengths[-1]]
    assert sum(bool(ax.images) for ax in drawing.figure.axes) == sum(min(8, length) for length in chosen)


def test_a_value_that_a_picture_has_twice_is_a_step_of_the_heat_map(make):
    inputs = make(networks=("one",), kind="sizes", images=4)
    drawing = figures["heatmap"].item.draw(inputs)
    grid = drawing.figure.axes[0].images[0].get_array()
    assert grid.shape == (4, inputs.predictions("one")["step"].n_unique())
    assert drawing.figure.get_supxlabel() == "step"


def estimates(ax, networks):
    """(network, marker, filled) to the estimate, of every mark in a panel of `measures`; and how high the marks are."""
    colours = style.colours(networks)
    names = {colour: network for network, colour in colours.items()}
    marks = [line for line in ax.lines if line.get_marker() not in ("None", "")]
    found = {
        (names[line.get_color()], line.get_marker(), line.get_markerfacecolor() != "white"): line.get_xdata()[0]
        for line in marks
    }
    return found, [line.get_ydata()[0] for line in marks]


def test_every_condition_has_a_mark_and_a_place_of_its_own(make):
    inputs = make(networks=("one", "two"))
    figure = figures["measures"].item.draw(inputs).figure
    panels = {ax.get_title().replace("\n", " "): ax for ax in figure.axes}
    looks = {"all": ("o", True), "right": ("o", False), "matched": ("D", True)}
    for measure, title in (("top1_change", "P(top-1 change)"), ("mac", "Mean absolute change")):
        rows = inputs.sensitivity.filter(pl.col("measure") == measure)
        assert set(rows["condition"]) == set(looks)
        found, heights = estimates(panels[title], inputs.networks)
        assert found == {
            (row["network"], *looks[row["condition"]]): row["estimate"] for row in rows.rows(named=True)
        }  # no mark lies upon another, none is missing
        assert len(set(heights)) == len(heights) == 6
        for network, place in (("one", 0), ("two", 1)):
            assert sum(place - 0.5 < y < place + 0.5 for y in heights) == 3, network


def test_measures_of_choices_are_drawn(make):
    inputs = make(networks=("one", "two"), kind="resizers")
    panels = {ax.get_title().replace("\n", " "): ax for ax in figures["measures"].item.draw(inputs).figure.axes}
    names = {
        "Accuracy": "accuracy",
        "Worst-case accuracy": "worst_accuracy",
        "n-way agreement": "agreement",
        "Consistency": "consistency",
    }
    assert set(panels) == set(names)
    for title, measure in names.items():
        rows = inputs.sensitivity.filter(pl.col("estimate").is_not_null(), measure=measure)
        found, _ = estimates(panels[title], inputs.networks)
        looks = {"all": ("o", True), "right": ("o", False)}
        assert found == {(row["network"], *looks[row["condition"]]): row["estimate"] for row in rows.rows(named=True)}


def test_every_panel_of_measures_has_numbers_and_the_scale_of_its_measure(make):
    inputs = make(networks=("one", "two"))
    facts = inputs.protocols["p $x$"]
    several = replace(inputs, protocols={"p $x$": facts, "centre": facts})
    once = inputs.sensitivity.filter(measure="accuracy").with_columns(protocol=pl.lit("centre"))
    several.__dict__["sensitivity"] = pl.concat([inputs.sensitivity, once])
    drawn = figures["measures"].item.draw(several).figure
    drawn.draw_without_rendering()
    shown = [ax for ax in drawn.axes if ax.get_visible()]
    assert len(shown) == 7 + 1
    for ax in shown:
        assert len([label for label in seen_labels(ax.xaxis) if label.get_text()]) >= 2
    by_title = {ax.get_title(): ax.get_xlim() for ax in shown if ax.get_title()}
    assert [ax.get_xlim() for ax in shown if not ax.get_title()] == [by_title["Accuracy"]]
    assert len(by_title) == 7


def test_the_caption_names_the_conditions_that_are_drawn(make):
    words = {"all": "filled circles", "right": "hollow circles", "matched": "diamonds"}
    for case, there in (({}, {"all", "right", "matched"}), ({"networks": ("one",)}, {"all", "right"}),
                        ({"labelled": False}, {"all", "matched"})):  # fmt: skip
        caption = figures["measures"].item.draw(make(**case)).caption.lower()
        assert {condition for condition, said in words.items() if said in caption} == there


def points_of(inputs, pairs, rows):
    """The inputs with these points, the pairs that the config asks for, and their statistics."""
    table = tables.table([{"image_width": 40, "image_height": 30, **row} for row in rows], tables.LANDMARKS)
    changed = replace(inputs, landmark_pairs=pairs)
    changed.__dict__["landmarks"] = table
    changed.__dict__["landmark_bias"] = landmark_statistics(table, seed=0, pairs=pairs, minimum_n=10)
    return changed


def test_the_pairs_that_the_config_names_are_shown(make):
    names = {"left_eye": (10, 9), "right_eye": (16, 9), "nose": (13, 14), "tail": (33, 26)}
    rows = [
        {"image_id": f"i{k}", "category": "dog" if k % 3 else "cat", "instance": k, "name": name, "x": x + k / 4, "y": y}
        for k in range(24) for name, (x, y) in names.items() if name != "tail" or k % 3
    ]  # fmt: skip
    pairs = {"length": ("nose", "tail"), "face": ("right_eye", "nose"), "wings": ("left_wing", "right_wing")}
    absent = {name: pair for name, pair in pairs.items() if name != "wings"}
    inputs = points_of(make(), absent, rows)
    drawing = figures["landmarks"].item.draw(replace_pairs(inputs, pairs))
    titles = [ax.get_title() for ax in drawing.figure.axes[::2]]
    assert titles == ["dog: midpoint, length (n=16)", "dog: midpoint, face (n=16)", "cat: midpoint, face (n=8)"]
    for ax, (one, other), kept in zip(
        drawing.figure.axes[::2], (pairs["length"], pairs["face"], pairs["face"]), (1, 1, 0), strict=True
    ):
        at = [
            ((names[one][0] + names[other][0] + k / 2) / 2 / 40, (names[one][1] + names[other][1]) / 2 / 30)
            for k in range(24) if bool(k % 3) == kept
        ]  # fmt: skip
        np.testing.assert_allclose(sorted(ax.lines[0].get_xydata().tolist()), sorted(at))
    far = np.hypot(20, 12) / 40
    assert f"length (nose and tail): dog: median midpoint (0.65, 0.67), median distance {far:.3f}" in drawing.caption
    assert "wings: no object has both left_wing and right_wing." in drawing.caption
    assert "eyes" not in drawing.caption
    assert "dog length midpoint_y" in drawing.caption  # all at one height: not uniform
    assert "cat face" not in drawing.caption  # eight cats are too few to be tested


def replace_pairs(inputs, pairs):
    """The same tables, and other pairs."""
    changed = replace(inputs, landmark_pairs=pairs)
    changed.__dict__.update({name: getattr(inputs, name) for name in ("landmarks", "landmark_bias")})
    return changed


def test_of_many_pairs_each_is_shown(make):
    names = [f"point {k}" for k in range(14)]
    rows = [
        {"image_id": f"i{k}", "category": f"c{k % 5}", "instance": k, "name": name, "x": 3 + place, "y": 4 + k}
        for k in range(10) for place, name in enumerate(names)
    ]  # fmt: skip
    pairs = {f"pair {k}": (names[0], names[k + 1]) for k in range(13)}
    drawing = figures["landmarks"].item.draw(points_of(make(), pairs, rows))
    titles = [ax.get_title() for ax in drawing.figure.axes[::2]]
    assert titles == [f"c0: midpoint, {pair} (n=2)" for pair in pairs]
    assert drawing.caption.count("the 1 of 5 categories with the most") == 13


CHOICES = [
    {"crowd": False, "difficult": True, "truncated": True, "edge": True},
    {"crowd": True, "difficult": False, "truncated": True, "edge": True},
    {"crowd": False, "difficult": False, "truncated": False, "edge": False},
    {"crowd": True, "difficult": True, "truncated": True, "edge": True},
]


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_box_centres_are_of_the_boxes_that_the_statistics_count(make, choices):
    rng = np.random.default_rng(1)
    rows = []
    for k in range(200):
        x, y, w, h = (*rng.integers(0, 30, 2), *rng.integers(5, 20, 2))
        rows.append({"image_id": f"i{k}", "category": f"c{k % 3}", "x_min": x, "y_min": y, "x_max": x + w, "y_max": min(40, y + h),
                     "image_width": 50, "image_height": 40, "is_crowd": k % 5 == 0, "is_difficult": k % 7 == 0 or None,
                     "is_truncated": k % 11 == 0})  # fmt: skip
    rows[3]["x_min"] = None
    boxes = tables.table(rows, tables.BOXES)
    inputs = replace(make(), inclusion=Inclusion(**choices))
    inputs.__dict__.update(boxes=boxes, bias=box_statistics(boxes, seed=0, inclusion=inputs.inclusion))
    drawing = figures["box_centres"].item.draw(inputs)
    counts = dict(inputs.bias.filter(quantity="height").select("category", "n").iter_rows())
    titles = [ax.get_title() for ax in drawing.figure.axes if ax.get_title()]
    assert {title.split(" (n=")[0]: int(title.split("(n=")[1].split(")")[0]) for title in titles} == counts
    why = {"crowd": "of a crowd", "difficult": "difficult", "truncated": "truncated", "edge": "at an edge"}
    of = {"crowd": [bool(row["is_crowd"]) for row in rows], "difficult": [bool(row["is_difficult"]) for row in rows],
          "truncated": [bool(row["is_truncated"]) for row in rows],
          "edge": [row["x_min"] == 0 or row["y_min"] == 0 or row["x_max"] == 50 or row["y_max"] == 40 for row in rows]}  # fmt: skip
    out = sum(row["x_min"] is None or any(of[kind][k] for kind in of if not choices[kind]) for k, row in enumerate(rows))
    assert counts["(all)"] == 200 - out
    assert f"Left out, as in the statistics: {out} of 200 boxes (" in drawing.caption
    for kind, words in why.items():
        assert (f"{sum(of[kind])} {words}" in drawing.caption) == (not choices[kind])
    assert "1 without known corners" in drawing.caption


def test_nothing_is_left_out_without_a_word_and_no_word_where_nothing_is(make):
    assert "Left out" not in figures["box_centres"].item.draw(make()).caption
    none = replace(make(), inclusion=Inclusion(edge=False))
    edges = none.boxes.with_columns(x_min=pl.lit(0.0))
    none.__dict__.update(boxes=edges, bias=box_statistics(edges, seed=0, inclusion=none.inclusion))
    assert "14 of 14 boxes (14 at an edge)" in figures["box_centres"].item.draw(none).caption


def test_the_config_says_which_boxes_and_pairs_a_figure_shows(make, tmp_path):
    raw = {
        "datasets": {"d": {"kind": "digits", "framing": "centred"}},
        "statistics": {"edge": False, "landmark_pairs": {"ears": ["left_ear", "right_ear"]}},
    }
    given = Parameters(Plan(Config.load(raw)), tmp_path)
    files = {"images": make().files["images"]}
    drawn = {
        name: inputs_of(files, given.figures_facts("d") | given.figure_facts("d", name))
        for name in ("box_centres", "landmarks")
    }
    assert drawn["box_centres"].inclusion == Inclusion(edge=False)
    assert drawn["landmarks"].landmark_pairs == {"ears": ["left_ear", "right_ear"]}
    # A figure of something else is not drawn again for another choice.
    assert not {"inclusion", "landmark_pairs"} & set(given.figures_facts("d") | given.figure_facts("d", "measures"))


def test_a_figure_is_drawn_for_its_protocol_and_an_error_says_which_it_was(make, tmp_path, monkeypatch):
    def draw(inputs):
        if inputs.protocol == "empty":
            raise ShiftscopeError("there is nothing to draw")
        return Drawing(new_figure(1, 1), f"{inputs.protocol}, {inputs.protocols[inputs.protocol]['title']}")

    monkeypatch.setitem(
        figures._discover(), "mine", replace(figures["curves"], item=replace(figures["curves"].item, draw=draw))
    )
    files = {"images": make().files["images"]}
    facts = {
        "figure": "mine", "protocol": "a", "protocols": {name: {"title": name.upper()} for name in ("a", "empty")},
        "networks": {}, "architectures": {}, "shards": 1, "classes": "own",
    }  # fmt: skip
    output = {what: tmp_path / f"a.{what}" for what in ("png", "pdf", "caption")}
    draw_files(files, facts, output)
    assert output["caption"].read_text() == "a, A\n"
    assert all(output[what].stat().st_size > 100 for what in ("png", "pdf"))
    with pytest.raises(ShiftscopeError, match=r"^figure mine of protocol empty: there is nothing to draw$"):
        draw_files(files, {**facts, "protocol": "empty"}, output)


@pytest.mark.parametrize("name", [entry.name for entry in figures])
def test_captions_say_where_networks_saw_frames_of_different_sizes(make, name):
    entry = figures[name]
    measured = {"predictions", "sensitivity", "curves", "relation", "remedies", "augmentation"} & entry.item.tables
    words = f"Frames were of different sizes (one {SIZE} px, two {LARGER} px, {AWKWARD} {SIZE} px)"
    mixed = entry.item.draw(make(kind=kind_for(entry), larger=("two",))).caption
    assert (words in mixed) == bool(measured)
    for alike in ((), ("one", "two", AWKWARD)):
        assert "different sizes" not in entry.item.draw(make(kind=kind_for(entry), larger=alike)).caption


def test_the_gallery_says_whose_frames_it_shows(make):
    drawing = figures["gallery"].item.draw(make(larger=("two",)))
    assert f"{LARGER} × {LARGER} px, as two, of the largest input, sees them" in drawing.caption
    shown = [image for ax in drawing.figure.axes for image in ax.get_images()]
    assert {image.get_array().shape[:2] for image in shown} == {(LARGER, LARGER)}
    assert f"{SIZE} × {SIZE} px, as networks see them" in figures["gallery"].item.draw(make()).caption


def test_examples_are_the_frames_that_each_network_saw(make):
    drawing = figures["examples"].item.draw(make(larger=("two",)))
    for part, size in zip(drawing.figure.subfigs, (SIZE, LARGER, SIZE), strict=True):
        shown = [image.get_array().shape[:2] for ax in part.axes for image in ax.get_images()]
        assert set(shown) == {(size, size)}


def test_the_papers_values_are_beside_networks_that_saw_the_papers_size_alone(make):
    """The first network is the paper's, shown another size: its value is of none of ours, and stays on the page."""
    alike, mixed = (
        figures["paper_table"]
        .item.draw(unlike_the_papers(make(imagenet=True, larger=larger), surround="black", axis="diagonal", side="100"))
        .figure
        for larger in ((), ("one",))
    )
    for (ax, other), measure in zip(zip(alike.axes, mixed.axes, strict=True), ("top1_change", "mac"), strict=True):
        value = TABLE_1[measure, "black"]["vgg16"]
        assert [grey for x, _, grey in diamonds(ax) if x == value] == [False]
        assert [grey for x, _, grey in diamonds(other) if x == value] == [True]
        assert sorted(x for x, *_ in diamonds(ax)) == sorted(x for x, *_ in diamonds(other))


def test_a_picture_that_one_network_lacks_has_an_empty_row_in_its_heat_map(make, tmp_path):
    """At another input size other pictures fit."""
    inputs = make(networks=("one", "two"), larger=("two",))
    fewer = inputs.predictions("two").filter(pl.col("image_id").is_in(inputs.images["image_id"][:9].implode()))
    tables.write(tmp_path / "fewer.parquet", fewer, tables.PREDICTIONS)
    inputs = replace(inputs, prediction_files={**inputs.prediction_files, ("p $x$", "two"): tmp_path / "fewer.parquet"})
    first, second, *_ = figures["heatmap"].item.draw(inputs).figure.axes
    absent = [np.ma.getmaskarray(ax.get_images()[0].get_array()).all(1).sum() for ax in (first, second)]
    assert absent == [0, 5]
    whole, partly = (figures["heatmap"].item.draw(one) for one in (make(networks=("one", "two")), inputs))
    for drawing, said in ((whole, False), (partly, True)):
        assert ("Light blue: the picture has no such step." in drawing.caption) == said
        assert len(drawing.figure.legends[0].texts) == 1 + said
    assert first.get_ylim() == second.get_ylim() == (13.5, -0.5)
