"""Folders of files, and all that jobs make of a data set."""

import io
import json
import tarfile

import polars as pl
from PIL import Image

from shiftscope.core import tables
from shiftscope.stages.annotations import make_boxes, make_landmarks
from shiftscope.stages.images import make_images

GOOD = "one.png"
"""A picture that is in every folder."""


def picture(side=9):
    """The bytes of a PNG file."""
    file = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(file, "PNG")
    return file.getvalue()


def tar(members):
    """The bytes of a tar of files, by their names."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return file.getvalue()


def put(folder, files):
    """Write files; of rows of a table, or what JSON is made of, as their ending says."""
    for name, content in {GOOD: picture(), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        elif path.suffix == ".parquet":
            pl.DataFrame(content).write_parquet(path)
        elif path.suffix == ".csv":
            columns = list(content[0])
            lines = [",".join(columns), *(",".join(str(row[name]) for name in columns) for row in content)]
            path.write_text("\n".join(lines) + "\n")
        else:
            path.write_text(json.dumps(content))


def used(source, folder):
    """All that jobs make of a data set."""
    source.check()
    images, skipped = make_images(source, folder, 0)
    found = [images, skipped]
    for knows, make in (("boxes", make_boxes), ("landmarks", make_landmarks)):
        if knows in source.provides:
            found.append(make(source, folder, images))
    for place, table in enumerate(found):
        table.write_parquet(folder / f"made-{place}.parquet")
    assert images.schema == tables.IMAGES
    return found
