"""What a card says of a network: held to timm's own table, to translations that were tried, and to counts made otherwise."""

import itertools

import pytest
import timm
import torch
from torch import nn
from torchvision import models

from shiftscope.networks.facts import facts
from shiftscope.networks.modules import normalised
from shiftscope.networks.sampling import samplings

SMALL = {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16]}


def facts_of(module, size):
    return facts(normalised(module.eval(), (0, 0, 0), (1, 1, 1)), size)


@pytest.mark.parametrize(
    "architecture",
    [
        "resnet18", "tf_efficientnet_b0", "selecsls42", "hrnet_w18_small", "mobilevit_xxs", "resnetblur18",  # channels first
        "swin_tiny_patch4_window7_224", "mambaout_femto", "gcvit_xxtiny",  # channels last, patches merged
        "vit_tiny_patch16_224", "eva02_tiny_patch14_224", "deit_tiny_distilled_patch16_224", "cait_xxs24_224",  # tokens
        "tnt_s_patch16_224", "volo_d1_224", "hiera_tiny_224", "levit_128s", "mixer_s32_224", "pvt_v2_b0",
    ],
)  # fmt: skip
def test_the_stride_is_the_one_that_timm_tells_of(architecture):
    module = timm.create_model(architecture)
    size = module.default_cfg["input_size"][-1]
    known = module.feature_info[-1] if isinstance(module.feature_info, list) else module.feature_info.get_dicts()[-1]
    assert facts_of(module, size).subsampling_stride == known["reduction"]


@pytest.mark.parametrize(
    ("architecture", "size", "stride", "last"),
    [
        ("squeezenet1_0", 224, 16, 13),  # no padding: it loses cells at the borders
        ("alexnet", 224, 32, 6),
        ("vgg11", 224, 32, 7),
        ("resnet18", 224, 32, 7),
        ("inception_v3", 299, 32, 8),
        ("googlenet", 224, 32, 7),
        ("swin_t", 224, 32, 7),
    ],
)
def test_stride_and_ratio_are_two_numbers(architecture, size, stride, last):
    options = {"init_weights": False} if architecture in ("googlenet", "inception_v3") else {}
    found = facts_of(models.get_model(architecture, weights=None, **options), size)
    assert (found.subsampling_stride, found.subsampling_ratio) == (stride, round(size / last))


def test_a_map_that_is_not_the_picture_over_the_stride():
    """LeViT takes every second of 7 × 7 tokens: 4 × 4 are left, at a distance of 64 px."""
    found = facts_of(timm.create_model("levit_128s"), 224)
    assert (found.subsampling_stride, found.subsampling_ratio) == (64, 224 // 4)


def test_a_picture_resized_within_leaves_it_unknown():
    """CrossViT looks at the picture with patches of 12 px, and at one resized to 224 of 240 px with patches of 16."""
    found = facts_of(timm.create_model("crossvit_tiny_240"), 240)
    assert (found.subsampling_stride, found.subsampling_ratio) == (None, None)


@pytest.mark.parametrize("strides", [(1, 1), (2, 1), (2, 2)])
def test_the_stride_is_that_of_the_translations_that_change_nothing(strides):
    """Borders joined, an average at the end: the answer is the same for 1 of stride² translations, and they were all tried."""
    torch.manual_seed(0)
    layers = [
        part
        for stride in strides
        for part in (nn.Conv2d(3, 3, 3, stride=stride, padding=1, padding_mode="circular"), nn.ReLU())
    ]
    module = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).double().eval()
    pictures = torch.rand(1, 3, 16, 16, dtype=torch.float64)
    with torch.inference_mode():
        same = [
            torch.allclose(module(pictures.roll(shift, (2, 3))), module(pictures), rtol=0, atol=1e-9)
            for shift in itertools.product(range(16), repeat=2)
        ]
    found = facts_of(module.float(), 16)
    assert len(same) == sum(same) * found.subsampling_stride**2
    assert found.subsampling_ratio == found.subsampling_stride


class Hidden(nn.Module):
    """Its first layer runs without gradients."""

    def __init__(self):
        super().__init__()
        self.first, self.rest = nn.Conv2d(3, 3, 3, stride=2), nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten())

    def forward(self, pixels):
        with torch.no_grad():
            pixels = self.first(pixels)
        return self.rest(pixels)


@pytest.mark.parametrize("module", [Hidden(), nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 5)), nn.Flatten()])
def test_what_is_hidden_or_not_there_is_unknown(module):
    found = facts_of(module, 16)
    assert (found.subsampling_stride, found.subsampling_ratio) == (None, None)
    assert found.parameters == (sum(parameter.numel() for parameter in module.parameters()) or None)


def test_torchscript_is_looked_into(tmp_path):
    module = models.resnet18().eval()
    torch.jit.save(torch.jit.script(module), tmp_path / "w.ts")
    assert facts_of(torch.jit.load(tmp_path / "w.ts"), 64) == facts_of(module, 64)


@pytest.mark.parametrize(("architecture", "size"), [("googlenet", 224), ("inception_v3", 299)])
def test_heads_that_only_training_runs_are_no_parameters(architecture, size):
    module = models.get_model(architecture, weights=None, init_weights=False)
    heads = sum(p.numel() for name, p in module.named_parameters() if name.lower().startswith("aux"))
    assert heads > 3e6
    assert facts_of(module, size).parameters == sum(p.numel() for p in module.parameters()) - heads


@pytest.mark.parametrize(("network", "layers"), [(models.vgg16, 16), (models.resnet50, 50), (models.resnet18, 18)])
def test_depth_is_the_number_that_networks_are_called_by(network, layers):
    module = network()
    assert facts_of(module, 64).depth == layers
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_fixed_filters_are_no_layers():
    plain = timm.create_model("resnet18", **SMALL)
    changed = samplings["blurpool"].item().put_in(timm.create_model("resnet18", **SMALL), "resnet18", 64)
    assert facts_of(plain, 64).depth == 10
    assert facts_of(changed, 64) == facts_of(plain, 64)
