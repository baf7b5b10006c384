"""Labels are the places that networks put their outputs at."""

import subprocess
import sys

import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.classes import class_indices, class_names, imagenet_wnids, label_text, labelled


def test_imagenet_is_a_thousand_wnids_in_order():
    wnids = imagenet_wnids()
    assert len(set(wnids)) == 1000
    assert list(wnids) == sorted(wnids)
    assert (wnids[0], wnids[207], wnids[999]) == ("n01440764", "n02099601", "n15075141")


def test_timm_is_not_imported_for_it():
    code = "import sys, shiftscope.data.classes as c; c.class_names('imagenet', []); assert 'timm' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_indices():
    assert class_indices("own", ["b", "a"]) == {"b": 0, "a": 1}
    assert class_indices("imagenet", ["n15075141", "n01440764"]) == {"n15075141": 999, "n01440764": 0}
    assert class_indices("own", []) == class_indices("imagenet", []) == {}


def test_a_stranger_and_a_twin_are_named():
    with pytest.raises(ShiftscopeError, match=r"'cat' is none of ImageNet's 1000 classes.*n01440764"):
        class_indices("imagenet", ["n01440764", "cat"])
    with pytest.raises(ShiftscopeError, match="two categories are called 'a'"):
        class_indices("own", ["a", "b", "a"])


def test_names_are_readable_and_told_apart():
    assert class_names("own", ["b", "a"]) == ["b", "a"]
    names = class_names("imagenet", [])
    assert names[0] == "tench"
    assert names[207] == "golden retriever"
    assert len(set(names)) == 1000
    assert names[134] == "crane (n02012849)"


@pytest.mark.parametrize(
    ("labels", "texts"),
    [
        ([0.0, 10.0, float("nan"), None], ["0", "10", None, None]),
        (["0", "3.0", "3.", " 3 ", "-1"], ["0", "3", "3", "3", "-1"]),
        (["cat", "v1.5", "", "  ", "n01440764"], ["cat", "v1.5", None, None, "n01440764"]),
        ([True, False, 0.5, "0.5", "1e3"], ["true", "false", "0.5", "0.5", "1e3"]),
    ],
)
def test_the_text_of_a_label(labels, texts):
    assert [label_text(label) for label in labels] == texts


def test_numbers_are_indices_and_names_are_sorted():
    of, categories = labelled("own", ["10", "2", None, "0"])
    assert categories == tuple(map(str, range(11)))
    assert of == {"10": "10", "2": "2", "0": "0"}
    assert labelled("own", ["1", None], ["zebra", "ant"]) == ({"1": "ant"}, ("zebra", "ant"))
    assert labelled("imagenet", ["388"])[0] == {"388": imagenet_wnids()[388]}
    assert labelled("own", ["b", "a", None]) == ({"b": "b", "a": "a"}, ("a", "b"))
    assert labelled("own", [None]) == ({}, ())


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["3", "cat"], r"some labels are numbers, such as 3, and some are names, such as 'cat'"),
        (["1", "0.5"], r"there is a label 0\.5; labels are whole numbers from 0, or names"),
        (["inf"], "there is a label inf"),
        (["-1"], "a label -1"),
        (["20261124"], "a label 20261124, and no network has so many outputs"),
    ],
)
def test_labels_that_could_be_either_are_refused(labels, words):
    with pytest.raises(ShiftscopeError, match=words):
        labelled("own", labels)
