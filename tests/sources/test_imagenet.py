"""The same few pictures in every layout that ImageNet comes in are the same images, with the same labels."""

import csv
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.classes import imagenet_wnids
from shiftscope.data.pictures import read_picture
from shiftscope.sources.imagenet import DEVKIT, SOLUTION, ImageNet
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.images import make_images

WNIDS = ["n15075141", "n01440764", "n02096585", "n01440764"]  # of pictures 1 to 4: labels 999, 0, 195, 0
NAMES = [f"ILSVRC2012_val_{k:08}" for k in range(1, 5)]
NUMBER_OF = {"n01440764": 3, "n15075141": 1, "n02096585": 2}  # the kit's own numbers are in no order
BOXES = {NAMES[0]: "n15075141 2 1 6 7", NAMES[1]: "n01440764 1 1 10 8 n02096585 3 3 3 4"}


def jpeg(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    file = io.BytesIO()
    # One of ImageNet's JPEGs is a PNG, and some are CMYK.
    Image.fromarray(pixels).convert("CMYK" if seed == 2 else "RGB").save(file, "PNG" if seed == 1 else "JPEG")
    return file.getvalue()


def tar(path, files, mode="w"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def devkit(folder):
    kinds = [(NUMBER_OF.get(wnid, 3 + k), wnid, 0) for k, wnid in enumerate(["n15075141", "n02096585", "n01440764"])]
    kinds.append((1001, "n00000001", 2))  # an inner node of WordNet
    synsets = np.array(kinds, dtype=[("ILSVRC2012_ID", "f8"), ("WNID", "O"), ("num_children", "f8")])
    meta = io.BytesIO()
    savemat(meta, {"synsets": synsets})
    truth = "".join(f"{NUMBER_OF[wnid]}\n" for wnid in WNIDS)
    top = "ILSVRC2012_devkit_t12/data/"
    files = [(f"{top}meta.mat", meta.getvalue()), (f"{top}ILSVRC2012_validation_ground_truth.txt", truth.encode())]
    return tar(folder / DEVKIT, files, "w:gz")


def solution(folder):
    with (folder / SOLUTION).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ImageId", "PredictionString"])
        for name, wnid in reversed(list(zip(NAMES, WNIDS, strict=True))):
            writer.writerow([name, BOXES.get(name, f"{wnid} 1 1 2 2") + " "])


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def as_tar(folder):
    tar(folder / "ILSVRC2012_img_val.tar", [(f"{name}.JPEG", jpeg(k)) for k, name in enumerate(NAMES)])
    devkit(folder)


def as_folders(folder):
    for k, (name, wnid) in enumerate(zip(NAMES, WNIDS, strict=True)):
        put(folder / "val" / wnid / f"{name}.JPEG", jpeg(k))


def as_wnids(folder):
    as_folders(folder / "x")
    for found in (folder / "x" / "val").iterdir():
        found.rename(folder / found.name)


def as_flat(folder):
    for k, name in enumerate(NAMES):
        put(folder / "val" / f"{name}.JPEG", jpeg(k))
    devkit(folder)


def as_kaggle(folder):
    for k, name in enumerate(NAMES):
        put(folder / "ILSVRC" / "Data" / "CLS-LOC" / "val" / f"{name}.JPEG", jpeg(k))
    solution(folder)


def test_boxes_of_kaggle_that_are_none_are_counted_in_the_log(tmp_path, caplog):
    as_kaggle(tmp_path)
    source = ImageNet(path=tmp_path)
    whole = source.boxes(tmp_path)
    assert caplog.text == ""
    with (tmp_path / SOLUTION).open("a") as file:
        file.write(f"x,{WNIDS[0]} 1 two 3 4 {WNIDS[0]} 5 1 2 4 {WNIDS[0]} 3 1 2 4 {WNIDS[0]} 1 1 1 1\n")
    found = source.boxes(tmp_path)
    assert found.head(whole.height).equals(whole)
    assert found.filter(image_id="x").select("x_min", "y_min", "x_max", "y_max").rows() == [(0, 0, 1, 1)]
    assert "2 boxes are not of four numbers, the lower one first, such as one of x; they are left out" in caplog.text


@pytest.mark.parametrize("layout", [as_tar, as_folders, as_wnids, as_flat, as_kaggle])
def test_every_layout_is_the_same_data_set(layout, tmp_path):
    layout(tmp_path)
    source = ImageNet(path=tmp_path)
    source.check()
    assert all(path.exists() for path in source.inputs())
    images, skipped = make_images(source, tmp_path, 0)
    assert skipped.is_empty()
    wnids = list(imagenet_wnids())
    expected = [(name, wnids.index(wnid), wnid) for name, wnid in zip(NAMES, WNIDS, strict=True)]
    assert images.select("image_id", "label", "category").rows() == expected
    for k, path in enumerate(images["path"]):
        assert (read_picture(path) == np.asarray(Image.open(io.BytesIO(jpeg(k))).convert("RGB"))).all()


def test_the_training_tar_is_a_tar_of_tars(tmp_path):
    inner = []
    for wnid in ("n01440764", "n02096585"):
        path = tar(tmp_path / "in" / f"{wnid}.tar", [(f"{wnid}_{k}.JPEG", jpeg(k)) for k in range(2)])
        inner.append((path.name, path.read_bytes()))
    tar(tmp_path / "ILSVRC2012_img_train.tar", inner)
    images, _ = make_images(ImageNet(path=tmp_path, split="train"), tmp_path, 0)
    found = images.select("image_id", "label").rows()
    assert found == [("n01440764_0", 0), ("n01440764_1", 0), ("n02096585_0", 195), ("n02096585_1", 195)]
    own, _ = make_images(ImageNet(path=tmp_path, split="train", classes="own"), tmp_path, 0)
    assert own["label"].to_list() == [0, 0, 1, 1]


def test_boxes_of_kaggles_table(tmp_path):
    as_kaggle(tmp_path)
    source = ImageNet(path=tmp_path)
    assert "boxes" in source.provides
    images, _ = make_images(source, tmp_path, 0)
    boxes = make_boxes(source, tmp_path, images)
    # VOC's corners count from 1 and are inclusive: 2..6 are columns 1 to 5, and "1 1 2 2" are two by two pixels.
    expected = [
        (NAMES[0], "n15075141", 1, 0, 6, 7),
        (NAMES[1], "n01440764", 0, 0, 10, 8),
        (NAMES[1], "n02096585", 2, 2, 3, 4),
        (NAMES[2], "n02096585", 0, 0, 2, 2),
        (NAMES[3], "n01440764", 0, 0, 2, 2),
    ]
    assert boxes.select("image_id", "category", "x_min", "y_min", "x_max", "y_max").rows() == expected


@pytest.mark.parametrize("packed", [True, False])
def test_boxes_of_the_annotation_archive(packed, tmp_path):
    as_folders(tmp_path)
    form = (
        "<annotation><folder>val</folder><filename>%s</filename><size><width>10</width><height>8</height></size><object>"
        "<name>n15075141</name><bndbox><xmin>2</xmin><ymin>1</ymin><xmax>6</xmax><ymax>7</ymax></bndbox></object></annotation>"
    )
    files = [(f"val/{NAMES[0]}.xml", (form % NAMES[0]).encode())]
    if packed:
        tar(tmp_path / "ILSVRC2012_bbox_val_v3.tgz", files, "w:gz")
    else:
        put(tmp_path / "ILSVRC" / "Annotations" / "CLS-LOC" / files[0][0], files[0][1])
    source = ImageNet(path=tmp_path)
    images, _ = make_images(source, tmp_path, 0)
    boxes = make_boxes(source, tmp_path, images)
    assert boxes.select("image_id", "category", "x_min", "y_min", "x_max", "y_max").rows() == [
        (NAMES[0], "n15075141", 1, 0, 6, 7)
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, r"has no ImageNet: ask for an account .*ILSVRC2012_img_val.tar and ILSVRC2012_devkit_t12"),
        (lambda folder: (as_tar(folder), (folder / DEVKIT).unlink()), "its labels are in ILSVRC2012_devkit_t12.tar.gz"),
        (lambda folder: (as_flat(folder), (folder / DEVKIT).unlink()), "their labels are missing"),
        (lambda folder: (as_tar(folder), (folder / DEVKIT).write_bytes(b"no")), "is not ImageNet's development kit"),
    ],
)
def test_what_is_missing_is_named(make, words, tmp_path):
    make(tmp_path)
    source = ImageNet(path=tmp_path)
    with pytest.raises(ShiftscopeError, match=words):
        source.listing(tmp_path)


def test_a_folder_that_is_not_there():
    with pytest.raises(ShiftscopeError, match="the folder of ImageNet nowhere does not exist"):
        ImageNet(path=Path("nowhere")).check()
