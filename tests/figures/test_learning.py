"""What the figure of training draws and says."""

import re

import numpy as np
import pytest

from shiftscope.core import tables
from shiftscope.figures import Inputs, figures
from shiftscope.figures.style import colours
from shiftscope.stages.learning_curve import LEARNING_CURVE

from . import inside


@pytest.fixture
def inputs(tmp_path):
    """Three networks, of which the last two were trained, and the very last one was asked about other pictures too."""
    files = {}
    for place, network in enumerate(("two", "three $x$")):
        files[network] = tmp_path / f"{place}.parquet"
        tables.write(files[network], inside.learning_curve(place), LEARNING_CURVE)
    return Inputs(files={}, networks={"one": 24, "two": 24, "three $x$": 24}, training_files=files)


def test_each_line_is_a_network_by_epoch_and_dashes_are_for_validation(inputs):
    figure = figures["learning_curves"].item.draw(inputs).figure
    for ax, column in zip(figure.axes, ("loss", "accuracy"), strict=True):
        two, three, asked = ax.lines
        for line, network in ((two, "two"), (three, "three $x$")):
            rows = inputs.training(network)
            np.testing.assert_allclose(line.get_xydata(), rows.select("epoch", column).to_numpy())
            assert line.get_linestyle() == "-"
            assert line.get_color() == colours(inputs.networks)[network]  # the same as in other figures of the data set
        np.testing.assert_allclose(asked.get_ydata(), inputs.training("three $x$")[f"validation_{column}"])
        assert (asked.get_linestyle(), asked.get_color()) == ("--", three.get_color())
    assert [text.get_text() for text in figure.legends[0].texts] == ["two", r"three \$x\$"]


def test_the_caption_says_the_last_accuracies_and_whether_losses_fall(inputs):
    caption = figures["learning_curves"].item.draw(inputs).caption
    assert "two: in epoch 3, the last one, 75 % of the pictures that it was trained on were classified right" in caption
    assert "the loss was still falling, from 1 to 0.667." in caption
    assert (
        "three $x$: in epoch 3, the last one, 76 % of the pictures that it was trained on, and 60 % of those for" in caption
    )
    assert "that on the pictures for validation was rising, from 1 to 1.5." in caption


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([1.0, 0.5, 0.4999], "the loss did not change any more, and was 0.5"),
        ([1.0, 0.5, 0.7], "the loss was rising, from 0.5 to 0.7"),
        ([0.5], r"the loss was 0.5, and one epoch does not show whether it falls"),
    ],
)
def test_a_loss_that_does_not_fall_is_said_to_be_so(inputs, losses, words):
    rows = [{"epoch": k + 1, "learning_rate": 0.1, "loss": loss, "accuracy": 0.5} for k, loss in enumerate(losses)]
    tables.write(inputs.training_files["two"], tables.table(rows, LEARNING_CURVE), LEARNING_CURVE)
    caption = figures["learning_curves"].item.draw(inputs).caption
    assert re.search(words, caption)
    assert "two: in epoch" in caption
