"""Sources that are downloaded, from a local server that has archives of their layout."""

import functools
import http.server
import io
import json
import tarfile
import threading
import zipfile

import pytest
from PIL import Image

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.downloads import known
from shiftscope.sources.coco2017 import Coco2017
from shiftscope.sources.imagenet_boxes import ImageNetBoxes
from shiftscope.sources.imagenette import Imagenette
from shiftscope.stages.annotations import make_boxes, make_landmarks
from shiftscope.stages.images import make_images


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


def picture(size=(20, 10)):
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "JPEG")
    return file.getvalue()


def test_imagenette(server, tmp_path, monkeypatch):
    folder, address = server
    with tarfile.open(folder / "imagenette2-160.tgz", "w:gz") as tar:
        for split, wnid, name in (("val", "n03888257", "b"), ("val", "n01440764", "a"), ("train", "n01440764", "c")):
            info = tarfile.TarInfo(f"imagenette2-160/{split}/{wnid}/{name}.JPEG")
            info.size = len(picture())
            tar.addfile(info, io.BytesIO(picture()))
    source = Imagenette(size="160", mirror=address)
    with pytest.raises(ShiftscopeError, match=r"md5 sum .*e793b78cc4c9e9a4ccc0c1155377a412 was expected \(torchvision"):
        source.fetch(tmp_path / "source", 0)
    rows = known() | {"imagenette-160": known()["imagenette-160"]._replace(sum=None, published=None)}
    monkeypatch.setattr("shiftscope.data.downloads.known", lambda: rows)
    source.fetch(tmp_path / "source", 0)
    images, _ = make_images(source, tmp_path / "source", 0)
    assert images.select("image_id", "label").rows() == [("a", 0), ("b", 701)]
    by_hand = Imagenette(path=tmp_path / "source" / "unpacked" / "imagenette2-160", split="train", classes="own")
    by_hand.check()
    assert make_images(by_hand, tmp_path, 0)[0].select("image_id", "label").rows() == [("c", 0)]
    with pytest.raises(ShiftscopeError, match="has no folder val with class folders"):
        Imagenette(path=tmp_path).check()


def test_coco(server, tmp_path, monkeypatch):
    folder, address = server
    rows = {name: row._replace(sum=None, published=None, size=None) for name, row in known().items()}
    monkeypatch.setattr("shiftscope.data.downloads.known", lambda: rows)
    content = {
        "images": [{"id": 5, "file_name": "005.jpg", "width": 20, "height": 10}],
        "categories": [{"id": 1, "name": "person", "keypoints": ["nose"]}],
        "annotations": [{"id": 1, "image_id": 5, "category_id": 1, "bbox": [1, 2, 3, 4], "keypoints": [2, 3, 2]}],
    }
    with zipfile.ZipFile(folder / "annotations_trainval2017.zip", "w") as file:
        for what in ("instances", "person_keypoints"):
            for split in ("val", "train"):
                file.writestr(f"annotations/{what}_{split}2017.json", json.dumps(content))
    with zipfile.ZipFile(folder / "val2017.zip", "w") as file:
        file.writestr("val2017/005.jpg", picture())
    for split, points in (("val", True), ("train", False)):
        source = Coco2017(split=split, points=points, mirror=address)
        source.fetch(tmp_path / split, 0)
        images, _ = make_images(source, tmp_path / split, 0)
        assert images["path"].null_count() == (split == "train")
        assert make_boxes(source, tmp_path / split, images)["x_max"].to_list() == [4]
        if points:
            assert make_landmarks(source, tmp_path / split, images).select("name", "x", "y").rows() == [("nose", 2.5, 3.5)]
        assert ("pictures2017" in {path.name for path in (tmp_path / split).iterdir()}) == (split == "val")


LISTS = {
    "localization.txt": "val/b.JPEG,0,2,9,6\nval/a.JPEG,12,30,12,200\nval/b.JPEG,3,0,4,9",
    "image_sizes.txt": "val/a.JPEG,500,375\nval/b.JPEG,10,10\nval/c.JPEG,20,10",
    "class_labels.txt": "val/a.JPEG,134\nval/b.JPEG,0\nval/c.JPEG,999",
}


def put(folder, **other):
    for name, text in {**LISTS, **other}.items():
        (folder / name).write_text(text)


def test_imagenet_boxes(server, tmp_path, monkeypatch):
    folder, address = server
    put(folder)
    source = ImageNetBoxes(mirror=address)
    with pytest.raises(ShiftscopeError, match=r"sum|bytes"):  # they are not the lists that are known
        source.fetch(tmp_path / "source", 0)
    rows = {name: row._replace(sum=None, published=None, size=None) for name, row in known().items()}
    monkeypatch.setattr("shiftscope.data.downloads.known", lambda: rows)
    source.fetch(tmp_path / "source", 0)
    images, _ = make_images(source, tmp_path / "source", 0)
    # The class of the crane that flies is one of two of that name.
    expected = [
        ("val/a", None, "crane (n02012849)", 500),
        ("val/b", None, "tench", 10),
        ("val/c", None, "toilet tissue", 20),
    ]
    assert images.select("image_id", "path", "category", "width").rows() == expected
    boxes = make_boxes(source, tmp_path / "source", images)
    found = boxes.select("image_id", "category", "x_min", "y_min", "x_max", "y_max").rows()
    # Both ends of what the lists name belong to a box, so that one from 0 to 9 fills a picture of 10 px.
    assert found == [
        ("val/a", "crane (n02012849)", 12, 30, 13, 201), ("val/b", "tench", 0, 2, 10, 7), ("val/b", "tench", 3, 0, 5, 10),
    ]  # fmt: skip
    by_hand = ImageNetBoxes(path=folder, classes="imagenet")
    assert by_hand.provides == {"labels", "boxes"}
    by_hand.fetch(tmp_path / "own", 0)
    images, _ = make_images(by_hand, tmp_path / "own", 0)
    assert images.select("label", "category").rows() == [(134, "n02012849"), (0, "n01440764"), (999, "n15075141")]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"class_labels.txt": "val/a.JPEG,1000"}, r"class_labels\.txt has the label 1000, which is none of 0 to 999"),
        ({"image_sizes.txt": "val/b.JPEG,10,10"}, r"localization\.txt names val/a\.JPEG, and .*image_sizes\.txt does not"),
        ({"localization.txt": "val/b.JPEG,0,2,9"}, r"localization\.txt has not 5 columns"),
        ({"image_sizes.txt": "val/a.JPEG,wide,3"}, r"image_sizes\.txt has not 3 columns"),
        ({"class_labels.txt": ""}, r"image_sizes\.txt names val/a\.JPEG, and .*class_labels\.txt does not"),
    ],
)
def test_lists_of_imagenet_boxes_that_are_none(tmp_path, other, message):
    put(tmp_path, **other)
    with pytest.raises(ShiftscopeError, match=message):
        ImageNetBoxes(path=tmp_path).fetch(tmp_path / "source", 0)
    (tmp_path / "image_sizes.txt").unlink()
    with pytest.raises(ShiftscopeError, match=r"image_sizes\.txt does not exist; leave 'path' out"):
        ImageNetBoxes(path=tmp_path).check()
