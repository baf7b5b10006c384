"""Freed memory is used again, and little time is spent on looking for more."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = """
import resource, sys
import numpy as np
from shiftscope.core.memory import keep_freed

if sys.argv[1] == "kept":
    assert keep_freed()
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def use():
    several = [np.ones(2**21, np.uint8) for _ in range(20)]  # 2 MB each: 512 pages
    return len(several)
use(), use()
before = faults()
for _ in range(10):
    use()
print((faults() - before) / (10 * 20))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep what is freed")
def test_blocks_that_were_freed_are_not_asked_of_the_system_again():
    def faults_a_block(how: str) -> float:
        done = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return float(done.stdout)

    assert faults_a_block("kept") < 5
    assert faults_a_block("as it is") > 50


END = """
import atexit, gc, sys, weakref
from pathlib import Path
from tempfile import TemporaryDirectory
from shiftscope.core.memory import SELDOM, look_past_what_is_there, look_seldom

look_seldom()
assert gc.get_threshold()[0] == SELDOM
class Node: pass
def circle():
    node = Node()
    node.itself = node
    return weakref.ref(node)
gone, found = circle(), [[] for _ in range(3 * SELDOM)]
assert gone() is None, "garbage is found, if later"
folder = TemporaryDirectory()
atexit.register(lambda: print("said at the end"))
print(folder.name)
look_past_what_is_there()
assert not gc.get_objects()
"""


def test_garbage_is_still_found_and_what_is_to_be_done_at_the_end_is_done():
    done = subprocess.run([sys.executable, "-c", END], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    folder, said = done.stdout.splitlines()
    assert said == "said at the end"
    assert not Path(folder).exists()
