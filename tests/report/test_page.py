"""The report page: complete, self-contained, with links that lead somewhere, and nothing in a name can become markup."""

import re
from functools import partial
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from shiftscope.bias import BIAS
from shiftscope.cause import GEOMETRY, LAYERS
from shiftscope.core import tables
from shiftscope.report.cause import Looked
from shiftscope.report.framing import Framing
from shiftscope.report.inputs import FigureOnPage, PageInputs
from shiftscope.report.page import render
from shiftscope.report.pictures import carried
from shiftscope.sensitivity import COMPARISONS, SENSITIVITY
from shiftscope.statistics.bootstrap import FEWEST_PICTURES

EVIL = "<script>alert(\"1\")</script> & 'quote' {braces} {{ facts }} {% if %}"
CARD = {
    "network": EVIL, "kind": "timm", "options": {}, "class_space": "own", "architecture": EVIL, "input_size": 224, "parameters": 1248424,
    "subsampling_stride": 16, "subsampling_ratio": 17, "outputs": 1000, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
    "weights_sha256": "ab" * 32, "engine": "eager", "device": "cpu", "precision": "float32", "batch_size": 8,
    "preprocessing": {"input_size": 260, "said_by": EVIL},
}  # fmt: skip


class Page(HTMLParser):
    """Tags that are open, text, ids and addresses of a page."""

    VOID = ("meta", "img", "br", "input")

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.sources, self.links, self.ids, self.text = [], [], [], [], [], ""
        self.under, self.headings, self.rows, self.alternatives = "", {}, [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        self.sources += [found["src"]] if "src" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.ids += [found["id"]] if "id" in found else []
        self.alternatives += [found["alt"]] if tag == "img" else []
        self.rows += [[]] if tag == "tr" else []
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Also which heading of the third order stands below which of the second, and the cells of tables."""
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data if "small" not in self.open else f" {data}"
        if "h2" in self.open:
            self.under = data
            self.headings[data] = []
        elif "h3" in self.open:
            self.headings[self.under].append(data)

    @property
    def words(self):
        return " ".join(self.text.split())


def measured(rows):
    """Rows of SENSITIVITY: network, protocol, measure, condition, estimate and what else there is."""
    names = ("network", "protocol", "measure", "condition", "estimate")
    return tables.table(
        [dict(zip(names, row[:5], strict=True)) | {"n_images": 9, "n_pairs": 72} | row[5] for row in rows], SENSITIVITY
    )


ENDS = {"ci_low": 0.1, "ci_high": 0.15}
ROWS = [
    *((EVIL, EVIL, "top1_change", condition, 0.1234, ENDS) for condition in ("all", "right", "matched")),
    (EVIL, "choices", "agreement", "all", 0.75, {"reason": "too few & such", "n_images": 4, "n_pairs": 8}),
    ("b", EVIL, "top1_change", "all", None, {"n_images": 0, "n_pairs": 0}),
]
COMPARED = {
    "network_a": EVIL, "network_b": "b", "protocol": EVIL, "measure": "top1_change", "condition": "all", "family": "primary",
    "difference": -0.2, "ci_low": -0.3, "ci_high": -0.1, "p_value": 1e-7, "p_adjusted": 1e-6, "n_images_a": 9, "n_images_b": 8,
}  # fmt: skip


@pytest.fixture
def page(tmp_path):
    def build(**more):
        png = tmp_path / "a.png"
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(png)
        explored = COMPARED | {"measure": "exit_rate", "family": "exploratory", "reason": f"network b: {EVIL}"}
        tested = {"category": EVIL, "quantity": "centre_x", "null": "naive", "n": 3, "reason": "3 boxes, fewer than 20"}
        settings = {
            "facts": {
                "dataset": EVIL, "seed": 0, "input_size": 224, "source": {"title": EVIL, "reference": EVIL}, "exports": ["results", "bias"], "explorer": True,
                "protocols": {
                    EVIL: {"title": EVIL, "unit": "px", "kind": "crop", "reference": EVIL, "note": EVIL, "apart": 1},
                    "choices": {"title": "c", "unit": "", "kind": "resizers", "reference": "r", "note": "", "apart": None},
                },
                "statistics": {"level": 0.95, "resamples": 2000, "adjust": "holm", "minimum_boxes": 20},
            },
            "images": tables.table([{"image_id": EVIL, "path": EVIL, "label": 1, "category": EVIL}], tables.IMAGES),
            "skipped": tables.table([{"image_id": EVIL, "stage": "images", "reason": EVIL}] * 60, tables.SKIPPED),
            "cards": [CARD],
            "sensitivity": measured(ROWS),
            "comparisons": tables.table([COMPARED, explored], COMPARISONS),
            "bias": tables.table([tested], BIAS),
            "figures": [
                FigureOnPage(EVIL, EVIL, png, EVIL, EVIL, "evil", EVIL, frozenset({"predictions"})),
                FigureOnPage("Dots", "", png, "dots", "r", "overview", "Dots and lines", frozenset({"sensitivity"})),
            ],
        }  # fmt: skip
        return render(PageInputs(**{**settings, **more}))

    return build


def test_no_name_becomes_markup(page):
    html = page()
    found = Page(html)
    assert not found.open
    assert "script" not in found.tags
    assert EVIL in found.text
    assert html.count("{{ facts }}") == html.count("{% if %}") > 20  # shown as they are everywhere, and filled in nowhere
    assert EVIL in found.alternatives[1]


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


def test_the_first_picture_of_a_page_of_examples_is_one_of_them(page, tmp_path):
    def places(count):
        pictures = tables.table([{"image_id": str(k), "path": "p"} for k in range(count)], tables.IMAGES)
        drawn = [
            FigureOnPage(name, protocol, tmp_path / "a.png", name, "r", name, name, frozenset({"predictions"}))
            for name, protocol in (("overview", ""), ("examples", EVIL))
        ]
        html = page(images=pictures, figures=drawn)
        return [html.index(f"<figcaption><b>{name}") for name in ("examples", "overview")]

    first, second = places(FEWEST_PICTURES - 1)
    assert first < second
    first, second = places(FEWEST_PICTURES)
    assert first > second


def test_it_asks_nobody_for_anything_and_leads_only_to_itself_and_its_folder(page):
    html = page()
    found = Page(html)
    assert all(address.startswith("data:image/webp;base64,") for address in found.sources)
    assert len(found.sources) == 2
    beside = [link for link in found.links if not link.startswith("#")]
    assert {"explorer.html", "results.csv", "tables/bias.csv", "figures/overview.png", "figures/overview.pdf"} <= set(
        beside
    )
    assert not [link for link in beside if ":" in link or link.startswith(("/", "."))]
    assert "url(" not in html
    assert "@import" not in html
    assert "onclick" not in html


def test_every_link_leads_to_a_place_and_every_place_is_one(page):
    looked = Looked(EVIL, EVIL, tables.table(LOST, LAYERS), GEOMETRY.to_frame())
    found = Page(page(looked=[looked]))
    inside = [link.removeprefix("#") for link in found.links if link.startswith("#")]
    assert len(set(inside)) > 10
    assert set(inside) <= set(found.ids)
    assert len(set(found.ids)) == len(found.ids)
    assert all(re.fullmatch(r"[a-z0-9-]+", place) for place in found.ids)
    sections = ["answer", "networks", "change", "why", "helps", "framing", "tables", "made"]
    assert [place for place in found.ids if place in sections] == sections  # in this order
    assert [link for link in found.links if link.removeprefix("#") in sections][: len(sections)] == [
        f"#{s}" for s in sections
    ]


LOST = [
    {"of": "layer", "layer": name, "kind": "Conv2d", "depth": depth, "channels": 4, "height": side, "width": side,
     "subsampling_factor": 64 / side, "subsampled_by": "", "measure": "nonshiftability", "quantity": "share",
     "estimate": share, "ci_low": share / 2, "ci_high": 2 * share, "n_images": 40, "n": 4}
    for name, depth, side, share in ((EVIL, 1, 32, 0.01), ("b", 2, 16, 0.02), ("c", 3, 8, 0.25))
]  # fmt: skip


def test_the_answer_comes_first_and_each_sentence_leads_to_its_table(page):
    html = page()
    text = Page(html).words
    first = f"Moved by one pixel ({EVIL}), {EVIL} changes its answer in 12.3 % [10, 15] of cases."
    assert " ".join(first.split()) in text
    assert (
        text.index("changes its answer in 12.3 %") < text.index("is shown 224 px") < text.index("paired permutation test")
    )
    assert "Resized by 2 functions in turn (choices), " in text
    assert "changes its answer for 25 % of pictures" in text  # 1 − the agreement
    assert 'href="#overview"' in html.split("changes its answer in 12.3 %")[1][:60]
    assert "was made for pictures of 260 px and was shown 224 px" in text
    assert "There are only 1 pictures: the intervals of differences reach 10 points to each side" in text


def test_it_says_the_numbers(page):
    found = Page(page())
    for words in (
        "1 of 256", "1,248,424", "3 boxes, fewer than 20", "60 times a picture could not be used; the first 50", "1 pictures, 1 labelled",
        "abababababab", "Where there are no brackets: too few & such.", "inference.input_size shows all networks the same frames, of 224 px.",
        " ".join(f"{EVIL} is shown 224 px, not the 260 px of {EVIL}.".split()),
        "1 of 1 exploratory comparisons on",
    ):  # fmt: skip
        assert words in found.words, words
    assert "None" not in found.words.replace("None.", "")
    assert "nan" not in found.words.split()
    rows = [[" ".join(cell.split()) for cell in row] for row in found.rows]
    evil = " ".join(EVIL.split())
    assert [
        evil,
        evil,
        "9",
        "12.3 % [10, 15]",
        "12.3 % [10, 15]",
    ] in rows  # network, protocol, n, change, at matched confidence
    assert [evil, "b", evil, "8", "−20 [−30, −10] p 1e−6", "apart"] not in rows  # not tested at matched confidence
    assert [evil, "b", evil, "8", "−20 [−30, −10] p 1e−6", "over all cases only"] in rows
    assert ["P(top-1 change), at matched confidence share of pairs", "9", "0.123 [0.100, 0.150]"] in [
        row[:3] for row in rows
    ]


def test_every_table_says_of_how_many(page):
    html = page()
    blocks = html.split('<div class="table"')[1:]
    assert len(blocks) >= 7
    for block in blocks:
        caption, head = block.split("</p>")[0], block.split("</thead>")[0]
        assert re.search(r"<th scope=\"col\">n<small>(pictures|boxes)", head) or re.search(
            r"\d+ (networks?|pictures)|Versions", caption
        )


def test_measures_that_say_the_same_share_a_row(page):
    rows = [
        ("a", EVIL, "top1_change", "all", 0.25, ENDS),
        ("a", EVIL, "agreement", "all", 0.75, {"same_as": "top1_change"}),
        ("a", EVIL, "mac", "all", 0.05, {}),
    ]
    found = Page(page(sensitivity=measured(rows)))
    heads = [" ".join(row[0].split()) for row in found.rows]
    assert "P(top-1 change) share of pairs; = 1 − n-way agreement" in heads
    assert not [head for head in heads if head.startswith("n-way agreement")]


def test_a_network_that_lacks_a_measure_has_an_empty_cell(page):
    rows = [
        (name, EVIL, measure, "right", 0.5, {})
        for name, measure in (("a", "top1_change"), ("a", "mac"), ("never right", "mac"))
    ]
    found = [[" ".join(cell.split()) for cell in row] for row in Page(page(sensitivity=measured(rows))).rows]
    assert ["P(top-1 change), that begin right share of pairs", "9", "0.500", ""] in found
    assert ["Mean absolute change, that begin right probability", "9", "0.500", "0.500"] in found


def test_many_networks_are_below_one_another(page):
    rows = [(f"net{k}", EVIL, "top1_change", "all", k / 100, ENDS) for k in range(30)]
    found = [[" ".join(cell.split()) for cell in row] for row in Page(page(sensitivity=measured(rows))).rows]
    assert ["network", "n pictures", "P(top-1 change) share of pairs"] in found
    assert ["net7", "9", "0.070 [0.100, 0.150]"] in found


def test_a_table_of_many_rows_says_where_the_others_are(page):
    many = [COMPARED | {"network_a": f"n{k:03}", "network_b": f"m{k:03}", "p_adjusted": k / 1000} for k in range(600)]
    html = page(comparisons=tables.table(many[::-1], COMPARISONS))
    assert "250 of 600 rows are here." in Page(html).words
    assert "n249" in html
    assert "n250" not in html  # the smallest p-values are kept
    assert html.count("<tr") < 400


def test_rows_can_be_chosen_and_sorted_by_the_style_sheet_alone(page):
    rows = [(f"net{k}", name, "top1_change", "all", k / 10, ENDS) for name in (EVIL, "choices") for k in (3, 1, 2)]
    html = page(sensitivity=measured(rows), comparisons=None)
    table = html.split('id="overview"')[1].split("</table>")[0]
    assert table.count('type="radio"') == 3 + 2  # all and two protocols; as in the config, and by change: none is matched
    orders = re.findall(r'<tr class="a\d" style="--s0:(\d)', table)
    assert list(map(int, orders)) == [4, 0, 2, 5, 1, 3]  # of 0.3, 0.1, 0.2 on either protocol
    assert ".table:has(.a0:checked) tbody tr:not(.a0) { display: none; }" in html
    assert ".table:has(.s0:checked) tbody tr { order: var(--s0); }" in html


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
    found = Page(page(**bare, skipped=tables.SKIPPED.to_frame()))
    assert not found.open
    assert list(found.headings) == ["The answer", "All tables", "How it was made"]


def test_framing_has_a_heading_of_its_own(page):
    row = {"category": "dog", "quantity": "midpoint_x", "null": "naive", "n": 30, "p_value": 1e-5, "q_value": 0.2}
    points = Framing(landmarks=tables.table([row], BIAS))
    found = Page(page(framing=points))
    assert "How the pictures are framed" in found.headings
    assert "Framing" in found.headings["All tables"]
    alone = Page(page(framing=points, bias=None))  # points and no boxes
    assert "Tables: Pairs of points" in alone.words
    assert "1e−5" in alone.text  # a small p is no 0.000
    assert "How the pictures are framed" not in Page(page(bias=None)).headings


def test_a_protocol_that_varied_nothing_has_a_warning_and_no_sentence(page):
    text = Page(page()).text
    assert "Warning" not in text
    warned = Page(page(unvaried=[("choices", 224), ("choices", 299)])).text
    words = "choices varied nothing: at an input of 224 and of 299 px, all frames of every picture hold the same pixels"
    assert warned.count(words) == 2  # at the top, and at its table
    assert warned.index(words) < warned.index("changes its answer in") < warned.rindex(words)
    assert "changes its answer for 25 % of pictures" in text
    assert "changes its answer for" not in warned
    # Another network was shown frames of another size, and those do differ.
    other = Page(page(unvaried=[("choices", 299)])).text
    assert "choices varied nothing: at an input of 299 px," in other
    assert "changes its answer for 25 % of pictures" in other


def test_a_picture_says_what_it_shows_to_those_who_do_not_see_it(page):
    assert Page(page()).alternatives[0] == "Dots and lines. dots"


def test_where_networks_lose_the_shift_is_a_sentence_a_table_and_a_reason(page):
    step = {"of": "step", "layer": "c", "depth": 3, "measure": "aliasing", "quantity": "energy_above", "estimate": 0.5}
    layers = [*LOST, {**LOST[1], **step}]
    layers.append({**layers[-1], "depth": 9, "estimate": 0.75})  # deeper than all maps: behind none of them
    output = {
        "of": "network", "layer": "output", "measure": "periodicity", "quantity": "periodic_share", "estimate": 0.875,
        "p_value": 0.001, "n_images": 40,
    }  # fmt: skip
    sizes = [
        {"of": "network", "stride": 8},
        {"of": "layer", "layer": "c", "stride": 8, "receptive_field": 41, "whole_input": False, "effective_width": 17.5},
    ]
    seen = Looked(EVIL, EVIL, tables.table([*layers, output], LAYERS), tables.table(sizes, GEOMETRY))
    hidden = Looked("p", "h", tables.table([{"of": "network", "reason": "It hides."}], LAYERS), GEOMETRY.to_frame())
    found = Page(page(looked=[seen, hidden]))
    assert (
        " ".join(f"{EVIL} ({EVIL}) loses most of the shift between b (one cell for 4 px) and c (8 px): the sums of its channels leave "
        "their mean by more than 20 % at 2 % and then at 25 % of the shifts.".split())
    ) in found.words  # fmt: skip
    assert " ".join(f"{EVIL} between b and c (from one cell for 4 px to one for 8 px).".split()) in found.words
    rows = [[" ".join(cell.split()) for cell in row][2:] for row in found.rows]
    assert ["c", "40", "3", "8 × 8", "8.000", "8", "1 of 64", "41", "17.5", "0.250 [0.125, 0.500]", ""] in rows
    assert [
        "b",
        "40",
        "2",
        "16 × 16",
        "4.000",
        "unknown",
        "unknown",
        "",
        "",
        "0.020 [0.010, 0.040]",
        "0.500 [0.010, 0.040]",
    ] in rows
    assert ["40", "8", "0.875", "0.001"] in rows
    assert "h: It hides." in found.words
    assert "Why: where networks lose the shift" not in Page(page()).text


def test_all_figures_have_a_place_and_together_no_more_than_their_limit(page, tmp_path, monkeypatch):
    monkeypatch.setattr("shiftscope.report.page.carried", partial(carried, limit=40_000))
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    many = [
        FigureOnPage(f"f{k}", EVIL, tmp_path / "noise.png", "c", "r", f"f{k}", "Noise", frozenset({"frames"}))
        for k in range(40)
    ]
    found = Page(page(figures=many))
    prefix = len("data:image/webp;base64,")
    assert 20_000 < sum(len(source) - prefix for source in found.sources) <= 40_000
    assert 0 < found.words.count("This page has no room for this figure") == 40 - len(found.sources)
    assert len([link for link in found.links if link.startswith("figures/") and link.endswith(".pdf")]) == 40
