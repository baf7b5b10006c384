"""The processor: nothing travels, and nothing is done before somebody waits for it."""

import hashlib
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.engines.devices import Device, Part, devices

FULL = ("DefaultCPUAllocator", "Failed to allocate", "bad_alloc")
"""What a RuntimeError has in it where memory is full: torch's, and two of OpenVINO's."""


@devices.register("cpu", title="the processor", reference="numpy; no library of networks is imported for it")
class Cpu(Device):
    """Frames are cut in the thread that reads ahead, and answers are described in the one behind."""

    xp = np
    together = 64

    def send(self, canvases: Sequence[NDArray[np.uint8]]) -> Any:
        return canvases

    def frames(self, parts: Sequence[Part], size: int, batch: int) -> Any:
        pixels = np.empty((batch, size, size, 3), np.uint8)
        count = 0
        for canvases, windows in parts:
            for place, top, left in windows:
                pixels[count] = canvases[place][top : top + size, left : left + size]
                count += 1
        pixels[count:] = pixels[count - 1]
        return pixels

    def arrays(self, *arrays: NDArray[Any]) -> Any:
        return arrays

    def take(self, coming: Any) -> Any:
        return coming

    def begin(self, function: Callable[..., tuple[Any, ...]], *given: Any) -> Any:
        return function, given  # computed by the thread behind, while the network runs on

    def wait(self) -> None:
        pass

    def arrived(self, pending: Any) -> tuple[NDArray[Any], ...]:
        function, given = pending
        return tuple(np.asarray(array) for array in function(*given))

    def out_of_memory(self, error: BaseException) -> bool:
        # Neither torch's allocator nor OpenVINO's has an error class of its own.
        said = str(error) if isinstance(error, RuntimeError) else ""
        return isinstance(error, MemoryError) or any(words in said for words in FULL)

    def hardware(self) -> str:
        info = Path("/proc/cpuinfo")
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
        # The model's name is not everything: what a hypervisor passes on decides which instructions engines use.
        said = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "flags"))]
        name = said[0] if said else platform.processor() or platform.machine()
        return f"{name}, {os.cpu_count()} processors, features {hashlib.sha256(repr(said).encode()).hexdigest()[:8]}"
