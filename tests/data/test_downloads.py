"""Whatever a server does, the file under its final name is the right one, or there is none."""

import errno
import hashlib
import http.server
import json
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data import transfers
from shiftscope.data.downloads import PATIENCE, Download, download, known

DATA = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
SUM = hashlib.md5(DATA).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves DATA with ranges, and does what `plan` says for the requests to come."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments, server_state):
        self.state = server_state
        super().__init__(*arguments)

    def do_GET(self):
        state = self.state
        state["asked"].append(dict(self.headers))
        step = state["plan"].pop(0) if state["plan"] else {}
        data, etag = state.get("data", DATA), state.get("etag", '"one"')
        if "status" in step:
            self.send_response(step["status"])
            for name, value in step.get("headers", {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        wanted = self.headers.get("Range")
        same = state.get("no If-Range") or self.headers.get("If-Range") in (None, etag)
        if wanted and same and not state.get("no ranges"):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("ETag", etag)
        if state.get("no length"):
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        if "cut" in step:
            body = body[: step["cut"]]
            self.close_connection = True
        if "stall" in step:
            self.wfile.write(body[:1000])
            self.wfile.flush()
            time.sleep(step["stall"])
            body = body[1000:]
        state["sent"] += len(body)
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *arguments):
        """A client that has hung up is what some tests are about."""


@pytest.fixture
def server():
    state = {"plan": [], "asked": [], "sent": 0}
    running = Server(("127.0.0.1", 0), partial(Handler, server_state=state))
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    state["address"] = f"http://127.0.0.1:{running.server_port}/there/data.bin"
    yield state
    running.shutdown()
    running.server_close()
    thread.join()


def fetch(server, folder, sum=f"md5:{SUM}", size=None, **options):
    waits = []
    row = Download("data", server["address"], sum, "the tests" if sum or size else None, size=size)
    try:
        return download(row, folder, wait=waits.append, **options), waits
    finally:
        server["waits"] = waits


def left(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_whole(server, tmp_path):
    path, waits = fetch(server, tmp_path / "new")
    assert path.read_bytes() == DATA
    assert left(tmp_path / "new") == ["data.bin"]
    assert waits == []
    fetch(server, tmp_path / "new")
    assert len(server["asked"]) == 1  # it was there, and right


def test_cut_off_and_resumed_by_range(server, tmp_path):
    server["plan"] = [{"cut": 100_000}, {"cut": 50_000}]
    path, waits = fetch(server, tmp_path)
    assert path.read_bytes() == DATA
    assert [asked.get("Range") for asked in server["asked"]] == [None, "bytes=100000-", "bytes=150000-"]
    assert server["sent"] == len(DATA)  # nothing came twice
    assert len(waits) == 2


def test_resumed_by_the_next_call(server, tmp_path):
    server["plan"] = [{"cut": 100_000}] + [{"status": 503}] * PATIENCE
    with pytest.raises(ShiftscopeError, match=r"could not be fetched .it answered 503.; what came is kept"):
        fetch(server, tmp_path)
    assert left(tmp_path) == [".data.bin.part", ".data.bin.part.tag"]
    path, _ = fetch(server, tmp_path)
    assert path.read_bytes() == DATA
    assert server["asked"][-1]["Range"] == "bytes=100000-"


def test_a_server_without_ranges(server, tmp_path):
    server |= {"plan": [{"cut": 100_000}], "no ranges": True}
    assert fetch(server, tmp_path)[0].read_bytes() == DATA


def test_a_file_that_changed_between_the_parts(server, tmp_path):
    server["plan"] = [{"cut": 100_000}, {"status": 503}] + [{"status": 503}] * PATIENCE
    with pytest.raises(ShiftscopeError):
        fetch(server, tmp_path)
    other = DATA[::-1]
    server |= {"plan": [], "data": other, "etag": '"two"'}
    path, _ = fetch(server, tmp_path, sum=f"md5:{hashlib.md5(other).hexdigest()}")
    assert path.read_bytes() == other


def test_a_file_that_changed_is_seen_where_the_server_knows_no_if_range(server, tmp_path):
    server["plan"] = [{"cut": 100_000}] + [{"status": 503}] * PATIENCE
    with pytest.raises(ShiftscopeError):
        fetch(server, tmp_path, sum=None)
    other = DATA[::-1]
    server |= {"plan": [], "data": other, "etag": '"two"', "no If-Range": True}
    assert fetch(server, tmp_path, sum=None)[0].read_bytes() == other
    assert server["asked"][-2]["Range"] == "bytes=100000-"
    assert "Range" not in server["asked"][-1]


def test_a_part_that_is_whole_or_too_long(server, tmp_path):
    (tmp_path / ".data.bin.part.tag").write_text('"one"')
    (tmp_path / ".data.bin.part").write_bytes(DATA)
    path, _ = fetch(server, tmp_path)
    assert path.read_bytes() == DATA
    assert server["sent"] == 0  # 416 says that there is no more
    path.unlink()
    (tmp_path / ".data.bin.part.tag").write_text('"one"')
    (tmp_path / ".data.bin.part").write_bytes(DATA + b"more")
    assert fetch(server, tmp_path)[0].read_bytes() == DATA
    assert server["sent"] == len(DATA)


def test_a_server_that_begins_anew_each_time_is_given_up(server, tmp_path):
    server |= {"no ranges": True, "plan": [{"cut": 100_000}, {"cut": 50_000}] * PATIENCE}
    with pytest.raises(ShiftscopeError, match=r"could not be fetched .it broke off"):
        fetch(server, tmp_path)
    assert len(server["asked"]) == PATIENCE


def test_what_does_not_say_its_length_must_have_a_sum(server, tmp_path):
    server |= {"no length": True, "plan": [{"cut": 100_000}]}
    with pytest.raises(ShiftscopeError, match="does not say how long it is"):
        fetch(server, tmp_path, sum=None)
    server["plan"] = [{"cut": 100_000}]
    with pytest.raises(ShiftscopeError, match="md5 sum"):
        fetch(server, tmp_path)
    assert left(tmp_path) == []
    assert fetch(server, tmp_path)[0].read_bytes() == DATA
    server["plan"] = [{"cut": 100_000}]
    path, waits = fetch(server, tmp_path / "sized", sum=None, size=len(DATA))
    assert path.read_bytes() == DATA
    assert len(waits) == 1


def test_a_published_size(server, tmp_path):
    with pytest.raises(ShiftscopeError, match=r"has 300,000 bytes, but 300,001 were expected \(the tests\)"):
        fetch(server, tmp_path, size=len(DATA) + 1)
    assert len(server["asked"]) == 1
    assert "data.bin" not in left(tmp_path)
    path, _ = fetch(server, tmp_path, sum=None, size=len(DATA))
    path.write_bytes(DATA[:-1])
    (tmp_path / "data.bin.sum.json").unlink()
    with pytest.raises(ShiftscopeError, match=r"data.bin has 299,999 bytes, but 300,000 were expected"):
        fetch(server, tmp_path, sum=None, size=len(DATA))


def test_a_wrong_sum_shows_both_and_leaves_nothing(server, tmp_path):
    with pytest.raises(ShiftscopeError, match=rf"md5 sum {SUM}, but {'0' * 32} was expected \(the tests\)"):
        fetch(server, tmp_path, sum="md5:" + "0" * 32)
    assert left(tmp_path) == []


def test_a_sum_that_nobody_publishes_is_recorded_and_held_to(server, tmp_path):
    path, _ = fetch(server, tmp_path, sum=None)
    record = json.loads((tmp_path / "data.bin.sum.json").read_text())
    assert record["sum"] == f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    fetch(server, tmp_path, sum=None)
    path.unlink()
    server["data"] = DATA[:-1]
    with pytest.raises(ShiftscopeError, match="recorded at the first download"):
        fetch(server, tmp_path, sum=None)
    assert left(tmp_path) == ["data.bin.sum.json"]
    path.write_bytes(b"spoilt")
    with pytest.raises(ShiftscopeError, match=r"data.bin has the sha256 sum .* remove it to fetch it again"):
        fetch(server, tmp_path, sum=None)


@pytest.mark.parametrize("text", ["junk", "[]", '{"sum": 3}', '{"sum": "nosuch:00"}', '{"sum": "sha256:00"}', "{}"])
def test_a_damaged_record_is_not_overwritten(server, tmp_path, text):
    fetch(server, tmp_path, sum=None)
    (tmp_path / "data.bin.sum.json").write_text(text)
    with pytest.raises(ShiftscopeError, match=r"data.bin.sum.json is damaged"):
        fetch(server, tmp_path, sum=None)
    assert (tmp_path / "data.bin.sum.json").read_text() == text


def test_what_is_there_is_used_where_nobody_may_write(server, tmp_path, monkeypatch):
    (tmp_path / "data.bin").write_bytes(DATA)

    def refuse(self, *arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("mkdir", "write_text", "replace"):
        monkeypatch.setattr(Path, name, refuse)
    for sum in (f"md5:{SUM}", None):
        assert fetch(server, tmp_path, sum=sum)[0].read_bytes() == DATA
    assert left(tmp_path) == ["data.bin"]
    with pytest.raises(ShiftscopeError, match=r"data.bin cannot be read or written in .*: Read-only file system"):
        fetch(server, tmp_path / "new")


def test_404_is_said_at_once(server, tmp_path):
    server["plan"] = [{"status": 404}]
    with pytest.raises(ShiftscopeError, match=r"data.bin answered 404 Not Found; .*'mirror'"):
        fetch(server, tmp_path)
    assert len(server["asked"]) == 1
    assert left(tmp_path) == []


def test_busy_then_fine(server, tmp_path):
    server["plan"] = [{"status": 503}, {"status": 429, "headers": {"Retry-After": "77"}}, {"status": 500}]
    path, waits = fetch(server, tmp_path)
    assert path.read_bytes() == DATA
    assert len(waits) == 3
    assert waits[1] == 77
    assert 1 <= waits[0] <= 2 < 4 <= waits[2] <= 8  # twice as long each time, with jitter


def test_retry_after_as_a_date_and_for_long(server, tmp_path):
    date = formatdate(time.time() + 200, usegmt=True)
    server["plan"] = [
        {"status": 503, "headers": {"Retry-After": date}},
        {"status": 503, "headers": {"Retry-After": "soon"}},
    ]
    _, waits = fetch(server, tmp_path)
    assert 100 < waits[0] <= 200
    assert waits[1] <= 4
    server["plan"] = [{"status": 429, "headers": {"Retry-After": "86400"}}]
    with pytest.raises(ShiftscopeError, match="answered 429 and asks to come again in 86,400 s"):
        fetch(server, tmp_path / "new")
    assert server["waits"] == []


@pytest.mark.parametrize("address", ["http:///data.bin", "http://127.0.0.1:99999/data.bin"])
def test_an_address_that_is_none_is_said_at_once(tmp_path, address):
    state = {"address": address}
    with pytest.raises(ShiftscopeError, match="cannot be fetched"):
        fetch(state, tmp_path)
    assert state["waits"] == []


def test_a_stall(server, tmp_path):
    server["plan"] = [{"stall": 1.5}]
    path, waits = fetch(server, tmp_path, silence_s=0.3)
    assert path.read_bytes() == DATA
    assert len(waits) == 1


def test_nobody_there(tmp_path):
    state = {"address": "http://127.0.0.1:9/data.bin"}
    with pytest.raises(ShiftscopeError, match="the connection failed"):
        fetch(state, tmp_path)
    assert len(state["waits"]) == PATIENCE - 1


def test_a_full_disk_before_and_in_the_middle(server, tmp_path, monkeypatch):
    class Usage:
        free = 1000

    with monkeypatch.context() as patch:
        patch.setattr(transfers.shutil, "disk_usage", lambda path: Usage)
        with pytest.raises(ShiftscopeError, match=r"needs 300,000 bytes more, but the disk of .* has only 1,000 free"):
            fetch(server, tmp_path)

    def full(chunks, file, *rest):
        file.write(next(chunks)[:5000])
        file.flush()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(transfers, "_write", full)
        with pytest.raises(ShiftscopeError, match=r"is full after 5,000 bytes of .*, and 295,000 more are needed"):
            fetch(server, tmp_path)
    assert "data.bin" not in left(tmp_path)
    assert fetch(server, tmp_path)[0].read_bytes() == DATA


def test_two_at_once_fetch_once(server, tmp_path):
    server["plan"] = [{"stall": 0.5}]
    threads = [threading.Thread(target=fetch, args=(server, tmp_path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "data.bin").read_bytes() == DATA
    assert len(server["asked"]) == 1


def test_two_processes_at_once_fetch_once(server, tmp_path):
    server["plan"] = [{"stall": 2}]
    code = (
        "import sys, pathlib\n"
        "from shiftscope.data.downloads import Download, download\n"
        f"download(Download('data', {server['address']!r}, 'md5:{SUM}', 'the tests'), pathlib.Path(sys.argv[1]))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.PIPE) for _ in range(2)]
    for process in running:
        _, log = process.communicate()
        assert process.returncode == 0, log.decode()
    assert (tmp_path / "data.bin").read_bytes() == DATA
    assert len(server["asked"]) == 1


def test_mirrors_and_accounts(server, tmp_path):
    row = Download("data", "https://nowhere.invalid/a/data.bin?x=1", f"md5:{SUM}", "the tests")
    mirror = server["address"].rpartition("/")[0] + "/"
    assert download(row, tmp_path, mirror=mirror).read_bytes() == DATA
    with pytest.raises(ShiftscopeError, match="is no address that begins with http"):
        download(row, tmp_path, mirror="file:///etc")
    with pytest.raises(ShiftscopeError, match=r"ILSVRC2012_img_val.tar needs an account: register at https://image-net"):
        download("imagenet-val", tmp_path)
    with pytest.raises(ShiftscopeError, match=r"imagenete.*imagenette-160"):
        download("imagenete-160", tmp_path)


def test_the_table():
    for name, row in known().items():
        assert name == row.name
        assert Path(row.file).suffix in (".tgz", ".gz", ".zip", ".tar", ".txt")
        assert (row.sum is None and row.size is None) == (row.published is None)
        assert row.size is None or row.size > 0
        if row.sum:
            algorithm, _, value = row.sum.partition(":")
            assert len(value) == 2 * hashlib.new(algorithm).digest_size


def test_the_sums_are_those_that_torchvision_publishes():
    from torchvision.datasets.imagenet import ARCHIVE_META
    from torchvision.datasets.imagenette import Imagenette
    from torchvision.datasets.voc import DATASET_YEAR_DICT

    published = dict(Imagenette._ARCHIVES.values()) | {row["url"]: row["md5"] for row in DATASET_YEAR_DICT.values()}
    published |= {
        known()[name].address: ARCHIVE_META[key][1]
        for name, key in (("imagenet-val", "val"), ("imagenet-devkit", "devkit"))
    }
    rows = [row for row in known().values() if (row.published or "").startswith("torchvision")]
    assert len(rows) == 7
    for row in rows:
        assert row.sum == f"md5:{published[row.address]}", row.name
