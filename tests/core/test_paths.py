"""Brackets and stars in the name of a folder are its name, whatever else lies beside it."""

import io
import tarfile
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from shiftscope.commands.init import recognised
from shiftscope.core import tables
from shiftscope.core.files import complete
from shiftscope.sources.imagenet import SOLUTION, _read_solution
from shiftscope.sources.openimages import OpenImages
from shiftscope.sources.table import Table
from shiftscope.sources.webdataset import WebDataset

DECOYS = {"r[12]": "r1", "T[34]": "T3", "*": "a", "w?": "wx", "n[!a]": "nb"}


@pytest.fixture(params=DECOYS)
def folders(request, tmp_path):
    """The folder that is named and one that its name would match as a pattern, which comes first."""
    pair = tmp_path / request.param, tmp_path / DECOYS[request.param]
    for folder in pair:
        folder.mkdir()
    return pair


def test_tables(folders):
    for name, folder in zip(("right", "decoy"), folders, strict=True):
        tables.write(folder / "t.parquet", tables.table([{"image_id": name}], tables.SKIPPED), tables.SKIPPED)
    assert tables.read(folders[0] / "t.parquet", tables.SKIPPED)["image_id"].to_list() == ["right"]
    assert tables.read([folders[0] / "t.parquet"] * 2, tables.SKIPPED)["image_id"].to_list() == ["right"] * 2


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_lists(folders, ending):
    for name, folder in zip(("right", "decoy"), folders, strict=True):
        table = pl.DataFrame({"path": [f"{name}.png"], **({"label": ["x"]} if name == "decoy" else {})})
        if ending == "parquet":
            table.write_parquet(folder / "list.parquet")
        else:
            table.write_csv(folder / f"list.{ending}", separator="\t" if ending == "tsv" else ",")
    source = Table(path=folders[0] / f"list.{ending}")
    assert source.provides == {"pictures"}  # the decoy has labels
    pictures = source.listing(folders[0]).pictures
    assert pictures["image_id"].to_list() == ["right"]
    assert Path(pictures["path"][0]) == folders[0] / "right.png"


def test_open_images(folders):
    for name, folder in zip(("right", "decoy"), folders, strict=True):
        (folder / "b.csv").write_text(f"ImageID,LabelName,XMin,XMax,YMin,YMax\n{name},/m/1,0.1,0.5,0.1,0.5\n")
        (folder / "names.csv").write_text(f"/m/1,{name} class\n")
    boxes = OpenImages(path=folders[0] / "b.csv", names=folders[0] / "names.csv").boxes(folders[0])
    assert boxes.select("image_id", "category").rows() == [("right", "right class")]


def test_kaggles_table(folders):
    for name, folder in zip(("right", "decoy"), folders, strict=True):
        (folder / SOLUTION).write_text(f"ImageId,PredictionString\n{name},n01440764 1 1 2 2\n")
    assert _read_solution(folders[0] / SOLUTION)["ImageId"].to_list() == ["right"]


def shard(path, name):
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "png")
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo(f"{name}.png")
        info.size = len(picture.getvalue())
        tar.addfile(info, io.BytesIO(picture.getvalue()))


def test_shards(folders):
    """The file's own name may have wildcards; its folder's are looked for only where there is no such folder."""
    for name, folder in zip(("right", "decoy"), folders, strict=True):
        for number in range(2):
            shard(folder / f"v-{number}.tar", f"{name}{number}")
        shard(folder / "v-[0].tar", f"{name} bracket")
    top = folders[0]
    found = {
        pattern: [
            row["image_id"] for row in WebDataset(shards=pattern, label="none").listing(top).pictures.iter_rows(named=True)
        ]
        for pattern in (f"{top}/v-?.tar", f"{top}/v-{{0..1}}.tar", f"{top}/v-[0].tar")
    }
    assert list(found.values()) == [["v-0/right0", "v-1/right1"]] * 2 + [["v-[0]/right bracket"]]
    kind, options = recognised(top)
    assert kind == "webdataset"
    assert {path.parent for path in WebDataset(**options).inputs()} == {top}


def test_a_pattern_for_folders(tmp_path):
    for name in ("a1", "a2", "b"):
        (tmp_path / name).mkdir()
        shard(tmp_path / name / "v.tar", name)
    assert [path.parent.name for path in WebDataset(shards=f"{tmp_path}/a[12]/*.tar").inputs()] == ["a1", "a2"]


def test_what_is_left_of_killed_processes_is_that_of_this_file(folders):
    import socket

    stray = folders[0] / f".x[1].{socket.gethostname()}.999999999.part"
    other = folders[0] / f".x1.{socket.gethostname()}.999999999.part"
    for path in (stray, other):
        path.touch()
    with complete(folders[0] / "x[1]") as part:
        part.touch()
    assert not stray.exists()
    assert other.exists()
