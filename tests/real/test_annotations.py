"""Public annotation sets through their sources: as many pictures and boxes as an independent count finds."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from shiftscope.sources.coco import Coco
from shiftscope.sources.imagenet_boxes import ImageNetBoxes
from shiftscope.sources.voc import Voc
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.images import make_images

DATA = os.environ.get("SHIFTSCOPE_REAL_DATA")
pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA, reason="SHIFTSCOPE_REAL_DATA is not set")]


@pytest.mark.parametrize(("name", "known"), [("raccoon", (200, 217)), ("bccd", (364, 4888))])
def test_voc_sets(name, known, tmp_path):
    folder = Path(DATA, f"voc-{name}", "annotations")
    roots = [ElementTree.parse(path).getroot() for path in folder.glob("*.xml")]
    corners = [
        [float(node.findtext(f"bndbox/{edge}")) for edge in ("xmin", "ymin", "xmax", "ymax")]
        for root in roots
        for node in root.findall("object")
    ]
    assert (len(roots), len(corners)) == known
    source = Voc(annotations=folder)
    found = source.boxes(tmp_path)
    hold_area = [box for box in corners if box[2] > box[0] - 1 and box[3] > box[1] - 1]
    assert len(found) == len(hold_area)
    assert found["x_min"].sum() == pytest.approx(sum(box[0] - 1 for box in hold_area))
    assert found["y_max"].sum() == pytest.approx(sum(box[3] for box in hold_area))
    images, skipped = make_images(source, tmp_path, 0)
    assert (len(images), len(skipped)) == (len(roots), 0)
    kept = make_boxes(source, tmp_path, images)
    assert len(kept) >= 0.99 * len(found)  # a few reach out of their pictures, which is said
    assert kept["x_max"].max() <= images["width"].max()


@pytest.mark.parametrize("split", ["val2017", "train2017"])
def test_coco(split, tmp_path):
    from pycocotools.coco import COCO

    path = Path(DATA, "coco-tiny", "annotations", f"instances_{split}.json")
    coco = COCO(path)
    expected = [a for a in coco.loadAnns(coco.getAnnIds()) if a["bbox"][2] > 0 and a["bbox"][3] > 0]
    pictures = Path(DATA, "coco-tiny", "val2017") if split == "val2017" else None
    source = Coco(annotations=path, images=pictures)
    images, skipped = make_images(source, tmp_path, 0)
    assert (len(images), len(skipped)) == (len(coco.getImgIds()), 0)
    boxes = make_boxes(source, tmp_path, images)
    assert len(boxes) == len(expected)
    assert boxes["is_crowd"].sum() == sum(a["iscrowd"] for a in expected)
    assert (boxes["x_max"] - boxes["x_min"]).sum() == pytest.approx(sum(a["bbox"][2] for a in expected), rel=1e-4)


def test_imagenet_boxes(tmp_path):
    folder = Path(DATA, "imagenet-val-boxes")
    lines = [line.split(",") for line in (folder / "localization.txt").read_text().splitlines()]
    sizes = dict(line.split(",", 1) for line in (folder / "image_sizes.txt").read_text().splitlines())
    source = ImageNetBoxes(path=folder)
    source.fetch(tmp_path, 0)
    images, skipped = make_images(source, tmp_path, 0)
    assert (len(images), len(skipped), images["category"].n_unique()) == (len(sizes), 0, 1000)
    boxes = make_boxes(source, tmp_path, images)
    assert len(boxes) == len(lines) == 80_477
    # Both ends count: all boxes lie inside their pictures, and some reach from edge to edge.
    for edge, column, add in (("x_min", 1, 0), ("y_min", 2, 0), ("x_max", 3, 1), ("y_max", 4, 1)):
        assert boxes[edge].sum() == sum(int(line[column]) + add for line in lines)
    full = sum(sizes[name] == f"{int(x) + 1},{int(y) + 1}" and (a, b) == ("0", "0") for name, a, b, x, y in lines)
    whole = (boxes["x_min"] == 0) & (boxes["y_min"] == 0)
    assert (whole & (boxes["x_max"] == boxes["image_width"]) & (boxes["y_max"] == boxes["image_height"])).sum() == full > 0
