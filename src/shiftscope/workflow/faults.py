"""What a machine refuses, in one sentence: what happened, where, and what to do."""

import errno

from shiftscope.core.errors import ShiftscopeError

AGAIN = "run the same command again, and it goes on from here"
FAULTS = {
    errno.ENOSPC: f"the disk is full; make room, and {AGAIN}",
    errno.EDQUOT: f"your quota on this disk is used up; make room, and {AGAIN}",
    errno.EROFS: "the disk can only be read; make the folder of the results a link to one on another disk",
    errno.EACCES: "it may not be read or written by you; change its permissions, or write another folder in the config",
    errno.EPERM: "the system does not permit it (an immutable file, or one of another user); change that, or write another "
    "folder in the config",
    errno.ENOTDIR: "a file lies where a folder has to be; move it away, or write another folder in the config",
    errno.EEXIST: "a file lies where a folder has to be; move it away, or write another folder in the config",
    errno.EISDIR: "a folder lies where a file has to be; move it away",
    errno.ENAMETOOLONG: "the name is longer than the disk allows; give a shorter name in the config",
    errno.EIO: f"the disk or network share does not answer; see to it, and {AGAIN}",
    errno.ESTALE: f"the network share was lost; see to it, and {AGAIN}",
    errno.ETIMEDOUT: f"the disk or network share does not answer in time; see to it, and {AGAIN}",
    errno.EMFILE: f"too many files are open at once; raise the limit (ulimit -n), and {AGAIN}",
}
"""What to say of an error of the system, by its number."""


def sentence(error: BaseException) -> str | None:
    """The sentence for an error that a user can do something about; None for a fault of shiftscope's own.

    >>> sentence(OSError(errno.ENOSPC, "No space left on device", "results/digits/boxes.parquet"))
    'results/digits/boxes.parquet: the disk is full; make room, and run the same command again, and it goes on from here'
    >>> sentence(KeyError("image_id")) is None
    True
    """
    from shiftscope.engines.devices import devices  # all jobs import this module, and few of them need a device

    if isinstance(error, ShiftscopeError):
        return str(error)
    if devices["cpu"].item().out_of_memory(error):
        return f"the memory is full; run fewer jobs at once (--cores), or on a machine with more memory, and {AGAIN}"
    number = _number(error)
    if number is None:
        return None
    where = getattr(error, "filename", None) or "one of the files of this job"
    return f"{where}: {FAULTS[number]}"


def _number(error: BaseException) -> int | None:
    """The system's number of an error of `FAULTS`. Libraries in Rust and C++ hand on its text alone."""
    if isinstance(error, OSError) and error.errno in FAULTS:
        return error.errno
    text = str(error)
    if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in ("polars", "pyarrow", "safetensors"):
        return next((number for number in FAULTS if f"os error {number})" in text or f"errno {number}]" in text), None)
    # torch.save says nothing more than this where the disk is full.
    return errno.ENOSPC if isinstance(error, RuntimeError) and "inline_container" in text else None
