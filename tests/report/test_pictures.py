"""Figures are carried small: what is drawn loses nothing that can be seen, and all together stay below a limit."""

import base64
import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from shiftscope.report.pictures import ALIKE, carried


def opened(one):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(one.data))).convert("RGB"), dtype=float)


def difference(one, path):
    """The root of the mean square, of 255."""
    return np.sqrt(((opened(one) - np.asarray(Image.open(path).convert("RGB"))) ** 2).mean())


@pytest.fixture
def drawn(tmp_path):
    """Lines and letters, with the few hundred shades that their smooth edges have."""
    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    x = np.linspace(0, 6, 50)
    for k, colour in enumerate(("#0072b2", "#d55e00", "#009e73", "#cc79a7")):
        axes.plot(x, np.sin(x + k), color=colour, label=f"network {k}")
        axes.fill_between(x, np.sin(x + k) - 0.2, np.sin(x + k) + 0.1, color=colour, alpha=0.15, linewidth=0)
    axes.legend()
    figure.savefig(tmp_path / "drawn.png", dpi=150)
    return tmp_path / "drawn.png"


@pytest.fixture
def photograph(tmp_path):
    rng = np.random.default_rng(0)
    smooth = np.asarray(Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((800, 600), 3), dtype=int)
    noisy = np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(tmp_path / "photograph.png")
    return tmp_path / "photograph.png"


def test_a_drawing_loses_nothing_and_becomes_smaller(drawn):
    (one,) = carried([drawn])
    assert len(np.unique(np.asarray(Image.open(drawn)).reshape(-1, 3), axis=0)) > 256
    assert difference(one, drawn) <= ALIKE
    assert len(one.data) < drawn.stat().st_size
    assert (one.width, one.height) == (900, 600) == opened(one).shape[1::-1]


def test_few_colours_are_kept_to_the_bit(tmp_path):
    picture = Image.new("RGB", (60, 40), "white")
    ImageDraw.Draw(picture).rectangle((10, 10, 30, 20), fill=(0, 114, 178))
    picture.save(tmp_path / "a.png")
    (one,) = carried([tmp_path / "a.png"])
    assert difference(one, tmp_path / "a.png") == 0


def test_a_photograph_is_not_put_into_256_colours(photograph):
    (one,) = carried([photograph])
    assert len(np.unique(opened(one).reshape(-1, 3), axis=0)) > 5000
    assert difference(one, photograph) < 12  # the noise, at most
    assert len(one.data) < photograph.stat().st_size / 5


def test_all_together_stay_below_the_limit_and_the_largest_gives_up_most(drawn, photograph):
    best = carried([drawn, photograph])
    whole = [len(one.data) for one in best]
    assert sum(whole) < 2_500_000
    assert whole[1] > whole[0]
    less = carried([drawn, photograph], limit=sum(whole) - 1)
    assert len(less[0].data) == whole[0]
    assert 0 < len(less[1].data) < whole[1]
    for limit in (60_000, 20_000, 4_000, 10):
        found = carried([drawn, photograph], limit=limit)
        assert sum(len(one.data) for one in found) <= limit
    assert [one.data for one in found] == ["", ""]
    assert [(one.width, one.height) for one in found] == [(900, 600), (800, 600)]


def test_the_same_figures_are_carried_alike(drawn, photograph):
    assert carried([drawn, photograph], limit=50_000) == carried([drawn, photograph], limit=50_000)
