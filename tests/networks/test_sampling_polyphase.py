"""Adaptive polyphase sampling: the same answer under all circular shifts, where nothing else stands in the way."""

import copy
import itertools

import pytest
import timm
import torch
from torch import nn
from torchvision import models

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks.sampling import samplings
from shiftscope.networks.sampling.polyphase import phases


def polyphase(module, size, padding="circular"):
    return samplings["polyphase"].item(padding=padding).put_in(module, "it", size)


class Block(nn.Module):
    """A residual block whose main branch has stride 2, and whose shortcut is a 1 × 1 convolution of stride 2."""

    def __init__(self, shortcut_first):
        super().__init__()
        self.one, self.two = nn.Conv2d(6, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 1, 1)
        self.shortcut = nn.Sequential(nn.Conv2d(6, 8, 1, 2, bias=False), nn.BatchNorm2d(8))
        self.shortcut_first = shortcut_first

    def forward(self, x):
        if self.shortcut_first:
            beside = self.shortcut(x)
            return torch.relu(self.two(torch.relu(self.one(x))) + beside)
        main = self.two(torch.relu(self.one(x)))
        return torch.relu(main + self.shortcut(x))


class Branches(nn.Module):
    """As in an Inception network: a convolution and a max pooling of one map, side by side."""

    def __init__(self):
        super().__init__()
        self.conv, self.pool = nn.Conv2d(6, 4, 3, 2, 1), nn.MaxPool2d(3, 2, 1)
        self.last = nn.Conv2d(10, 8, 3, 1, 1)

    def forward(self, x):
        return torch.relu(self.last(torch.cat([torch.relu(self.conv(x)), self.pool(x)], 1)))


def network(*parts, channels=8):
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 6, 7, 2, 3), nn.BatchNorm2d(6), nn.ReLU(), *parts]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5)]
    return nn.Sequential(*layers, *head).double().eval()


def under_all_shifts(module, size, count=3, step=1):
    """Answers to every circular shift of some pictures: (shifts, pictures, outputs); the first is that without any."""
    pixels = torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    pixels = pixels.to(next(module.parameters()).dtype)
    places = range(0, size, step)
    with torch.inference_mode():
        return torch.stack([module(pixels.roll(shift, (2, 3))) for shift in itertools.product(places, places)])


NETWORKS = {
    "convolutions": lambda: network(nn.Conv2d(6, 8, 3, 2, 1), nn.ReLU()),
    "a pooling": lambda: network(nn.MaxPool2d(2, 2), nn.Conv2d(6, 8, 3, 2, 1), nn.ReLU()),
    "a residual block": lambda: network(Block(shortcut_first=False)),
    "its shortcut first": lambda: network(Block(shortcut_first=True)),
    "even kernels": lambda: network(nn.Conv2d(6, 8, 2, 2), nn.ReLU()),
    "branches": lambda: network(Branches()),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_answer_is_the_same_under_all_circular_shifts(name):
    found = under_all_shifts(polyphase(NETWORKS[name](), 16), 16)
    torch.testing.assert_close(found, found[:1].expand_as(found), rtol=1e-10, atol=1e-12)
    assert (found.argmax(-1) == found[0].argmax(-1)).all()
    assert found[0].std(0).min() > 1e-6  # and it is not the same for all pictures


def circular_alone(module):
    """The same padding, and the strides that the network has by itself."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d) and max(part.kernel_size) > 1:
            # torch's own circular padding, made anew: changing the attribute of a layer does not change what it does
            other = nn.Conv2d(
                part.in_channels, part.out_channels, part.kernel_size, part.stride, part.padding, padding_mode="circular"
            )
            part.__dict__.update(_reversed_padding_repeated_twice=other._reversed_padding_repeated_twice)
            part.padding_mode = "circular"
    return module


@pytest.mark.parametrize("name", ["convolutions", "a residual block", "its shortcut first"])
def test_strides_and_blurpool_are_not_exact(name):
    """Negative controls: with circular padding they move with whole strides, and not with single pixels."""
    strided = under_all_shifts(circular_alone(NETWORKS[name]()), 16)
    blurred = under_all_shifts(samplings["blurpool"].item().put_in(circular_alone(NETWORKS[name]()), "it", 16), 16)
    kept = under_all_shifts(polyphase(NETWORKS[name](), 16, "keep"), 16)
    for found in (strided, blurred, kept):
        assert (found - found[:1]).abs().max() > 1e-5 * found.abs().max()
    whole = under_all_shifts(circular_alone(NETWORKS[name]()), 16, step=4)
    torch.testing.assert_close(whole, whole[:1].expand_as(whole), rtol=1e-10, atol=1e-12)


def test_a_shortcut_that_chooses_for_itself_is_not_exact():
    """What the common choice is for."""
    module = polyphase(NETWORKS["a residual block"](), 16)
    sampler = next(part for part in module.modules() if hasattr(part, "chosen"))
    forward = sampler.forward

    def anew(maps):
        sampler.begin()
        return forward(maps)

    sampler.forward = anew
    found = under_all_shifts(module, 16)
    assert (found - found[:1]).abs().max() > 1e-4


@pytest.mark.parametrize(
    ("architecture", "options"),
    [("resnet18", {}), ("googlenet", {"init_weights": False}), ("shufflenet_v2_x0_5", {}), ("mobilenet_v2", {})],
)
def test_published_architectures(architecture, options):
    torch.manual_seed(0)
    module = models.get_model(architecture, **options).double()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None  # statistics of the pictures that it is shown, so that maps do not fade with depth
    module(torch.randn(8, 3, 64, 64, dtype=torch.float64))
    strided = under_all_shifts(circular_alone(copy.deepcopy(module).eval()), 64, count=2, step=21)
    found = under_all_shifts(polyphase(module.eval(), 64), 64, count=2, step=21)
    between = (found[:, 0] - found[:, 1]).abs().max()
    assert (found - found[:1]).abs().max() < 1e-9 * between
    assert (strided - strided[:1]).abs().max() > 1e-3 * between


def test_the_component_with_the_largest_norm_is_taken_for_each_picture():
    maps = torch.randn(40, 3, 6, 8)
    found = phases()(maps)
    taken = set()
    for one, its in zip(maps, found, strict=True):
        parts = {(i, j): one[:, i::2, j::2] for i in (0, 1) for j in (0, 1)}
        largest = max(parts, key=lambda place: parts[place].norm())
        taken.add(largest)
        assert torch.equal(its, parts[largest])
    assert len(taken) == 4


def test_a_choice_holds_for_maps_of_one_size_until_the_next_run():
    sampler = phases()
    first, second = torch.zeros(1, 1, 4, 4), torch.zeros(1, 2, 4, 4)
    first[..., 1::2, ::2], second[..., ::2, 1::2] = 1, 5
    assert (sampler(first) == 1).all()
    assert (sampler(second) == 0).all()
    assert (sampler(torch.nn.functional.pad(second, (0, 4))) == 0).any()  # another size
    sampler.begin()
    assert (sampler(second) == 5).all()


class Padded(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, 2)

    def forward(self, x):
        return self.conv(nn.functional.pad(x, (0, 1, 0, 1))).relu()


@pytest.mark.parametrize(
    ("module", "size", "words"),
    [
        (lambda: nn.Sequential(nn.Conv2d(3, 3, 3, 2, 1), nn.ReLU()), 15, "subsamples a map of 15 × 15 cells, and circular padding needs even"),
        (lambda: nn.Sequential(nn.Conv2d(3, 3, 3), nn.MaxPool2d(2)), 16, r"maps that lose their border or grow, .* \(layer 0\)"),
        (Padded, 16, "in a call of pad that circular padding does not reach"),
        (lambda: timm.create_model("tf_efficientnet_b0"), 64, "in a call of pad that"),
        (lambda: nn.Sequential(nn.Conv2d(3, 3, 3, 2, 1), nn.ReLU(), nn.AvgPool2d(2)), 16, r"an average pooling that subsamples \(layer 2\)"),
    ],
)  # fmt: skip
def test_what_circular_padding_does_not_make_exact_is_refused(module, size, words):
    with pytest.raises(ShiftscopeError, match=words):
        polyphase(module(), size)


def test_with_the_padding_kept_odd_lengths_are_no_hindrance():
    plain = nn.Sequential(nn.Conv2d(3, 3, 3, 2, 1), nn.ReLU())
    pixels = torch.randn(1, 3, 15, 15)
    assert polyphase(copy.deepcopy(plain), 15, "keep")(pixels).shape == plain(pixels).shape == (1, 3, 8, 8)


def test_an_average_pooling_over_the_whole_map_is_no_subsampling():
    module = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.AvgPool2d(8), nn.Flatten()).double().eval()
    found = under_all_shifts(polyphase(module, 16), 16)
    torch.testing.assert_close(found, found[:1].expand_as(found), rtol=1e-10, atol=1e-12)
