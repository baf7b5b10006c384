"""YOLO's label files where they are not as expected; what they say where they are stands in test_shares.py."""

import logging

import pytest
from PIL import Image

from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources.yolo import Yolo
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.images import make_images


@pytest.fixture
def write(tmp_path):
    def put(labels, names=None, pictures=("a.png",), size=(100, 50), **options):
        for folder in ("labels", "images"):
            (tmp_path / folder).mkdir()
        for name, text in labels.items():
            (tmp_path / "labels" / name).write_text(text)
        for name in pictures:
            Image.new("RGB", size).save(tmp_path / "images" / name)
        if names is not None:
            (tmp_path / "data.yaml").write_text(names)
            options["names"] = tmp_path / "data.yaml"
        return Yolo(labels=tmp_path / "labels", images=tmp_path / "images", **options)

    return put


def test_the_list_of_names_among_the_labels_is_no_label(write, tmp_path):
    source = write({"a.txt": "0.0 .5 .5 .2 .2\n", "classes.txt": "hat\nbat\n"}, unusable="refuse")
    assert source.boxes(tmp_path).select("image_id", "category").rows() == [("a", "0")]


def test_a_box_past_the_edge_is_kept_here_and_cut_or_refused_later(write, tmp_path, caplog):
    """Of 100 px, .008 is less than a pixel out, and .02 is more."""
    source = write({"a.txt": "0 .9 .5 .216 .2\n1 .9 .5 .24 .2\n"})
    assert source.boxes(tmp_path)["x_max"].to_list() == pytest.approx([1.008, 1.02])
    images, _ = make_images(source, tmp_path, 0)
    with caplog.at_level(logging.WARNING):
        kept = make_boxes(source, tmp_path, images)
    assert kept.select("category", "x_max").rows() == [("0", 100)]
    assert "1 boxes lie outside" in caplog.text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 .5 .5 .2 .2 .9", "it has 5 numbers after the class.*confidences and key points are not read"),
        ("0 .5 .5 .2 .2 .1 .1 2", "it has 7 numbers after the class.*confidences and key points are not read"),
        ("0 nan .5 .2 .2", "it reaches out of the picture"),
        ("0 .5 .5 -.2 .2", "it reaches out of the picture"),
        ("0 .1 .1 .5 .1 1.3 .9", "it reaches out of the picture"),
        ("-1 .5 .5 .2 .2", "-1 is no class"),
        ("0.5 .5 .5 .2 .2", "0.5 is no class"),
        ("99999999999999999999 .5 .5 .2 .2", "9 is no class"),
        ("0", "it has 0 numbers after the class"),
    ],
)
def test_lines_that_are_no_boxes(write, tmp_path, line, words, caplog):
    source = write({"a.txt": f"0 .5 .5 .2 .2\n\n{line}\n"})
    with caplog.at_level(logging.WARNING):
        assert source.boxes(tmp_path).height == 1
    assert "a.txt, line 3" in caplog.text
    with pytest.raises(ShiftscopeError, match=words):
        source.model_copy(update={"unusable": "refuse"}).boxes(tmp_path)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("names: cat\n", "has no usable `names`"),
        ("names: {1: cat}\n", "has no usable `names`"),
        ("names: !!python/object/apply:os.getcwd []\n", "cannot be read"),
        ("- names\n", "has no usable `names`"),
        ("", "has no usable `names`"),
        ("kpt_shape: [2, 2]\nnames: {0: cat}\n", "has `kpt_shape`: its labels hold key points"),
        ("names: {0: cat, 0: dog}\n", ": the key 'names.0' is given in line 1 and again in line 1"),
    ],
)
def test_names_that_are_none(write, tmp_path, names, words):
    """Key points of two numbers each could be read as a polygon: the data set's own file says that they are none."""
    source = write({"a.txt": "0 .5 .5 .2 .2 .1 .1 .3 .3\n"}, names)
    with pytest.raises(ShiftscopeError, match=rf"data\.yaml ?{words}"):
        source.listing(tmp_path)


def test_two_pictures_of_one_name(write, tmp_path):
    with pytest.raises(ShiftscopeError, match="two pictures called a, with different endings"):
        write({"a.txt": ""}, pictures=("a.png", "a.jpg")).listing(tmp_path)


def test_folders_in_the_folders_are_watched(write, tmp_path):
    source = write({})
    (tmp_path / "labels" / "train").mkdir()
    assert tmp_path / "labels" / "train" in source.inputs()
