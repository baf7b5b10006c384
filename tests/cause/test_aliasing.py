"""What subsampling does with frequencies, of maps whose frequencies are known."""

import numpy as np
import pytest
import torch

from shiftscope.cause import Step
from shiftscope.cause.measures import measures
from shiftscope.cause.spectra import above, energy, kinds, share_above


class Periodic(measures["aliasing"].item):
    """Without a window, for maps that continue periodically."""

    window = False


def aliasing(maps, stride, kind=Periodic):
    channels, height, width = maps.shape[1:]
    step = Step("s", "Conv2d", 1, channels, height, width, (stride, stride))
    measure = kind(step, np.zeros((4, 2)), 64, 0)
    for picture in maps:
        measure.see(picture[None], np.array([0]))
        measure.end_of_picture()
    return {row["quantity"]: row for row in measure.rows(0.95)}


def wave(cycles, side=32):
    return torch.cos(2 * torch.pi * cycles * torch.arange(side, dtype=torch.float64) / side)[None, None, None].expand(
        2, 1, side, side
    )


@pytest.mark.parametrize("stride", [2, 4])
def test_a_sine_is_aliased_if_it_is_above_the_limit_and_kept_if_it_is_below(stride):
    limit = 32 / (2 * stride)
    below, beyond_limit = aliasing(wave(limit - 1), stride), aliasing(wave(limit + 1), stride)
    assert below["energy_above"]["estimate"] == pytest.approx(0, abs=1e-12)
    assert beyond_limit["energy_above"]["estimate"] == pytest.approx(1)
    assert below["non_aliased"]["estimate"] > 0 == below["aliased"]["estimate"]
    assert beyond_limit["aliased"]["estimate"] > 0 == beyond_limit["non_aliased"]["estimate"]
    both = aliasing(wave(limit - 1) + wave(limit + 1), stride)  # both are folded into the same frequency
    assert both["tangled"]["estimate"] > 0 == both["aliased"]["estimate"] == both["non_aliased"]["estimate"]


def test_the_window_takes_only_the_neighbouring_frequencies_along():
    windowed = measures["aliasing"].item
    assert windowed.window
    assert aliasing(wave(6), 2, windowed)["energy_above"]["estimate"] == pytest.approx(0, abs=1e-12)
    assert aliasing(wave(10), 2, windowed)["energy_above"]["estimate"] == pytest.approx(1)
    assert aliasing(wave(7), 2, windowed)["energy_above"]["estimate"] == pytest.approx(
        1 / 12
    )  # half of a sixth, at the limit


def test_the_window_takes_away_the_jump_at_the_ends_of_a_map():
    ramp = torch.arange(32.0, dtype=torch.float64).expand(3, 1, 32, 32)
    assert aliasing(ramp, 2, measures["aliasing"].item)["energy_above"]["estimate"] < 1e-4
    assert aliasing(ramp, 2)["energy_above"]["estimate"] > 0.05


def test_two_frequencies_folded_into_one_are_tangled_though_neither_is_at_home_there():
    """5 and 11 of 32 waves, on a grid of 8: both are ±3 there, and the limit is 4."""
    found = aliasing(wave(5) + wave(11), 4)
    assert found["tangled"]["estimate"] == pytest.approx(2 / 64)
    assert found["aliased"]["estimate"] == found["non_aliased"]["estimate"] == 0
    assert aliasing(wave(5), 4)["aliased"]["estimate"] == pytest.approx(2 / 64)


def test_a_wave_twenty_decibels_below_the_strongest_is_not_there():
    for amplitude, there in ((0.11, True), (0.09, False)):
        found = aliasing(wave(3) + amplitude * wave(13), 2)
        assert (found["tangled"]["estimate"] > 0) == there


@pytest.mark.parametrize("kind", [Periodic, measures["aliasing"].item])
@pytest.mark.parametrize(("stride", "side"), [(2, 32), (4, 32), (2, 30), (3, 33), (2, 31)])
def test_white_noise_has_all_but_the_small_grid_s_share_above(stride, side, kind):
    noise = torch.randn(200, 4, side, side, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = 1 - 1 / stride**2
    assert aliasing(noise, stride, kind)["energy_above"]["estimate"] == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(("side", "stride"), [(6, 2), (9, 3), (8, 2), (8, 4), (5, 5)])
def test_of_small_maps_of_white_noise_too_once_the_mean_is_reckoned_with(side, stride):
    """Among n − 1 frequencies but the mean's, each has on average the same share."""
    noise = torch.randn(4000, side, side, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    shares = share_above(energy(noise, window=False).numpy(), (stride, stride))
    expected = (1 - 1 / stride**2) * side**2 / (side**2 - 1)
    assert abs(shares.mean() - expected) < 4 * shares.std() / np.sqrt(len(shares)) + 1e-12


def test_frequencies_that_are_carried_are_as_many_as_the_small_grid_has():
    for height, width, stride in ((8, 8, (2, 2)), (12, 8, (3, 4)), (9, 15, (3, 5)), (10, 6, (2, 1))):
        kept = (1 - above(height, width, stride)).sum()
        assert kept == pytest.approx(height * width / stride[0] / stride[1])


def test_a_band_limited_map_is_not_aliased_and_kinds_sum_to_one():
    spectrum_ = np.fft.fft2(np.random.default_rng(0).normal(size=(3, 32, 32)))
    spectrum_ *= above(32, 32, (2, 2)) == 0
    maps = torch.tensor(np.fft.ifft2(spectrum_).real)[None]
    rows = aliasing(maps.expand(3, -1, -1, -1), 2)
    assert rows["energy_above"]["estimate"] == pytest.approx(0, abs=1e-12)
    assert rows["aliased"]["estimate"] == rows["tangled"]["estimate"] == 0
    noise = torch.randn(3, 4, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = aliasing(noise, 2)
    assert sum(found[kind]["estimate"] for kind in ("non_aliased", "aliased", "tangled", "empty")) == pytest.approx(1)
    assert found["tangled"]["estimate"] > 0.5


def test_kinds_are_those_of_a_slow_loop():
    power = energy(
        torch.randn(1, 12, 8, generator=torch.Generator().manual_seed(4), dtype=torch.float64) ** 3, window=False
    ).numpy()
    got = kinds(power, (3, 2))
    present = power[0] > 0.01 * power.max()
    counts = dict.fromkeys(("non_aliased", "aliased", "tangled", "empty"), 0)
    for row in range(4):
        for column in range(4):
            there = [(y, x) for y in range(row, 12, 4) for x in range(column, 8, 4) if present[y, x]]
            frequencies = [(min(y, 12 - y) / 12, min(x, 8 - x) / 8) for y, x in there]
            if len(there) > 1:
                counts["tangled"] += 1
            elif not there:
                counts["empty"] += 1
            else:
                own = frequencies[0][0] <= 1 / 6 and frequencies[0][1] <= 1 / 4
                counts["non_aliased" if own else "aliased"] += 1
    assert got._asdict() == {name: count / 16 for name, count in counts.items()}


def test_a_flat_map_is_named():
    rows = aliasing(torch.ones(2, 3, 8, 8, dtype=torch.float64), 2)
    assert rows["energy_above"]["reason"] == "the map before the step is the same everywhere"


def test_flat_channels_do_not_count_and_values_that_are_not_finite_are_named():
    maps = torch.cat([wave(10), torch.full((2, 3, 32, 32), 0.1, dtype=torch.float64)], 1)
    assert aliasing(maps, 2)["energy_above"]["estimate"] == pytest.approx(1)
    assert aliasing(maps.float(), 2)["energy_above"]["estimate"] == pytest.approx(1)
    maps[0, 0, 0, 0] = torch.nan
    for row in aliasing(maps, 2).values():
        assert row["reason"].endswith("1 of 2 pictures are left out, since their maps have values that are not finite")
        assert row["n_images"] == 1


def test_each_axis_has_its_own_stride():
    down = wave(6).transpose(2, 3)  # 6 of 32 waves, along y
    for stride, expected in (((4, 1), 1), ((2, 4), 0), ((1, 8), 0)):
        power = energy(down[0], window=False).numpy()
        assert share_above(power, stride) == pytest.approx(expected, abs=1e-12)
