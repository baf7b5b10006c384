"""A GPU of CUDA: canvases travel, once, on a stream of their own beside computation, and frames are cut there."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.engines.devices import Device, Part, devices

if TYPE_CHECKING:
    from torch import Tensor

CUT_AT_ONCE = 64
"""How many frames are cut with one index, which takes eight bytes a pixel while it is used."""


class Streaming(Device):
    """A device of torch with two streams: one copies and cuts frames, one computes. What waits for what is decided here;
    what a stream and an event are, the methods with an underscore say."""

    place: str
    """torch's name of the device."""

    def __init__(self) -> None:
        import torch

        self.xp = torch
        self.copying, self.computing = self._streams()

    def _streams(self) -> tuple[Any, Any]:
        """A new stream for copies, and the one that the main thread computes on."""
        raise NotImplementedError

    def _on(self, stream: Any) -> AbstractContextManager[Any]:
        """A context in which this thread's work goes to `stream`."""
        raise NotImplementedError

    def _pinned(self, shape: Sequence[int], dtype: Any) -> "Tensor":
        """Memory of the processor that copies can be made from while it does something else. torch keeps it until they are
        over, and then uses it again."""
        raise NotImplementedError

    def _event(self, stream: Any) -> Any:
        """A mark behind all that `stream` was given so far."""
        raise NotImplementedError

    def _wait(self, stream: Any, event: Any) -> None:
        """Let `stream` wait for an event of another one, without waiting here."""
        raise NotImplementedError

    def _used(self, array: "Tensor", stream: Any) -> None:
        """Keep the memory of `array` until `stream`, which did not make it, has done what it was given so far."""
        raise NotImplementedError

    def _reached(self, event: Any) -> None:
        """Wait here until an event is reached."""
        raise NotImplementedError

    def send(self, canvases: Sequence[NDArray[np.uint8]]) -> Any:
        widths = np.array([canvas.shape[1] for canvas in canvases])
        ends = np.cumsum([canvas.shape[0] * canvas.shape[1] for canvas in canvases])
        pinned = self._pinned((int(ends[-1]), 3), np.uint8)
        pixels = pinned.numpy()
        for canvas, end in zip(canvases, ends, strict=True):
            pixels[end - canvas.shape[0] * canvas.shape[1] : end].reshape(canvas.shape)[...] = canvas
        starts = np.concatenate([[0], ends[:-1]])
        return self._sent(pinned), starts, widths

    def frames(self, parts: Sequence[Part], size: int, batch: int) -> Any:
        torch = self.xp
        with self._on(self.copying), torch.inference_mode():
            pixels = torch.empty((batch, size, size, 3), dtype=torch.uint8, device=self.place)
            count = 0
            for sent, windows in parts:
                for some in np.split(windows, range(CUT_AT_ONCE, len(windows), CUT_AT_ONCE)):
                    pixels[count : count + len(some)] = self._cut(sent, some, size)
                    count += len(some)
            pixels[count:] = pixels[count - 1]
        return pixels, self._event(self.copying)

    def _cut(self, sent: Any, windows: NDArray[np.int64], size: int) -> "Tensor":
        """Windows (canvas, upper edge, left edge) of what `send` returned: (windows, size, size, 3)."""
        pixels, starts, widths = sent
        canvas, top, left = windows.T
        corners = np.stack([starts[canvas] + top * widths[canvas] + left, widths[canvas]])
        first, width = self._sent(self._filled(corners))
        steps = self.xp.arange(size, device=self.place)
        rows = first[:, None] + width[:, None] * steps
        cut: Tensor = pixels[rows[..., None] + steps]
        return cut

    def arrays(self, *arrays: NDArray[Any]) -> Any:
        return tuple(self._sent(self._filled(array)) for array in arrays), self._event(self.copying)

    def _filled(self, array: NDArray[Any]) -> "Tensor":
        pinned = self._pinned(array.shape, array.dtype)
        pinned.numpy()[...] = array
        return pinned

    def _sent(self, pinned: "Tensor") -> "Tensor":
        # All arrays are of torch's inference mode, since a compiled network is compiled again for others.
        with self._on(self.copying), self.xp.inference_mode():
            return pinned.to(self.place, non_blocking=True, copy=True)

    def take(self, coming: Any) -> Any:
        there, event = coming
        self._wait(self.computing, event)
        for array in there if isinstance(there, tuple) else (there,):
            self._used(array, self.computing)
        return there

    def begin(self, function: Callable[..., tuple[Any, ...]], *given: Any) -> Any:
        with self.xp.inference_mode():
            # What goes to the processor without being waited for goes to pinned memory.
            back = tuple(array.to("cpu", non_blocking=True) for array in function(*given))
        return back, self._event(self.computing)

    def arrived(self, pending: Any) -> tuple[NDArray[Any], ...]:
        back, event = pending
        self._reached(event)
        return tuple(array.numpy() for array in back)


@devices.register("cuda", title="a GPU of CUDA", reference="torch.cuda: streams, events, pinned memory")
class Cuda(Streaming):
    """The GPU that torch calls the current one."""

    place = "cuda"

    def _streams(self) -> tuple[Any, Any]:
        return self.xp.cuda.Stream(), self.xp.cuda.current_stream()

    def _on(self, stream: Any) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = self.xp.cuda.stream(stream)
        return context

    def _pinned(self, shape: Sequence[int], dtype: Any) -> "Tensor":
        like = self.xp.from_numpy(np.empty(0, dtype)).dtype
        pinned: Tensor = self.xp.empty(tuple(shape), dtype=like, pin_memory=True)
        return pinned

    def _event(self, stream: Any) -> Any:
        event = self.xp.cuda.Event(blocking=True)  # who waits for it leaves the processor to others
        event.record(stream)
        return event

    def _wait(self, stream: Any, event: Any) -> None:
        stream.wait_event(event)

    def _used(self, array: "Tensor", stream: Any) -> None:
        array.record_stream(stream)

    def _reached(self, event: Any) -> None:
        event.synchronize()

    def wait(self) -> None:
        self.xp.cuda.synchronize()

    def free(self) -> None:
        self.xp.cuda.empty_cache()

    def out_of_memory(self, error: BaseException) -> bool:
        # Libraries below torch say it in their own words.
        words = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
        return isinstance(error, self.xp.OutOfMemoryError) or (
            isinstance(error, RuntimeError) and any(word in str(error) for word in words)
        )

    def hardware(self) -> str:
        found = self.xp.cuda.get_device_properties(self.xp.cuda.current_device())
        # A GPU may be lent in slices of the same name.
        return f"{found.name}, {found.multi_processor_count} multiprocessors, {found.total_memory} bytes"
