"""What is wrong with one section of a config beyond its keys and values: files that are not there, too many frames."""

from collections.abc import Callable
from pathlib import Path

from shiftscope.config.names import NETWORKS
from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError, shown
from shiftscope.core.values import path_fault
from shiftscope.protocols import Protocol
from shiftscope.protocols.geometry import LARGEST_RESIZED
from shiftscope.sources import Source


def raised(where: str, check: Callable[..., object], *arguments: object) -> list[str]:
    """What `check(*arguments)` says is wrong, in a sentence that begins with `where` it is; nothing if all is right."""
    try:
        check(*arguments)
    except ShiftscopeError as error:
        return [f"{where}: {error}"]
    except OSError as error:  # a folder that may not be entered, a network share that is gone
        return [f"{where}: {error.filename} cannot be looked at: {error.strerror}"]
    return []


def results_problems(results: Path) -> list[str]:
    """What is in the place of the folder of results, or of one that it lies in, and is no folder."""
    taken = next((path for path in (*reversed(results.parents), results) if path.exists() and not path.is_dir()), None)
    return [] if taken is None else [f"results: {taken} is a file, and no folder; move it, or write another folder"]


def source_problems(name: str, source: Source) -> list[str]:
    """What is wrong with the files of a data set: they are not there, or Snakemake cannot be told of them."""
    if name == NETWORKS:
        return [f"datasets.{name}: this folder of the results is that of the networks; write another name"]

    def check() -> None:
        source.check()
        for path in source.inputs():
            if fault := path_fault(str(path)):
                raise ShiftscopeError(f"{shown(str(path))}: {fault}")

    return raised(f"datasets.{name}", check)


def protocol_problems(name: str, protocol: Protocol, size: int) -> list[str]:
    """What is wrong with a protocol at an input of `size` px."""
    steps, side = protocol.steps() or 1, protocol.resized_side(size)
    found = raised(f"protocols.{name}", protocol.check, size)
    if steps > limits.STEPS:
        found.append(f"protocols.{name}: makes {steps:,} frames of a picture, and at most {limits.STEPS:,} are possible")
    if side**2 > LARGEST_RESIZED:
        found.append(
            f"protocols.{name}: at an input of {size} px, pictures would be resized to {side:,} × {side:,} px, and at most "
            f"{LARGEST_RESIZED:,} px in all are possible"
        )
    return found
