"""Maps while a network runs: they are the network's own, and those before a subsampling are what it takes its samples of."""

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torch.nn import functional
from torchvision import models

from shiftscope.cause import Layer, Step
from shiftscope.cause.layers import find_layers
from shiftscope.cause.watching import watch
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks.sampling import samplings


def seen_of(module, size, pictures=3, rows=None, chosen=None, layers=None):
    """item → maps, float64, of one run on noise; and the noise."""
    module = module.eval().double()
    layers = layers or find_layers(module, size)
    pixels = torch.randn(pictures, 3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    seen = {}

    def see(item, maps, here):
        seen.setdefault(item, []).append((maps.clone(), np.asarray(here)))

    wanted = np.arange(pictures) if rows is None else np.asarray(rows)
    with torch.inference_mode(), watch(module, layers, see, lambda _: wanted, chosen):
        answer = module(pixels)
    together = {
        item: (torch.cat([maps for maps, _ in some]), np.concatenate([here for _, here in some]))
        for item, some in seen.items()
    }
    return layers, together, pixels, answer


def samples(dense, stride, start=0):
    return dense[..., start :: stride[0], start :: stride[1]]


class Alone(nn.Module):
    """One subsampling operation between two others, and a pooling at the end."""

    def __init__(self, step):
        super().__init__()
        self.before = nn.Conv2d(3, 4, 1)
        self.step = step

    def forward(self, x):
        return self.step(self.before(x)).mean((2, 3))


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


@pytest.mark.parametrize(
    ("step", "size"),
    [
        (nn.Conv2d(4, 6, 3, stride=2, padding=1), 16),
        (nn.Conv2d(4, 6, 3, stride=2), 17),
        (nn.Conv2d(4, 6, 3, stride=2), 16),
        (nn.Conv2d(4, 6, 4, stride=4), 16),
        (nn.Conv2d(4, 6, 1, stride=2), 15),
        (nn.Conv2d(4, 6, 3, stride=(1, 3), padding=(1, 0)), 16),
        (nn.Conv2d(4, 8, 5, stride=2, padding=2, groups=4, padding_mode="circular"), 16),
        (nn.Conv2d(4, 6, 3, stride=2, padding=2, dilation=2), 16),
        (nn.MaxPool2d(2), 16),
        (nn.MaxPool2d(3, 2, 1), 16),
        (nn.MaxPool2d(3, 2, ceil_mode=True), 16),
        (nn.MaxPool2d(3, 2, 1, dilation=2, ceil_mode=True), 17),
        (nn.AvgPool2d(2), 17),
        (nn.AvgPool2d(3, 2, 1), 16),
        (nn.AvgPool2d(3, 2, 1, ceil_mode=True), 16),
        (nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), 16),
        (nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False), 17),
        (nn.AvgPool2d(3, 2, 1, ceil_mode=True, divisor_override=5), 16),
        (nn.AdaptiveAvgPool2d(4), 16),
        (nn.AdaptiveMaxPool2d(4), 16),
        (nn.PixelUnshuffle(2), 16),
        (timm.layers.BlurPool2d(4), 16),
        (timm.layers.create_conv2d(4, 6, 3, stride=2, padding="same"), 17),
        (timm.layers.StdConv2dSame(4, 6, 3, stride=2), 16),
        (Function(lambda x: functional.max_pool2d(x, 2, return_indices=True)[0]), 16),
        (Function(lambda x: torch.max_pool2d(x, [3, 3], [2, 2], [1, 1])), 16),
        (Function(lambda x: functional.avg_pool2d(input=x, kernel_size=2)), 16),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_each_so_manyth_cell_of_the_dense_map_is_the_real_answer(step, size):
    torch.manual_seed(1)
    layers, seen, _, _ = seen_of(Alone(step), size)
    (found,) = layers.steps
    (real,) = (maps for item, (maps, _) in seen.items() if isinstance(item, Layer) and item.name == "step")
    dense, rows = seen[found]
    assert not found.reason
    assert list(rows) == [0, 1, 2]
    assert dense.shape[1:] == (found.channels, found.height, found.width)
    torch.testing.assert_close(samples(dense, found.stride), real, rtol=1e-12, atol=1e-12)
    # What lies between them is another matter.
    other = samples(dense, found.stride, 1)
    height, width = other.shape[-2:]
    assert (other - real[..., :height, :width])[..., : real.shape[-2], : real.shape[-1]].abs().max() > 0.01
    assert max(found.stride) > 1
    assert dense.shape[-1] > real.shape[-1] or found.stride[1] == 1


@pytest.mark.parametrize(
    ("module", "size", "steps"),
    [
        (lambda: timm.create_model("swin_tiny_patch4_window7_224", depths=(1, 1, 1, 1), num_classes=4), 224, 4),
        (lambda: timm.create_model("swinv2_tiny_window8_256", depths=(1, 1, 1, 1), num_classes=4), 256, 4),
        (lambda: models.swin_t(weights=None), 224, 4),
        (lambda: models.squeezenet1_0(weights=None), 64, 4),
        (lambda: models.googlenet(weights=None, init_weights=False), 64, 5),
    ],
    ids=["swin", "swinv2", "torchvision_swin", "squeezenet", "googlenet"],
)
def test_the_steps_of_whole_networks(module, size, steps):
    torch.manual_seed(2)
    module = module()
    layers, seen, _, _ = seen_of(module, size, pictures=1)
    assert len(layers.steps) == steps
    for step in layers.steps:
        (named,) = find_layers(module, size, [step.name]).layers  # the layer that answers with the step's map
        (real,) = (maps for item, (maps, _) in seen.items() if isinstance(item, Layer) and item.name == named.name)
        torch.testing.assert_close(samples(seen[step][0], step.stride), real, rtol=1e-9, atol=1e-12)


def test_patch_merging_is_one_step():
    module = timm.create_model("swin_tiny_patch4_window7_224", depths=(1, 1, 1, 1), num_classes=4)
    steps = find_layers(module, 224).steps
    assert [(step.kind, step.stride) for step in steps] == [("Conv2d", (4, 4))] + 3 * [("PatchMerging", (2, 2))]
    assert find_layers(module, 224).layers[2].subsampled_by == ""
    norm = find_layers(module, 224, ["layers.1.downsample.norm"]).layers[0]
    assert norm.subsampled_by == "layers.1.downsample (PatchMerging 2 × 2, stride 2)"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Function(lambda x: functional.interpolate(x, scale_factor=0.5, mode="bilinear")), "resizes"),
        (nn.AdaptiveAvgPool2d(5), "unequal"),
        (nn.LPPool2d(2, 2), "power"),
    ],
    ids=["interpolate", "adaptive", "lp"],
)
def test_what_has_no_dense_form_says_why(step, reason):
    layers, seen, _, _ = seen_of(Alone(step), 16)
    (found,) = layers.steps
    assert reason in found.reason
    assert found not in seen
    assert [item.name for item in seen] == ["before", "step"]


@pytest.mark.parametrize(
    "step",
    [nn.AdaptiveAvgPool2d(16), nn.AdaptiveAvgPool2d(1), nn.AvgPool2d(16), nn.Conv2d(4, 4, 3), nn.Upsample(scale_factor=2)],
    ids=str,
)
def test_what_does_not_subsample_is_no_step(step):
    assert not find_layers(Alone(step).eval(), 16).steps


def test_merging_by_slices_in_a_module_of_its_own():
    class Merge(nn.Module):
        def __init__(self):
            super().__init__()
            self.reduce = nn.Linear(16, 5)

        def forward(self, x):
            x = x.permute(0, 2, 3, 1)
            x = torch.cat([x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)], -1)
            return self.reduce(x).permute(0, 3, 1, 2)

    module = Alone(Merge())
    layers, seen, pixels, _ = seen_of(module, 16)
    (step,) = layers.steps
    assert (step.name, step.kind, step.stride) == ("step", "Merge", (2, 2))
    with torch.inference_mode():
        real = module.step(module.before(pixels))
    torch.testing.assert_close(samples(seen[step][0], (2, 2)), real, rtol=1e-12, atol=1e-12)


def test_watching_changes_nothing_and_leaves_nothing_behind():
    module = timm.create_model("resnet18", num_classes=4).eval().double()
    _, seen, pixels, answer = seen_of(module, 64)
    with torch.inference_mode():
        assert torch.equal(answer, module(pixels))
    assert seen
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


def test_only_what_somebody_wants_is_looked_at():
    module = timm.create_model("resnet18", num_classes=4).eval().double()
    layers = find_layers(module, 64)
    conv, step = layers.layers[0], layers.steps[1]
    attached = []
    with watch(module, layers, lambda *_: None, lambda _: [0], [conv]):
        attached = [name for name, part in module.named_modules() if part._forward_hooks]
    assert attached == [conv.name]
    _, all_of_them, _, _ = seen_of(module, 64)
    _, some, _, _ = seen_of(module, 64, rows=[0, 2], chosen=[conv, step], layers=layers)
    assert set(some) == {conv, step}
    for item, (maps, rows) in some.items():
        assert list(rows) == [0, 2]
        torch.testing.assert_close(maps, all_of_them[item][0][[0, 2]], rtol=1e-12, atol=1e-12)
    assert not seen_of(module, 64, rows=np.empty(0, int), layers=layers)[1]


def test_maps_are_shown_while_the_network_runs():
    """When a layer's map is seen, no later layer has run."""
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 3, stride=2)).eval()
    layers = find_layers(module, 16)
    order = []
    module[2].register_forward_pre_hook(lambda *_: order.append("runs: 2"))
    with torch.inference_mode(), watch(module, layers, lambda item, *_: order.append(item.name), lambda _: [0]):
        module(torch.zeros(1, 3, 16, 16))
        module(torch.zeros(1, 3, 16, 16))
    assert order == 2 * ["0", "1", "runs: 2", "2", "2"]


def test_dense_maps_are_made_of_few_frames_at_once(monkeypatch):
    module = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2)).eval().double()
    layers = find_layers(module, 16)
    (step,) = layers.steps
    monkeypatch.setattr("shiftscope.cause.watching.DENSE_NUMBERS", 2 * 4 * 14 * 14)
    calls = []
    with (
        torch.inference_mode(),
        watch(
            module,
            layers,
            lambda item, maps, rows: calls.append((item, list(rows), len(maps))),
            lambda _: np.arange(5),
            [step],
        ),
    ):
        module(torch.zeros(5, 3, 16, 16, dtype=torch.float64))
    assert calls == [(step, [0, 1], 2), (step, [2, 3], 2), (step, [4], 1)]


def test_another_size_of_map_is_a_sentence():
    module = nn.Sequential(nn.Conv2d(3, 4, 3)).eval()
    layers = find_layers(module, 16)
    with pytest.raises(ShiftscopeError, match="the map of 0 has"), watch(module, layers, lambda *_: None, lambda _: [0]):
        module(torch.zeros(1, 3, 20, 20))


def test_one_layer_called_at_two_places_is_two_steps():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, stride=2, padding=1)

        def forward(self, x):
            return self.conv(self.conv(x).relu()).mean((2, 3))

    module = Twice()
    _, seen, pixels, _ = seen_of(module, 32)
    with torch.inference_mode():
        first = module.conv(pixels)
        second = module.conv(first.relu())
    steps = {item.name: maps for item, (maps, _) in seen.items() if isinstance(item, Step)}
    assert list(steps) == ["conv", "conv#2"]
    torch.testing.assert_close(samples(steps["conv"], (2, 2)), first, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(samples(steps["conv#2"], (2, 2)), second, rtol=1e-12, atol=1e-12)
    # In another order they would not fit.
    assert steps["conv#2"].shape != steps["conv"].shape


def test_blurs_that_were_put_in_are_steps_of_their_own_and_layers_answer_as_they_were_listed():
    """One blur is behind several layers, in hooks and in what waits for an activation."""
    torch.manual_seed(0)
    network = timm.create_model("resnet18", layers=[1, 1, 1, 1], channels=[4, 4, 8, 8], num_classes=3).eval()
    samplings["blurpool"].item().put_in(network, "n", 64)
    layers = find_layers(network, 64, "all")
    names = [step.name for step in layers.steps]
    assert len(set(names)) == len(names) == 1 + 4 + 3
    assert [step.name for step in layers.steps if step.kind == "Blur"] == [
        "maxpool.sampling",
        *(f"maxpool.sampling#{k}" for k in (2, 3, 4)),
    ]
    seen = {}
    with (
        torch.inference_mode(),
        watch(network, layers, lambda item, maps, _rows: seen.setdefault(item, maps.shape), lambda _item: np.arange(1)),
    ):
        network(torch.randn(1, 3, 64, 64))
    assert set(seen) == {*layers.layers, *layers.steps}
    assert all(tuple(shape[1:]) == (item.channels, item.height, item.width) for item, shape in seen.items())
