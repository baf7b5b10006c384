"""The state of a training that was interrupted, in a file beside the weights that it will write."""

import hashlib
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.files import complete

SEAL = 64
"""The length of the digest, in characters, with which the file begins."""


class Checkpoint:
    """A file with the state of a training after its last whole epoch.

    It begins with a digest of the rest and of what decides the training, so that a file that is damaged or belongs to
    another training is recognised, and passed over.
    """

    def __init__(self, path: Path, decides: str) -> None:
        """`decides` is a digest of everything that decides the training."""
        self.path = path
        self.decides = decides

    def write(self, state: dict[str, Any]) -> None:
        """Write tensors, numbers and texts, complete or not at all."""
        import torch

        payload = io.BytesIO()
        torch.save(state, payload)
        with complete(self.path) as part:
            part.write_bytes(self._seal(payload.getvalue()) + payload.getvalue())

    def read(self) -> dict[str, Any] | None:
        """What `write` was given last; None where there is no such file, or none of this training."""
        import torch

        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        seal, payload = content[:SEAL], content[SEAL:]
        if seal != self._seal(payload):
            print(f"{self.path} is damaged or of another training, and is not used", file=sys.stderr)
            return None
        state: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
        return state

    def remove(self) -> None:
        """Remove the file, if there is one."""
        self.path.unlink(missing_ok=True)

    def _seal(self, payload: bytes) -> bytes:
        return hashlib.sha256(self.decides.encode() + payload).hexdigest().encode()


def digest(*parts: str | bytes | NDArray[Any]) -> str:
    """SHA-256 of texts, bytes and arrays, each with its length or shape, in hexadecimal digits.

    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype} {part.shape}\0".encode())
            found.update(np.ascontiguousarray(part).data)
        else:
            content = part.encode() if isinstance(part, str) else part
            found.update(f"{len(content)}\0".encode() + content)
    return found.hexdigest()
