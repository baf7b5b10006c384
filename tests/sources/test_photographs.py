"""The photographs inside scikit-image: those that its own functions give, without labels, by names of ours."""

import numpy as np
import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.pictures import read_picture
from shiftscope.sources.photographs import FILES, Photographs
from shiftscope.stages.images import make_images


def test_they_are_those_that_the_package_gives(tmp_path):
    data = pytest.importorskip("skimage.data")
    source = Photographs()
    source.check()
    assert source.provides == {"pictures"}
    images, skipped = make_images(source, tmp_path, 0)
    assert skipped.is_empty()
    assert images["image_id"].to_list() == sorted(FILES)
    assert images["label"].null_count() == images.height == len(FILES)
    paths = dict(images.select("image_id", "path").iter_rows())
    theirs = {"astronaut": data.astronaut(), "cat": data.cat(), "coffee": data.coffee(), "rocket": data.rocket()}
    for name, pixels in theirs.items():
        np.testing.assert_array_equal(read_picture(paths[name]), pixels)


def test_some_of_them(tmp_path):
    pytest.importorskip("skimage")
    source = Photographs(names=("rocket", "cat"))
    assert [path.name for path in source.inputs()] == ["rocket.jpg", "chelsea.png"]
    assert source.listing(tmp_path).pictures["image_id"].to_list() == ["rocket", "cat"]


def test_without_the_package_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("shiftscope.core.packages.find_spec", lambda name: None)
    with pytest.raises(
        ShiftscopeError, match=r"^the package scikit-image is not installed; run 'pip install scikit-image'"
    ):
        Photographs().check()


def test_a_package_without_them_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("shiftscope.sources.photographs.package_folder", lambda module, project: tmp_path)
    with pytest.raises(ShiftscopeError, match=r"the package scikit-image has no file .*astronaut\.png; install version"):
        Photographs().check()
