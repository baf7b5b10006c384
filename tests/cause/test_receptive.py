"""Receptive fields: held to the recursion by hand over kernels and strides, which the code itself knows nothing of."""

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torchvision import models

from shiftscope.cause import GEOMETRY
from shiftscope.cause.layers import find_layers
from shiftscope.cause.receptive import effective_widths, geometry, receptive_fields


def by_hand(steps):
    """Of (kernel, stride) one after the other: each kernel adds (kernel − 1) × the product of strides before it."""
    field, jump = 1, 1
    for kernel, stride in steps:
        field, jump = field + (kernel - 1) * jump, jump * stride
    return field


def fields(module, size, which="all"):
    return receptive_fields(module.eval(), find_layers(module.eval(), size, which))


CONV, POOL = (3, 1), (2, 2)
VGG = [CONV, CONV, POOL, CONV, CONV, POOL, CONV, CONV, CONV, POOL, CONV, CONV, CONV, POOL, CONV, CONV, CONV]


def test_vgg16():
    found = fields(
        models.vgg16(weights=None, init_weights=False), 224, ["features.28", "features.29", "features.30", "features.3"]
    )
    assert (by_hand(VGG), by_hand([*VGG, POOL])) == (196, 212)
    assert {name: field.width for name, field in found.items()} == {
        "features.3": 5, "features.28": by_hand(VGG), "features.29": 196, "features.30": by_hand([*VGG, POOL]),
    }  # fmt: skip
    assert not any(field.whole for field in found.values())


def resnet50(stride_first):
    """(kernel, stride) of the longest way; the stride is in the 3 × 3 convolution, or, as in 2015, in the 1 × 1 before it."""
    steps = [(7, 2), (3, 2)]
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            steps += [(1, stride), (3, 1), (1, 1)] if stride_first else [(1, 1), (3, stride), (1, 1)]
    return steps


@pytest.mark.parametrize(("stride_first", "expected"), [(True, 483), (False, 427)])
def test_resnet50_on_an_input_that_is_wide_enough(stride_first, expected):
    """Wider than the 224 px that it is made for."""
    module = models.resnet50(weights=None)
    if stride_first:
        for stage in (module.layer2, module.layer3, module.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    found = fields(module, 224, ["layer4.2", "layer1.2", "maxpool"])
    assert by_hand(resnet50(stride_first)) == expected
    assert found["layer4.2"] == (expected, False)
    assert found["layer1.2"] == (35, False)
    assert found["maxpool"] == (11, False)


def test_squeezenet():
    pool, fire = (3, 2), [(1, 1), (3, 1)]
    steps = [(7, 2), pool, *3 * fire, pool, *4 * fire, pool, *fire]
    found = fields(models.squeezenet1_0(weights=None), 224, ["features.0", "features.5", "features.12", "classifier.1"])
    assert [found[name].width for name in ("features.0", "features.5", "features.12", "classifier.1")] == [
        7, by_hand([(7, 2), pool, *3 * fire]), by_hand(steps), by_hand(steps),
    ]  # fmt: skip


def test_dilation_average_pooling_and_functions():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide = nn.Conv2d(3, 4, 3, dilation=4, padding=4)
            self.last = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x):
            x = nn.functional.avg_pool2d(torch.sigmoid(self.wide(x)), 3, 2, 1)
            return self.last(x).mean((2, 3))

    found = fields(Odd(), 48)
    assert (found["wide"].width, found["last"].width) == (9, 9 + 2 + 2 * 2)


def test_neither_maxima_nor_zeros_hide_pixels():
    """With the network's own operations they do: the gradient of a maximum goes to one pixel."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(8, 8)).eval()
    nn.init.constant_(module[0].bias, -1e3)  # nothing passes the ReLU
    assert fields(module, 64)["2"] == (10, False)
    pixels = torch.rand(1, 3, 64, 64, requires_grad=True)
    module(pixels)[0, :, 3, 3].sum().backward()
    assert not pixels.grad.any()


def test_what_sees_the_whole_input():
    vit = timm.create_model("vit_tiny_patch16_224", depth=1, num_classes=2)
    found = fields(vit, 224, ["patch_embed.proj", "blocks.0"])
    assert found == {"patch_embed.proj": (16, False), "blocks.0": (224, True)}
    squeezed = timm.create_model("seresnet18", num_classes=2)
    found = fields(squeezed, 64, ["layer1.0.conv2", "layer1.0.se"])
    assert found["layer1.0.conv2"] == (by_hand([(7, 2), (3, 2), CONV, CONV]), False)
    assert found["layer1.0.se"].whole


def test_windows_that_are_shifted_do_not_see_what_their_masks_hide():
    """A window of 7 × 7 patches of 4 px, then one that is shifted by 3: it lies on two windows per axis."""
    module = timm.create_model("swin_tiny_patch4_window7_224", depths=(2, 1, 1, 1), num_classes=2)
    found = fields(module, 224, ["patch_embed.proj", "layers.0.blocks.0", "layers.0.blocks.1"])
    assert [field.width for field in found.values()] == [4, 28, 56]
    # Without masks the last windows would see both sides of the picture, as they are rolled round.
    module.layers[0].blocks[1].attn_mask = None
    corner = nn.Sequential(module.patch_embed, module.layers[0])
    pixels = torch.rand(1, 3, 224, 224, requires_grad=True)
    corner.eval()(pixels)[0, -1, -1].sum().backward()
    assert pixels.grad[..., 0, 0].any()


def test_the_effective_width_of_equal_weights_is_the_kernels():
    module = nn.Sequential(nn.Conv2d(3, 2, 5, padding=2, bias=False), nn.Conv2d(2, 2, 3, padding=1, bias=False)).eval()
    for part in module:
        nn.init.constant_(part.weight, 1.0)
    pixels = np.random.default_rng(0).normal(size=(2, 3, 31, 31)).astype(np.float32)
    widths = effective_widths(module, find_layers(module, 31), pixels, 0)
    np.testing.assert_array_equal(widths["0"], [5, 5])
    # By hand: the gradient is separable, 1 2 3 3 3 2 1; the 5 × 5 cells in its middle hold (35/37)² of its square.
    assert (35 / 37) ** 2 < 0.95
    np.testing.assert_array_equal(widths["1"], [7, 7])


def test_the_effective_width_is_that_of_the_networks_own_weights():
    module = nn.Sequential(nn.Conv2d(3, 2, 9, padding=4, bias=False)).eval()
    nn.init.zeros_(module[0].weight)
    pixels = np.ones((1, 3, 31, 31), np.float32)
    layers = find_layers(module, 31)
    assert np.isnan(effective_widths(module, layers, pixels, 0)["0"]).all()  # nothing has any influence
    nn.init.constant_(module[0].weight[:, :, 3:6, 3:6], 1.0)
    assert effective_widths(module, layers, pixels, 0)["0"] == [3]
    assert receptive_fields(module, layers)["0"] == (9, False)


def test_the_table_of_a_network_and_its_layers():
    module = timm.create_model("resnet18", num_classes=2).eval()
    layers = find_layers(module, 64, "stages")
    pixels = np.random.default_rng(0).normal(size=(3, 3, 64, 64)).astype(np.float32)
    table = geometry(module, layers, pixels, seed=0, level=0.9)
    assert table.schema == GEOMETRY
    network, first, *_ = table.iter_rows(named=True)
    assert [network[name] for name in ("of", "subsampling_factor", "stride", "exact_share")] == [
        "network",
        32,
        32,
        1 / 1024,
    ]
    assert [
        first[name] for name in ("layer", "subsampling_factor", "stride", "exact_share", "receptive_field", "whole_input")
    ] == ["act1", 2, 2, 1 / 4, 7, False]
    assert first["n_images"] == 3
    assert first["ci_low"] <= first["effective_width"] <= first["ci_high"]
    assert first["effective_width"] <= 7
    assert geometry(module, find_layers(nn.Flatten(), 8), pixels, seed=0, level=0.9)["reason"][0]
