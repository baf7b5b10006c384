"""How many versions of a picture a network would have to be trained on to be steady by augmentation alone."""

from typing import NamedTuple


class Versions(NamedTuple):
    """Numbers of versions of one picture."""

    shifts: int
    """Moved along both axes."""
    rotations: int
    """Moved and rotated."""
    scales: int
    """Moved, rotated and scaled."""


def versions(stride: int) -> Versions:
    """The versions of a picture that a network of this subsampling `stride` (px) can tell apart.

    A picture that is moved by a multiple of the stride gives the same maps, moved by whole cells. Between these there are
    `stride` places along each axis, so stride² versions, and nothing but training makes their answers alike (Azulay & Weiss
    2018, arXiv:1805.12177, with 45² for the ratio of 45 of InceptionResNet-v2). How many rotations and scales a network
    tells apart does not follow from its stride. That each takes as many versions as a shift along one axis is our
    assumption.

    >>> versions(45)
    Versions(shifts=2025, rotations=91125, scales=4100625)
    """
    return Versions(stride**2, stride**3, stride**4)
