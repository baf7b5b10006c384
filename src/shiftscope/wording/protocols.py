"""What a protocol does to a picture, as the beginning of a sentence about networks."""

from collections.abc import Mapping
from typing import Any

MOVING = ("box_crop", "circular", "crop", "embed", "pad", "sizes", "subpixel")
"""Kinds of protocols whose steps move the picture, or the window on it."""


def lead(name: str, fact: Mapping[str, Any], frames: int | None = None) -> str:
    """What happens between two frames of a protocol, to be followed by a comma and a network.

    Parameters
    ----------
    name : of the protocol in the config.
    fact : its `kind` and its `apart`: how far apart the values are that it sweeps, in its unit; None where that differs.
    frames : of each picture, if that is known.

    >>> lead("crop", {"kind": "crop", "apart": 1})
    'Moved by one pixel (crop)'
    >>> lead("resizers", {"kind": "resizers", "apart": None}, 15)
    'Resized by 15 functions in turn (resizers)'
    """
    kind, apart = fact["kind"], fact.get("apart")
    several = "several" if frames is None else str(frames)
    if kind in MOVING:
        said = "Moved" if apart is None else f"Moved by {_pixels(apart)}"
    elif kind == "scale":
        said = "Made larger" if apart is None else f"Made larger by {_pixels(apart)}"
    elif kind == "rotate":
        said = "Turned" if apart is None else f"Turned by {apart:g}°"
    elif kind == "natural":
        said = "From one frame of the film to the next"
    elif kind == "resizers":
        said = f"Resized by {several} functions in turn"
    elif kind == "windows":
        said = f"Seen through {several} windows in turn"
    else:
        said = "From one frame to the next"
    return f"{said} ({name})"


def _pixels(apart: float) -> str:
    return "one pixel" if apart == 1 else f"{apart:g} px"
