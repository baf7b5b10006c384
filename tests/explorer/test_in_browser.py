"""The explorer in a real browser: what it shows is what the tables say, whatever way the reader goes there."""

import json
from itertools import pairwise
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest

from shiftscope.explorer.page import render
from shiftscope.stages.frames import frames_again

from .browser import emulate, needs_browser, opened, requests, until
from .made import CROP, DRAWN, EVIL, NETWORKS, PROTOCOLS, SIZE, STEPS, flips_of, made, read

pytestmark = needs_browser


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return made(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def page(inputs, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "explorer.html"
    path.write_text(render(inputs), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    browser = opened(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.quit()


class Reader:
    """Somebody who looks at the page."""

    def __init__(self, driver, page, inputs, order):
        """`order`: of each picture of `inputs`, its place on the page."""
        self.driver, self.page, self.inputs = driver, page, inputs
        self.ids = inputs.images["image_id"].to_list()
        self.order = order

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, id):
        return self.js("return document.getElementById(arguments[0]).textContent", id)

    def step(self):
        return int(self.js("return document.getElementById('step').value"))

    def open(self, protocol=CROP, place=0, step=0, width=1280, *, dark=False):
        """Open the page anew at a place, and wait until it is there."""
        emulate(self.driver, width, dark=dark)
        self.driver.get("about:blank")
        self.driver.get(f"{self.page}#{urlencode({'protocol': protocol, 'picture': self.ids[place], 'step': step})}")
        self.wait(place, step)

    def wait(self, place, step):
        until(lambda: self.text("title") == self.ids[place] and self.step() == step, f"picture {place}, step {step}")
        until(
            lambda: self.js("return document.documentElement.dataset.ready || ''").endswith(f"/{self.order[place]}"),
            "frames",
        )

    def press(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def rows(self, id):
        """The texts of the cells of a table's body."""
        script = "return [...document.getElementById(arguments[0]).tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent))"
        return self.js(script, id)

    def listed(self):
        """The pictures of the list, in their order."""
        return self.js("return [...document.querySelectorAll('#pictures .id')].map((one) => one.textContent)")

    def choose(self, id, value):
        self.js(
            "const e = document.getElementById(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event('change'))",
            id,
            value,
        )


@pytest.fixture
def reader(driver, page, inputs):
    driver.get(page)
    ids = driver.execute_script(
        "return JSON.parse(document.getElementById('index').textContent).pictures.map(({id}) => id)"
    )
    return Reader(driver, page, inputs, [ids.index(id) for id in inputs.images["image_id"]])


def said(value):
    return "none" if value is None else f"{value:.4f}"


@pytest.mark.parametrize(
    ("protocol", "place", "step"), [(CROP, 0, 0), (CROP, 4, 7), (CROP, 11, 3), (DRAWN, 1, 4), (DRAWN, 5, 2), (DRAWN, 11, 1)]
)
def test_the_numbers_on_the_page_are_those_of_the_parquet(reader, inputs, protocol, place, step):
    reader.open(protocol, place, step)
    tables = [read(inputs, protocol, network).filter(image_id=reader.ids[place]) for network in NETWORKS]
    cards = reader.js(
        "return [...document.querySelectorAll('.card')].map((card) => [...card.querySelectorAll('li')].map((line) => "
        "[line.querySelector('.class').textContent, line.querySelector('.value').textContent]))"
    )
    assert [row[0] for row in reader.rows("numbers")] == NETWORKS
    for table, (_, truth, answer, prob, flips, _), card in zip(tables, reader.rows("numbers"), cards, strict=True):
        row = table.row(step, named=True)
        own = flips_of([five[0] for five in table["top5"].to_list()], ordered=PROTOCOLS[protocol]["ordered"])
        right = " ✓" if row["label"] is not None and row["top5"][0] == row["label"] else ""
        assert truth == ("no label" if row["label"] is None else said(row["label_prob"]))
        assert answer == inputs.class_name(row["top5"][0]) + right + (" (flip)" if own[step] else "")
        assert prob == said(row["top5_prob"][0])
        assert int(flips) == sum(own)
        marks = [" ✓" if index == row["label"] else "" for index in row["top5"]]
        assert card == [
            [inputs.class_name(index) + mark, said(value)]
            for index, value, mark in zip(row["top5"], row["top5_prob"], marks, strict=True)
        ]
    rings = reader.js("return document.querySelectorAll('#curve .flip').length")
    assert rings == sum(
        sum(flips_of([five[0] for five in table["top5"].to_list()], ordered=PROTOCOLS[protocol]["ordered"]))
        for table in tables
    )
    value = f"{step} px" if protocol == CROP else f"{step}"
    assert reader.text("where") == f"{value} (step {step + 1} of {STEPS[protocol]})"


def test_the_curves_run_through_the_probabilities_of_the_true_class(reader, inputs):
    reader.open(CROP, 2, 0)
    paths = reader.js("return [...document.querySelectorAll('#curve .curve')].map((one) => one.getAttribute('d'))")
    for network, path in zip(NETWORKS, paths, strict=True):
        points = np.array([part.split() for part in path.replace("M", "L").split("L")[1:]], float)
        truth = read(inputs, CROP, network).filter(image_id=reader.ids[2])["label_prob"].to_numpy()
        drawn = 1 - (points[:, 1] - 8) / (230 - 8 - 40)  # the margins of the chart
        assert drawn == pytest.approx(truth, abs=0.002)
        assert np.diff(points[:, 0]) == pytest.approx(np.full(11, np.diff(points[:2, 0])[0]), abs=0.11)


def test_a_picture_without_label_shows_its_most_probable_class(reader):
    reader.open(CROP, 11, 0)
    assert reader.text("curve-title") == "P(most probable class)"
    assert reader.text("about").startswith("No label")
    second = "return [...document.querySelectorAll('#numbers tr')].map((one) => one.children[1].textContent)"
    assert reader.js(second) == ["P(true class)", *["no label"] * len(NETWORKS)]
    reader.open(CROP, 1, 0)
    assert reader.text("curve-title") == "P(true class)"


def test_the_frames_are_those_of_the_protocol(reader, inputs):
    reader.open(CROP, 3, 5)
    until(
        lambda: reader.js("return !document.querySelector('#frames figure.now canvas').classList.contains('empty')"),
        "a frame",
    )
    frames = frames_again(inputs.images.row(3, named=True), None, **PROTOCOLS[CROP]["recipe"], size=SIZE)
    shown = reader.js(
        "return [...document.querySelectorAll('#frames canvas')].map((one) => "
        "[one.width, [...one.getContext('2d').getImageData(0, 0, one.width, one.height).data]])"
    )
    for (side, data), own in zip(shown, (4, 5, 6), strict=False):
        pixels = np.array(data, float).reshape(side, side, 4)[..., :3]
        errors = [np.abs(pixels - frame).mean() for frame in frames]
        assert int(np.argmin(errors)) == own
        assert errors[own] < 10
    mean = np.abs(frames[5].astype(float) - frames[4]).mean()
    captions = reader.js("return [...document.querySelectorAll('#frames figcaption')].map((one) => one.textContent)")
    assert captions[:3] == ["one step before: 4 px", "this step: 5 px", "one step after: 6 px"]
    assert captions[3].endswith(f"Mean: {mean:.2f} of 255")
    before, now, difference = (np.array(shown[k][1], float).reshape(SIZE, SIZE, 4)[..., :3] for k in (0, 1, 3))
    assert np.array_equal(difference, np.minimum(255, 4 * np.abs(now - before)))


def test_arrow_keys_move_one_step_wherever_the_focus_is(reader):
    from selenium.webdriver.common.keys import Keys

    reader.open(CROP, 0, 4)
    reader.js("document.activeElement.blur()")
    reader.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    until(lambda: reader.step() == 5, "one step further")
    reader.js("document.getElementById('step').focus()")
    reader.press(Keys.ARROW_RIGHT, Keys.END)
    until(lambda: reader.step() == 11, "the last step")
    reader.press(Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    until(lambda: reader.step() == 10, "one step back")
    assert reader.text("where").startswith("10 px")
    slider = reader.js("return document.getElementById('step').getAttribute('aria-valuetext')")
    assert slider == "10 px, step 11 of 12"


@pytest.mark.parametrize("host", ["curve", "strips", "heat"])
def test_dragging_moves_to_the_step_below_the_pointer(reader, host):
    from selenium.webdriver.common.action_chains import ActionChains

    reader.open(CROP, 0, 0)
    reader.js("document.getElementById(arguments[0]).scrollIntoView({block: 'center'})", host)
    element = reader.driver.find_element("id", host)
    width = reader.js("return arguments[0].clientWidth", element)
    cell = (width - 44 - 8) / 12
    x = [round(44 + cell * (k + 0.5) - width / 2) for k in range(12)]  # from the middle of the element
    ActionChains(reader.driver, duration=0).move_to_element_with_offset(element, x[2], 0).click_and_hold().perform()
    assert reader.step() == 2
    ActionChains(reader.driver, duration=0).move_by_offset(x[9] - x[2], 0).perform()
    assert reader.step() == 9
    ActionChains(reader.driver, duration=0).release().move_by_offset(x[4] - x[9], 0).perform()
    assert reader.step() == 9  # the button is up
    left = reader.js("return parseFloat(document.querySelector(`#${arguments[0]} .cursor`).style.left)", host)
    assert left == pytest.approx(44 + 9 * cell, abs=0.5)


def test_buttons_lead_to_flips_and_pictures(reader, inputs):
    reader.open(CROP, 0, 0)
    own = [
        flips_of(
            [five[0] for five in read(inputs, CROP, network).filter(image_id=reader.ids[0])["top5"].to_list()], ordered=True
        )
        for network in NETWORKS
    ]
    places = [k for k in range(12) if any(flips[k] for flips in own)]
    for place in places:
        reader.driver.find_element("id", "flip-after").click()
        assert reader.step() == place
    reader.driver.find_element("id", "flip-before").click()
    assert reader.step() == places[-2]
    listed = reader.listed()
    at = listed.index(reader.ids[0])
    reader.driver.find_element("id", "picture-before" if at else "picture-after").click()
    until(lambda: reader.text("title") == listed[at - 1 if at else 1], "the neighbour in the list")


def test_the_address_keeps_the_place_and_restores_it(reader):
    reader.open(CROP, 6, 8)
    reader.choose("protocol", "1")
    until(lambda: reader.text("where").endswith("of 5)"), "the other protocol")

    def place():
        found = parse_qs(urlsplit(reader.driver.current_url).fragment)
        return {name: values[0] for name, values in found.items()}

    until(lambda: place() == {"protocol": DRAWN, "picture": reader.ids[6], "step": "4"}, "the address follows")
    address = reader.driver.current_url
    reader.open(CROP, 0, 0)
    reader.driver.get("about:blank")
    reader.driver.get(address)
    reader.wait(6, 4)
    assert reader.js("return document.getElementById('protocol').value") == "1"
    reader.js("location.hash = arguments[0]", urlencode({"protocol": CROP, "picture": reader.ids[2], "step": 3}))
    reader.wait(2, 3)
    reader.driver.get("about:blank")
    reader.driver.get(f"{reader.page}#protocol=nothing&picture=nobody&step=x")  # an address that leads nowhere
    until(lambda: reader.text("title") in reader.ids, "some picture")
    assert reader.text("trouble") == ""


def test_it_opens_where_something_flips(reader, inputs):
    reader.driver.get("about:blank")
    reader.driver.get(reader.page)
    until(lambda: reader.text("title") in reader.ids and reader.step() > 0, "a flip of some picture")
    top1 = [
        [five[0] for five in read(inputs, CROP, network).filter(image_id=reader.text("title"))["top5"].to_list()]
        for network in NETWORKS
    ]
    flips = [any(at) for at in zip(*(flips_of(own, ordered=True) for own in top1), strict=True)]
    assert flips.index(True) == reader.step()


def test_pictures_are_sorted_filtered_and_searched(reader, inputs):
    reader.open(CROP, 0, 0)
    flips, disagreements = {}, {}
    for id in reader.ids:
        top1 = [
            [five[0] for five in read(inputs, CROP, network).filter(image_id=id)["top5"].to_list()] for network in NETWORKS
        ]
        flips[id] = sum(sum(flips_of(own, ordered=True)) for own in top1)
        disagreements[id] = sum(len(set(at)) > 1 for at in zip(*top1, strict=True))
    labels = dict(inputs.images.select("image_id", "label").iter_rows())
    orders = {
        "flips": lambda id: (-flips[id], id),
        "disagreement": lambda id: (-disagreements[id], id),
        "class": lambda id: (99 if labels[id] is None else labels[id], id),
        "id": lambda id: id,
    }
    for name, key in orders.items():
        reader.choose("order", name)
        assert reader.listed() == sorted(reader.ids, key=key)
    first = reader.js("return document.querySelector('#pictures small').textContent")
    assert first == f"{inputs.class_name(0)}; flips {flips[reader.ids[0]]}, disagreement {disagreements[reader.ids[0]]}"
    reader.choose("class", "2")
    assert reader.listed() == [id for id in reader.ids if labels[id] == 2]
    reader.choose("class", "")
    search = reader.driver.find_element("id", "search")
    search.send_keys("00")
    assert reader.listed() == [id for id in reader.ids if "00" in id]
    assert reader.text("count") == "10 of 12 pictures"
    search.clear()
    search.send_keys("CLASS 1")
    assert reader.listed() == [id for id in reader.ids if labels[id] == 1]
    search.clear()
    search.send_keys("nowhere")
    assert reader.listed() == []


def test_the_list_is_used_with_keys_and_with_the_mouse(reader):
    from selenium.webdriver.common.keys import Keys

    reader.open(DRAWN, 1, 0)
    reader.choose("order", "id")
    reader.js("document.getElementById('pictures').focus()")
    reader.press(Keys.ARROW_DOWN)
    until(lambda: reader.text("title") == reader.ids[2], "the next picture")
    chosen = reader.js(
        "const list = document.getElementById('pictures'); const one = document.getElementById(list.getAttribute('aria-activedescendant'));"
        "return [one.getAttribute('aria-selected'), one.querySelector('.id').textContent, list.querySelectorAll('[aria-selected=true]').length]"
    )
    assert chosen == ["true", reader.ids[2], 1]
    reader.press(Keys.HOME)
    until(lambda: reader.text("title") == reader.ids[1], "the first that the protocol could use")
    reader.driver.find_elements("css selector", "#pictures li")[4].click()
    until(lambda: reader.text("title") == reader.ids[4], "the one that was clicked")
    reader.driver.find_elements("css selector", "#pictures li")[0].click()
    assert reader.text("title") == reader.ids[4]  # it is not under this protocol


def test_the_layers_are_shown_where_they_were_measured(reader, inputs):
    from shiftscope.cause import LAYERS
    from shiftscope.core import tables

    reader.open(CROP, 0, 5)
    reader.choose("inside-network", "1")
    table = tables.read(inputs.layers[CROP][NETWORKS[1]], LAYERS)
    for name, factor, share, similarity in reader.rows("layers"):
        own = table.filter(layer=name)
        assert factor == f"{own['subsampling_factor'][0]:.0f}"
        assert share == said(own.filter(quantity="share")["estimate"][0])
        expected = own.filter(quantity="similarity", shift=5.0)["estimate"][0]
        assert float(similarity.replace("−", "-")) == pytest.approx(expected, abs=5.1e-5)
    assert "over 7 pictures" in reader.text("inside-note")
    reader.choose("protocol", "1")
    until(lambda: reader.js("return document.getElementById('inside').hidden"), "no layers under this protocol")


def test_a_network_can_be_left_out_of_the_drawings(reader):
    reader.open(CROP, 0, 0)
    assert reader.js("return document.querySelectorAll('#curve .curve').length") == 3
    reader.driver.find_elements("css selector", "#numbers input")[1].click()
    assert reader.js("return [...document.querySelectorAll('.strip .name')].map((one) => one.textContent)") == [
        NETWORKS[0],
        NETWORKS[2],
    ]
    assert reader.js("return document.querySelectorAll('.card').length") == 2
    assert len(reader.rows("numbers")) == 3


def test_names_with_markup_are_shown_as_text_and_nothing_is_asked_for(reader, driver):
    requests(driver)
    reader.open(CROP, 0, 3)
    reader.choose("protocol", "1")
    until(lambda: reader.text("where").endswith("of 5)"), "the other protocol")
    asked = requests(driver)
    assert asked
    assert {address.partition("#")[0] for address in asked} <= {reader.page, "about:blank"}
    assert driver.title == f"shiftscope explorer: data {EVIL}"
    assert reader.js("return document.querySelectorAll('img, #pictures script, main script').length") == 0
    assert reader.js("return document.querySelector('h1').textContent") == f"data {EVIL}: picture by picture"
    options = reader.js("return [...document.getElementById('protocol').options].map((one) => one.textContent)")
    assert options == [f"{CROP} (sliding {EVIL})", "drawn (drawn shifts)"]
    assert reader.rows("numbers")[0][0] == NETWORKS[0]
    assert f"class 0 {EVIL}" in reader.js(
        "return [...document.getElementById('class').options].map((one) => one.textContent)"
    )
    errors = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def test_a_page_that_asks_for_something_is_found(driver, tmp_path):
    requests(driver)
    path = tmp_path / "page.html"
    path.write_text('<!DOCTYPE html><img src="http://127.0.0.1:9/x.png">')
    driver.get(path.as_uri())
    assert until(lambda: "http://127.0.0.1:9/x.png" in requests(driver), "a request")
    driver.get_log("browser")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_the_width_of_the_window(reader, width, dark):
    reader.open(CROP, 0, 3, width, dark=dark)
    wide, seen = reader.js("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width - 20 < wide == seen <= width  # a bar for scrolling takes some
    chart = reader.js("return document.querySelector('#curve svg').getBoundingClientRect().width")
    assert width * 0.6 < chart < width
    colours = reader.js("const style = getComputedStyle(document.body); return [style.color, style.backgroundColor]")
    ink, ground = (sum(json.loads("[" + colour[4:-1] + "]")) for colour in colours)
    assert (ink > ground) == dark
    sizes = reader.js(
        "return [...document.querySelectorAll('button, select, input[type=search]')].map((one) => one.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 24  # px: WCAG 2.2, target size


def test_everything_that_can_be_used_has_a_name_for_screen_readers(reader, driver):
    reader.open(CROP, 0, 3)
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    used = ("slider", "combobox", "searchbox", "listbox", "option", "button", "checkbox", "image", "table", "link")
    found = {}
    for one in nodes:
        role = one.get("role", {}).get("value")
        if role in used and not one.get("ignored"):
            found.setdefault(role, []).append(one.get("name", {}).get("value", ""))
    assert found.keys() >= {"slider", "combobox", "searchbox", "listbox", "button", "checkbox", "image", "table"}
    assert [(role, names) for role, names in found.items() if not all(names)] == []
    assert found["slider"] == ["Step"]
    headings = reader.js("return [...document.querySelectorAll('h1, h2, h3, h4')].map((one) => Number(one.tagName[1]))")
    assert all(after - before <= 1 for before, after in pairwise(headings))
