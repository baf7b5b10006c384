"""Networks as a job asks them: in batches that get smaller where memory runs out, and checked on a share of the frames."""

import sys
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core.randomness import generator
from shiftscope.engines.devices import Device
from shiftscope.networks.modules import Run


class Batched:
    """A network that halves its batches where the memory of its device runs out, and goes on with the smaller ones.

    Parameters
    ----------
    run : the network as the engine loaded it for `device`.
    batch_size : of the frames that it is asked about at once; `batch_size` of this object is what has become of it.
    name : of the network, for the log.
    """

    def __init__(self, run: Run, device: Device, batch_size: int, name: str) -> None:
        self.run, self.device, self.batch_size, self.name = run, device, batch_size, name

    def __call__(self, frames: Any) -> Any:
        """The logits, (frames, outputs), of any number of frames. Raises what the device raised where even one frame at a
        time is too much for its memory."""
        while True:
            try:
                return self._in_parts(frames)
            except Exception as error:
                if not self.device.out_of_memory(error) or self.batch_size == 1:
                    raise
            # Behind the handler: what the error refers to keeps its memory as long as that runs.
            self.device.free()
            half = -(-self.batch_size // 2)
            print(
                f"{self.name}: memory is too small for {self.batch_size} frames at a time; {half} from here on",
                file=sys.stderr,
                flush=True,
            )
            self.batch_size = half

    def _in_parts(self, frames: Any) -> Any:
        """The logits, in parts of one size where there are enough frames: the last part begins earlier for that, since
        another size would make compiled engines compile again."""
        count, size = len(frames), self.batch_size
        if count <= size:
            return self.run(frames)
        found = []
        for start in range(0, count, size):
            first = min(start, count - size)
            found.append(self.run(frames[first : first + size])[start - first :])
        return self.device.xp.concatenate(found)


class Audit:
    """Counts on how many of the frames that it draws a network's top class is another one than that of a reference.

    Parameters
    ----------
    reference : the network on eager torch in float32, on the same device.
    share : of the distinct frames, in [0, 1].
    seed : decides which, together with the ids of their images.
    """

    def __init__(self, reference: Batched, share: float, seed: int) -> None:
        self.reference, self.share, self.seed = reference, share, seed
        self.xp = reference.device.xp
        self.audited = self.changed = 0
        self._frames: list[Any] = []
        self._top: list[Any] = []

    def drawn(self, windows: pl.DataFrame) -> NDArray[np.bool_]:
        """Whether each of these windows is looked at; those of one image_id follow each other."""
        images = windows["image_id"].rle().struct.unnest().select("value", "len")
        draws = [generator(self.seed, "audit", name).random(count) for name, count in images.iter_rows()]
        return np.concatenate([np.empty(0), *draws]) < self.share

    def see(self, frames: Any, logits: Any, chosen: Any) -> None:
        """Look at the `chosen` ones, by their numbers, of some frames and their logits, once there are enough to ask."""
        self._frames.append(frames[chosen])
        self._top.append(self.xp.argmax(logits[chosen], axis=1))
        if sum(map(len, self._frames)) >= self.reference.batch_size:
            self.finish()

    def finish(self) -> None:
        """Look at those that are still waiting."""
        if not self._frames:
            return
        asked = self.reference(self.xp.concatenate(self._frames))
        differ = self.xp.argmax(asked, axis=1) != self.xp.concatenate(self._top)
        self.audited += len(asked)
        self.changed += int(differ.sum())
        self._frames, self._top = [], []
