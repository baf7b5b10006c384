"""The files that stages hand to each other: their columns, and how they are written and read.

Every table is a Parquet file. Later stages and other people's scripts rely on the columns that are declared here. The
tables of results are declared in `sensitivity` and `bias`, so that a new column of a result does not run the networks
again.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import polars as pl

from shiftscope.core.columns import Column, Table
from shiftscope.core.files import complete


class Images(Table):
    """One row per picture of the data set that can be used, in the order of `image_id`. A film, or each of its clips,
    is one picture. A picture that is known by its annotations alone has a row, too."""

    files = ("<data set>/images.parquet",)
    image_id = Column(pl.String)
    """The id of the picture, unique in its data set. For pictures in a folder it is the path below the folder, without the
    ending of the file."""
    path = Column(pl.String)
    """The file of the picture. For a picture in a tar archive it is `<archive>#<offset>+<size>/<name>`, with offset and
    size in bytes. Null where only annotations of the picture are here."""
    label = Column(pl.Int32)
    """The index of the right class among the outputs of the network, from 0. Null where it is unknown."""
    category = Column(pl.String)
    """The name of the right class. Null where it is unknown."""
    width = Column(pl.Int32, "px")
    """The width of the picture as it is shown, that is after the rotation that its EXIF orientation asks for."""
    height = Column(pl.Int32, "px")
    """The height of the picture as it is shown."""
    first_frame = Column(pl.Int32)
    """Of a film, the number of the frame at which the clip begins, from 0. Null for a single picture."""
    frames = Column(pl.Int32)
    """Of a film, the number of frames of the clip. Null for a single picture."""
    orientation = Column(pl.Int32)
    """The EXIF orientation of the file, from 1 to 8, which was undone; 1 is upright. Null for a picture that is known
    by its annotations alone."""


class Skipped(Table):
    """One row per picture that was left out: of the whole data set, or, in the folder of a protocol, of its frames."""

    files = ("<data set>/skipped.parquet", "<data set>/frames/<protocol>/<input size>/<shard>/skipped.parquet")
    image_id = Column(pl.String)
    """The id of the picture, as in `images.parquet`."""
    stage = Column(pl.String)
    """Where it was left out: `images`, when the pictures were read, or `frames`, when frames were made of them."""
    reason = Column(pl.String)
    """Why it was left out. The subject of these words is the picture, as in "has no box"."""


class Boxes(Table):
    """One row per box around an object in a picture of the data set. Coordinates are continuous, count from the left
    upper corner of the picture as it is shown, and are half-open: a box over the columns 3, 4 and 5 is from 3 to 6."""

    files = ("<data set>/boxes.parquet",)
    image_id = Column(pl.String)
    """The id of the picture, as in `images.parquet`."""
    category = Column(pl.String)
    """The category of the object."""
    x_min = Column(pl.Float64, "px")
    """The left edge of the box."""
    y_min = Column(pl.Float64, "px")
    """The upper edge of the box."""
    x_max = Column(pl.Float64, "px")
    """The right edge of the box."""
    y_max = Column(pl.Float64, "px")
    """The lower edge of the box."""
    image_width = Column(pl.Int32, "px")
    """The width of the picture."""
    image_height = Column(pl.Int32, "px")
    """The height of the picture."""
    is_crowd = Column(pl.Boolean)
    """Whether the box is around a group of objects. Null where the annotations do not say it."""
    is_truncated = Column(pl.Boolean)
    """Whether a part of the object lies outside the box. Null where the annotations do not say it."""
    is_difficult = Column(pl.Boolean)
    """Whether the annotators marked the object as hard to recognise. Null where the annotations do not say it."""


class Landmarks(Table):
    """One row per named point of an object in a picture of the data set, such as its left eye."""

    files = ("<data set>/landmarks.parquet",)
    image_id = Column(pl.String)
    """The id of the picture, as in `images.parquet`."""
    category = Column(pl.String)
    """The category of the object that the point belongs to."""
    instance = Column(pl.Int64)
    """The number of the object. The points of one object share it. Null where objects are not numbered."""
    name = Column(pl.String)
    """The name of the point, such as `left_eye`."""
    x = Column(pl.Float64, "px")
    """The distance of the point from the left edge of the picture as it is shown, continuous: the middle of column 3 is
    at 3.5."""
    y = Column(pl.Float64, "px")
    """The distance of the point from the upper edge of the picture as it is shown, continuous."""
    visible = Column(pl.Boolean)
    """Whether the point can be seen, or is hidden. Null where the annotations do not say it."""
    image_width = Column(pl.Int32, "px")
    """The width of the picture."""
    image_height = Column(pl.Int32, "px")
    """The height of the picture."""


class Canvases(Table):
    """One row per canvas. A frame is a window on a canvas, and frames may share one. The canvases of one picture are
    one row group of the file. `shiftscope.data.canvases.read_canvases(path)` gives them as arrays."""

    files = ("<data set>/frames/<protocol>/<input size>/<shard>/canvases.parquet",)
    canvas_id = Column(pl.String)
    """The id of the canvas: the id of its picture, `#` and a number from 0."""
    height = Column(pl.Int32, "px")
    """The height of the canvas."""
    width = Column(pl.Int32, "px")
    """The width of the canvas."""
    pixels = Column(pl.Binary)
    """The grey levels of the canvas, height × width × 3, from 0 to 255, without any loss. How they are encoded, the
    metadata of the file say under `shiftscope.encoding`: `raw`, one byte each, row by row, red, green and blue; or `webp`,
    a lossless WebP file, or the same bytes as in `raw` where there are just height × width × 3 of them. Each file has the
    encoding in which the canvases of its first pictures are smallest, but `webp` only if it saves a quarter."""


class Frames(Table):
    """One row per frame, a picture of the input size that networks are shown. The rows of one picture are its sequence,
    in the order of `step`. The columns from `source_left` on say how the canvas was made from the picture, so that
    anybody can make it again (docs/paper.md)."""

    files = ("<data set>/frames/<protocol>/<input size>/<shard>/frames.parquet",)
    image_id = Column(pl.String)
    """The id of the picture, as in `images.parquet`."""
    step = Column(pl.Int32)
    """The place of the frame in its sequence, from 0. Frames whose steps differ by 1 are a pair of neighbours, if the
    protocol has neighbours at all. Between two runs of a sequence a number is left out."""
    value = Column(pl.Float64, "of the protocol")
    """The swept quantity, such as the offset, the size, the angle or the number of the film frame."""
    canvas_id = Column(pl.String)
    """The id of the canvas that the frame is a window on, as in `canvases.parquet`."""
    window_x = Column(pl.Int32, "px")
    """The left edge of the frame on its canvas."""
    window_y = Column(pl.Int32, "px")
    """The upper edge of the frame on its canvas."""
    source_left = Column(pl.Float64, "px")
    """The left edge of the region of the picture that was resized."""
    source_top = Column(pl.Float64, "px")
    """The upper edge of this region."""
    source_right = Column(pl.Float64, "px")
    """The right edge of this region."""
    source_bottom = Column(pl.Float64, "px")
    """The lower edge of this region."""
    resized_width = Column(pl.Int32, "px")
    """The width that the region was resized to."""
    resized_height = Column(pl.Int32, "px")
    """The height that the region was resized to."""
    resizer = Column(pl.String)
    """The name of the function that resized it, such as `pillow-bilinear`."""
    paste_x = Column(pl.Int32, "px")
    """The distance of the left edge of the resized region from that of the canvas; negative where it is cut off."""
    paste_y = Column(pl.Int32, "px")
    """The distance of the upper edge of the resized region from that of the canvas; negative where it is cut off."""
    surround = Column(pl.String)
    """What surrounds the resized region on the canvas: `none`; a colour such as `#000000`; `inpaint`; `wrap`, the
    region itself continued periodically; or `edge` or `reflect`, as in NumPy's `pad`."""
    warp = Column(pl.String)
    """How the canvas was rotated or shifted afterwards: `none`; `fourier`, shifted by band-limited interpolation;
    `bilinear`, rotated and shifted by bilinear interpolation of the whole resized region where `surround` is `none`,
    else of the part of it that lies on the frame; or `whole`, shifted by whole pixels, of which the part moves that
    lies on the frame before the shift, that is, on the window at `window_x` + `shift_x` and `window_y` + `shift_y`."""
    angle = Column(pl.Float64, "degrees")
    """The rotation about the middle of the frame, counter-clockwise."""
    shift_x = Column(pl.Float64, "px")
    """The shift to the right, after the rotation."""
    shift_y = Column(pl.Float64, "px")
    """The downward shift, after the rotation."""
    as_first = Column(pl.Boolean)
    """Whether the frame holds the same pixels as the first frame of its picture."""


class Predictions(Table):
    """One row per frame: what one network answers. The file of a shard also has the column `logits`, a list of float32 with
    the network's answers before the softmax, where the config says `inference: {keep_logits: true}`."""

    files = (
        "<data set>/predictions/<protocol>/<network>.parquet",
        "<data set>/predictions/<protocol>/<network>/<shard>.parquet",
    )
    image_id = Column(pl.String)
    """The id of the picture, as in `images.parquet`."""
    step = Column(pl.Int32)
    """The place of the frame in its sequence, as in `frames.parquet`."""
    value = Column(pl.Float64, "of the protocol")
    """The swept quantity, as in `frames.parquet`."""
    label = Column(pl.Int32)
    """The index of the right class, as in `images.parquet`. Null where it is unknown."""
    label_prob = Column(pl.Float32)
    """The probability that the network gives to the right class, from 0 to 1. Null where there is no label."""
    label_rank = Column(pl.Int32)
    """The rank of the right class by probability; 1 is the top class. Null where there is no label."""
    top5 = Column(pl.List(pl.Int32))
    """The indices of the five most probable classes, the most probable first; fewer where the network has fewer classes."""
    top5_prob = Column(pl.List(pl.Float32))
    """The probabilities of the classes in `top5`, from 0 to 1."""
    prob_of_previous_top1 = Column(pl.Float32)
    """The probability, in this frame, of the class that was the top class one step before. Null where
    there is no frame one step before."""


class OfNetwork(Table):
    """What the tables of the answers of networks begin with."""

    network = Column(pl.String)
    """The name of the network in the config."""
    protocol = Column(pl.String)
    """The name of the protocol in the config."""


class OfMeasure(OfNetwork):
    """What the tables of measures of these answers begin with."""

    measure = Column(pl.String)
    """The name of the measure; docs/config.md lists all."""


Row = Mapping[str, object] | tuple[object, ...]
"""By the names of columns, or in their order."""

IMAGES = Images.schema()
SKIPPED = Skipped.schema()
BOXES = Boxes.schema()
LANDMARKS = Landmarks.schema()
FRAMES = Frames.schema()
PREDICTIONS = Predictions.schema()


ROWS_AT_A_TIME = 10_000
"""Rows that are in memory as Python's objects, which take ten times as much of it as a table."""


def table(rows: Iterable[Row], schema: pl.Schema) -> pl.DataFrame:
    """`rows` as a table of exactly the columns of `schema`. A column that a row lacks is null; one that `schema` lacks
    is left out. Of a generator's rows no more than `ROWS_AT_A_TIME` are kept."""
    return pl.concat([schema.to_frame(), *pieces(rows, schema)])


def pieces(rows: Iterable[Row], schema: pl.Schema) -> Iterator[pl.DataFrame]:
    """As `table`, of `ROWS_AT_A_TIME` rows at a time.

    >>> [len(piece) for piece in pieces(({"a": k} for k in range(15_000)), pl.Schema({"a": pl.Int64}))]
    [10000, 5000]
    """
    rest = iter(rows)
    while some := list(islice(rest, ROWS_AT_A_TIME)):
        yield pl.DataFrame(some, schema=schema, orient="row")


def write(path: str | Path, frame: pl.DataFrame, schema: pl.Schema) -> None:
    """Write the columns of `schema`, and no others, of `frame` to `path`. The file is complete or absent."""
    frame = frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    with complete(path) as part:
        write_part(part, frame)


def write_part(part: Path, frame: pl.DataFrame) -> None:
    """Write `frame` to a file that is not yet in its place. Raises OSError as the system does, on a full disk too."""
    try:
        frame.write_parquet(part, compression="zstd")
    except pl.exceptions.ComputeError:
        # polars does not say that the disk is full, but this does.
        part.write_bytes(bytes(int(frame.estimated_size()) + 65_536))
        raise


def write_pieces(
    path: str | Path,
    pieces: Iterable[pl.DataFrame],
    schema: pl.Schema,
    *,
    metadata: Mapping[bytes, bytes] | None = None,
    encodings: Mapping[str, str] | None = None,
) -> None:
    """As `write`, of a table that comes in pieces: one of them is in memory at a time, and each that has rows is a row
    group of the file.

    `metadata` is written with the table. `encodings` are Parquet's, of some of the columns: ``dictionary``, or another of
    pyarrow's names; they decide how large the file is and how fast it is read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def arrow(piece: pl.DataFrame) -> pa.Table:
        chosen = piece.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
        return chosen.to_arrow(compat_level=pl.CompatLevel.oldest())

    fields = arrow(schema.to_frame()).schema.with_metadata(dict(metadata or {}))
    dictionary = [name for name, encoding in (encodings or {}).items() if encoding == "dictionary"]
    others = {name: encoding for name, encoding in (encodings or {}).items() if encoding != "dictionary"}
    with (
        complete(path) as part,
        pq.ParquetWriter(
            part, fields, compression="zstd", use_dictionary=dictionary or False, column_encoding=others or None
        ) as writer,
    ):
        for piece in pieces:
            if len(piece):
                writer.write_table(arrow(piece))


def read(paths: str | Path | Iterable[str | Path], schema: pl.Schema) -> pl.DataFrame:
    """The columns of `schema` of one file, or of several files below each other in the order given."""
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    # Without `glob=False` polars takes `run[12]/images.parquet` for `run1/images.parquet` where there is such a file.
    tables = [pl.read_parquet(file, columns=list(schema), glob=False) for file in files]
    return pl.concat(tables or [schema.to_frame()])


def read_pieces(path: str | Path, schema: pl.Schema, rows: int) -> Iterator[pl.DataFrame]:
    """The columns of `schema` of one file, `rows` rows at a time, but for the last ones. No rows, no piece."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(rows, columns=list(schema)):
            yield pl.DataFrame(batch).select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def read_if(path: str | None, schema: pl.Schema) -> pl.DataFrame | None:
    """As `read`; None where `path` is None, because the data set has no such file."""
    return read(path, schema) if path else None


def scan_if(path: str | None) -> pl.LazyFrame | None:
    """A scan of one file; None where `path` is None, because the data set has no such file."""
    return pl.scan_parquet(path, glob=False) if path else None
