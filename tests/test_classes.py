"""Labels are the places that networks put their outputs at."""

import subprocess
import sys

import pytest

from shiftscope.classes import class_indices, class_names, imagenet_wnids
from shiftscope.errors import ShiftscopeError


def test_imagenet_is_a_thousand_wnids_in_order():
    wnids = imagenet_wnids()
    assert len(set(wnids)) == 1000
    assert list(wnids) == sorted(wnids)
    assert (wnids[0], wnids[207], wnids[999]) == ("n01440764", "n02099601", "n15075141")


def test_timm_is_not_imported_for_it():
    code = "import sys, shiftscope.classes as c; c.class_names('imagenet', []); assert 'timm' not in sys.modules"
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
