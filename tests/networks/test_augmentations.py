"""Augmentations: what they take of a picture and what they make of it, against loops and other people's functions."""

import numpy as np
import pytest
import torch
from PIL import Image

from shiftscope.networks.augmentations import augmentations
from shiftscope.networks.augmentations.more import AREA, ASPECT, More, crop, crops, recoloured
from shiftscope.networks.augmentations.shifts import Shifts

SIZE, COUNT = 16, 400
rng = np.random.default_rng(0)


def kept(augmentation, count):
    """Random pictures as an augmentation takes them, uint8 (count, 3, ·, ·)."""
    extent = 20 if augmentation.takes == "picture" else SIZE + 2 * augmentation.margin(SIZE)
    return torch.from_numpy(np.random.default_rng(1).integers(0, 256, (count, 3, extent, extent), dtype=np.uint8))


@pytest.mark.parametrize("name", [entry.name for entry in augmentations])
def test_every_kind_makes_frames_of_the_size_in_the_range_and_repeats_them(name):
    augmentation = augmentations[name].item(kind=name)
    pixels, aspects = kept(augmentation, 6), np.linspace(0.5, 2, 6)
    drawn = [augmentation.draw(np.random.default_rng(seed), aspects, SIZE) for seed in (0, 0, 1)]
    made = [augmentation.apply(pixels, rows, SIZE) for rows in drawn]
    assert made[0].shape == (6, 3, SIZE, SIZE)
    assert float(made[0].min()) >= 0
    assert float(made[0].max()) <= 255
    assert torch.equal(made[0], made[1])
    assert torch.equal(made[0], made[2]) == (name == "none")
    # A picture is changed by its own row alone, whatever batch it is in.
    alone = torch.cat([augmentation.apply(pixels[k : k + 1], drawn[0][k : k + 1], SIZE) for k in range(6)])
    torch.testing.assert_close(alone, made[0], atol=1e-3, rtol=0)


def test_shifts_are_windows_at_whole_pixels_each_equally_probable():
    augmentation = Shifts(reach=2)
    drawn = augmentation.draw(np.random.default_rng(0), np.ones(COUNT), SIZE)
    pixels = kept(augmentation, COUNT)
    made = augmentation.apply(pixels, drawn, SIZE)
    for k, (left, top) in enumerate(drawn.astype(int)):
        assert torch.equal(made[k], pixels[k, :, top : top + SIZE, left : left + SIZE])
    for axis in range(2):
        values, counts = np.unique(drawn[:, axis], return_counts=True)
        assert values.tolist() == [0, 1, 2, 3, 4]
        # χ² with 4 degrees of freedom is above 18.5 with a probability of 0.001
        assert ((counts - COUNT / 5) ** 2 / (COUNT / 5)).sum() < 18.5
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.2


def test_the_reach_is_an_eighth_of_the_input_where_it_is_not_set():
    assert Shifts().margin(224) == 28
    assert Shifts(reach=3).margin(224) == 3


@pytest.mark.parametrize("aspect", [0.3, 1.0, 1.5, 4.0])
def test_crops_lie_in_the_picture_and_have_the_area_and_aspect(aspect):
    left, top, width, height = crops(np.random.default_rng(0), np.full(COUNT, aspect)).T
    assert (left >= 0).all()
    assert (top >= 0).all()
    assert (left + width <= 1 + 1e-12).all()
    assert (top + height <= 1 + 1e-12).all()
    shown = width * aspect / height
    assert shown.min() >= ASPECT[0] - 1e-9
    assert shown.max() <= ASPECT[1] + 1e-9
    if aspect in (1.0, 1.5):
        assert (width * height).min() >= AREA[0]
        assert np.ptp(width * height) > 0.4
    if aspect == 4.0:  # a crop of a third of its area or more never fits: the largest one in the middle is taken
        np.testing.assert_allclose(shown, ASPECT[1])
        np.testing.assert_allclose(height, 1)
        np.testing.assert_allclose(left + width / 2, 0.5)


def test_a_crop_is_what_bilinear_interpolation_at_each_place_gives():
    pixels = torch.from_numpy(np.random.default_rng(3).uniform(0, 255, (2, 3, 10, 10)).astype(np.float32))
    places = [(0.1, 0.3, 0.6, 0.5, 0.0), (0.0, 0.25, 0.75, 0.75, 1.0)]
    found = crop(pixels, *torch.tensor(places).T, 4)
    for k, (left, top, width, height, mirrored) in enumerate(places):
        for row in range(4):
            for column in range(4):
                along = (3 - column if mirrored else column) + 0.5
                x, y = 10 * (left + width * along / 4) - 0.5, 10 * (top + height * (row + 0.5) / 4) - 0.5
                x, y = np.clip(x, 0, 9), np.clip(y, 0, 9)
                x0, y0 = min(int(x), 8), min(int(y), 8)
                corners = pixels[k, :, y0 : y0 + 2, x0 : x0 + 2].numpy()
                weights = np.outer([y0 + 1 - y, y - y0], [x0 + 1 - x, x - x0])
                np.testing.assert_allclose(found[k, :, row, column].numpy(), (corners * weights).sum((1, 2)), atol=1e-3)


def test_half_of_the_crops_are_mirrored_and_none_where_it_is_set_so():
    aspects = np.ones(COUNT)
    drawn = More().draw(np.random.default_rng(0), aspects, SIZE)
    assert 0.4 < drawn[:, 4].mean() < 0.6
    assert not More(mirror=False).draw(np.random.default_rng(0), aspects, SIZE)[:, 4].any()
    factors = drawn[:, 5:]
    assert factors.min() < 0.82
    assert factors.max() > 1.18
    assert ((factors >= 0.8) & (factors <= 1.2)).all()
    assert (More(colour=0).draw(np.random.default_rng(0), aspects, SIZE)[:, 5:] == 1).all()


def test_colours_are_those_of_pillow_but_for_its_rounding():
    from PIL import ImageEnhance

    pixels = np.random.default_rng(4).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    expected = ImageEnhance.Contrast(ImageEnhance.Brightness(picture).enhance(1.2)).enhance(0.85)
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[None].to(torch.float32)
    found = recoloured(planes, torch.tensor([1.2]), torch.tensor([0.85]))[0].permute(1, 2, 0).numpy()
    assert np.abs(found - np.asarray(expected, np.float32)).max() < 2.5
    assert np.abs(found - pixels).max() > 20
    assert torch.equal(recoloured(planes, torch.ones(1), torch.ones(1)), planes)
