"""Devices, on which networks run: one file per device.

A job is a pipeline of threads. One decodes canvases; one, ahead, sends them to the device and has the frames cut there. The
main thread runs the network on them and begins what comes back. One is behind: it waits for what has arrived and writes it.
The loop (`stages.infer`) is the same for all devices; what a device does beside the processor, it does without being waited
for. A network on a device is a function from frames to logits, both held by the device (`networks.modules.Run`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.registry import Registry
from shiftscope.networks.modules import Run

Part = tuple[Any, NDArray[np.int64]]
"""What `Device.send` returned, and windows on it, (windows, 3): the place of a canvas among those that were sent, and the
upper and left edge of the window on it, px."""


class Device:
    """Base of all devices. One instance serves one job: its threads, each with its own methods."""

    xp: Any
    """The array library whose arrays the device holds: numpy or torch."""
    together: int = 1
    """How many frames come together, at least, if that is more than a batch: to hand over each batch of a few small frames
    from one thread to the next takes a part of the time that the network takes."""

    # In the thread ahead

    def send(self, canvases: Sequence[NDArray[np.uint8]]) -> Any:
        """Begin to copy canvases, uint8 (height, width, 3), to the device, in one transfer; what is returned stands for
        them in `frames`."""
        raise NotImplementedError

    def frames(self, parts: Sequence[Part], size: int, batch: int) -> Any:
        """Begin to cut a batch of frames, uint8 (batch, size, size, 3), out of canvases on the device.

        The windows of `parts` come in their order; where they are fewer than `batch`, the last one is repeated, since a
        batch of another size would make compiled engines compile again. `take` makes an array of what is returned.
        """
        raise NotImplementedError

    def arrays(self, *arrays: NDArray[Any]) -> Any:
        """Begin to copy arrays to the device; `take` makes a tuple of arrays of what is returned."""
        raise NotImplementedError

    # In the main thread

    def take(self, coming: Any) -> Any:
        """The array of `frames`, or the tuple of `arrays`, for use by what is computed from now on."""
        raise NotImplementedError

    def begin(self, function: Callable[..., tuple[Any, ...]], *given: Any) -> Any:
        """Begin to compute a tuple of arrays from arrays on the device and to copy it back; `arrived` waits for it."""
        raise NotImplementedError

    def wait(self) -> None:
        """Wait until all that was begun is done."""
        raise NotImplementedError

    def free(self) -> None:
        """Give back memory that is kept for later arrays."""

    # In the thread behind

    def arrived(self, pending: Any) -> tuple[NDArray[Any], ...]:
        """The tuple that was begun, as numpy arrays."""
        raise NotImplementedError

    # Anywhere

    def out_of_memory(self, error: BaseException) -> bool:
        """Whether an error says that the device has too little memory."""
        raise NotImplementedError

    def hardware(self) -> str:
        """What times depend on: the name of the processor or the GPU, in words."""
        raise NotImplementedError

    # Made of the others

    def hold(self, array: NDArray[Any]) -> Any:
        """An array on the device."""
        return self.take(self.arrays(array))[0]

    def host(self, array: Any) -> NDArray[Any]:
        """An array of the device as a numpy array."""
        return self.arrived(self.begin(lambda: (array,)))[0]

    def on_numpy(self, run: Run) -> Run:
        """A network on this device as a function on numpy arrays, which waits for its answers."""
        return lambda frames: self.host(run(self.hold(frames)))


devices: Registry[type[Device]] = Registry("device", __name__)
