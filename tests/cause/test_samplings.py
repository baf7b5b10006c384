"""Networks whose strides were replaced by another sampling, looked into."""

import copy

import numpy as np
import pytest
import timm
import torch
from torch import nn

from shiftscope.cause import Step
from shiftscope.cause.layers import find_layers
from shiftscope.cause.receptive import receptive_fields
from shiftscope.cause.spectra import above, energy
from shiftscope.cause.watching import watch
from shiftscope.networks.facts import facts
from shiftscope.networks.modules import normalised
from shiftscope.networks.sampling import samplings

SMALL = {"layers": [1, 1, 1, 1], "channels": [4, 4, 8, 8], "num_classes": 3, "zero_init_last": False}


def small(kind, **options):
    torch.manual_seed(0)
    module = timm.create_model("resnet18", **SMALL).eval()
    return samplings[kind].item(**options).put_in(module, "it", 64) if kind else module


def two_convolutions():
    layers = [
        nn.Conv2d(3, 4, 3, padding=1),
        nn.Conv2d(4, 4, 3, 2, 1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1),
    ]
    return nn.Sequential(*layers).eval()  # fmt: skip


def by_hand(steps):
    """Of (kernel, stride) one after the other: each kernel adds (kernel − 1) × the product of strides before it."""
    field, jump = 1, 1
    for kernel, stride in steps:
        field, jump = field + (kernel - 1) * jump, jump * stride
    return field


@pytest.mark.parametrize("taps", [2, 3, 5])
def test_receptive_fields_with_blurpool_are_those_counted_by_hand(taps):
    module = samplings["blurpool"].item(filter=taps).put_in(two_convolutions(), "it", 48)
    found = receptive_fields(module, find_layers(module, 48))
    dense = [(3, 1), (3, 1)]
    blurred = [*dense, (taps, 2)]
    assert {name: field.width for name, field in found.items()} == {
        "0": 3, "1": by_hand(dense), "2": by_hand(dense), "3": by_hand(blurred), "4": by_hand([*blurred, (3, 1)]),
    }  # fmt: skip
    assert by_hand([*blurred, (3, 1)]) == 5 + (taps - 1) + 4
    assert not any(field.whole for field in found.values())


def test_receptive_fields_with_polyphase_are_those_of_strides_and_with_flc_the_whole():
    module = two_convolutions()
    plain = receptive_fields(module, find_layers(module, 48))
    chosen = samplings["polyphase"].item().put_in(copy.deepcopy(module), "it", 48)
    found = receptive_fields(chosen, find_layers(chosen, 48))
    assert (found["1.sampling"], found["4"]) == (plain["3"], plain["4"]) == ((5, False), (9, False))
    cut = samplings["flc"].item().put_in(copy.deepcopy(module), "it", 48)
    assert receptive_fields(cut, find_layers(cut, 48))["4"].whole


@pytest.mark.parametrize(("kind", "steps"), [("blurpool", 8), ("polyphase", 8), ("flc", 8)])
def test_all_layers_and_steps_are_seen_and_facts_stay(kind, steps):
    module = small(kind)
    layers = find_layers(module, 64, "all")
    assert len(layers.steps) == steps
    assert not any(step.reason for step in layers.steps)
    assert (layers.factor, layers.stride) == (32, 32)
    seen = {}
    pixels = torch.randn(3, 3, 64, 64)
    with (
        torch.inference_mode(),
        watch(module, layers, lambda item, maps, _rows: seen.setdefault(item, maps.shape), lambda _item: np.array([1])),
    ):
        module(pixels)
    assert set(seen) == {*layers.layers, *layers.steps}
    assert all(tuple(shape) == (1, item.channels, item.height, item.width) for item, shape in seen.items())
    mean_and_std = (0, 0, 0), (1, 1, 1)
    assert facts(normalised(module, *mean_and_std), 64) == facts(normalised(small(None), *mean_and_std), 64)


def dense_maps(module, rows=(0, 1)):
    """The map before each step, and what the sampling answered with, in the order in which it ran."""
    layers = find_layers(module, 64, "all")
    sampler = next(part for name, part in module.named_modules() if name.endswith("sampling"))
    answers, dense = [], {}
    sampler.register_forward_hook(lambda _module, _given, answer: answers.append(answer))
    with (
        torch.inference_mode(),
        watch(module, layers, lambda item, maps, _rows: dense.setdefault(item, maps), lambda _item: np.array(rows)),
    ):
        module(torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
    return [
        maps
        for item, maps in dense.items()
        if isinstance(item, Step) and ("sampling" in item.name or item.name.endswith(".blur"))
    ], answers


@pytest.mark.parametrize(
    ("kind", "options"), [("blurpool", {}), ("blurpool", {"filter": 5}), ("blurpool", {"filter": 2}), ("flc", {})]
)
def test_every_second_cell_of_the_map_before_a_step_is_what_the_network_goes_on_with(kind, options):
    dense, answers = dense_maps(small(kind, **options))
    assert len(dense) == len(answers) == {"blurpool": 4, "flc": 8}[kind]
    for before, after in zip(dense, answers, strict=True):
        scale = after.abs().max()
        torch.testing.assert_close(before[..., ::2, ::2] / scale, after / scale, rtol=0, atol=1e-5)


@pytest.mark.parametrize("window", [False, True])
def test_the_map_before_flc_has_no_frequency_beyond_the_limit_and_that_of_polyphase_has(window):
    """Hann's window, and the last row that is not in the map, spread a little of the energy."""
    found = {}
    for kind in ("flc", "polyphase"):
        maps = dense_maps(small(kind))[0][1]  # after the first pooling
        power = energy(nn.functional.pad(maps, (0, 1, 0, 1), mode="circular")[0], window).double().numpy()
        found[kind] = (power * (above(*power.shape[1:], (2, 2)) == 1)).sum() / power.sum()
    assert found["polyphase"] > 0.03
    assert found["flc"] < 0.2 * found["polyphase"]


def test_steps_of_some_pictures_of_a_batch_can_be_seen_alone():
    for kind in ("polyphase", "flc"):
        (some, _), (every, _) = (dense_maps(small(kind), rows) for rows in ([1], [0, 1]))
        for one, both in zip(some, every, strict=True):
            torch.testing.assert_close(one[0], both[1])
