"""Complete or absent."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from shiftscope.core.files import complete


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
