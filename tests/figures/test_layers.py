"""What the figures of the inside of networks say, on networks whose numbers are known."""

import numpy as np
import polars as pl
import pytest

from shiftscope.cause import LAYERS
from shiftscope.cause.losses import handed_on, largest_loss, of_layers
from shiftscope.core import tables
from shiftscope.figures import Inputs, figures
from shiftscope.sensitivity import SENSITIVITY

from . import inside


@pytest.fixture
def inputs(tmp_path):
    """Two networks, the second of which hides its layers."""
    change = {
        "protocol": "p",
        "measure": "top1_change",
        "condition": "all",
        "estimate": 0.25,
        "ci_low": 0.2,
        "ci_high": 0.3,
    }
    rows = tables.table([{**change, "network": name} for name in ("one", "two")], SENSITIVITY)
    tables.write(tmp_path / "sensitivity.parquet", rows, SENSITIVITY)
    names = {"one": False, "two": True}
    for name, hidden in names.items():
        inside.write(tmp_path / f"{name}-layers.parquet", tmp_path / f"{name}-maps.parquet", tmp_path / f"{name}-geometry.parquet",
                     "a.png", hidden)  # fmt: skip
    return Inputs(
        files={"sensitivity": tmp_path / "sensitivity.parquet"},
        networks=dict.fromkeys(names, 24),
        protocol="p",
        protocols={"p": {"title": "t", "unit": "px", "kind": "embed", "reference": "", "note": ""}},
        layer_files={("p", name): tmp_path / f"{name}-layers.parquet" for name in names},
        geometry_files={("p", name): tmp_path / f"{name}-geometry.parquet" for name in names},
        map_files={("p", name): tmp_path / f"{name}-maps.parquet" for name in names},
    )


def drawn(name, inputs):
    return figures[name].item.draw(inputs)


def test_what_is_handed_on_is_the_last_layer_of_each_factor():
    layers = tables.table(inside.layer_rows(), LAYERS)
    rows = handed_on(of_layers(layers, "nonshiftability", "share"))
    assert rows["subsampling_factor"].to_list() == list(inside.FACTORS)
    assert rows["estimate"].to_list() == list(inside.SHARES)
    assert [name.split()[0] for name in rows["layer"]] == ["stage0.conv1", "stage1.conv3", "stage2.conv5", "stage3.conv7"]


def test_maps_that_are_negative_in_parts_are_not_what_is_handed_on():
    rows = of_layers(tables.table(inside.layer_rows(), LAYERS), "nonshiftability", "share")
    kinds = ["Conv2d", "BatchNorm2d", "ReLU", "BatchNorm2d", "BatchNormAct2d", "Conv2dSame", "ConvNeXtBlock", "LayerNorm2d"]
    found = handed_on(rows.with_columns(kind=pl.Series(kinds)))
    assert found["kind"].to_list() == ["BatchNorm2d", "ReLU", "BatchNormAct2d", "ConvNeXtBlock"]


def test_most_is_lost_where_the_rise_is_largest_and_nowhere_where_nothing_rises():
    layers = tables.table(inside.layer_rows(), LAYERS)
    loss = largest_loss(of_layers(layers, "nonshiftability", "share"))
    assert (loss.before["subsampling_factor"], loss.after["subsampling_factor"]) == (4, 8)
    assert loss.rise == pytest.approx(0.35)
    falling = layers.with_columns(estimate=-pl.col("estimate"))
    assert largest_loss(of_layers(falling, "nonshiftability", "share")) is None
    assert largest_loss(LAYERS.to_frame()) is None


def test_the_curves_mark_every_subsampling_and_say_where_most_is_lost(inputs):
    drawing = drawn("layer_curves", inputs)
    ax = drawing.figure.axes[0]
    assert ax.get_title() == "one\nP(top-1 change)\n0.250 [0.200, 0.300]"
    lines = [line for line in ax.lines if len(set(line.get_xdata())) == 1]
    assert len(lines) == 3
    assert [text.get_text() for text in ax.texts] == ["2", "4", "8"]
    dots, curve = (line for line in ax.lines if len(line.get_xdata()) == 8)
    assert list(dots.get_ydata()) == list(curve.get_ydata())  # there is one layer at each depth here
    assert curve.get_ydata() == pytest.approx([half * share for share in inside.SHARES for half in (0.5, 1)])
    assert list(curve.get_xdata()) == list(range(1, 9))
    assert (
        "loses most of the shift between stage2.conv5 $x$ (one cell for 4 px) and stage3.conv7 $x$ (8 px)"
        in drawing.caption
    )
    assert "at 5 % and then at 40 % of the shifts" in drawing.caption
    assert f"two: {inside.HIDDEN}" in drawing.caption


def test_a_side_branch_stands_at_its_own_depth(inputs):
    """The shortcut of a block runs after its deeper layers, and is less deep than they are."""
    path = inputs.layer_files["p", "one"]
    layers = tables.read(path, LAYERS)
    late = layers.filter(depth=4)
    tables.write(path, pl.concat([layers.filter(pl.col("depth") != 4), late]), LAYERS)
    drawing = drawn("layer_curves", inputs)
    curve = next(line for line in drawing.figure.axes[0].lines if len(line.get_xdata()) == 8)
    assert list(curve.get_xdata()) == list(range(1, 9))
    drawing.figure.set_layout_engine("none")
    drawing.figure.axes[0].set_xlim(0.5, 10.5)
    for width in np.arange(1.6, 4, 0.2):  # at some of them matplotlib would choose 2.5, 5, 7.5
        drawing.figure.set_size_inches(width, 4.4)
        assert all(float(tick).is_integer() for tick in drawing.figure.axes[0].get_xticks())
    assert curve.get_ydata() == pytest.approx([half * share for share in inside.SHARES for half in (0.5, 1)])


def test_the_line_goes_through_what_is_handed_on_and_not_through_a_normalisation_of_a_side_branch(inputs):
    path = inputs.layer_files["p", "one"]
    layers = tables.read(path, LAYERS)
    here = pl.col("depth") == 4
    activated = layers.with_columns(pl.when(here).then(pl.lit("ReLU")).otherwise("kind").alias("kind"))
    shortcut = layers.filter(here).with_columns(
        layer=pl.lit("shortcut"), kind=pl.lit("BatchNorm2d"), estimate=pl.col("estimate") + 0.5
    )
    tables.write(path, pl.concat([activated, shortcut]), LAYERS)
    drawing = drawn("layer_curves", inputs)
    dots, curve = (line for line in drawing.figure.axes[0].lines if len(line.get_xdata()) >= 8)
    assert len(dots.get_xdata()) == 9
    assert curve.get_ydata() == pytest.approx([half * share for share in inside.SHARES for half in (0.5, 1)])


def test_nonshiftability_has_a_point_for_each_factor(inputs):
    drawing = drawn("nonshiftability", inputs)
    ours, paper = drawing.figure.axes
    line = ours.lines[0]
    assert list(line.get_xdata()) == list(inside.FACTORS)
    assert list(line.get_ydata()) == list(inside.SHARES)
    assert list(paper.lines[0].get_ydata()) == [10 * share for share in inside.SHARES]
    assert "one: 40.0% [39.0%, 41.0%] of the shifts at its last factor, 8." in drawing.caption
    assert "diamonds" not in drawing.caption


def test_the_papers_values_are_beside_the_network_that_they_are_of(inputs, monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr("shiftscope.figures.paper_values.SIZE", 24)
    known = replace(inputs, class_space="imagenet", architectures={"one": "vgg16"})
    bare = drawn("nonshiftability", known)  # a picture of another size, moved
    assert not any(line.get_marker() == "D" and len(line.get_xdata()) for line in bare.figure.axes[1].lines)
    paper = drawn("nonshiftability", replace(known, protocols={"p": {**known.protocols["p"], "side": "100"}})).figure.axes[
        1
    ]
    diamonds = [line for line in paper.lines if line.get_marker() == "D"]
    assert [max(line.get_ydata()) for line in diamonds if len(line.get_ydata())] == [25.3, 27.4, 39.2]


def test_bars_of_aliasing_are_the_shares_of_kinds(inputs):
    drawing = drawn("aliasing", inputs)
    ax = drawing.figure.axes[0]
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(4, 3)
    assert widths.sum(0) == pytest.approx([1, 1, 1])
    assert widths[:, 0] == pytest.approx([0.5, 0.3, 0.1, 0.1])
    assert "one: most at stage3.conv6 $x$, 60.0% [59.0%, 61.0%] of the energy." in drawing.caption
    assert "two: no subsampling step could be measured." in drawing.caption


def test_the_similarity_is_that_of_the_last_layer_and_multiples_are_marked(inputs):
    drawing = drawn("periodicity", inputs)
    ax = drawing.figure.axes[0]
    curve = next(line for line in ax.lines if len(line.get_xdata()) == inside.SHIFTS)
    assert curve.get_ydata() == pytest.approx(inside.SIMILAR)
    assert [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1] == [8, 16]
    assert "one, stage3.conv7 $x$" in drawing.caption
    assert "is 0.200 above a parabola" in drawing.caption
    assert "p = 0.001" in drawing.caption
    assert "two: no layer to measure." in drawing.caption


def test_maps_of_one_layer_have_one_scale_and_their_sums_are_compared(inputs):
    drawing = drawn("feature_maps", inputs)
    shown = [ax for part in drawing.figure.subfigs for ax in part.axes if ax.images]
    assert len(shown) == 12
    for line in np.reshape(shown, (4, 3)):
        assert len({ax.images[0].get_clim() for ax in line}) == 1
    assert "a.png, moved by (0, 0); (8, 0); (16, 0) px" in drawing.caption
    assert (
        "one: over the places, the sum of the channel of stage3.conv7 $x$ is up to 50.0% off its mean." in drawing.caption
    )
    assert "two" not in drawing.caption
