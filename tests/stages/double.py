"""A double of a GPU: torch on the processor with the streams of `Streaming`, that notes what is done in which order, and goes
on only where work overlaps.

A network that runs on it ends no batch before the next one is being copied, and gives out no result before a later batch is
being computed. A loop that does one thing after the other would wait for ever; here it ends with `Serial`.
"""

import threading
from contextlib import contextmanager

import numpy as np
import torch

from shiftscope.engines.devices.cuda import Streaming


class Serial(AssertionError):
    """Something waits that should go on beside something else."""


class Event:
    """A mark on a stream."""

    def __init__(self, stream):
        self.stream = stream


class Double(Streaming):
    place = "cpu"

    def __init__(self, batches, patience_s=60.0, room=None):
        """`batches`: how many there will be; `room`: the largest batch that the memory has room for."""
        self.batches, self.patience_s, self.room = batches, patience_s, room
        self.log, self.changed = [], threading.Condition()
        self.cut = {}  # batches by the id of their pixels: the event behind their copy
        self.waited, self.kept, self.begun_before, self.freed = set(), set(), {}, 0
        super().__init__()

    def note(self, *what):
        with self.changed:
            self.log.append(what)
            self.changed.notify_all()

    def count(self, what):
        return sum(noted[0] == what for noted in self.log)

    def expect(self, condition, words):
        with self.changed:
            if not self.changed.wait_for(condition, self.patience_s):
                raise Serial(words)

    # What a stream and an event are

    def _streams(self):
        return "copying", "computing"

    @contextmanager
    def _on(self, stream):
        yield

    def _pinned(self, shape, dtype):
        return torch.from_numpy(np.zeros(tuple(shape), dtype))

    def _event(self, stream):
        return Event(stream)

    def _wait(self, stream, event):
        assert (stream, event.stream) == ("computing", "copying")
        self.waited.add(event)

    def _used(self, array, stream):
        assert stream == "computing"
        self.kept.add(id(array))

    def _reached(self, event):
        assert event.stream == "computing"

    # What is noted

    def send(self, canvases):
        self.note("sent", sum(canvas.shape[0] * canvas.shape[1] for canvas in canvases), threading.current_thread())
        return super().send(canvases)

    def frames(self, parts, size, batch):
        self.note("cut", threading.current_thread())
        pixels, event = super().frames(parts, size, batch)
        self.cut[id(pixels)] = pixels, event
        return pixels, event

    def take(self, coming):
        there = super().take(coming)
        if id(there) in self.cut:
            self.note("taken", len(there))
        return there

    def network(self, answer):
        """A network on this device, of a function from frames to logits, both numpy arrays."""

        def run(frames):
            if self.room is not None and len(frames) > self.room:
                raise torch.OutOfMemoryError(f"CUDA out of memory for {len(frames)} frames\nand more lines")
            if id(frames) in self.cut:
                pixels, event = self.cut[id(frames)]
                assert event in self.waited, "the network runs on frames that may not have arrived"
                assert id(pixels) in self.kept, "the frames' memory may be given away while the network runs on them"
            self.note("run", len(frames), threading.current_thread())
            number = self.count("taken")
            self.expect(
                lambda: self.count("cut") > min(number, self.batches - 1),
                f"batch {number} of {self.batches} ended, and nobody had begun to copy the next one",
            )
            return torch.from_numpy(answer(frames.numpy()))

        return run

    def begin(self, function, *given):
        pending = super().begin(function, *given)
        self.begun_before[id(pending)] = self.count("taken")
        return pending

    def arrived(self, pending):
        begun = self.begun_before[id(pending)]
        self.expect(
            lambda: self.count("taken") > min(begun, self.batches - 1),
            f"the results of the first {begun} batches were waited for before the next one was begun",
        )
        self.note("arrived", threading.current_thread())
        return super().arrived(pending)

    def wait(self):
        pass

    def free(self):
        self.freed += 1

    def out_of_memory(self, error):
        return isinstance(error, torch.OutOfMemoryError)

    def hardware(self):
        return "a double"
