"""Film files and folders of frames: what is listed, how films are cut into clips, and what protocols are given."""

import av
import numpy as np
import polars as pl
import pytest
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.canvases import read_canvases
from shiftscope.protocols.centre import Centre
from shiftscope.sources import Extent, sources
from shiftscope.sources.film import Film
from shiftscope.stages.frames import make_frames
from shiftscope.stages.images import make_images

FRAMES = np.random.default_rng(0).integers(0, 256, (7, 40, 62, 3), dtype=np.uint8)


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
    pictures, categories = Film(path=path, **options).listing(path)
    return dict(zip(pictures["image_id"], pictures["category"], strict=True)), categories


def film(path, frames=FRAMES):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="bgr0")))
        file.mux(stream.encode())


def stills(path, frames=FRAMES):
    path.mkdir(parents=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(path / f"{number}.png")


def test_it_is_registered_and_says_what_it_knows():
    assert sources["film"].item is Film
    assert Film(path=".").provides == {"pictures", "film"}
    assert Film(path=".", labels="folders").provides == {"pictures", "film", "labels"}


def test_a_film_file_a_folder_of_frames_and_a_folder_of_films(make):
    path = make("a.b.mp4", "deep/er/ö.MOV", "deep/1/x2.png", "deep/1/x10.png", ".git/c.avi", "notes.txt", "none/readme.md")
    assert listing(path)[0] == {"a.b": None, "deep/1": None, "deep/er/ö": None}
    assert listing(path / "a.b.mp4")[0] == {"a.b": None}
    assert listing(path / "deep" / "1")[0] == {"1": None}


def test_classes_are_folders(make):
    path = make("dog/a.mp4", "cat/deep er/b.webm", "cat/frames.x/1.png", "cat/.hidden.mp4", "empty/notes.txt", "pig/1.png")
    expected = {"cat/deep er/b": "cat", "cat/frames.x": "cat", "dog/a": "dog", "empty": "empty", "pig": "pig"}
    assert listing(path, labels="folders") == (expected, ("cat", "dog", "empty", "pig"))


@pytest.mark.parametrize("labels", ["none", "folders"])
def test_files_beside_films_are_told(make, caplog, labels):
    found, _ = listing(make("cat/a.mp4", "cat/poster.jpg"), labels=labels)
    assert list(found) == ["cat/a"]
    assert "1 files such as poster.jpg" in caplog.text
    if labels == "folders":
        listing(make("loose.mp4"), labels=labels)
        assert "2 files such as poster.jpg are in no class folder, or lie beside films, and are left out" in caplog.text


@pytest.mark.parametrize(
    ("files", "below", "options", "sentence"),
    [
        ([], "none", {}, "none does not exist"),
        ([], "", {}, r"has no films; files that end in .*\.mp4.* and folders of frames count"),
        (["notes.txt"], "notes.txt", {}, "has no films"),
        (["a.mp4"], "a.mp4", {"labels": "folders"}, "is a file where .*labels: none"),
        (["a.mp4"], "", {"labels": "folders"}, "has no class folders; .*labels: none"),
        (["cat/notes.txt"], "", {"labels": "folders"}, "has no films"),
    ],
)
def test_nothing_there_is_said_before_anything_runs(make, files, below, options, sentence):
    path = make(*files) / below
    source = Film(path=path, **options)
    for call in (source.check, source.inputs, lambda: source.listing(path)):
        with pytest.raises(ShiftscopeError, match=sentence) as caught:
            call()
        assert str(path) in str(caught.value)


def test_links_are_followed_and_loops_end(make):
    path = make("cat/a.mp4", "elsewhere/b.mp4")
    (path / "cat" / "loop").symlink_to(path)
    (path / "cat" / "gone.mp4").symlink_to(path / "nowhere.mp4")
    (path / "dog").symlink_to(path / "elsewhere")
    found, _ = listing(path, labels="folders")
    assert {"cat/a", "cat/gone", "dog/b", "elsewhere/b"} <= set(found)


def test_inputs_are_the_films_and_their_folders(make):
    path = make("cat/a.mp4", "dog/deep/1.png", "dog/deep/2.png")
    dog, film = path / "dog", path / "cat" / "a.mp4"
    assert Film(path=path, labels="folders").inputs() == [path, path / "cat", dog, film, dog / "deep"]
    assert set(Film(path=path).inputs()) == {path, path / "cat", dog, film, dog / "deep"}
    assert Film(path=film).inputs() == [film]
    assert Film(path=dog / "deep").inputs() == [dog / "deep"]


@pytest.mark.parametrize("write", [film, stills])
def test_a_film_is_cut_into_clips(tmp_path, write):
    path = tmp_path / "a.mkv"
    write(path)
    clips = {clip: Film(path=path, clip=clip).measure(str(path)) for clip in (None, 1, 3, 7, 8)}
    assert clips[None] == [Extent(62, 40, 0, 7)]
    assert clips[1] == [Extent(62, 40, first, 1, f"@{first:06d}") for first in range(7)]
    assert clips[3] == [Extent(62, 40, 0, 3, "@000000"), Extent(62, 40, 3, 3, "@000003")]
    assert clips[7] == clips[8] == [Extent(62, 40, 0, 7, "@000000")]


def test_films_go_from_the_files_to_the_frames(tmp_path):
    films = tmp_path / "films"
    film(films / "b" / "file.mkv")
    stills(films / "a" / "stills", FRAMES[::-1])
    stills(films / "a" / "sizes", [FRAMES[0], FRAMES[1][:, :-2]])
    film(films / "b" / "short.mkv", FRAMES[:1])
    (films / "b" / "text.mp4").write_text("no film")
    (films / "c").mkdir()
    source = Film(path=films, labels="folders", clip=3)
    images, skipped = make_images(source, films, seed=0)
    assert images.select("image_id", "label", "first_frame", "frames", "width").rows() == [
        ("a/stills@000000", 0, 0, 3, 62),
        ("a/stills@000003", 0, 3, 3, 62),
        ("b/file@000000", 1, 0, 3, 62),
        ("b/file@000003", 1, 3, 3, 62),
        ("b/short@000000", 1, 0, 1, 62),
    ]
    reasons = dict(zip(skipped["image_id"], skipped["reason"], strict=True))
    assert list(reasons) == ["a/sizes", "b/text", "c"]
    assert "different sizes: 0.png is 62 × 40 px and 1.png is 60 × 40 px" in reasons["a/sizes"]
    assert reasons["c"].endswith("has no pictures")

    def made(kind, boxes=None):
        files = {name: tmp_path / f"{kind}-{name}.parquet" for name in ("canvases", "frames", "skipped")}
        make_frames(
            kind=kind, options={}, images=images, boxes=boxes, size=32, seed=0, refuse=False,
            canvases_path=files["canvases"], frames_path=files["frames"], skipped_path=files["skipped"],
        )  # fmt: skip
        canvases = {name: pixels.copy() for image in read_canvases(files["canvases"]) for name, pixels in image.items()}
        return canvases, tables.read(files["frames"], tables.FRAMES), tables.read(files["skipped"], tables.SKIPPED)

    canvases, frames, left_out = made("natural")
    assert left_out["image_id"].to_list() == ["b/short@000000"]
    assert "has 1 frames" in left_out["reason"][0]
    assert frames.group_by("image_id", maintain_order=True).agg("value")["value"].to_list() == [[0.0, 1.0, 2.0]] * 4
    whole = {"a/stills": FRAMES[::-1], "b/file": FRAMES}
    for row in frames.rows(named=True):
        name, first = row["image_id"].split("@")
        expected = cropped(whole[name][int(first) + int(row["value"])])
        np.testing.assert_array_equal(canvases[row["canvas_id"]], expected)
    # Every other protocol takes a clip's first frame.
    canvases, frames, left_out = made("centre")
    assert left_out.is_empty()
    np.testing.assert_array_equal(canvases["b/file@000003#0"], cropped(FRAMES[3]))


@pytest.mark.parametrize(
    ("options", "pairs"),
    [
        ({}, [(0, 1), (3, 4), (4, 5), (5, 6)]),
        ({"stride": 2}, [(3, 5)]),  # f0 f3 f5: frames 0, 2, 4 of those that are there
        ({"start": 2}, [(3, 4), (4, 5), (5, 6)]),
    ],
)
def test_frames_on_either_side_of_a_missing_one_make_no_pair(tmp_path, caplog, options, pairs):
    """From a folder without f2 to the rows that measures look at, as the workflow does it."""
    from shiftscope.sensitivity.rows import pair_rows

    numbers = [0, 1, 3, 4, 5, 6]
    (tmp_path / "film").mkdir()
    for number, pixels in zip(numbers, FRAMES, strict=False):
        Image.fromarray(pixels).save(tmp_path / "film" / f"f{number}.png")
    images, _ = make_images(Film(path=tmp_path / "film"), tmp_path, seed=0)
    assert "1 of 6 frames do not follow on the one before, such as f3.png on f1.png" in caplog.text
    make_frames(
        kind="natural", options=options, images=images, boxes=None, size=32, seed=0, refuse=True,
        canvases_path=tmp_path / "c", frames_path=tmp_path / "f", skipped_path=tmp_path / "s",
    )  # fmt: skip
    frames = tables.read(tmp_path / "f", tables.FRAMES)
    unused = dict.fromkeys(("top1", "top5", "top1_prob", "right", "in5"), 0)
    rows = pair_rows(
        frames.with_columns(value_before=pl.col("value").shift(1), **{k: pl.lit(v) for k, v in unused.items()})
    )
    found = [(numbers[int(before)], numbers[int(now)]) for before, now in rows.select("value_before", "value").iter_rows()]
    assert found == pairs


def test_a_gap_is_counted_from_where_its_clip_begins(tmp_path):
    for number, pixels in zip([0, 1, 2, 3, 5, 6], FRAMES, strict=False):
        Image.fromarray(pixels).save(tmp_path / f"f{number}.png")
    images, _ = make_images(Film(path=tmp_path, clip=3), tmp_path, seed=0)
    make_frames(
        kind="natural", options={}, images=images, boxes=None, size=32, seed=0, refuse=True,
        canvases_path=tmp_path / "c", frames_path=tmp_path / "f", skipped_path=tmp_path / "s",
    )  # fmt: skip
    steps = tables.read(tmp_path / "f", tables.FRAMES).group_by("image_id", maintain_order=True).agg("step")["step"]
    assert steps.to_list() == [[0, 1, 2], [0, 2, 3]]


def cropped(pixels):
    from shiftscope.protocols import Picture

    return Centre().sequence(Picture("", pixels), 32, np.random.default_rng()).canvases[0]


def test_the_boxes_of_crowds_are_not_given_to_protocols(tmp_path, monkeypatch):
    film(tmp_path / "a.mkv")
    images, _ = make_images(Film(path=tmp_path), tmp_path, seed=0)
    boxes = tables.table(
        [
            {"image_id": "a", "x_min": float(x), "y_min": 0.0, "x_max": 9.0, "y_max": 9.0, "is_crowd": crowd}
            for x, crowd in enumerate((True, False, None))
        ],
        tables.BOXES,
    )
    seen = []

    def sequence(self, picture, size, rng, original=Centre.sequence):
        seen.append(picture)
        return original(self, picture, size, rng)

    monkeypatch.setattr(Centre, "sequence", sequence)
    for given in (boxes, boxes.filter(pl.col("is_crowd")), None):
        make_frames(
            kind="centre", options={}, images=images, boxes=given, size=32, seed=0, refuse=True,
            canvases_path=tmp_path / "c", frames_path=tmp_path / "f", skipped_path=tmp_path / "s",
        )  # fmt: skip
    assert [picture.boxes[:, 0].tolist() for picture in seen] == [[1, 2], [], []]
    assert all(picture.boxes.shape[1] == 4 for picture in seen)
    assert seen[0].film_frames == 7
    np.testing.assert_array_equal(list(seen[0].film([0, 6])), FRAMES[[0, 6]])
