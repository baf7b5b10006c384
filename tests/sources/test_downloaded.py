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
