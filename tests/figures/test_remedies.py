"""Figures of remedies: points where the table has them, the front by a slow loop, and captions with the right numbers."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from shiftscope.core import tables
from shiftscope.figures import Inputs, figures
from shiftscope.remedies import AUGMENTATION, REMEDIES

from . import remedied
from .remedied import ACCURACY, BLUR, CHANGE

NETWORKS = {"one": 64, "two": 64}


@pytest.fixture
def made(tmp_path):
    def build(rows=None, gains=None, networks=("one", "two"), kind="crop"):
        remedied.write(tmp_path / "remedies", tmp_path / "augmentation", networks, "p")
        if rows is not None:
            tables.write(tmp_path / "remedies", rows(tables.read(tmp_path / "remedies", REMEDIES)), REMEDIES)
        if gains is not None:
            table = gains(tables.read(tmp_path / "augmentation", AUGMENTATION))
            tables.write(tmp_path / "augmentation", table, AUGMENTATION)
        return Inputs(
            files={name: tmp_path / name for name in ("remedies", "augmentation")}, networks=NETWORKS, protocol="p",
            protocols={"p": {"title": "t", "unit": "px", "kind": kind, "reference": "", "note": ""}},
        )  # fmt: skip

    return build


def drawn(name, inputs):
    return figures[name].item.draw(inputs)


def points(ax, marker):
    return [np.transpose(line.get_data()).tolist() for line in ax.lines if line.get_marker() == marker]


def test_points_lie_at_their_price_and_value_and_the_plain_network_at_price_1(made):
    change, accuracy = drawn("remedies", made()).figure.axes
    for ax, averaged, blurred, plain in ((change, CHANGE, 0.5, 0.4), (accuracy, ACCURACY, 0.8, 0.7)):
        assert points(ax, "*") == [[[1, plain]], [[1, plain]]]
        lines = points(ax, "o")
        assert [[float(setting), value] for setting, value in averaged.items()] in lines
        assert points(ax, "s") == [[[1.5, blurred]], [[1.5, blurred]]]
        assert ax.get_xscale() == "log"
    ends = [segment for part in change.collections for segment in part.get_segments()]
    assert any(np.allclose(segment, [[2, 0.28], [2, 0.32]]) for segment in ends)


def test_many_networks_have_axes_of_their_own_with_one_scale(made):
    names = ("one", "two", "three", "four", "five")
    inputs = made(networks=names)
    drawing = drawn("remedies", dataclasses.replace(inputs, networks=dict.fromkeys(names, 64)))
    axes = drawing.figure.axes
    changes = [ax for ax in axes if ax.get_title()]
    assert [ax.get_title() for ax in changes] == list(names)
    assert len(axes) == 2 * len(names)
    for ax in axes:
        assert points(ax, "*") == [[[1, 0.4 if ax in changes else 0.7]]]
        assert len([line for line in ax.lines if line.get_gid() == "front"]) == (ax in changes)
        assert ax.get_xlim() == axes[0].get_xlim()
    assert len({ax.get_ylim() for ax in changes[:4]}) == 1


def test_the_front_is_that_of_a_loop(made):
    change, _ = drawn("remedies", made()).figure.axes
    everything = [(1.0, 0.4), *((float(setting), value) for setting, value in CHANGE.items()), (1.5, 0.5)]
    front = {
        one for one in everything if not any(other[0] < one[0] and other[1] < one[1] for other in everything)
    }  # fmt: skip
    assert front == {(1.0, 0.4), (2.0, 0.3), (4.0, 0.1)}
    ringed = [line for line in change.lines if line.get_gid() == "front"]
    assert [set(map(tuple, np.transpose(line.get_data()))) for line in ringed] == [front, front]


def test_the_caption_names_the_cheapest_remedy_and_where_one_hurts(made):
    caption = drawn("remedies", made()).caption
    assert (
        "one: the cheapest remedy that helps is average (2 frames): P(top-1 change) goes from 40 % to 30 %, a gain of "
        "10 points [8, 12], at 2 times the time; the accuracy changes by 2 points [0, 4]."
    ) in caption
    assert "one: average (8 frames) hurts on p: the accuracy falls by 20 points [18, 22]." in caption
    assert f"two: {BLUR} hurts on p: P(top-1 change) rises by 10 points [8, 12] to 50 %." in caption
    worse = drawn("remedies", made(lambda table: table.filter(pl.col("remedy") == BLUR))).caption
    assert "one: no remedy lowers P(top-1 change) so much" in worse
    fine = drawn("remedies", made(lambda table: table.filter(pl.col("setting").is_in([2, 4])))).caption
    assert "No remedy hurts" in fine


def test_what_has_no_price_is_not_drawn_and_said(made):
    unknown = pl.when(pl.col("remedy") == BLUR).then(None).otherwise(pl.col("time_ratio")).alias("time_ratio")
    drawing = drawn("remedies", made(lambda table: table.with_columns(unknown)))
    assert points(drawing.figure.axes[0], "s") == []
    assert "Not drawn, since their price is not known: 2 of 10 settings." in drawing.caption
    nothing = drawn("remedies", made(lambda table: table.clear()))
    assert nothing.caption == "No remedy was tried on p whose price is known."


def test_more_frames_are_drawn_with_their_intervals(made):
    drawing = drawn("averaging", made())
    axes = drawing.figure.axes
    assert [ax.get_title() for ax in axes] == [
        "P(top-1 change)", "Mean absolute change", "Jaggedness per step", "Accuracy"
    ]  # fmt: skip
    for ax, values in ((axes[0], CHANGE), (axes[3], ACCURACY)):
        assert points(ax, "o")[0] == [[float(setting), value] for setting, value in values.items()]
        assert ax.xaxis.get_transform().base == 2
        assert len(points(ax, "o")) == 2  # a network that is a remedy has no number of frames
    assert "one, average: 0.400 [0.380, 0.420] (1 frame) to 0.250 [0.230, 0.270] (8 frames)" in drawing.caption
    assert BLUR not in drawing.caption
    empty = drawn("averaging", made(lambda table: table.filter(remedy=BLUR)))
    assert empty.caption == "No remedy that works on answers could be tried on p."


def test_augmentation_is_drawn_from_without_to_with(made):
    drawing = drawn("augmentation", made())
    (ax,) = drawing.figure.axes
    lines = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 2]
    assert np.allclose(lines, [[0.4, 0.2], [0.4, 0.39]])
    assert [text.get_text() for text in ax.texts] == [
        r"train 0 \$x\$" "\nframed like\nthese pictures",
        r"train 1 \$x\$" "\nframed\notherwise",
    ]
    assert "(0 to 1): train 0 $x$ 0.010, train 1 $x$ 0.250." in drawing.caption


def moved(of, gain, framing=None):
    """A change of the table: another gain of these rows."""
    here = (pl.col("of") == of) & pl.col("framing").eq_missing(pl.lit(framing))
    values = {"gain": gain, "gain_low": gain - 0.05, "gain_high": gain + 0.05}

    def change(table):
        return table.with_columns(
            pl.when(here).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items()
        )

    return change


def test_the_caption_says_whether_the_data_support_the_claim(made):
    def said(*changes):
        def all_of(table):
            for change in changes:
                table = change(table)
            return table

        return drawn("augmentation", made(gains=all_of)).caption

    supported = said()
    assert (
        "Training with shifts gains 20 points [15, 25] in P(top-1 change) on p for networks trained on pictures framed like "
        "these (train 0 $x$), and 1 points [−4, 6] for networks trained on others (train 1 $x$), a difference of 19 points "
        "[14, 24]: the data support the claim that augmentation helps only for pictures framed like those of the training set."
    ) in supported
    both = said(moved("framing", 0.1, "otherwise"), moved("difference", 0.1))
    assert "contradict the claim" in both
    assert "it helps more for them, but it helps for others, too" in both
    reverse = said(moved("framing", 0.3, "otherwise"), moved("difference", -0.1))
    assert "contradict the claim" in reverse
    assert "it helps more for others" in reverse
    for unclear in (said(moved("difference", 0.01)), said(moved("framing", 0.01, "alike"))):
        assert "the data cannot tell whether" in unclear
    unknown = said(lambda table: table.filter(of="network").with_columns(framing=pl.lit(None, pl.String)))
    assert "How the training sets are framed was not compared" in unknown
    assert "one, trained on train 0 $x$: 20 points [15, 25]" in unknown
    single = drawn("augmentation", made(networks=("one",))).caption
    assert "All were trained on one data set" in single


def test_the_sentence_is_about_crops_where_there_are_any(made):
    def black(table):
        return pl.concat([table.with_columns(protocol=pl.lit("black"), gain=pl.lit(0.7)), table])

    inputs = made(gains=black)
    object.__setattr__(inputs, "protocols", {"black": {**inputs.protocols["p"], "kind": "embed"}, **inputs.protocols})
    drawing = drawn("augmentation", inputs)
    assert [ax.get_title() for ax in drawing.figure.axes] == ["black", "p"]
    assert "in P(top-1 change) on p for" in drawing.caption
