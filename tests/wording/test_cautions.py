"""Cautions are said where the run gives a reason, and nowhere else."""

import pytest

from shiftscope.core import tables
from shiftscope.networks import accuracies
from shiftscope.networks.accuracies import published_accuracy
from shiftscope.sensitivity import COMPARISONS, SENSITIVITY
from shiftscope.wording.cautions import cautions, varied_nothing

from ..pinned import needs_the_pinned

CARD = {
    "network": "squeeze", "kind": "torchvision", "architecture": "squeezenet1_0", "class_space": "imagenet", "options": {},
    "input_size": 224, "preprocessing": {"input_size": 224, "said_by": "torchvision"},
}  # fmt: skip


def right(low, *, network="squeeze", protocol="centre", n_pairs=200):
    return {"network": network, "protocol": protocol, "measure": "accuracy", "condition": "all", "estimate": low + 0.05, "ci_low": low,
            "ci_high": low + 0.1, "n_images": 200, "n_pairs": n_pairs}  # fmt: skip


def said(cards=(CARD,), n_images=200, n_skipped=0, rows=(), compared=None):
    found = cautions(
        cards, n_images, n_skipped, tables.table(rows, SENSITIVITY), compared and tables.table(compared, COMPARISONS)
    )
    return [one.text for one in found]


def test_a_run_without_reasons_has_no_cautions():
    assert said(rows=[right(0.55)]) == []
    assert cautions([], 200, 0, None, None) == []


def test_another_size_than_the_network_was_made_for():
    (text,) = said([{**CARD, "input_size": 160}])
    assert text.startswith("squeeze was made for pictures of 224 px and was shown 160 px:")
    assert said([{**CARD, "input_size": 160, "preprocessing": {"input_size": None, "said_by": "nobody"}}]) == []


def test_an_accuracy_far_above_the_published_one():
    """58.1 % are published, and 5 points more may have other causes."""
    (text,) = said(rows=[right(0.64), right(0.9, protocol="crop", n_pairs=1800), right(0.9, network="other")])
    assert (
        "squeeze is right on 69 % [64, 74] of the frames of centre, far above the 58.1 % that are published for squeezenet1_0"
        in text
    )
    assert said(rows=[right(0.62)]) == []
    assert said([{**CARD, "class_space": "own"}], rows=[right(0.9)]) == []
    assert said([{**CARD, "options": {"weights_of": "x", "sampling": "blurpool"}}], rows=[right(0.9)]) == []
    assert said([{**CARD, "kind": "timm"}], rows=[right(0.9)]) == []


def test_few_pictures_say_what_can_hide():
    compared = [
        {"measure": measure, "condition": condition, "family": "primary", "ci_low": -width, "ci_high": width}
        for measure, condition, width in (
            ("top1_change", "all", 0.04), ("top1_change", "all", 0.08), ("top1_change", "all", 0.06), ("mac", "all", 0.9),
            ("top1_change", "matched", 0.9),
        )
    ]  # fmt: skip
    (text,) = said(n_images=30, compared=compared)
    assert text.startswith("There are only 30 pictures: the intervals of differences reach 6 points to each side (median)")
    assert said(n_images=30) == ["There are only 30 pictures."]
    assert said(n_images=100) == []


def test_pictures_that_were_left_out():
    assert said(n_skipped=50) == ["50 pictures (20 %) were left out of all or of parts of this."]


def test_protocols_that_varied_nothing():
    found = varied_nothing([("p", 224), ("p", 299), ("q", 64)])
    assert list(found) == ["p", "q"]
    assert "at an input of 224 and of 299 px, all frames of every picture hold the same pixels" in found["p"]


@needs_the_pinned("torchvision")
def test_the_table_of_accuracies_is_that_of_the_library():
    assert accuracies.generated() == accuracies.TABLE.read_text(encoding="utf-8"), "out of date: run 'make manual'"


@pytest.mark.parametrize(
    ("architecture", "published"), [("squeezenet1_0", 0.58092), ("resnet50", 0.80858), ("vgg16", 0.71592)]
)
def test_published_accuracies_are_those_of_torchvisions_documentation(architecture, published):
    assert published_accuracy({**CARD, "architecture": architecture}) == published
