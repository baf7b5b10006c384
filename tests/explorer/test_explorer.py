"""What the explorer is made of: which pictures, which numbers, which frames, and a page that holds them as data."""

import base64
import io
import json
import re
import zlib
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from PIL import Image

from shiftscope.cause import LAYERS
from shiftscope.core import tables
from shiftscope.core.html import save
from shiftscope.explorer.answers import answers
from shiftscope.explorer.choosing import chosen, moves
from shiftscope.explorer.inputs import inputs_of
from shiftscope.explorer.inside import inside
from shiftscope.explorer.page import render
from shiftscope.explorer.sheets import sheet, sheets
from shiftscope.protocols import Frame, Unfit
from shiftscope.protocols import Sequence as Frames
from shiftscope.stages.frames import frames_again, sequence_again

from .made import CLASSES, CROP, DRAWN, EVIL, NETWORKS, PROTOCOLS, SIZE, STEPS, flips_of, layers, made, predictions, read

TYPES = {"Uint16Array": "<u2", "Int16Array": "<i2", "Int32Array": "<i4", "Float32Array": "<f4", "Float64Array": "<f8"}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return made(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def html(inputs):
    return render(inputs)


class Scripts(HTMLParser):
    """The elements of a page, and what stands in its scripts."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.inside, self.texts, self.addresses, self.current = [], {}, "", [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        self.addresses += [found[name] for name in ("src", "href") if name in found]
        self.current = found.get("id", tag) if tag in ("script", "style") else None

    def handle_endtag(self, tag):
        self.current = None

    def handle_data(self, data):
        if self.current:
            self.inside[self.current] = self.inside.get(self.current, "") + data
        else:
            self.texts += data


def unpacked(layout, text):
    """Arrays of a block, read as the browser does."""
    data, found, start = zlib.decompress(base64.b64decode(text)), {}, 0
    for part in layout:
        kind = np.dtype(TYPES[part["type"]])
        planes = np.frombuffer(data, np.uint8, part["length"] * kind.itemsize, start).reshape(kind.itemsize, part["length"])
        found[part["name"]] = np.ascontiguousarray(planes.T).view(kind).ravel()
        start += planes.size
    assert start == len(data)
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_flips_and_disagreements_are_counted_as_by_hand(inputs, protocol):
    ordered = PROTOCOLS[protocol]["ordered"]
    found = moves(inputs.predictions[protocol], ordered=ordered)
    assert found["image_id"].to_list() == sorted(read(inputs, protocol, NETWORKS[0])["image_id"].unique())
    some = 0
    for row in found.iter_rows(named=True):
        top1 = {
            network: [
                five[0] for five in read(inputs, protocol, network).filter(image_id=row["image_id"])["top5"].to_list()
            ]
            for network in NETWORKS
        }
        assert row["frames"] == STEPS[protocol]
        assert row["flips"] == [sum(flips_of(own, ordered=ordered)) for own in top1.values()]
        assert row["disagreements"] == sum(len(set(at)) > 1 for at in zip(*top1.values(), strict=True))
        some += row["disagreements"]
    assert some


def test_a_step_that_is_left_out_is_no_flip_and_a_network_that_saw_nothing_does_not_disagree(tmp_path):
    images = pl.DataFrame({"image_id": ["a", "b"], "label": [0, 1]})
    rows = predictions(images, 3, 0).with_columns(pl.Series("step", [0, 1, 3] * 2, pl.Int32))
    rows = rows.with_columns(pl.Series("top5", [[0], [1], [2]] * 2, pl.List(pl.Int32)))
    tables.write(tmp_path / "one.parquet", rows, tables.PREDICTIONS)
    tables.write(tmp_path / "two.parquet", rows.filter(image_id="a"), tables.PREDICTIONS)
    found = moves({"one": tmp_path / "one.parquet", "two": tmp_path / "two.parquet"}, ordered=True)
    assert found["flips"].to_list() == [[1, 1], [1, None]]
    assert found["disagreements"].to_list() == [0, 0]


def test_of_many_pictures_those_are_taken_that_move_most_and_some_at_random():
    ids = [f"{k:03}" for k in range(100)]
    totals = pl.DataFrame({"image_id": ids, "flips": list(range(100)), "disagreements": list(range(100, 0, -1))})
    taken = chosen(totals, 50, 3)
    by = {why: [one.image_id for one in taken if one.why == why] for why in ("flips", "disagreement", "random")}
    assert [len(found) for found in by.values()] == [20, 20, 10]
    assert len({one.image_id for one in taken}) == 50
    known = set(by["random"])
    assert min(int(one) for one in by["flips"]) > 60
    assert max(int(one) for one in by["disagreement"]) < 40
    assert chosen(totals, 25, 3) == taken[:25]  # a part of the list has the same shares
    assert {one.image_id for one in chosen(totals, 50, 4) if one.why == "random"} != known
    assert {one.image_id for one in chosen(totals, 1000, 3)} == set(ids)
    still = totals.with_columns(flips=0, disagreements=0)
    assert {one.why for one in chosen(still, 50, 3)} == {"random"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_answers_are_those_of_the_table(inputs, protocol):
    ids = inputs.images["image_id"].to_list()[::-1]
    found = answers(inputs.predictions[protocol], ids)
    assert found.counts.tolist() == [0 if protocol == DRAWN and one == ids[-1] else STEPS[protocol] for one in ids]
    for network, own in zip(NETWORKS, found.by_network, strict=True):
        table = read(inputs, protocol, network)
        rows = pl.concat([table.filter(image_id=one) for one in ids])
        assert found.steps.tolist() == rows["step"].to_list()
        assert found.values.tolist() == rows["value"].to_list()
        truth = [65_535 if one is None else one for one in rows["label_prob"].to_list()]
        assert [one if one == 65_535 else one / 10_000 for one in own["true"].tolist()] == pytest.approx(truth, abs=5.1e-5)
        assert own["top"].reshape(5, -1).T.tolist() == rows["top5"].to_list()
        stored = own["prob"].reshape(5, -1).T / 10_000
        assert stored == pytest.approx(np.array(rows["top5_prob"].to_list()), abs=5.1e-5)


def test_answers_with_fewer_than_five_classes_and_of_networks_that_saw_other_pictures(tmp_path):
    images = pl.DataFrame({"image_id": ["a", "b"], "label": [0, None]})
    tables.write(tmp_path / "one.parquet", predictions(images, 2, 0, outputs=3), tables.PREDICTIONS)
    tables.write(tmp_path / "two.parquet", predictions(images.slice(1), 3, 0, outputs=3), tables.PREDICTIONS)
    found = answers({"one": tmp_path / "one.parquet", "two": tmp_path / "two.parquet"}, ["b", "a"])
    assert found.counts.tolist() == [3, 2]
    one, two = found.by_network
    assert (one["top"].reshape(5, 5)[3:] == -1).all()
    assert (one["prob"].reshape(5, 5)[3:] == 65_535).all()
    assert (one["top"].reshape(5, 5)[:, 2] == -1).all()  # the third step of b, which only the other one saw
    assert (two["top"].reshape(5, 5)[:, 3:] == -1).all()  # a
    assert found.classes() <= {0, 1, 2}


def sequence(inputs, place=0, protocol=CROP):
    return sequence_again(inputs.images.row(place, named=True), None, **PROTOCOLS[protocol]["recipe"], size=SIZE)


def test_windows_on_a_sheet_hold_the_frames(inputs):
    frames = frames_again(inputs.images.row(0, named=True), None, **PROTOCOLS[CROP]["recipe"], size=SIZE)
    own = sheet(sequence(inputs), SIZE, SIZE, 95)
    whole = np.asarray(Image.open(io.BytesIO(own.data)).convert("RGB")).astype(float)
    assert own.steps.tolist() == list(range(12))
    for k in range(len(frames)):
        x, y, side = (round(float(values[k])) for values in (own.x, own.y, own.side))
        assert side == SIZE
        shown = whole[y : y + side, x : x + side]
        errors = [np.abs(shown - other).mean() for other in frames]
        assert errors[k] == min(errors) < 8
    moved = [np.abs(after.astype(float) - before).mean() for before, after in pairwise(frames)]
    assert np.isnan(own.difference[0])
    assert own.difference[1:] == pytest.approx(moved, rel=1e-5)


def test_frames_of_canvases_of_their_own_lie_beside_one_another_and_are_shrunk():
    rng = np.random.default_rng(0)
    canvases = [np.kron(rng.integers(0, 256, (4, 4, 3), np.uint8), np.ones((20, 20, 1), np.uint8)) for _ in range(5)]
    frames = [
        Frame(value=k, canvas=k, window_x=k, window_y=0, source=(0, 0, 1, 1), resized=(80, 80), resizer=f"r{k}", run=k // 3)
        for k in range(5)
    ]
    own = sheet(Frames(canvases, frames), 64, 16, 90)
    whole = Image.open(io.BytesIO(own.data)).convert("RGB")
    assert own.steps.tolist() == [0, 1, 2, 4, 5]
    for k in range(5):
        x, y, side = (float(values[k]) for values in (own.x, own.y, own.side))
        assert side == pytest.approx(16, abs=0.5)
        shown = np.asarray(whole.crop((round(x), round(y), round(x) + 16, round(y) + 16))).astype(float)
        reduced = [
            np.asarray(Image.fromarray(canvas[:64, n : n + 64]).resize((16, 16), Image.Resampling.BOX)).astype(float)
            for n, canvas in enumerate(canvases)
        ]
        errors = [np.abs(shown - other).mean() for other in reduced]
        assert errors[k] == min(errors) < sorted(errors)[1] / 2  # WebP halves the resolution of colours
    found = sheets([lambda: Frames(canvases, frames)] * 3, 3, 64, 10**6)
    assert found.names == {float(k): f"r{k}" for k in range(5)}


@pytest.mark.parametrize("limit", [0, 900, 4_000, 12_000, 10**6])
def test_sheets_take_no_more_than_their_limit(inputs, limit):
    made_of = [lambda place=place: sequence(inputs, place) for place in range(12)]
    found = sheets(made_of, 12, SIZE, limit)
    assert found.bytes <= limit
    assert (len(found.found) == 12) == (limit > 4_000)
    assert not found.names


def test_a_picture_that_a_protocol_cannot_use_has_no_sheet(inputs):
    def unfit():
        raise Unfit("has no box")

    found = sheets([unfit, lambda: sequence(inputs), *[unfit] * 5], 7, SIZE, 10**6)
    assert [one is not None for one in found.found] == [False, True, *[False] * 5]


def test_layers_are_shown_with_their_similarity_at_every_shift(inputs):
    said, arrays = inside(inputs.layers[CROP])
    assert [one["network"] for one in said] == NETWORKS
    for number, one in enumerate(said):
        table = layers(number, STEPS[CROP])
        assert [layer["name"] for layer in one["layers"]] == ["first", f"second {EVIL}"]
        assert one["shifts"] == list(range(12))
        for row, layer in enumerate(one["layers"]):
            own = table.filter(layer=layer["name"])
            assert layer["share"] == pytest.approx(own.filter(measure="nonshiftability")["estimate"][0], abs=5e-5)
            stored = arrays[f"similarity{number}"].reshape(2, 12)[row] / 10_000
            assert stored == pytest.approx(own.filter(quantity="similarity")["estimate"].to_numpy(), abs=5.1e-5)
    assert inside({}) == ([], {})


def test_networks_without_a_layer_that_is_measured_are_left_out(tmp_path):
    tables.write(tmp_path / "none.parquet", tables.table([{"of": "layer", "reason": "no layers"}], LAYERS), LAYERS)
    assert inside({"none": tmp_path / "none.parquet"}) == ([], {})


def test_the_page_is_one_file_that_asks_for_nothing(html):
    found = Scripts(html)
    assert [one for one in found.addresses if not one.startswith("data:")] == ["report.html"]
    assert not {"img", "iframe", "object", "embed"} & set(found.tags)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    script = found.inside["script"]
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|fetch\(|XMLHttp|https?://(?!www\.w3\.org/2000/svg)",
        script,
    )


def test_names_are_data_and_no_markup(html, inputs):
    found = Scripts(html)
    index = json.loads(found.inside["index"])
    assert index["networks"] == NETWORKS
    assert index["dataset"] == inputs.dataset
    assert {one["id"] for one in index["pictures"]} == set(inputs.images["image_id"])
    assert set(index["classes"].values()) <= {f"class {number} {EVIL}" for number in range(CLASSES)}
    assert "<" not in found.inside["index"]
    assert f"{inputs.dataset}: picture by picture" in found.texts


def test_the_numbers_of_the_page_are_those_of_the_tables(html, inputs):
    found = Scripts(html)
    index = json.loads(found.inside["index"])
    assert [one["name"] for one in index["protocols"]] == list(PROTOCOLS)
    for one in index["protocols"]:
        arrays = unpacked(one["answers"], found.inside[f"answers-{one['number']}"])
        placed = unpacked(one["frames"]["layout"], found.inside[f"frames-{one['number']}"])
        assert arrays["counts"].sum() == len(placed["x"]) == len(arrays["steps"])
        order = [picture["id"] for picture in index["pictures"]]
        table = read(inputs, one["name"], NETWORKS[1])
        expected = pl.concat([table.filter(image_id=name) for name in order])["top5"].to_list()
        assert arrays["top1"].reshape(5, -1).T.tolist() == expected
        assert not np.isnan(placed["x"]).any()
        counts = moves(inputs.predictions[one["name"]], ordered=one["ordered"])
        known = dict(zip(counts["image_id"], counts["flips"].to_list(), strict=True))
        assert one["flips"] == [known.get(name) for name in order]


def test_a_page_has_no_more_pictures_than_fit(inputs, html):
    index = json.loads(Scripts(html).inside["index"])
    assert len(index["pictures"]) == index["total"] == 12
    small = json.loads(Scripts(render(inputs, limit=8_000)).inside["index"])
    assert 1 <= len(small["pictures"]) < 12
    assert small["total"] == 12
    assert small["pictures"] == index["pictures"][: len(small["pictures"])]
    assert sum(small["chosen"].values()) == len(small["pictures"])
    assert [one["frames"]["pictures"] for one in small["protocols"]] == [0, 0]  # the scripts alone take more than that


def test_a_job_reads_its_files_and_writes_the_page_whole(inputs, tmp_path):
    tables.write(tmp_path / "images.parquet", inputs.images, tables.IMAGES)
    files = {
        "images": str(tmp_path / "images.parquet"),
        "boxes": [],
        "predictions": [str(path) for own in inputs.predictions.values() for path in own.values()],
        "layers": [str(path) for path in inputs.layers[CROP].values()],
    }
    facts = {
        "dataset": "d",
        "seed": 0,
        "networks": inputs.networks,
        "classes": "own",
        "protocols": PROTOCOLS,
        "inside": [CROP],
    }
    again = inputs_of(files, facts)
    assert again.predictions == inputs.predictions
    assert again.layers == inputs.layers
    assert again.class_name(0) == f"class 0 {EVIL}"
    assert again.class_name(8) == "class 8"
    save(render(again), tmp_path / "d" / "explorer.html")
    assert "</html>" in (tmp_path / "d" / "explorer.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="zip"):
        inputs_of(files | {"predictions": files["predictions"][1:]}, facts)
