"""What is measured of maps, on networks of which theory says what must come out."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from shiftscope.cause import Layer
from shiftscope.cause.measures import measures
from shiftscope.cause.measures.nonshiftability import beyond
from shiftscope.cause.measures.normalised_variance import NormalisedVariance
from shiftscope.cause.measures.periodicity import Periodicity
from shiftscope.cause.measures.shift_error import ShiftError
from shiftscope.cause.over_pictures import Sums, row_of, rows_of_means
from shiftscope.cause.pooling import Pooled, sums

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
    for row in rows:
        assert row.get("estimate") is None or np.isfinite(row["estimate"])
        assert row.get("estimate") is not None or row["reason"]
        assert {"quantity", "n_images", "n", "reason"} <= row.keys()
    return {row["quantity"]: row for row in rows if row.get("shift") is None}, rows


@pytest.mark.parametrize("layer", [0, 1])
def test_circular_convolutions_without_a_stride_lose_nothing(layer):
    shifts = along_x(20)
    assert measured(Network(), "nonshiftability", shifts, layer=layer)[0]["share"]["estimate"] == 0
    assert measured(Network(), "normalised_variance", shifts, layer=layer)[0]["ratio"]["estimate"] < 1e-20
    error = measured(Network(), "shift_error", shifts, layer=layer)[0]
    assert error["interior"]["estimate"] == error["whole"]["estimate"] < 1e-20
    assert error["border"]["estimate"] < 1e-20
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
    assert repeats["peak"]["estimate"] > 1e-6
    assert repeats["peak"]["p_value"] < 0.05
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
        assert error["border_share"]["estimate"] == pytest.approx(1)
        assert error["border"]["estimate"] > 1e-3
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
    assert measured(Valid(stride=2), "shift_error", shifts)[0]["whole"].get("estimate") is None


def test_nonshiftability_is_that_of_a_slow_loop():
    rng = np.random.default_rng(0)
    total = rng.normal(1, 0.4, (9, 5))
    total[:, 2] = 0
    total[:, 3] -= total[:, 3].mean()
    counts, known = beyond(total, np.abs(total[0]) + 1)
    assert counts.sum() > 5
    for channel in range(5):
        mean = sum(total[:, channel]) / 9
        if channel in (2, 3):
            assert not known[channel]
            assert counts[channel] == 0
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


MAIN = {"nonshiftability": "share", "normalised_variance": "ratio", "shift_error": "interior", "periodicity": "peak"}


@pytest.mark.parametrize("name", MAIN)
def test_pictures_whose_maps_are_not_finite_are_left_out_and_counted(name):
    class Broken(Network):
        def maps(self, pictures):
            return [part / (pictures[:, :1, :1, :1] < 100) for part in super().maps(pictures)]

    class Whole(Network):
        pass

    shifts = along_x(8)
    images = pictures()
    images[2] = 1000
    images[4] = torch.nan
    for network, broken in ((Broken(stride=4), 2), (Whole(stride=4), 1)):
        row = measured(network, name, shifts, images=images)[0][MAIN[name]]
        assert row["n_images"] == 6 - broken
        assert f"{broken} of 6 pictures are left out" in row["reason"]
        assert row["estimate"] is not None
    row = measured(Whole(stride=4), name, shifts, images=images[4:5])[0][MAIN[name]]
    assert row.get("estimate") is None
    assert row["reason"] == "1 of 1 pictures are left out, since their maps have values that are not finite"


@pytest.mark.parametrize("name", MAIN)
def test_one_picture_or_one_shift_is_a_named_case(name):
    one = measured(Network(stride=2), name, along_x(6), images=pictures(1))[0][MAIN[name]]
    assert one["reason"]
    assert one.get("ci_low") is None
    assert (one.get("estimate") is None) == (name == "normalised_variance")
    still = measured(Network(stride=2), name, along_x(1))[0][MAIN[name]]
    assert still.get("estimate") is None
    assert still["reason"]


def test_the_paper_s_reading_is_the_mean_count_of_the_channels_that_were_drawn():
    network = Network(stride=4)
    network.second = nn.Conv2d(6, 30, 3, stride=4, padding=1, padding_mode="circular")
    shifts, images = along_x(9), pictures()
    got = measured(network, "nonshiftability", shifts, images=images)[0]
    measure = measures["nonshiftability"].item(Layer("l", "Conv2d", 2, "NCHW", 30, 8, 8), shifts, SIDE, 0)
    assert len(set(measure.drawn)) == 10
    counts = []
    with torch.no_grad():
        for picture in images:
            total = network.maps(circular(picture, shifts))[1].sum((2, 3)).numpy()
            counts.append([sum(abs(total[:, c] - total[:, c].mean()) > 0.2 * total[:, c].mean()) for c in range(30)])
    counts = np.array(counts)
    assert got["paper"]["estimate"] == pytest.approx(counts[:, measure.drawn].mean())
    assert got["share"]["estimate"] == pytest.approx(counts.mean() / 9)
    assert 0 < got["share"]["estimate"] < 1


def test_an_operation_in_place_does_not_answer_with_the_sums_of_the_layer_before_it():
    """A ReLU in place answers with the tensor of the convolution before it, which then has other values."""
    layers = [Layer(name, "k", 1, "NCHW", 3, 4, 4) for name in ("conv", "relu")]
    both = [NormalisedVariance(layer, along_x(2), 4, 0) for layer in layers]
    with torch.inference_mode():
        for seed in range(3):
            maps = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
            for measure in both:
                kept = maps.relu_() if measure is both[1] else maps
                assert kept is maps
                measure.see(kept, np.arange(2))
                measure.end_of_picture()
    before, after = (measure.sums.sum(0) for measure in both)
    assert (after[1] > before[1] + 1).all()
    first = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)).relu().sum((2, 3)).mean(0)
    assert both[1].sums[0, 1] == pytest.approx(first.numpy(), rel=1e-5)


def test_what_is_kept_of_a_picture_takes_the_memory_of_the_one_before_and_none_of_its_values():
    layer = Layer("conv", "k", 1, "NCHW", 3, 4, 4)
    pooled, error = Pooled(layer, 5), ShiftError(layer, along_x(5), 4, 0)
    places = []
    for picture in pictures(3, side=4):
        maps = circular(picture, along_x(5))
        for start, end in ((0, 2), (2, 5)):  # the last batch is a smaller or a larger one
            pooled.see(maps[start:end])
        error.see(maps[:1], np.arange(1))
        kept = pooled.end_of_picture()
        np.testing.assert_allclose(kept, maps.numpy().sum((2, 3)), rtol=1e-12)
        assert torch.equal(error.reference, picture)
        places.append((kept.ctypes.data, error.reference.data_ptr()))
        error.end_of_picture()
    assert len(set(places)) == 1
    with pytest.raises(ValueError, match="must be seen first"):
        error.see(maps[1:2], np.arange(1, 2))


def test_sums_are_read_once_for_all_measures_of_a_layer():
    layer = Layer("conv", "k", 1, "NCHW", 3, 4, 4)
    maps = torch.randn(2, 3, 4, 4)
    assert sums(maps, layer) is sums(maps, layer)
    assert torch.equal(sums(maps, layer), maps.sum((2, 3)))


def test_maps_between_cells_are_exact_where_nothing_is_aliased():
    """Linear, and fed with waves that the map of the smaller size can carry; white noise is the control."""

    class Linear(Network):
        def maps(self, pictures):
            return [self.second(self.first(pictures))]

    noise = pictures()
    frequency = np.abs(np.fft.fftfreq(SIDE))
    spectrum = np.fft.fft2(noise.numpy()) * ((frequency[:, None] < 1 / 8) & (frequency < 1 / 8))
    smooth = torch.tensor(np.fft.ifft2(spectrum).real)
    shifts = np.column_stack([np.arange(9), np.arange(9)]).astype(float)
    error = measured(Linear(stride=4), "shift_error", shifts, images=smooth)[0]
    assert error["between"]["n"] > 1
    assert error["between"]["estimate"] < 1e-20
    assert error["border"]["estimate"] < 1e-20
    assert measured(Linear(stride=4), "shift_error", shifts, images=noise)[0]["between"]["estimate"] > 0.1


def test_shift_error_needs_few_frames_and_is_that_of_a_slow_loop():
    network, shifts, images = Network(stride=4, padding="zeros").double(), along_x(32), pictures(3)
    measure = measures["shift_error"].item(Layer("l", "k", 1, "NCHW", 8, 8, 8), shifts, SIDE, 0)
    wanted = [frame for frame in range(32) if measure.wants(frame)]
    assert wanted[0] == 0
    assert len(wanted) <= 9
    got = measured(network, "shift_error", shifts, images=images)[0]
    error, energy = np.zeros(2), np.zeros(2)
    with torch.no_grad():
        for picture in images:
            first = network.maps(picture[None])[1][0]
            for frame in wanted[1:]:
                if frame % 4:
                    continue
                cells = frame // 4
                here = network.maps(circular(picture, shifts[[frame]]))[1][0].numpy()
                there = np.roll(first.numpy(), cells, 2)
                inner = np.zeros((8, 8), bool)
                inner[1:7, 1 + cells : 7] = True
                for part, cells_of_part in enumerate((inner, ~inner)):
                    error[part] += ((here - there)[:, cells_of_part] ** 2).sum()
                    values = there[:, cells_of_part]
                    energy[part] += ((values - values.mean(1, keepdims=True)) ** 2).sum()
    assert got["whole"]["estimate"] == pytest.approx(error[0] / energy[0])
    assert got["border_share"]["estimate"] == pytest.approx(error[1] / error.sum())


def test_maps_that_have_nothing_to_do_with_each_other_have_a_shift_error_of_two():
    class Noise(Network):
        def maps(self, pictures):
            return [torch.randn(len(pictures), 8, SIDE, SIDE, dtype=torch.float64)]

    torch.manual_seed(0)
    error = measured(Noise(), "shift_error", along_x(8))[0]
    assert error["interior"]["estimate"] == pytest.approx(2, abs=0.05)
    assert error["border"]["estimate"] == pytest.approx(2, abs=0.05)


def of_answers(answers, shifts, stride):
    """Rows of answers (pictures, shifts, classes), given as maps of one cell, as those of a network's output are."""
    measure = Periodicity(
        Layer("output", "logits", 2, "NCHW", answers.shape[2], 8, 8, stride=stride), shifts, 8 * stride, 0
    )
    for each in answers:
        measure.see(torch.from_numpy(each)[:, :, None, None], np.arange(len(shifts)))
        measure.end_of_picture()
    return measure.rows(0.95)


def test_answers_of_a_network_repeat_with_its_stride():
    network, shifts = Network(stride=4).double(), along_x(16)
    with torch.no_grad():
        pooled = [network.maps(circular(picture, shifts))[1].mean((2, 3)) for picture in pictures(8)]
        answers = torch.stack(pooled).softmax(2).numpy()
    found = {row["quantity"]: row for row in of_answers(answers, shifts, 4)}
    assert found["periodic_share"]["estimate"] > 0.9
    assert found["periodic_share"]["p_value"] == 0.001
    assert found["peak"]["estimate"] > 0
    noise = np.random.default_rng(0).random(answers.shape)
    other = {row["quantity"]: row for row in of_answers(noise, shifts, 4)}
    assert other["periodic_share"]["p_value"] > 0.05
    answers[3, 2] = np.nan
    named = of_answers(answers, shifts, 4)[0]
    assert named["n_images"] == 7
    assert "1 of 8 pictures are left out" in named["reason"]


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


@pytest.mark.parametrize("pictures", [1, 29, 40])
def test_rows_of_many_means_are_those_of_each_mean(pictures):
    values = np.random.default_rng(0).normal([0.5, 0.9, -1], [0.2, 1e-4, 3], (pictures, 3))
    names = ["a", "b", "a"]
    each = []
    for name, column in zip(names, values.T, strict=True):
        sums = Sums()
        for value in column:
            sums.add(value)
        each.append(row_of(name, sums, 0.9, 4, ""))
    together = rows_of_means(names, values, 0.9, 4)
    ends = ("ci_low", "ci_high") if pictures >= 30 else ()
    for row, alone in zip(together, each, strict=True):
        for number in ("estimate", *ends):
            assert row[number] == pytest.approx(alone[number], rel=1e-14)
        assert {**alone, "estimate": 0, **dict.fromkeys(ends)} == {**row, "estimate": 0, **dict.fromkeys(ends)}


def test_a_period_cannot_be_asked_of_too_few_or_other_shifts():
    network = Network(stride=4)
    few = measured(network, "periodicity", along_x(7))[0]["periodic_share"]
    assert few["reason"] == "7 shifts are fewer than two periods of 4 px"
    steps = along_x(10) * 2
    assert "along one line" in measured(network, "periodicity", steps)[0]["periodic_share"]["reason"]
    assert "stride is 1" in measured(Network(), "periodicity", along_x(8))[0]["periodic_share"]["reason"]
