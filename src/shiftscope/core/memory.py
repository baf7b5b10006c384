"""How this process treats memory that it has freed, and how often it looks for more to free."""

import ctypes
import gc
import sys
from contextlib import suppress

LARGEST = 32 << 20
"""Bytes of the largest block that is kept for the next use. Larger ones are few."""
KEPT = 512 << 20
"""Bytes of freed memory at the end of the heap from which on it is given back to the system."""

SELDOM = 10_000
"""New objects after which Python looks for garbage."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of <malloc.h>


def keep_freed() -> bool:
    """Have blocks of up to `LARGEST` bytes reused once they are freed, rather than given back to the system, which hands
    out every page of them anew and filled with zeros: a third of the time of training a small network.

    Returns whether that is done: only glibc can, and elsewhere nothing changes.
    """
    if sys.platform != "linux":
        return False
    with suppress(OSError, AttributeError):  # another C library
        set_option = ctypes.CDLL(None).mallopt
        return bool(set_option(M_MMAP_THRESHOLD, LARGEST)) and bool(set_option(M_TRIM_THRESHOLD, KEPT))
    return False


def look_seldom() -> None:
    """Have Python look for garbage, which is objects that refer to each other in a circle, after `SELDOM` new objects. It
    does so after 700 by itself, which takes a fifth of the time of drawing figures and of importing torch."""
    gc.set_threshold(SELDOM)


def look_past_what_is_there() -> None:
    """Have Python leave out the objects that there are now whenever it looks for garbage, and so when the process ends:
    that last look takes more than a second where torch is loaded. What is registered to be done at the end is done all the
    same. For jobs that are about to end, and for Snakemake, which keeps what it has loaded."""
    gc.freeze()
