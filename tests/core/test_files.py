"""Complete or absent."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from shiftscope.core.files import complete, scratch


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_name_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "deep" / "file"
    with complete(path) as part:
        part.write_text("whole")
        assert not path.exists()
        written = part.stat().st_ino
    assert path.read_text() == "whole"
    assert path.stat().st_ino == written  # renamed, not copied: there is no moment with half a file
    assert names(path.parent) == ["file"]


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail():
        with complete(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path):
    path = tmp_path / "file"
    code = f"""
import os, signal
from shiftscope.core.files import complete
with complete({str(path)!r}) as part:
    part.write_text('half')
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert not path.exists()
    assert len(names(tmp_path)) == 1
    other = tmp_path / f".file.{socket.gethostname()}.{os.getpid()}.part"  # a living process's own is left alone
    other.write_text("mine")
    with complete(tmp_path / "file2") as part:
        part.write_text("x")
    assert other.exists()
    other.unlink()
    with complete(path) as part:
        part.write_text("whole")
    assert names(tmp_path) == ["file", "file2"]


def test_a_folder_for_what_is_in_between_is_empty_and_gone_afterwards(tmp_path):
    code = f"""
import os, signal
from shiftscope.core.files import scratch
with scratch({str(tmp_path / "file")!r}) as folder:
    (folder / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 1

    def fail():
        with scratch(tmp_path / "file") as folder:
            assert names(tmp_path) == [folder.name]
            assert names(folder) == []
            (folder / "a").write_text("a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == []


def test_a_folder_is_looked_through_once_however_many_files_it_gets(tmp_path, monkeypatch):
    looked, really = [], os.scandir
    monkeypatch.setattr("os.scandir", lambda folder: looked.append(str(folder)) or really(folder))
    for number in range(20):
        with complete(tmp_path / f"{number}") as part:
            part.write_text("x")
    assert looked == [str(tmp_path)]
    assert len(names(tmp_path)) == 20
