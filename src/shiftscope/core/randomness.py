"""Random draws that depend on what they are for, never on the order of work."""

import hashlib

import numpy as np


def generator(seed: int, *keys: str | int) -> np.random.Generator:
    """A generator for one purpose: the same `seed` and `keys` (an image's id, a protocol's name) give the same draws on
    every machine, in every shard and for every subset."""
    text = "\x1f".join(str(part) for part in (seed, *keys))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little"))
