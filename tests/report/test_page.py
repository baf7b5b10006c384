"""The report page: complete, self-contained, and nothing in a name can become markup."""

import re
from html.parser import HTMLParser

import pytest

from shiftscope.bias import BIAS
from shiftscope.cause import GEOMETRY, LAYERS
from shiftscope.core import tables
from shiftscope.report.cause import Looked
from shiftscope.report.framing import Framing
from shiftscope.report.inputs import FigureOnPage, PageInputs
from shiftscope.report.page import number, p_value, render
from shiftscope.sensitivity import COMPARISONS, SENSITIVITY
from shiftscope.statistics.bootstrap import FEWEST_PICTURES

EVIL = "<script>alert(\"1\")</script> & 'quote'"
CARD = {
    "network": EVIL, "architecture": EVIL, "input_size": 224, "parameters": 1248424, "subsampling_stride": 16, "subsampling_ratio": 17, "outputs": 1000,
    "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "weights_sha256": "ab" * 32, "engine": "eager", "device": "cpu", "precision": "float32",
    "batch_size": 8, "preprocessing": {"input_size": 260, "said_by": EVIL},
}  # fmt: skip


class Page(HTMLParser):
    """Tags that are open, text, and all addresses of a page."""

    VOID = ("meta", "img", "br")

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.addresses, self.text = [], [], [], ""
        self.under, self.headings = "", {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Also which heading of the third order stands below which of the second."""
        self.text += data
        if "h2" in self.open:
            self.under = data
            self.headings[data] = []
        elif "h3" in self.open:
            self.headings[self.under].append(data)


@pytest.fixture
def page(tmp_path):
    def build(**more):
        png = tmp_path / "a.png"
        png.write_bytes(b"\x89PNG not really")
        rows = [
            {"network": EVIL, "protocol": EVIL, "measure": "top1_change", "condition": condition, "estimate": 0.1234, "ci_low": 0.1, "ci_high": 0.15, "n_images": 9, "n_pairs": 72}
            for condition in ("all", "right", "matched")
        ] + [
            {"network": EVIL, "protocol": "choices", "measure": "agreement", "condition": "all", "estimate": 0.75, "reason": "too few & such", "n_images": 4, "n_pairs": 8},
            {"network": "b", "protocol": EVIL, "measure": "top1_change", "condition": "all", "estimate": None, "n_images": 0, "n_pairs": 0}
        ]  # fmt: skip
        compared = {"network_a": EVIL, "network_b": "b", "protocol": EVIL, "measure": "top1_change", "condition": "all",
                    "difference": -0.2, "ci_low": -0.3, "ci_high": -0.1, "p_value": 1e-7, "p_adjusted": 1e-6, "n_images_a": 9, "n_images_b": 8, "reason": f"network b: {EVIL}"}  # fmt: skip
        tested = {"category": EVIL, "quantity": "centre_x", "null": "naive", "n": 3, "reason": "3 boxes, fewer than 20"}
        settings = {
            "facts": {
                "dataset": EVIL, "seed": 0, "input_size": 224, "source": {"title": EVIL, "reference": EVIL},
                "protocols": {
                    EVIL: {"title": EVIL, "unit": "px", "kind": "crop", "reference": EVIL, "note": EVIL},
                    "choices": {"title": "c", "unit": "", "kind": "resizers", "reference": "r", "note": ""},
                },
                "statistics": {"level": 0.95, "resamples": 2000, "adjust": "holm", "minimum_boxes": 20},
            },
            "images": tables.table([{"image_id": EVIL, "path": EVIL, "label": 1, "category": EVIL}], tables.IMAGES),
            "skipped": tables.table([{"image_id": EVIL, "stage": "images", "reason": EVIL}] * 60, tables.SKIPPED),
            "cards": [CARD],
            "sensitivity": tables.table(rows, SENSITIVITY),
            "comparisons": tables.table([compared], COMPARISONS),
            "bias": tables.table([tested], BIAS),
            "figures": [FigureOnPage(EVIL, EVIL, png, EVIL, EVIL)],
        }  # fmt: skip
        return render(PageInputs(**{**settings, **more}))

    return build


def test_no_name_becomes_markup(page):
    found = Page(page())
    assert not found.open
    assert "script" not in found.tags
    assert EVIL in found.text


def test_few_pictures_are_called_examples(page):
    def pictures(count):
        return tables.table([{"image_id": str(k), "path": "p"} for k in range(count)], tables.IMAGES)

    said = (
        f"{FEWEST_PICTURES - 1} pictures are examples: they show what can happen, and say little about how often it does."
    )
    assert said in page(images=pictures(FEWEST_PICTURES - 1))
    assert "are examples" not in page(images=pictures(FEWEST_PICTURES))
    assert "are examples" not in page(images=pictures(3), sensitivity=None, comparisons=None)  # boxes alone
    assert "1 picture is an example: it shows" in page(images=pictures(1))


def test_it_asks_nobody_for_anything(page):
    html = page()
    assert all(address.startswith("data:image/png;base64,") for address in Page(html).addresses)
    assert "url(" not in html
    assert "@import" not in html


def test_it_says_the_numbers(page):
    text = " ".join(Page(page()).text.split())
    for words in (
        "0.123 [0.100, 0.150]", "−0.200 [−0.300, −0.100]", "significant", "1 of 256", "1,248,424", "3 boxes, fewer than 20",
        "60 times a picture could not be used; the first 50", "1 pictures, 1 labelled", "abababababab",
        "1 of 1 comparisons between networks are significant after correction",
        "Where there are no brackets: too few & such.", "network b: ",
        "inference.input_size shows all networks the same frames, of 224 px.", f"{EVIL} is shown 224 px, not the 260 px of {EVIL}.",
    ):  # fmt: skip
        assert words in text, words
    assert text.count("at matched confidence: every network's pairs weighted") == 1
    assert text.count("Read so: ") == 1
    assert "gives the same answer on all frames for 75 % of the pictures" in text
    assert "None" not in text.replace("None.", "")
    assert "nan" not in text.split()


def test_a_network_that_lacks_a_measure_has_an_empty_cell(page):
    rows = [
        {"network": name, "protocol": EVIL, "measure": measure, "condition": "right", "estimate": 0.5, "n_images": 3}
        for name, measure in (("a", "top1_change"), ("a", "mac"), ("never right", "mac"))
    ]
    html = page(sensitivity=tables.table(rows, SENSITIVITY))
    assert "<td>a</td><td>0.500</td><td>0.500</td>" in html
    assert "<td>never right</td><td>none</td><td>0.500</td>" in html


def test_comparisons_of_networks_of_different_sizes_say_what_a_pixel_is(page):
    words = "by pixels of each network's own input"
    assert words not in Page(page()).text
    assert words in Page(page(cards=[CARD, {**CARD, "input_size": 260}])).text


def test_the_page_says_what_another_precision_changed(page):
    lower = {**CARD, "network": "low", "precision": "bfloat16", "compared": 128, "changed_top1": 3 / 128}
    words = "low computed in bfloat16: of frames made for calibration, 3 of 128 (2.34 %) have another top class"
    assert words in Page(page(cards=[CARD, lower])).text
    assert "computed in" not in Page(page()).text


def test_the_page_says_what_an_audit_found_and_where_memory_ran_short(page):
    noted = {"frames": 99, "windows": 99, "batch_size": 8, "audited": 2000, "audited_changed": 5}
    words = f"drawn for the audit of {EVIL}, 5 of 2,000 (0.25 %) have another top class than eager torch"
    assert words in Page(page(running={EVIL: noted})).text
    assert "parts of it ran in batches" not in Page(page(running={EVIL: noted})).text
    short = Page(page(running={EVIL: {**noted, "audited": 0, "batch_size": 4}})).text
    assert f"Memory ran short for {EVIL}: parts of it ran in batches of 4." in short
    assert "drawn for the audit" not in short


def test_a_data_set_without_networks_or_boxes_has_a_page(page):
    bare = {"cards": [], "sensitivity": None, "comparisons": None, "bias": None, "figures": []}
    assert not Page(page(**bare, skipped=tables.SKIPPED.to_frame())).open


def test_framing_has_a_heading_of_its_own(page):
    row = {"category": "dog", "quantity": "midpoint_x", "null": "naive", "n": 30, "p_value": 1e-5, "q_value": 0.2}
    points = Framing(landmarks=tables.table([row], BIAS))
    found = Page(page(framing=points))
    assert found.headings["How the pictures are framed"] == ["Boxes", "Pairs of points"]
    alone = Page(page(framing=points, bias=None))  # points and no boxes
    assert alone.headings["How the pictures are framed"] == ["Pairs of points"]
    assert alone.headings["Networks compared"] == []
    assert "1e−5" in alone.text  # a small p is no 0.000
    assert "How the pictures are framed" not in Page(page(bias=None)).headings


def test_a_protocol_that_varied_nothing_has_a_warning_and_no_headline(page):
    text = Page(page()).text
    assert "Warning" not in text
    warned = Page(page(unvaried=[("choices", 224), ("choices", 299)])).text
    words = "choices varied nothing: at an input of 224 and of 299 px, all frames of every picture hold the same pixels"
    assert warned.count(words) == 2  # at the top, and at its table
    assert warned.index(words) < warned.index("changes its answer in") < warned.rindex(words)
    assert "gives the same answer on all frames for" in text
    assert "gives the same answer on all frames for" not in warned
    # Another network was shown frames of another size, and those do differ.
    other = Page(page(unvaried=[("choices", 299)])).text
    assert "choices varied nothing: at an input of 299 px," in other
    assert "gives the same answer on all frames for 75 % of the pictures" in other


def test_numbers_and_p_values():
    assert [number(value) for value in (0.12345, -0.5, 12.345, 834.4, None)] == ["0.123", "−0.500", "12.3", "834", "none"]
    assert [p_value(value) for value in (0.04567, 0.00012, 1e-9, None)] == ["0.046", "1e−4", "<1e−9", "none"]


def test_where_networks_lose_the_shift_is_a_headline_a_table_and_a_reason(page):
    layers = [
        {"of": "layer", "layer": name, "kind": "Conv2d", "depth": depth, "channels": 4, "height": side, "width": side,
         "subsampling_factor": 64 / side, "subsampled_by": "", "measure": "nonshiftability", "quantity": "share",
         "estimate": share, "ci_low": share / 2, "ci_high": 2 * share, "n_images": 40, "n": 4}
        for name, depth, side, share in ((EVIL, 1, 32, 0.01), ("b", 2, 16, 0.02), ("c", 3, 8, 0.25))
    ]  # fmt: skip
    layers.append(
        {
            **layers[1],
            "of": "step",
            "layer": "c",
            "depth": 3,
            "measure": "aliasing",
            "quantity": "energy_above",
            "estimate": 0.5,
        }
    )
    layers.append({**layers[-1], "depth": 9, "estimate": 0.75})  # deeper than all maps: behind none of them
    output = {
        "of": "network",
        "layer": "output",
        "measure": "periodicity",
        "quantity": "periodic_share",
        "estimate": 0.875,
        "p_value": 0.001,
        "n_images": 40,
    }
    sizes = [
        {"of": "network", "stride": 8},
        {"of": "layer", "layer": "c", "stride": 8, "receptive_field": 41, "whole_input": False, "effective_width": 17.5},
    ]
    seen = Looked(EVIL, EVIL, tables.table([*layers, output], LAYERS), tables.table(sizes, GEOMETRY))
    hidden = Looked("p", "h", tables.table([{"of": "network", "reason": "It hides."}], LAYERS), GEOMETRY.to_frame())
    text = " ".join(Page(page(looked=[seen, hidden])).text.split())
    assert (
        f"{EVIL} ({EVIL}) loses most of the shift between b (one cell for 4 px) and c (8 px): the sums of its channels leave "
        "their mean by more than 20 % at 2 % and then at 25 % of the shifts."
    ) in text
    cells = re.sub(r"<[^>]*>", "|", page(looked=[seen, hidden]))
    cells = re.sub(r"\|[\s|]*", "|", cells)
    assert "|c|3|8 × 8|8.000|8|1 of 64|41|17.5|0.250 [0.125, 0.500]|" in cells
    assert "|0.020 [0.010, 0.040]|0.500" in cells  # what the step behind b is given
    assert "|8|0.875|0.001|40|" in cells
    assert "h: It hides." in text
    assert "Why: where networks lose the shift" not in Page(page()).text
