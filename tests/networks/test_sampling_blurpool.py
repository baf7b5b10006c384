"""BlurPool put into networks: where timm puts it, and nothing else changes."""

import copy
from functools import partialmethod

import pytest
import timm
import torch
from timm.layers.blur_pool import BlurPool2d
from torch import nn
from torch.nn import functional
from torchvision import models

from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines import engines
from shiftscope.networks import networks
from shiftscope.networks.answers import trial_frames
from shiftscope.networks.modules import normalised, runner
from shiftscope.networks.sampling import samplings
from shiftscope.networks.sampling.blurpool import blur


def blurred(module, name, size, taps=3):
    return samplings["blurpool"].item(filter=taps).put_in(module, name, size)


def lively(module):
    """Random statistics and factors for batch normalisation, so that nothing is the identity."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias)
    return module.eval()


def answers(module, pixels):
    with torch.inference_mode():
        return module(pixels)


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("resnet18", {}),
        ("resnet50", {}),
        ("resnet50", {"avg_down": True}),
        ("resnet26d", {}),
        ("seresnext26t_32x4d", {}),
        ("efficientnet_lite0", {}),
        ("mobilenetv3_large_100", {}),
        ("mobilenetv4_conv_small", {}),
        ("densenet121", {}),
        ("cspresnet50", {}),
    ],
)
def test_with_equal_weights_it_is_timms_own(architecture, options):
    torch.manual_seed(0)
    module = lively(timm.create_model(architecture, **options))
    own = timm.create_model(architecture, aa_layer=BlurPool2d, **options).eval()
    own.load_state_dict(module.state_dict())
    pixels = torch.randn(2, 3, 96, 96)
    plain, expected = answers(module, pixels), answers(own, pixels)
    found = answers(blurred(module, architecture, 96), pixels)
    scale = expected.abs().max()
    torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=1e-5)
    assert ((plain - expected) / scale).abs().max() > 1e-3


class AtTheEnd(BlurPool2d):
    """timm's with 2 taps, and Zhang's border: a cell at the end alone."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options, filt_size=2)
        self.padding = [0, 1, 0, 1]


class Five(BlurPool2d):
    """timm's with 5 taps, as a class: its ResNets take no functools.partial."""

    __init__ = partialmethod(BlurPool2d.__init__, filt_size=5)


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
@pytest.mark.parametrize(("taps", "layer"), [(2, AtTheEnd), (5, Five)])
def test_other_filters_are_timms_too(architecture, taps, layer):
    torch.manual_seed(0)
    module = lively(timm.create_model(architecture, num_classes=10))
    own = timm.create_model(architecture, num_classes=10, aa_layer=layer).eval()
    own.load_state_dict(module.state_dict())
    pixels = torch.randn(2, 3, 96, 96)
    expected = answers(own, pixels)
    scale = expected.abs().max()
    other = answers(blurred(copy.deepcopy(module), architecture, 96), pixels)
    found = answers(blurred(module, architecture, 96, taps), pixels)
    torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=1e-5)
    assert ((other - expected) / scale).abs().max() > 1e-3  # another filter would not do


def test_with_two_taps_timm_itself_makes_larger_maps():
    """Why ours does not: networks would have maps of another size than they were made with."""
    maps = torch.randn(1, 1, 8, 8)
    assert BlurPool2d(filt_size=2)(maps).shape[-2:] == (5, 5)
    assert blur(2)(maps).shape[-2:] == (4, 4)
    torch.testing.assert_close(blur(2)(maps), functional.avg_pool2d(maps, 2))


@pytest.mark.parametrize("taps", [2, 3, 5])
def test_it_weakens_a_sine_by_a_cosine_and_no_constant(taps):
    """cos(ω/2)^(n − 1) × plain subsampling, half a cell further on for an even number of taps."""
    place = torch.arange(64, dtype=torch.float64)
    for omega in (0.0, 0.4, torch.pi / 2, 2.0, torch.pi):
        half = 0.5 * (taps % 2 == 0)
        there = torch.sin(omega * (place + half) + 0.3)[::2]
        found = blur(taps)(torch.sin(omega * place + 0.3).expand(1, 1, 6, 64))[0, 0, 1]
        expected = there * torch.cos(torch.tensor(omega, dtype=torch.float64) / 2) ** (taps - 1)
        torch.testing.assert_close(found[2:-2], expected[2:-2], rtol=0, atol=1e-12)
    # A negative control: what is below the limit of the smaller map is weakened as well.
    below = blur(taps)(torch.sin(place).expand(1, 1, 6, 64))[0, 0, 1]
    assert (below - torch.sin(place)[::2])[2:-2].abs().max() > 0.1
    assert (blur(taps)(torch.ones(1, 1, 6, 7)) == 1).all()


@pytest.mark.parametrize("taps", [2, 3, 5])
@pytest.mark.parametrize("size", range(1, 8))
def test_it_halves_maps_of_every_size(taps, size):
    assert blur(taps)(torch.ones(2, 3, size, size + 1)).shape == (2, 3, -(-size // 2), -(-(size + 1) // 2))


def test_torchvisions_network_becomes_timms():
    """Its blocks call one nn.ReLU three times, and the blur belongs behind one of them."""
    torch.manual_seed(0)
    module = lively(models.resnet50(num_classes=10))
    own = timm.create_model("resnet50", num_classes=10, aa_layer=BlurPool2d).eval()
    own.load_state_dict(module.state_dict())
    pixels = torch.randn(2, 3, 96, 96)
    expected = answers(own, pixels)
    scale = expected.abs().max()
    found = answers(blurred(module, "resnet50", 96), pixels)
    torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("library", "architecture", "size", "stay"),
    [
        ("torchvision", "vgg11_bn", 64, []),
        ("torchvision", "alexnet", 96, ["features.0"]),
        ("torchvision", "squeezenet1_1", 65, ["features.0"]),  # poolings that round up
        ("torchvision", "mobilenet_v2", 64, ["features.0.0"]),
        ("torchvision", "mobilenet_v3_small", 64, ["features.0.0"]),
        ("torchvision", "efficientnet_b0", 64, ["features.0.0"]),
        ("torchvision", "shufflenet_v2_x0_5", 64, ["conv1.0"]),
        ("torchvision", "googlenet", 64, ["conv1.conv"]),
        ("torchvision", "densenet121", 64, ["features.conv0"]),
        ("timm", "resnetv2_50", 64, ["stem.conv", *(f"stages.{k}.blocks.0.downsample.conv" for k in (1, 2, 3))]),
        ("timm", "legacy_seresnet18", 64, ["layer0.conv1", *(f"layer{k}.0.downsample.0" for k in (2, 3, 4))]),
        ("timm", "repvgg_a0", 64, ["stem.conv_kxk.conv", "stem.conv_1x1.conv"]),  # branches that are summed
        ("timm", "convnext_atto", 64, ["stem.0"]),
        ("timm", "mixnet_s", 64, ["conv_stem"]),
    ],
)
def test_every_layer_that_subsamples_becomes_dense(library, architecture, size, stay, tmp_path):
    torch.manual_seed(0)
    options = {"init_weights": False} if architecture == "googlenet" else {}
    make = timm.create_model if library == "timm" else models.get_model
    module = make(architecture, **options)
    names = [name for name, _ in module.named_parameters()], list(module.state_dict())
    blurred(module, architecture, size)
    assert ([name for name, _ in module.named_parameters()], list(module.state_dict())) == names
    assert all(part.training for part in module.modules())
    strided = [
        name
        for name, part in module.named_modules()
        if isinstance(part, nn.Conv2d | nn.MaxPool2d) and part.stride not in (1, (1, 1), [1, 1])
    ]
    assert strided == stay
    assert_engine_agrees("torchscript", module, size, tmp_path)


def assert_engine_agrees(engine, module, size, folder):
    ready = normalised(lively(module), (0.5,) * 3, (0.25,) * 3)
    frames = trial_frames(3, size, 0)
    expected = torch.from_numpy(runner(ready, "cpu")(frames))
    engines[engine].item().save(ready, frames[:2], "cpu", folder / "program", {})
    found = torch.from_numpy(engines[engine].item().load(folder / "program", {"precision": "float32"}, "cpu", 1)(frames))
    scale = expected.abs().max()
    torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=1e-4)


# Not MobileNet: with random weights its answers to neighbouring frames are unrelated, blurred or not.
@pytest.mark.parametrize("architecture", ["vgg11", "resnet18", "squeezenet1_1"])
def test_a_translation_by_a_pixel_changes_less(architecture):
    torch.manual_seed(0)
    plain, changed = (lively(models.get_model(architecture)) for _ in range(2))
    changed.load_state_dict(plain.state_dict())
    blurred(changed, architecture, 64)
    pixels = torch.from_numpy(trial_frames(8, 65, 1)).permute(0, 3, 1, 2) / 128 - 1

    def moved(module):
        here, there = answers(module, pixels[..., :64, :64]), answers(module, pixels[..., 1:, 1:])
        here, there = (part - part.mean(0) for part in (here, there))
        return ((here - there).norm() / here.norm()).item()

    assert moved(changed) < 0.9 * moved(plain)


@pytest.mark.parametrize("engine", ["torchscript", "openvino"])
def test_engines_run_it(engine, tmp_path):
    torch.manual_seed(0)
    assert_engine_agrees(engine, blurred(models.resnet50(num_classes=5), "resnet50", 64), 64, tmp_path)


@pytest.mark.parametrize("rounds_up", [True, False])
@pytest.mark.parametrize("kernel", [2, 3])
@pytest.mark.parametrize("size", range(8, 13))
def test_poolings_answer_with_as_many_cells_as_before(size, kernel, rounds_up):
    first = nn.Conv2d(3, 2, 1)
    pixels = torch.randn(1, 3, size, size)
    plain = nn.Sequential(first, nn.MaxPool2d(kernel, 2, ceil_mode=rounds_up))
    changed = blurred(nn.Sequential(first, nn.MaxPool2d(kernel, 2, ceil_mode=rounds_up)), "own", size)
    assert changed(pixels).shape == plain(pixels).shape
    dense = functional.max_pool2d(first(pixels), kernel, 1)
    # By hand, away from the borders: (1, 2, 1) / 4 in both directions over the dense maxima, every second kept.
    taps = torch.tensor([1.0, 2, 1]) / 4
    expected = sum(
        taps[i] * taps[j] * dense[:, :, 1 + i : 4 + i, 1 + j : 4 + j][..., ::2, ::2] for i in range(3) for j in range(3)
    )
    torch.testing.assert_close(changed(pixels)[..., 1:3, 1:3], expected)


def test_maps_smaller_than_the_filter():
    """A map of one cell has nothing to be reflected: a filter over it answers with it."""
    layers = [nn.Conv2d(3, 4, 4, stride=4), nn.Conv2d(4, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten()]
    plain = nn.Sequential(*layers)
    pixels = torch.randn(2, 3, 4, 4)
    expected = plain(pixels)
    torch.testing.assert_close(blurred(plain, "own", 4)(pixels), expected)


def test_a_picture_of_any_number_of_channels_is_left_to_the_first_convolution():
    """It is told by what it reads, not by how many channels that has."""
    narrow = nn.Sequential(nn.Conv2d(3, 1, 1), nn.Conv2d(1, 3, 3, stride=2, padding=1), nn.ReLU())
    assert blurred(narrow, "own", 16)[1].stride == (1, 1)


def test_it_learns():
    torch.manual_seed(0)
    module = blurred(models.resnet18(num_classes=3), "resnet18", 64)
    module.train()(torch.randn(4, 3, 64, 64)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in module.parameters())


class Own(nn.Module):
    def __init__(self, step):
        super().__init__()
        self.first, self.second, self.step = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, stride=2), step

    def forward(self, pixels):
        return self.step(self.second(self.first(pixels)))


@torch.jit.script
def unseen(x):
    return torch.relu(x)


@pytest.mark.parametrize(
    ("module", "size", "words"),
    [
        (lambda: models.vit_b_16(), 224, "has neither a max pooling nor a convolution behind its first one"),
        (lambda: models.inception_v3(init_weights=False), 299, "in a call of max_pool2d that belongs to no layer"),
        (lambda: timm.create_model("pvt_v2_b0"), 224, r"it subsamples by 8 at once \(layer stages\.0\.blocks\.0\.attn\.sr\), so BlurPool cannot be put in"),
        (lambda: nn.Sequential(nn.MaxPool2d((2, 1), (2, 1))), 16, "subsamples by 1 × 2 at once"),
        (lambda: Own(unseen), 16, "what comes behind it cannot be seen"),
        (lambda: nn.Sequential(nn.Conv2d(3, 3, 3), nn.MaxPool2d(2)), 2, "it does not run on 2 × 2 px"),
    ],
)  # fmt: skip
def test_what_cannot_be_blurred_is_refused(module, size, words):
    with pytest.raises(ShiftscopeError, match=words):
        blurred(module(), "it", size)


def test_all_kinds_put_in_the_same():
    torch.manual_seed(0)
    options = {"architecture": "resnet18", "sampling": "blurpool", "input_size": 64, "outputs": 10}
    one, other = (networks[kind].item.model_validate(options).build().eval() for kind in ("timm", "torchvision"))
    other.load_state_dict(one.state_dict())
    pixels = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(answers(one, pixels), answers(other, pixels))
