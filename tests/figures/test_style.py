"""The looks of networks can be told apart by everybody, in colour and without."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from shiftscope.figures.style import COLOURS, Look, looks, new_figure, short

SEEN = {
    "by most": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""What linear RGB becomes, Machado et al. 2009, severity 1."""


def lab(colour, seen):
    """CIELAB, D65, of a colour as it is seen."""
    given = np.array(to_rgb(colour))
    linear = np.where(given <= 0.04045, given / 12.92, ((given + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(seen) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    x, y, z = np.cbrt(np.maximum(xyz / [0.9505, 1, 1.089], 1e-9))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", SEEN)
def test_five_colours_stay_apart_for_everybody(seen):
    apart = {pair: np.linalg.norm(lab(pair[0], SEEN[seen]) - lab(pair[1], SEEN[seen])) for pair in combinations(COLOURS, 2)}
    assert min(apart.values()) > 15, min(apart, key=apart.get)
    white = lab("white", SEEN[seen])
    assert min(np.linalg.norm(lab(colour, SEEN[seen]) - white) for colour in COLOURS) > 30


def test_networks_of_one_colour_have_unlike_markers_hatches_and_lines():
    found = looks([f"n{k}" for k in range(20)])
    assert len(set(found.values())) == 20
    for one, other in combinations(found.values(), 2):
        if one.colour == other.colour:
            assert one.marker != other.marker
            assert one.hatch != other.hatch
            assert one.dash != other.dash
    assert list(looks("abcde").values()) == [Look(colour, "o", "", "-") for colour in COLOURS]


def test_names_of_any_kind_are_drawn_as_they_are():
    drawn = new_figure(3, 1)
    for name in ("<script>alert(1)</script>", "a $x^2$ & b_1", "№7"):
        text = drawn.text(0, 0, short(name, 40))
        drawn.draw_without_rendering()
        assert text.get_text().replace("\\$", "$") == name
    assert short("a" * 30 + "b" * 30, 9) == "aaaaa…bbb"
