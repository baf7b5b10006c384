"""What the page says of remedies, in numbers, with names that would be markup."""

import pytest

from shiftscope.core import tables
from shiftscope.remedies import AUGMENTATION, REMEDIES
from shiftscope.report.inputs import PageInputs
from shiftscope.report.page import render
from shiftscope.report.remedies import Helped, arithmetic, help_sentences, reasons, remedy_rows, warnings

EVIL = "<script>alert(\"1\")</script> & 'quote'"
CARD = {
    "network": EVIL, "kind": "timm", "options": {}, "class_space": "own", "architecture": "a", "input_size": 64, "parameters": 10, "subsampling_stride": 32, "subsampling_ratio": 45,
    "outputs": 10, "mean": [0.5], "std": [0.5], "weights_sha256": "ab", "engine": "eager", "device": "cpu", "precision": "float32", "batch_size": 8,
    "preprocessing": {"input_size": 64, "said_by": "a"},
}  # fmt: skip
FACTS = {
    "dataset": "d", "seed": 0, "input_size": None, "source": {"title": "t", "reference": "r"}, "figures": [], "as_they_are": ["as-is"],
    "protocols": {
        name: {"title": "t", "unit": "px", "kind": kind, "reference": "r", "note": "", "apart": 1}
        for name, kind in (("centre", "centre"), ("black", "embed"), ("sliding", "crop"))
    },
    "statistics": {"level": 0.95, "resamples": 2000, "adjust": "holm", "minimum_boxes": 20},
}  # fmt: skip


def rows(remedy, change, accuracy=None, protocol="sliding", network=EVIL, kind="network", setting=None, width=0.02, **more):
    """What a remedy makes of a network that changes in 40 % of the steps and is right for 70 % of the frames."""
    which = {"network": network, "remedy": remedy, "kind": kind, "setting": setting, "protocol": protocol, "condition": "all",
             "n_images": 40, "passes": 1.0, "time_ratio": 1.25, "parameters_added": 0, "epochs": 0, **more}  # fmt: skip
    for measure, without, value in (("top1_change", 0.4, change), ("accuracy", 0.7, accuracy)):
        if value is not None:
            moved = value - without
            yield {
                **which, "measure": measure, "without": without, "estimate": value, "ci_low": value - width, "ci_high": value + width,
                "difference": moved, "difference_low": moved - width, "difference_high": moved + width,
            }  # fmt: skip


def helped(*remedies, gains=None):
    table = tables.table([row for remedy in remedies for row in remedy], REMEDIES)
    return Helped(table, None if gains is None else tables.table(gains, AUGMENTATION))


AVERAGE = list(rows("average", 0.2, 0.71, kind="average", setting=4, passes=4.0, time_ratio=4.0))
TUNED = list(rows("tuned", 0.1, 0.69, epochs=2, parameters_added=1234))
AS_IS = list(rows("as-is", 0.3, 0.7))


def test_the_best_without_training_is_named_and_a_trained_one_where_it_gains_more():
    (sentence,) = help_sentences(helped(AS_IS, AVERAGE, TUNED), FACTS)
    assert sentence == (
        f"sliding: {EVIL}: without training, average (4 frames) helps most: P(top-1 change) goes from 40 % to 20 %, a gain of "
        "20 points [18, 22], at 4 times the time; the accuracy changes by 1 points [−1, 3]. Of networks trained otherwise, "
        "tuned helps most: P(top-1 change) goes from 40 % to 10 %, a gain of 30 points [28, 32], at 1.25 times the time; the "
        "accuracy changes by −1 points [−3, 1]."
    )
    # A network that takes the weights as they are is no training.
    assert "without training, as-is helps most" in help_sentences(helped(AS_IS, TUNED), FACTS)[0]
    assert "nothing helps without training. Of networks" in help_sentences(helped(TUNED), FACTS)[0]
    assert "tuned" not in help_sentences(helped(AVERAGE, rows("tuned", 0.3)), FACTS)[0]


def test_a_remedy_that_costs_accuracy_is_not_said_to_help():
    costly = list(rows("tuned", 0.1, 0.6, epochs=2))
    assert "no remedy lowers" in help_sentences(helped(costly), FACTS)[0]
    assert "average (4 frames) helps most" in help_sentences(helped(AVERAGE, costly), FACTS)[0]


def test_a_gain_whose_interval_has_0_in_it_is_none():
    (sentence,) = help_sentences(helped(rows("average", 0.39, kind="average", setting=2)), FACTS)
    assert "no remedy lowers P(top-1 change) so much that the interval of the difference excludes 0" in sentence
    assert help_sentences(Helped(), FACTS) == []


def test_headlines_are_about_crops_and_else_about_the_first_protocol():
    black = rows("average", 0.2, kind="average", setting=2, protocol="black")
    assert help_sentences(helped(list(black), AVERAGE), FACTS)[0].startswith("sliding: ")
    alone = rows("average", 0.2, kind="average", setting=2, protocol="black")
    assert help_sentences(helped(alone), FACTS)[0].startswith("black: ")


def test_where_a_remedy_hurts_is_said_once_with_its_largest_loss():
    worse = list(rows("tuned", 0.45, 0.68, protocol="black")) + list(rows("tuned", 0.4, 0.4))
    assert warnings(helped(worse, AVERAGE)) == [
        f"{EVIL}: tuned hurts on sliding: the accuracy falls by 30 points [28, 32], and in 1 more row of the table."
    ]
    assert warnings(helped(AVERAGE)) == warnings(Helped()) == []


def test_arithmetic_is_by_stride_and_by_ratio_beside_what_was_gained():
    gain = {"of": "network", "network": "shifted", "without": EVIL, "augmentation": "shifts", "protocol": "sliding",
            "gain": 0.1, "gain_low": 0.05, "gain_high": 0.15, "trained_on": "a"}  # fmt: skip
    (row,) = arithmetic([CARD], helped(gains=[gain, {**gain, "without": "other"}, {**gain, "of": "framing"}]))
    assert (row.stride, row.ratio) == (32, 45)
    assert row.by_stride == (32 * 32, 32 * 32 * 32, 32**4)
    assert row.by_ratio.shifts == 2025
    assert row.gained == ["shifted (shifts, sliding): 10 points [5, 15]"]
    (unknown,) = arithmetic([{**CARD, "subsampling_stride": None}], Helped())
    assert (unknown.by_stride, unknown.by_ratio.shifts, unknown.gained) == (None, 2025, [])
    assert arithmetic([{**CARD, "subsampling_stride": None, "subsampling_ratio": None}], Helped()) == []


def test_rows_show_values_differences_and_what_is_unknown():
    (average, bare) = remedy_rows(helped(AVERAGE, rows("odd", 0.3, None)))
    assert average["change"] == "40 % → 20 % [18 %, 22 %]"
    assert average["change_difference"] == "−20 points [−22, −18]"
    assert average["accuracy"] == "70 % → 71 % [69 %, 73 %]"
    assert (bare["accuracy"], bare["accuracy_change"]) == ("unknown", "unknown")
    assert reasons(helped([{**row, "reason": EVIL} for row in AVERAGE])) == [EVIL]


@pytest.fixture
def text():
    def page(shown):
        images = tables.table([{"image_id": "a", "label": 1}], tables.IMAGES)
        return render(PageInputs(FACTS, images, tables.SKIPPED.to_frame(), cards=[CARD], helped=shown))

    return page


def test_the_page_has_the_section_and_no_name_becomes_markup(text):
    shown = helped(AVERAGE, TUNED, rows(EVIL, 0.6, 0.5, kind=EVIL, time_ratio=None, parameters_added=None))
    html = text(shown)
    assert "<h2>What helps</h2>" in html
    assert "<script" not in html
    for words in ("40 % → 20 %", "1,234", "not measured", "hurts on sliding", "2,025", "1,024", "1,048,576", "<td>4</td>"):
        assert words in html, words
    assert html.count("without training, average (4 frames) helps most") == 1
    first = html.split("</h2>")[1].split("<h2>")[0]
    assert "What makes answers steadier most (sliding)? " in first
    assert ": tuned, from 40 % to 10 % of cases (gain 30 points [28, 32]) at 1.25 times the time." in first
    assert "None" not in html.split("<h2>What helps</h2>")[1].split("<h2>")[0]


def test_a_run_without_remedies_has_the_arithmetic_alone(text):
    section = text(Helped()).split("<h2>What helps</h2>")[1].split("<h2>")[0]
    assert "2,025" in section
    assert "Each remedy" not in section
