"""VOC annotations as a source: with pictures laid out as they are, elsewhere, or not here at all."""

import pytest
from PIL import Image

from shiftscope.annotations import make_boxes
from shiftscope.dataset import make_images
from shiftscope.errors import ShiftscopeError
from shiftscope.sources.voc import Voc


def annotation(size, *objects):
    text = f"<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size>"
    for name, (left, top, right, bottom) in objects:
        corners = f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"
        text += f"<object><name>{name}</name><bndbox>{corners}</bndbox></object>"
    return text + "</annotation>"


@pytest.fixture
def folder(tmp_path):
    files = {
        "x/ü 1": annotation((20, 10), ("cat", (1, 1, 4, 4)), ("dog", (3, 3, 22, 12))),  # the dog reaches far out
        "x/two": annotation((20, 10), ("cat", (1, 1, 20, 10))),
        "empty": annotation((20, 10)),
        "lost": annotation((20, 10), ("cow", (1, 1, 2, 2))),
    }
    for name, text in files.items():
        path = tmp_path / "xml" / f"{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if name != "lost":
            picture = tmp_path / "pictures" / f"{name}.jpg"
            picture.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (20, 10)).save(picture)
    return tmp_path


def test_with_pictures(folder, caplog):
    source = Voc(annotations=folder / "xml", images=folder / "pictures")
    assert source.provides == {"pictures", "labels", "boxes"}
    images, skipped = make_images(source, folder, 0)
    assert skipped["image_id"].to_list() == ["lost"]
    found = [("empty", None, None), ("x/two", 0, "cat"), ("x/ü 1", 2, "dog")]  # cat, cow, dog
    assert images.select("image_id", "label", "category").rows() == found
    boxes = make_boxes(source, folder, images)
    assert boxes.select("image_id", "category", "x_min", "x_max").rows() == [
        ("x/two", "cat", 0, 20),
        ("x/ü 1", "cat", 0, 4),
    ]
    assert "1 boxes lie outside" in caplog.text
    with pytest.raises(ShiftscopeError, match=r"1 of 4 pictures cannot be used: .*lost does not exist"):
        make_images(source.model_copy(update={"unusable": "refuse"}), folder, 0)


def test_pictures_in_another_layout_are_found_by_name(folder):
    (folder / "flat").mkdir()
    for picture in (folder / "pictures").rglob("*.jpg"):
        picture.rename(folder / "flat" / picture.name)
    images, _ = make_images(Voc(annotations=folder / "xml", images=folder / "flat"), folder, 0)
    assert images["image_id"].to_list() == ["empty", "x/two", "x/ü 1"]
    for name in ("a", "b"):
        (folder / "flat" / name).mkdir()
        Image.new("RGB", (20, 10)).save(folder / "flat" / name / "lost.png")
    with pytest.raises(ShiftscopeError, match=r"lost could be .*a/lost.png or .*b/lost.png"):
        make_images(Voc(annotations=folder / "xml", images=folder / "flat"), folder, 0)


def test_annotations_alone(folder):
    source = Voc(annotations=folder / "xml", label="none")
    assert source.provides == {"boxes"}
    images, skipped = make_images(source, folder, 0)
    assert images.select("image_id", "path", "width").rows()[0] == ("empty", None, 20)
    assert (images.height, skipped.height) == (4, 0)
    assert make_boxes(source, folder, images).height == 3


def test_what_is_wrong_is_said(folder):
    (folder / "xml" / "bad.xml").write_text("<annotation>")
    with pytest.raises(ShiftscopeError, match=r"1 annotations cannot be read: bad: .*unusable: skip"):
        Voc(annotations=folder / "xml", unusable="refuse").listing(folder)
    (folder / "a.rar").write_text("")
    with pytest.raises(ShiftscopeError, match=r"a.rar is neither a folder of XML files nor one of .tar"):
        Voc(annotations=folder / "a.rar").check()
    (folder / "no").mkdir()
    with pytest.raises(ShiftscopeError, match="has none of the 4 annotated pictures"):
        Voc(annotations=folder / "xml", images=folder / "no").listing(folder)
