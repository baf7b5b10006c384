"""What examples may not do is noticed."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from shiftscope.core.errors import ShiftscopeError

from .guard import guarded

WRONG = {
    "a file beside": lambda folder: (folder.parent / "x").write_text("x"),
    "a folder beside": lambda folder: (folder.parent / "y").mkdir(),
    "a file that is renamed to beside": lambda folder: (folder / "a").rename(folder.parent / "b"),
    "a file of the system's": lambda folder: Path("/etc/passwd").read_bytes(),
    "a program": lambda folder: subprocess.run(["true"], check=True),
    "a shell": lambda folder: os.system("true"),
    "the network": lambda folder: socket.getaddrinfo("127.0.0.1", 80),
    "a sentence without an end": lambda folder: exec('raise ShiftscopeError("x" * 100_000)', {"ShiftscopeError": ShiftscopeError}),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_noticed(wrong, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a").write_text("x")
    with pytest.raises(AssertionError), guarded(folder):
        wrong(folder)


def test_what_is_right_is_not(tmp_path):
    with guarded(tmp_path):
        (tmp_path / "a").write_text("x")
        (tmp_path / "a").rename(tmp_path / "b")
        Path("/proc/self/status").read_bytes()
        raise ShiftscopeError("a sentence")


def test_other_errors_pass(tmp_path):
    with pytest.raises(KeyError), guarded(tmp_path):
        raise KeyError("x")
