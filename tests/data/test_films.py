"""Films come out frame by frame as they were put in, and what cannot be read to its end is named."""

import os
import struct

import av
import numpy as np
import pytest
from PIL import Image

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.films import film_gaps, film_size, frame_files, read_film

FRAMES = np.random.default_rng(0).integers(0, 256, (12, 40, 62, 3), dtype=np.uint8)
IDENTITY = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)


def film(path, codec="ffv1", pixels="bgr0", frames=FRAMES, **options):
    """Write `frames` as a film: ffv1 and png lose nothing."""
    with av.open(str(path), "w", options=options) as file:
        stream = file.add_stream(codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format=pixels)))
        file.mux(stream.encode())
    return path


def folder(path, sizes, pattern="frame{}.png"):
    path.mkdir()
    for number, (width, height) in enumerate(sizes):
        Image.new("RGB", (width, height), (number, 0, 0)).save(path / pattern.format(number))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pixels"), [("a.mkv", "ffv1", "bgr0"), ("b.avi", "png", "rgb24"), ("c.MOV", "png", "rgb24")]
)
def test_lossless_films_come_out_as_they_went_in(tmp_path, name, codec, pixels):
    path = film(tmp_path / name, codec, pixels)
    assert film_size(path) == (62, 40, 12)
    found = list(read_film(path, range(12)))
    assert all(frame.dtype == np.uint8 and frame.flags.c_contiguous for frame in found)
    np.testing.assert_array_equal(found, FRAMES)
    np.testing.assert_array_equal(list(read_film(str(path), (n for n in (2, 3, 9)))), FRAMES[[2, 3, 9]])
    assert list(read_film(path, [])) == []


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "mpeg4"), ("b.m4v", "libx264"), ("c.webm", "libvpx"), ("d.mpg", "mpeg2video"), ("e.wmv", "wmv2")],
)
def test_usual_films_have_all_their_frames_in_order(tmp_path, name, codec):
    grey = np.stack([np.full((40, 64, 3), 20 * number, np.uint8) for number in range(12)])
    path = film(tmp_path / name, codec, "yuv420p", grey)
    assert film_size(path) == (64, 40, 12)
    means = [frame.mean() for frame in read_film(path, range(12))]
    np.testing.assert_allclose(means, 20 * np.arange(12), atol=6)


def test_decoding_stops_after_the_last_frame_that_is_wanted(tmp_path):
    path = film(tmp_path / "a.avi", "png", "rgb24")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path.write_bytes(data)
    with pytest.raises(ShiftscopeError, match=r"a\.avi cannot be decoded at frame 5"):
        film_size(path)
    np.testing.assert_array_equal(list(read_film(path, [1, 3])), FRAMES[[1, 3]])


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "options"),
    [
        ("a.mkv", "ffv1", "bgr0", {}),
        ("b.avi", "mjpeg", "yuvj420p", {}),
        ("c.mp4", "libx264", "yuv420p", {}),
        ("d.mp4", "libx264", "yuv420p", {"movflags": "faststart"}),
        ("e.webm", "libvpx", "yuv420p", {}),
        ("g.wmv", "wmv2", "yuv420p", {}),
    ],
)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_film_that_was_cut_off_is_named(tmp_path, capfd, name, codec, pixels, options, share):
    path = film(tmp_path / name, codec, pixels, **options)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ShiftscopeError) as caught:
        film_size(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")  # FFmpeg has nothing to add


def test_of_an_mpeg_stream_only_a_cut_inside_a_frame_can_be_seen(tmp_path):
    """It is made to be broadcast: nothing in it says how long it is."""
    path = film(tmp_path / "f.mpg", "mpeg2video", "yuv420p")
    data = path.read_bytes()
    for share in (0.02, 0.3, 0.6):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ShiftscopeError, match=r"f\.mpg cannot be"):
            film_size(path)


def test_a_file_that_lies_open_at_its_end_is_not_called_cut(tmp_path):
    """Browsers and cameras that stream write no sizes."""
    path = film(tmp_path / "a.mkv", live="1")
    assert film_size(path) == (62, 40, 12)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no film: the file is empty"),
        (b"hello " * 200, "cannot be read as a film"),
        # A list of other files, which FFmpeg would open.
        (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
            "cannot be read as a film",
        ),
        (b"ffconcat version 1.0\nfile other.mp4\n", "cannot be read as a film"),
    ],
)
def test_what_is_no_film_is_named(tmp_path, content, words):
    path = tmp_path / "text.mp4"
    path.write_bytes(content)
    for read in (film_size, lambda path: list(read_film(path, [0]))):
        with pytest.raises(ShiftscopeError, match=rf"text\.mp4 {words}"):
            read(path)


def test_what_is_not_there_is_named(tmp_path):
    for read in (film_size, lambda path: list(read_film(path, [0]))):
        with pytest.raises(ShiftscopeError, match=r"none\.mp4 does not exist"):
            read(tmp_path / "none.mp4")


def test_sound_alone_is_no_film(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=44100, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.sample_rate = 44100
        file.mux([*stream.encode(sound), *stream.encode()])
    with pytest.raises(ShiftscopeError, match=r"sound\.mp4 .* there is no video in it"):
        film_size(path)


def test_a_film_without_a_frame(tmp_path):
    path = film(tmp_path / "none.avi", "png", "rgb24", FRAMES[:1])
    data = path.read_bytes()
    chunk = data.index(b"00dc", data.index(b"movi"))
    path.write_bytes(data[:chunk] + b"JUNK" + data[chunk + 4 : data.index(b"idx1")])
    with pytest.raises(ShiftscopeError, match=r"none\.avi (has no frame|cannot be read|is cut short)"):
        film_size(path)


def test_frames_of_different_sizes_are_told(tmp_path):
    path = tmp_path / "two.mpg"
    small, large = (
        film(tmp_path / f"{side}.mpg", "mpeg2video", "yuv420p", np.zeros((4, side, side, 3), np.uint8)) for side in (48, 64)
    )
    path.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(
        ShiftscopeError, match=r"two\.mpg has frames of different sizes: frame 0 is 48 × 48 px and frame \d is 64 × 64"
    ):
        film_size(path)


def test_too_many_pixels_are_refused(tmp_path, monkeypatch):
    path = film(tmp_path / "a.mkv")
    monkeypatch.setattr("shiftscope.data.films.MAX_PIXELS", 62 * 40 - 1)
    with pytest.raises(ShiftscopeError, match=r"a\.mkv has frames of more than 2,479 pixels"):
        film_size(path)


@pytest.mark.parametrize(("matrix", "turns"), [((0, 1, -1, 0), -1), ((0, -1, 1, 0), 1), ((-1, 0, 0, -1), 2)])
def test_films_are_turned_as_the_camera_was_held(tmp_path, matrix, turns):
    """QuickTime's matrix maps the picture's x to (a, b) and its y to (c, d), y down: (0, 1, −1, 0) is a clockwise turn."""
    path = film(tmp_path / "a.mov", "png", "rgb24")
    data = path.read_bytes()
    place = data.index(IDENTITY, data.index(b"tkhd"))
    a, b, c, d = (65536 * value for value in matrix)
    path.write_bytes(data[:place] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + data[place + 36 :])
    assert film_size(path) == ((40, 62, 12) if turns % 2 else (62, 40, 12))
    (frame,) = read_film(path, [3])
    np.testing.assert_array_equal(frame, np.rot90(FRAMES[3], turns))


def test_fewer_frames_than_were_asked_for(tmp_path):
    film(tmp_path / "a.mkv")
    folder(tmp_path / "b", [(5, 4)] * 12)
    for name in ("a.mkv", "b"):
        with pytest.raises(ShiftscopeError, match=rf"{name} has 12 frames, but frame 12 "):
            list(read_film(tmp_path / name, [3, 12]))
    for numbers in ([1, 1], [3, 2], [-1]):
        with pytest.raises(ValueError, match="ascend"):
            list(read_film(tmp_path / "a.mkv", numbers))


def test_a_folder_of_frames_is_in_natural_order(tmp_path):
    path = folder(tmp_path / "frames", [(5, 4)] * 12)
    (path / ".hidden.png").touch()
    (path / "notes.txt").touch()
    assert film_size(path) == (5, 4, 12)
    assert [frame[0, 0, 0] for frame in read_film(path, [0, 2, 9, 10, 11])] == [0, 2, 9, 10, 11]
    for name in ("frame02.png", "Frame.png", "7.png", "frame1b3.png"):
        (path / name).touch()
    names = [file.name for file in frame_files(path)]
    assert names[:6] == ["7.png", "Frame.png", "frame0.png", "frame1.png", "frame1b3.png", "frame02.png"]


@pytest.mark.parametrize(
    ("names", "gaps"),
    [
        (["f0", "f1", "f3"], [2]),
        (["f0", "f1", "f3", "f4", "f9"], [2, 4]),
        (["f0", "f2", "f4", "f8"], [3]),  # every second was kept, but for one
        (["f8", "f09", "f010", "f0012"], [3]),  # leading zeros
        (["a0", "a1", "b1", "b2"], [2]),  # two films in one folder
        (["s1_f1", "s1_f2", "s2_f1", "s2_f2"], [2]),
        (["s1_f1", "s1_f2", "s2_f3", "s2_f4"], [2]),
        (["s1_f1", "s1_f2", "s2_f2"], [2]),
        (["1_640x480", "2_640x480", "4_640x480"], [2]),
        (["f1_33", "f2_67", "f3_100", "f5_167"], [3]),  # numbers, and times behind them
        (["33", "67", "100", "167", "200"], [3]),  # times in milliseconds, 30 a second
        (["f1", "g"], [1]),
        (["cover", "f0", "f1", "f3"], [1, 3]),
        (["7"], []),
        (["a", "b", "c"], []),  # no numbers at all
        (["2024 a", "2024 b"], []),
        (["f0", "f1", "f10", "f11", "f2"], [3]),  # in natural order: 0, 1, 2, 10, 11
    ],
)
def test_frames_that_are_missing_are_seen_by_the_numbers(tmp_path, names, gaps):
    for name in names:
        Image.new("RGB", (5, 4)).save(tmp_path / f"{name}.{'png' if len(name) % 2 else 'jpg'}")
    assert film_gaps(tmp_path) == gaps
    assert film_size(tmp_path) == (5, 4, len(names))


def test_a_film_file_misses_no_frames(tmp_path):
    assert film_gaps(film(tmp_path / "a13.mkv")) == []


@pytest.mark.parametrize("names", [["f1.png", "f1.jpg"], ["f0.png", "f01.png", "f1.png"], ["a.png", "a.jpg"]])
def test_one_frame_in_two_files_is_named(tmp_path, names):
    for name in names:
        Image.new("RGB", (5, 4)).save(tmp_path / name)
    with pytest.raises(ShiftscopeError, match=r"/\w+\.\w+ and \w+\.\w+ are the same frame by the numbers in their names"):
        film_size(tmp_path)


def test_unusable_folders_of_frames_are_named(tmp_path):
    with pytest.raises(ShiftscopeError, match="c has no pictures that could be a film's frames"):
        film_size(folder(tmp_path / "c", []))
    with pytest.raises(
        ShiftscopeError, match=r"d has frames of different sizes: frame0\.png is 5 × 4 px and frame2\.png is 6 × 4 px"
    ):
        film_size(folder(tmp_path / "d", [(5, 4), (5, 4), (6, 4)]))
    path = folder(tmp_path / "e", [(5, 4), (5, 4)])
    Image.fromarray(FRAMES[0]).save(path / "frame1.png")
    (path / "frame1.png").write_bytes((path / "frame1.png").read_bytes()[:2000])
    with pytest.raises(ShiftscopeError, match=r"frame1\.png cannot be read as a picture"):
        film_size(path)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc to count open files in")  # noqa: PTH112
def test_files_are_closed(tmp_path):
    path = film(tmp_path / "a.mkv")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    film_size(path)
    frames = read_film(path, range(5))
    next(frames)
    frames.close()
    (tmp_path / "b.mkv").write_bytes(path.read_bytes()[:9000])
    with pytest.raises(ShiftscopeError):
        list(read_film(tmp_path / "b.mkv", [11]))
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
