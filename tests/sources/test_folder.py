"""Class folders and plain folders."""

import os

import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources import sources
from shiftscope.sources.folder import Folder


@pytest.fixture
def make(tmp_path):
    """Empty files by their names: a listing opens none."""

    def put(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return put


def listing(path, **options):
    pictures, categories = Folder(path=path, **options).listing(path)
    return dict(zip(pictures["image_id"], pictures["category"], strict=True)), categories


def test_it_is_registered():
    assert sources["folder"].item is Folder


def test_classes_are_folders_at_any_depth(make):
    path = make(
        "dog/a.jpg", "cat/deep er/ö.JPEG", "cat/b.c.PNG", "cat/notes.txt", "cat/.hidden.jpg", ".git/x.jpg", "loose.jpg"
    )
    assert listing(path) == ({"cat/b.c": "cat", "cat/deep er/ö": "cat", "dog/a": "dog"}, ("cat", "dog"))


def test_without_labels(make):
    path = make("a.jpg", "x/b.webp", "x/.y/c.jpg", "x/readme.md")
    assert listing(path, labels="none") == ({"a": None, "x/b": None}, ())


@pytest.mark.parametrize(
    ("files", "options", "sentence"),
    [
        ([], {}, "has no class folders.*labels: none"),
        (["a.jpg"], {}, "has no class folders"),
        (["cat/notes.txt"], {}, "has no pictures"),
        (["notes.txt"], {"labels": "none"}, "has no pictures"),
    ],
)
def test_nothing_there_is_said(make, files, options, sentence):
    path = make(*files)
    with pytest.raises(ShiftscopeError, match=sentence) as caught:
        Folder(path=path, **options).listing(path)
    assert str(path) in str(caught.value)


def test_a_missing_path_and_a_file(make):
    path = make("a.jpg")
    for wrong, sentence in [("none", "does not exist"), ("a.jpg", "is a file")]:
        for call in (Folder(path=path / wrong).check, Folder(path=path / wrong).inputs):
            with pytest.raises(ShiftscopeError, match=sentence):
                call()


def test_an_empty_class_keeps_its_index_and_is_listed_as_itself(make):
    path = make("b/x.jpg", "a/readme.txt")
    assert listing(path) == ({"a": "a", "b/x": "b"}, ("a", "b"))


def test_links_are_followed_and_loops_end(make):
    path = make("cat/a.jpg", "elsewhere/b.jpg")
    (path / "cat" / "loop").symlink_to(path)
    (path / "cat" / "self").symlink_to(path / "cat")
    (path / "dog").symlink_to(path / "elsewhere")
    (path / "dog" / "gone.jpg").symlink_to(path / "nowhere.jpg")
    found, categories = listing(path)
    assert categories == ("cat", "dog", "elsewhere")
    assert {"cat/a", "dog/b", "dog/gone"} <= set(found)
    assert len(listing(path, labels="none")[0]) == 3


@pytest.mark.skipif(os.name != "posix", reason="names of bytes")
def test_a_name_that_is_no_text_is_named(make):
    path = make("cat/a.jpg")
    (path / os.fsdecode(b"cat/\xff.jpg")).touch()
    with pytest.raises(ShiftscopeError, match=r"\\xff.jpg.*rename"):
        listing(path)


def test_loose_pictures_are_told(make, caplog):
    listing(make("cat/a.jpg", "loose.jpg"))
    assert "loose.jpg" in caplog.text


def test_inputs_are_the_folders_whose_dates_change(make):
    path = make("cat/a.jpg", "dog/b.jpg")
    assert Folder(path=path).inputs() == [path, path / "cat", path / "dog"]
    assert Folder(path=path, labels="none").inputs() == [path]
