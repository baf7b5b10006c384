"""How this process treats memory that it has freed."""

import ctypes
import sys
from contextlib import suppress

LARGEST = 32 << 20
"""Bytes of the largest block that is kept for the next use; glibc takes no higher number."""
KEPT = 512 << 20
"""Bytes of freed memory at the end of the heap from which on it is given back to the system."""

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
