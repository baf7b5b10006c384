"""What is measured of maps, on networks of which theory says what must come out."""

import numpy as np
import pytest
import torch
from scipy.ndimage import fourier_shift
from torch import nn
from torch.nn import functional

from shiftscope.cause import Layer, Step
from shiftscope.cause.measures import measures
from shiftscope.cause.measures.nonshiftability import beyond
from shiftscope.cause.measures.normalised_variance import NormalisedVariance
from shiftscope.cause.repetition import p_value, periodic_share, spectrum
from shiftscope.cause.shifting import inside, moved
from shiftscope.cause.spectra import above, energy, kinds

SIDE = 32


class Network(nn.Module):
    """Two convolutions, the second one subsampling, and their maps; pooled at the end."""

    def __init__(self, stride=1, padding="circular", seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.first = nn.Conv2d(3, 6, 3, padding=1, padding_mode=padding)
        self.second = nn.Conv2d(6, 8, 3, stride=stride, padding=1, padding_mode=padding)

    def maps(self, pictures):
        first = functional.relu(self.first(pictures))
        return [first, functional.relu(self.second(first))]


class Polyphase(Network):
    """Subsamples by 2 on the grid, of the four, whose samples have the largest norm (Chaman & Dokmanić 2021)."""

    def maps(self, pictures):
        first, dense = super().maps(pictures)
        grids = torch.stack([dense[..., y::2, x::2] for y in (0, 1) for x in (0, 1)], 1)
        chosen = grids.flatten(2).norm(dim=2).argmax(1)
        return [first, grids[torch.arange(len(grids)), chosen]]


def pictures(count=6, seed=1, side=SIDE):
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def circular(picture, shifts):
    return torch.stack([torch.roll(picture, (int(y), int(x)), (-2, -1)) for x, y in shifts])


def along_x(count):
    return np.column_stack([np.arange(count), np.zeros(count)]).astype(float)


def measured(network, name, shifts, stride=None, images=None, layer=-1, batch=5):
    """The rows of one measure of one layer of `network`, by quantity."""
    network = network.double().eval()
    images = pictures() if images is None else images
    with torch.no_grad():
        channels, height, width = network.maps(images[:1])[layer].shape[1:]
        of = Layer("l", "Conv2d", 2, "NCHW", channels, height, width, stride=stride)
        measure = measures[name].item(of, shifts, images.shape[-1], 0)
        for picture in images:
            wanted = np.array([k for k in range(len(shifts)) if measure.wants(k)], dtype=np.int64)
            for start in range(0, len(wanted), batch):
                frames = wanted[start : start + batch]
                measure.see(network.maps(circular(picture, shifts[frames]))[layer], frames)
            measure.end_of_picture()
    rows = measure.rows(0.95)
    return {row["quantity"]: row for row in rows if row.get("shift") is None}, rows


@pytest.mark.parametrize("layer", [0, 1])
def test_circular_convolutions_without_a_stride_lose_nothing(layer):
    shifts = along_x(20)
    assert measured(Network(), "nonshiftability", shifts, layer=layer)[0]["share"]["estimate"] == 0
    assert measured(Network(), "normalised_variance", shifts, layer=layer)[0]["ratio"]["estimate"] < 1e-20
    error = measured(Network(), "shift_error", shifts, layer=layer)[0]
    assert error["whole"]["estimate"] < 1e-20
    assert error["between"]["reason"].startswith("the sequence has no shift other than a whole number of cells")


def test_a_stride_loses_the_shifts_between_its_multiples_and_no_others():
    shifts = along_x(16)
    network = Network(stride=4)
    assert measured(network, "nonshiftability", shifts)[0]["paper"]["estimate"] > 0
    assert measured(network, "normalised_variance", shifts)[0]["ratio"]["estimate"] > 1e-3
    error = measured(network, "shift_error", shifts)[0]
    assert error["whole"]["estimate"] < 1e-20
    assert error["between"]["estimate"] > 0.05
    repeats, rows = measured(network, "periodicity", shifts)
    assert repeats["periodic_share"]["estimate"] > 0.9
    assert repeats["periodic_share"]["p_value"] == 0.001
    similar = {row["shift"]: row["estimate"] for row in rows if row["quantity"] == "similarity"}
    assert [similar[shift] for shift in (0, 4, 8, 12)] == pytest.approx([1, 1, 1, 1], abs=1e-12)
    assert max(similar[shift] for shift in (1, 2, 3, 5, 6, 7)) < 1 - 1e-6


def test_polyphase_sampling_keeps_the_pooled_map_and_a_plain_stride_does_not():
    shifts = along_x(12)
    assert measured(Polyphase(), "normalised_variance", shifts)[0]["ratio"]["estimate"] < 1e-20
    assert measured(Polyphase(), "nonshiftability", shifts)[0]["share"]["estimate"] == 0
    assert measured(Network(stride=2), "normalised_variance", shifts)[0]["ratio"]["estimate"] > 1e-4


def test_zero_padding_errs_only_at_the_border():
    shifts = along_x(10)
    for layer in (0, 1):
        error = measured(Network(padding="zeros"), "shift_error", shifts, layer=layer)[0]
        assert error["whole"]["estimate"] < 1e-20
        assert error["border_share"]["estimate"] == 1
        assert 0 < error["border_cells"]["estimate"] < 0.9
    assert measured(Network(), "shift_error", shifts)[0]["border_share"]["reason"] == "there is no error at all"


def test_an_error_everywhere_has_the_border_s_share_of_cells():
    class Noisy(Network):
        def maps(self, pictures):
            return [part + torch.randn_like(part) for part in super().maps(pictures)]

    error = measured(Noisy(), "shift_error", along_x(10), images=pictures(20))[0]
    assert error["border_share"]["estimate"] == pytest.approx(error["border_cells"]["estimate"], abs=0.02)
    assert error["whole"]["estimate"] > 0.5


def test_a_stride_that_is_known_counts_before_the_ratio_of_sizes():
    """17 cells of 32 px: a map that lost its borders still moves by one cell for 2 px."""
    shifts = along_x(9)

    class Valid(Network):
        def maps(self, pictures):
            first, second = super().maps(pictures)
            return [first, second[..., 1:-1, 1:-1]]

    assert measured(Valid(stride=2), "shift_error", shifts, stride=2)[0]["whole"]["estimate"] < 1e-20
    assert "reason" in measured(Valid(stride=2), "shift_error", shifts)[0]["whole"]


def test_nonshiftability_is_that_of_a_slow_loop():
    rng = np.random.default_rng(0)
    total = rng.normal(1, 0.4, (9, 5))
    total[:, 2] = 0
    total[:, 3] -= total[:, 3].mean()
    absolute = np.abs(total) + 1
    counts, known = beyond(total, absolute)
    for channel in range(5):
        mean = sum(total[:, channel]) / 9
        if channel in (2, 3):
            assert not known[channel] and counts[channel] == 0
        else:
            assert counts[channel] == sum(abs(value - mean) > 0.2 * abs(mean) for value in total[:, channel])


def test_channels_that_sum_to_zero_are_left_out_and_counted():
    class Dead(Network):
        def maps(self, pictures):
            first, second = super().maps(pictures)
            second[:, ::2] = 0
            return [first, second]

    shifts = along_x(6)
    rows = measured(Dead(), "nonshiftability", shifts)[0]
    assert rows["left_out"]["estimate"] == 0.5
    assert rows["share"]["estimate"] == 0

    class AllDead(Network):
        def maps(self, pictures):
            return [0 * part for part in super().maps(pictures)]

    for name in ("nonshiftability", "normalised_variance", "shift_error", "periodicity"):
        found = measured(AllDead(stride=2), name, shifts)[0]
        main = found.get("share") or found.get("ratio") or found.get("whole") or found["periodic_share"]
        assert main.get("estimate") is None
        assert main["reason"]


def test_values_that_are_not_finite_are_named():
    class Broken(Network):
        def maps(self, pictures):
            return [part * float("nan") for part in super().maps(pictures)]

    for name, quantity in (("nonshiftability", "share"), ("normalised_variance", "ratio"), ("shift_error", "whole")):
        row = measured(Broken(), name, along_x(6))[0][quantity]
        assert row.get("estimate") is None
        assert "finite" in row["reason"]


def test_one_picture_and_one_shift_are_named_cases():
    one = pictures(1)
    assert "needs two" in measured(Network(), "normalised_variance", along_x(4), images=one)[0]["ratio"]["reason"]
    assert measured(Network(stride=2), "nonshiftability", along_x(4), images=one)[0]["share"]["ci_low"] is None
    assert "no shift" in measured(Network(), "shift_error", along_x(1))[0]["whole"]["reason"]


def test_normalised_variance_is_that_of_a_slow_loop_however_pictures_are_grouped():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(25, 7, 3)) + 2 * rng.normal(size=(25, 1, 3))
    measure = NormalisedVariance(Layer("l", "k", 1, "NCHW", 3, 1, 1), along_x(7), 8, 0)
    for picture in values:
        measure.see(torch.tensor(picture)[:, :, None, None], np.arange(7))
        measure.end_of_picture()
    ratios = []
    for channel in range(3):
        within = [np.var(picture[:, channel], ddof=1) for picture in values]
        between = np.var([picture[:, channel].mean() for picture in values], ddof=1)
        ratios.append(np.mean(within) / between)
    (row,) = measure.rows(0.95)
    assert row["estimate"] == pytest.approx(np.median(ratios))
    assert row["ci_low"] < row["estimate"] < row["ci_high"]


def test_the_interval_of_normalised_variance_covers_the_truth():
    """One channel, normal values: variance 1 within pictures, and 4 + 1/5 between the means of 5 shifts."""
    rng = np.random.default_rng(3)
    runs = 300
    covered = 0
    for _ in range(runs):
        values = rng.normal(size=(40, 5, 1)) + 2 * rng.normal(size=(40, 1, 1))
        measure = NormalisedVariance(Layer("l", "k", 1, "NCHW", 1, 1, 1), along_x(5), 8, 0)
        for picture in values:
            measure.see(torch.tensor(picture)[:, :, None, None], np.arange(5))
            measure.end_of_picture()
        (row,) = measure.rows(0.95)
        covered += row["ci_low"] <= 1 / 4.2 <= row["ci_high"]
    assert covered / runs > 0.9


# Moving maps


def test_maps_move_between_cells_as_scipy_moves_them():
    rng = np.random.default_rng(0)
    spectrum_ = np.fft.fft2(rng.normal(size=(15, 15)))
    maps = np.fft.ifft2(spectrum_).real
    expected = np.fft.ifft2(fourier_shift(np.fft.fft2(maps), (0.3, -1.7))).real
    got = moved(torch.tensor(maps)[None], (-1.7, 0.3))[0].numpy()
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_moving_there_and_back_is_nothing_and_whole_cells_are_exact():
    maps = pictures(1)[0]
    assert torch.equal(moved(maps, (3, -2)), torch.roll(maps, (-2, 3), (-2, -1)))
    smooth = functional.avg_pool2d(functional.pad(maps[None], (4, 4, 4, 4), mode="circular"), 9, 1)[0]
    there = moved(moved(smooth, (0.25, 0.75)), (-0.25, -0.75))
    assert (there - smooth).abs().max() < 0.02
    halves = moved(moved(smooth, (0.5, 0)), (0.5, 0))
    assert (halves - torch.roll(smooth, 1, -1)).abs().max() < 0.02


def test_cells_inside_are_those_of_a_slow_loop():
    for cells in ((2, 0), (0, -3), (1.5, 0.25), (-0.5, 9)):
        got = inside(10, 12, 2, cells)
        for y in range(10):
            for x in range(12):
                sources = [
                    (y - dy, x - dx)
                    for dy in {int(np.floor(cells[1])), int(np.ceil(cells[1]))}
                    for dx in {int(np.floor(cells[0])), int(np.ceil(cells[0]))}
                ]
                clear = all(2 <= row < 8 and 2 <= column < 10 for row, column in [(y, x), *sources])
                assert got[y, x] == clear


# Aliasing


def aliasing(maps, stride):
    channels, height, width = maps.shape[1:]
    step = Step("s", "Conv2d", 1, channels, height, width, (stride, stride))
    measure = measures["aliasing"].item(step, along_x(4), 64, 0)
    for picture in maps:
        measure.see(picture[None], np.array([0]))
        measure.end_of_picture()
    return {row["quantity"]: row for row in measure.rows(0.95)}


def wave(cycles, side=32):
    return torch.cos(2 * torch.pi * cycles * torch.arange(side, dtype=torch.float64) / side)[None, None, None].expand(2, 1, side, side)


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


@pytest.mark.parametrize(("stride", "side"), [(2, 32), (4, 32), (2, 30), (3, 33), (2, 31)])
def test_white_noise_has_all_but_the_small_grid_s_share_above(stride, side):
    noise = torch.randn(200, 4, side, side, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = 1 - 1 / stride**2
    assert aliasing(noise, stride)["energy_above"]["estimate"] == pytest.approx(expected, abs=0.005)


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
    power = energy(torch.randn(1, 12, 8, generator=torch.Generator().manual_seed(4), dtype=torch.float64) ** 3).numpy()
    got = kinds(power, (3, 2))
    present = power[0] > 0.01 * power.max()
    counts = {"non_aliased": 0, "aliased": 0, "tangled": 0, "empty": 0}
    for row in range(4):
        for column in range(4):
            own = folded = False
            for y in range(row, 12, 4):
                for x in range(column, 8, 4):
                    if present[y, x]:
                        frequencies = min(y, 12 - y) / 12, min(x, 8 - x) / 8
                        own |= frequencies[0] <= 1 / 6 and frequencies[1] <= 1 / 4
                        folded |= frequencies[0] >= 1 / 6 or frequencies[1] >= 1 / 4
            counts[("empty", "aliased", "non_aliased", "tangled")[2 * own + folded]] += 1
    assert got._asdict() == {name: count / 16 for name, count in counts.items()}


def test_a_flat_map_is_named():
    rows = aliasing(torch.ones(2, 3, 8, 8, dtype=torch.float64), 2)
    assert rows["energy_above"]["reason"] == "the map before the step is the same everywhere"


# Periods


def test_the_spectrum_sums_to_one_and_knows_a_period():
    rng = np.random.default_rng(0)
    for length in (12, 15, 16):
        assert spectrum(rng.normal(size=(5, length))).sum(1) == pytest.approx(np.ones(5))
    repeated = np.tile(rng.normal(size=8), 8)
    assert periodic_share(repeated, 8) > 0.95
    assert periodic_share(np.arange(64.0), 8) == 0  # a drift does not repeat
    shares = periodic_share(rng.normal(size=(4000, 64)), 8)
    assert shares.mean() == pytest.approx(8 / 64, abs=0.02)


def test_shuffled_shifts_are_the_null_of_the_period():
    """P(p ≤ .1) where nothing repeats; and a period that is there is found."""
    rng = np.random.default_rng(1)
    values = [p_value(rng.normal(size=(3, 32)), 8, np.random.default_rng(k)) for k in range(100)]
    assert np.mean(np.array(values) <= 0.1) <= 0.19  # 10 ± 3 standard errors of 100
    signal = np.tile(rng.normal(size=8), 4) + 0.7 * rng.normal(size=(3, 32))
    assert p_value(signal, 8, rng) < 0.05


def test_a_period_cannot_be_asked_of_too_few_or_other_shifts():
    network = Network(stride=4)
    few = measured(network, "periodicity", along_x(7))[0]["periodic_share"]
    assert few["reason"] == "7 shifts are fewer than two periods of 4 px"
    steps = along_x(10) * 2
    assert "along one line" in measured(network, "periodicity", steps)[0]["periodic_share"]["reason"]
    assert "stride is 1" in measured(Network(), "periodicity", along_x(8))[0]["periodic_share"]["reason"]
